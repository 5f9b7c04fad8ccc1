namespace Earshot.Analytics;

// The binary form in snapshots: count, sum, m2, then the raw values in arrival order, or min, max
// and the buckets in use (distance to the one before, count). Of raw values sum and m2 follow:
// they are written for programs before this one, which took them from there.
public sealed partial class Aggregate
{
    /// <summary>
    /// Writes the whole state; <see cref="Read(BinaryReader)"/> restores it bit by bit.
    /// </summary>
    public void Write(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (IsRaw)
        {
            WriteRaw(writer, RawValues);
            return;
        }

        Moments moments = spread!.Moments;
        writer.Write7BitEncodedInt64(count);
        writer.Write(moments.Sum);
        writer.Write(moments.M2);
        writer.Write(moments.Min);
        writer.Write(moments.Max);
        List<BucketCount> used = [];
        spread.CopyBuckets(used);
        writer.Write7BitEncodedInt(used.Count);
        int last = -Buckets.IndexMax;
        foreach (BucketCount bucket in used)
        {
            writer.Write7BitEncodedInt(bucket.Index - last);
            writer.Write7BitEncodedInt64(bucket.Count);
            last = bucket.Index;
        }
    }

    /// <summary>Writes what <see cref="Write"/> writes of an aggregate of these values.</summary>
    /// <param name="writer">Receives it.</param>
    /// <param name="values">At most <see cref="RawMax"/>, in arrival order.</param>
    public static void WriteRaw(BinaryWriter writer, ReadOnlySpan<double> values)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write7BitEncodedInt64(values.Length);
        Moments moments = Moments.Of(values);
        writer.Write(moments.Sum);
        writer.Write(moments.M2);
        foreach (double value in values)
            writer.Write(value);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are no aggregate.</exception>
    /// <exception cref="EndOfStreamException">The bytes end early.</exception>
    public static Aggregate Read(BinaryReader reader)
    {
        Span<double> values = stackalloc double[RawMax];
        return Read(reader, values, out int count) ?? FromRaw(values[..count]);
    }

    /// <summary>The same, without an aggregate where there are few values.</summary>
    /// <param name="reader">Has what was written.</param>
    /// <param name="values">Receives them; of <see cref="RawMax"/>.</param>
    /// <param name="valueCount">How many those are; 0 for an aggregate of more.</param>
    /// <returns>The aggregate; null: the values are all there is.</returns>
    /// <exception cref="InvalidDataException">The bytes are no aggregate.</exception>
    /// <exception cref="EndOfStreamException">The bytes end early.</exception>
    public static Aggregate? Read(BinaryReader reader, Span<double> values, out int valueCount)
    {
        ArgumentNullException.ThrowIfNull(reader);
        long count = reader.Read7BitEncodedInt64();
        double sum = reader.ReadDouble();
        double m2 = reader.ReadDouble();
        if (count < 0)
            throw new InvalidDataException($"An aggregate of {count} values.");
        valueCount = 0;
        if (count > RawMax)
            return ReadBuckets(reader, count, sum, m2);
        valueCount = (int)count;
        foreach (ref double value in values[..valueCount])
        {
            value = reader.ReadDouble();
            if (!double.IsFinite(value))
                throw new InvalidDataException($"An aggregate with the value {value}.");
        }

        return null;
    }

    private static Aggregate ReadBuckets(BinaryReader reader, long count, double sum, double m2)
    {
        double min = reader.ReadDouble();
        double max = reader.ReadDouble();
        int entries = reader.Read7BitEncodedInt();
        if (entries is <= 0 or > (2 * Buckets.IndexMax) + 1)
            throw new InvalidDataException($"An aggregate with {entries} buckets.");
        int[] indexes = new int[entries];
        long[] counts = new long[entries];
        int last = -Buckets.IndexMax;
        for (int i = 0; i < entries; i++)
        {
            last = unchecked(last + reader.Read7BitEncodedInt());
            indexes[i] = last;
            counts[i] = reader.Read7BitEncodedInt64();
        }

        try
        {
            Aggregate aggregate = FromBuckets(sum, m2, min, max, indexes, counts);
            if (aggregate.count != count)
                throw new InvalidDataException($"Buckets of {aggregate.count} of {count} values.");
            return aggregate;
        }
        catch (Exception e) when (e is ArgumentException or OverflowException)
        {
            throw new InvalidDataException("The bytes are no aggregate: " + e.Message, e);
        }
    }
}
