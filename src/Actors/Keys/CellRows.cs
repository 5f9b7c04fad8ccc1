using System.Numerics;
using Earshot.Analytics;

namespace Earshot.Actors.Keys;

/// <summary>
/// The newest rows of a cell, one after another in one run of memory: taking one in touches one
/// place, however many metrics it has, and few rows move to another cell as they are. A struct
/// with state: not to be copied.
/// </summary>
internal struct CellRows
{
    /// <summary>Most rows. So none of their metrics has more values than are kept one by one.
    /// </summary>
    public const int CountMax = Aggregate.RawMax;

    private long[]? rows;
    private int length;

    // What the rows up to here add to the counts is counted.
    private int counted;

    // Whether they have values of different metrics.
    private bool isMixed;

    /// <summary>Rows there are.</summary>
    public int Count { get; private set; }

    /// <summary>Bit m: there is a value of metric m.</summary>
    public ulong Metrics { get; private set; }

    /// <summary>True when some of them are counted already.</summary>
    public readonly bool IsCounted => counted != 0;

    /// <summary>All rows, one after another.</summary>
    public readonly ReadOnlySpan<long> All => rows.AsSpan(0, length);

    /// <summary>True when no row has a value or counts anything.</summary>
    public readonly bool SayNothing =>
        Metrics == 0 && !rows.AsSpan(0, length).ContainsAnyExcept(0L);

    /// <summary>Whether so many rows more are not too many.</summary>
    public readonly bool HasRoom(int more) => Count + more <= CountMax;

    /// <summary>Takes in a row; there must be room.</summary>
    public void Add(ReadOnlySpan<long> row)
    {
        row.CopyTo(Place(row.Length));
        ulong metrics = (ulong)row[0];
        isMixed |= metrics != Metrics && Count > 0;
        Metrics |= metrics;
        Count++;
    }

    /// <summary>Takes in the rows of another cell; there must be room, and none is counted.
    /// </summary>
    public void Add(in CellRows other)
    {
        other.rows.AsSpan(0, other.length).CopyTo(Place(other.length));
        isMixed |= other.isMixed || (other.Metrics != Metrics && Count > 0 && other.Count > 0);
        Metrics |= other.Metrics;
        Count += other.Count;
    }

    /// <summary>Counts what is not counted yet.</summary>
    public void CountInto(CallCounts counts)
    {
        CountTally tally = default;
        long connectedMs = 0, values = 0;
        ReadOnlySpan<long> rest = rows.AsSpan(counted, length - counted);
        while (!rest.IsEmpty)
        {
            tally.Add((ulong)rest[1]);
            connectedMs += EventRow.ConnectedMsOf(rest[2]);
            values += EventRow.ValuesOf(rest[2]);
            rest = rest[EventRow.LengthOf(rest[0])..];
        }

        counted = length;
        counts.Add(tally);
        counts.ConnectedMs += connectedMs;
        counts.Values += values;
    }

    /// <summary>The rows are counted, wherever they were.</summary>
    public void SetCounted() => counted = length;

    /// <summary>The values of a metric, in the order they came.</summary>
    /// <param name="metric">Its symbol, below <see cref="EventRow.MetricsEnd"/>.</param>
    /// <param name="into">Receives them, at most <see cref="CountMax"/>.</param>
    /// <returns>The part of it that is filled.</returns>
    public readonly Span<double> Column(int metric, Span<double> into)
    {
        if ((Metrics >> metric & 1) == 0)
            return [];
        ReadOnlySpan<long> rest = rows.AsSpan(0, length);
        if (isMixed)
            return MixedColumn(rest, metric, into);
        into = into[..Count];
        CopyColumn(rest, EventRow.PlaceOf(Metrics, metric), into);
        return into;
    }

    /// <summary>The values of all metrics, each in the order they came.</summary>
    /// <param name="columns">
    /// Receives them: those of the metric that is n-th of <see cref="Metrics"/> from n times
    /// <see cref="CountMax"/> on.
    /// </param>
    /// <param name="lengths">Receives how many each has; cleared before.</param>
    public readonly void Columns(Span<double> columns, Span<int> lengths)
    {
        ReadOnlySpan<long> rest = rows.AsSpan(0, length);
        if (!isMixed)
        {
            for (int column = 0; column < lengths.Length; column++)
            {
                lengths[column] = Count;
                CopyColumn(rest, EventRow.Head + column, columns.Slice(column * CountMax, Count));
            }

            return;
        }

        while (!rest.IsEmpty)
        {
            int at = EventRow.Head;
            for (ulong bits = (ulong)rest[0]; bits != 0; bits &= bits - 1)
            {
                int column = BitOperations.PopCount(Metrics & ((bits & (~bits + 1)) - 1));
                columns[(column * CountMax) + lengths[column]++] =
                    BitConverter.Int64BitsToDouble(rest[at++]);
            }

            rest = rest[at..];
        }
    }

    /// <summary>Forgets all rows; keeps the memory.</summary>
    public void Clear()
    {
        length = counted = Count = 0;
        Metrics = 0;
        isMixed = false;
    }

    // Where all rows have the same metrics.
    private readonly void CopyColumn(ReadOnlySpan<long> rest, int at, Span<double> into)
    {
        int step = EventRow.LengthOf((long)Metrics);
        for (int i = 0; i < into.Length; i++, at += step)
            into[i] = BitConverter.Int64BitsToDouble(rest[at]);
    }

    private static Span<double> MixedColumn(
        ReadOnlySpan<long> rest, int metric, Span<double> into)
    {
        int count = 0;
        while (!rest.IsEmpty)
        {
            ulong metrics = (ulong)rest[0];
            if ((metrics >> metric & 1) != 0)
            {
                into[count++] =
                    BitConverter.Int64BitsToDouble(rest[EventRow.PlaceOf(metrics, metric)]);
            }

            rest = rest[EventRow.LengthOf(rest[0])..];
        }

        return into[..count];
    }

    // The first rows take no more than they need: most cells have few.
    private Span<long> Place(int more)
    {
        int start = length;
        length += more;
        if (rows is null)
            rows = new long[more];
        else if (length > rows.Length)
            Array.Resize(ref rows, Math.Max(length, 2 * rows.Length));
        return rows.AsSpan(start, more);
    }
}
