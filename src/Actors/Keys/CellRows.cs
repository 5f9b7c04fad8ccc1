using Earshot.Analytics;
using Earshot.Schemas;

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

    // Whether the first row is a long one, and whether others have other metrics, or another head.
    private bool isLong;
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
    public readonly bool SayNothing
    {
        get
        {
            ReadOnlySpan<long> rest = Metrics == 0 ? All : [];
            while (!rest.IsEmpty && EventRow.SaysNothing(rest))
                rest = rest[EventRow.LengthOf(rest[0])..];
            return Metrics == 0 && rest.IsEmpty;
        }
    }

    /// <summary>Whether so many rows more are not too many.</summary>
    public readonly bool HasRoom(int more) => Count + more <= CountMax;

    /// <summary>Says that a row is added soon. How long the array is has not come yet.</summary>
    public readonly void WillAdd()
    {
        if (rows is { } all)
            CacheLine.FetchElement(all, length);
    }

    /// <summary>Takes in a row; there must be room.</summary>
    public void Add(ReadOnlySpan<long> row)
    {
        row.CopyTo(Place(row.Length));
        Note(row[0]);
    }

    /// <summary>Takes in some rows, one after another; there must be room.</summary>
    public void AddAll(ReadOnlySpan<long> some)
    {
        some.CopyTo(Place(some.Length));
        for (int at = 0; at < some.Length; at += EventRow.LengthOf(some[at]))
            Note(some[at]);
    }

    /// <summary>Takes in the rows of another cell; there must be room, and none is counted.
    /// </summary>
    public void Add(in CellRows other)
    {
        other.rows.AsSpan(0, other.length).CopyTo(Place(other.length));
        isMixed |= other.isMixed;
        if (other.Count > 0)
            Note(other.Metrics, other.isLong, other.Count);
    }

    /// <summary>Counts what is not counted yet.</summary>
    public void CountInto(CallCounts counts)
    {
        RowColumns added = default;
        for (ReadOnlySpan<long> rest = rows.AsSpan(counted, length - counted); !rest.IsEmpty;)
        {
            added.Count(rest);
            rest = rest[EventRow.LengthOf(rest[0])..];
        }

        counted = length;
        added.CountInto(counts);
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
        CopyColumn(rest, EventRow.PlaceOf(rest[0], metric), into);
        return into;
    }

    /// <summary>Adds the values of all rows.</summary>
    /// <param name="columns">For <see cref="Metrics"/>.</param>
    public readonly void CopyTo(ref RowColumns columns)
    {
        for (ReadOnlySpan<long> rest = rows.AsSpan(0, length); !rest.IsEmpty;)
        {
            int next = EventRow.LengthOf(rest[0]);
            columns.Add(rest[..next]);
            rest = rest[next..];
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
    private static void CopyColumn(ReadOnlySpan<long> rest, int at, Span<double> into)
    {
        int step = EventRow.LengthOf(rest[0]);
        for (int i = 0; i < into.Length; i++, at += step)
            into[i] = BitConverter.Int64BitsToDouble(rest[at]);
    }

    private static Span<double> MixedColumn(
        ReadOnlySpan<long> rest, int metric, Span<double> into)
    {
        int count = 0;
        while (!rest.IsEmpty)
        {
            if ((EventRow.MetricsOf(rest[0]) >> metric & 1) != 0)
            {
                into[count++] =
                    BitConverter.Int64BitsToDouble(rest[EventRow.PlaceOf(rest[0], metric)]);
            }

            rest = rest[EventRow.LengthOf(rest[0])..];
        }

        return into[..count];
    }

    // The row that begins with a number is one of these.
    private void Note(long first) =>
        Note(EventRow.MetricsOf(first), EventRow.IsLong(first), 1);

    private void Note(ulong metrics, bool areLong, int count)
    {
        if (Count == 0)
            isLong = areLong;
        else
            isMixed |= metrics != Metrics || areLong != isLong;
        Metrics |= metrics;
        Count += count;
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
