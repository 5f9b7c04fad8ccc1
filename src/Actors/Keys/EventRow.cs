using System.Numerics;
using System.Runtime.CompilerServices;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// What an event brings to a cell, as one run of numbers: which metrics it has values of, what it
/// adds to the counts, and the values by ascending metric.
/// <para>
/// [0] bit m: a value of metric m. [1] bit i: 1 to the count of field i. [2] connected time, ms,
/// times 256, and the number of values that count. From [3] on the values, as the bits of doubles.
/// Within an epoch there are others for the metrics that have no bit: see <see cref="SetFurther"/>.
/// </para>
/// </summary>
internal static class EventRow
{
    /// <summary>Metrics have symbols below this; there are few beyond, which go another way.
    /// </summary>
    public const int MetricsEnd = 64;

    /// <summary>Where the values begin.</summary>
    public const int Head = 3;

    /// <summary>Longest row of an event.</summary>
    public const int LengthMax = Head + EventRecord.ValuesMax;

    private const int ValuesBits = 8;

    // The bit of metric 0, which does not exist.
    private const long Further = 1;

    /// <summary>Begins a row.</summary>
    /// <param name="row">Its place, at least <see cref="LengthMax"/> long.</param>
    /// <param name="step">What the event adds to the counts.</param>
    /// <param name="values">How many values are counted.</param>
    public static void Begin(Span<long> row, in CountStep step, int values)
    {
        row[0] = 0;
        row[1] = (long)step.Ones;
        row[2] = (step.ConnectedMs << ValuesBits) | (uint)values;
    }

    /// <summary>Adds values, as many as go into the row.</summary>
    /// <param name="row">A row that was begun, and has no values yet.</param>
    /// <param name="values">The values, finite.</param>
    /// <returns>False: some did not, see <see cref="TryAdd(Span{long}, int, double)"/>.</returns>
    public static bool TryAdd(Span<long> row, ReadOnlySpan<MetricValue> values)
    {
        // Most come in order of their metrics.
        ulong metrics = 0;
        int count = 0;
        foreach (ref readonly MetricValue value in values)
        {
            if (value.Metric >= MetricsEnd || 1UL << value.Metric <= metrics)
                break;
            metrics |= 1UL << value.Metric;
            row[Head + count++] = BitConverter.DoubleToInt64Bits(value.Value);
        }

        row[0] = (long)metrics;
        bool all = true;
        foreach (ref readonly MetricValue value in values[count..])
            all &= TryAdd(row, value.Metric, value.Value);
        return all;
    }

    /// <summary>Adds a value.</summary>
    /// <param name="row">A row that was begun.</param>
    /// <param name="metric">Its symbol.</param>
    /// <param name="value">The value, finite.</param>
    /// <returns>
    /// False: the row has one of this metric, or the metric is not below <see cref="MetricsEnd"/>;
    /// the row stays as it is.
    /// </returns>
    public static bool TryAdd(Span<long> row, int metric, double value)
    {
        if (metric >= MetricsEnd)
            return false;
        ulong metrics = (ulong)row[0], bit = 1UL << metric;
        if ((metrics & bit) != 0)
            return false;
        int place = PlaceOf(metrics, metric), end = Head + BitOperations.PopCount(metrics);
        if (place < end)
            row[place..end].CopyTo(row[(place + 1)..]);
        row[place] = BitConverter.DoubleToInt64Bits(value);
        row[0] = (long)(metrics | bit);
        return true;
    }

    /// <summary>
    /// Makes a row of one value, which counts nothing, of any metric: [0] is 1, which no other row
    /// has, [1] the metric's symbol, [2] 0.
    /// </summary>
    public static void SetFurther(Span<long> row, int metric, double value)
    {
        row[0] = Further;
        row[1] = metric;
        row[2] = 0;
        row[Head] = BitConverter.DoubleToInt64Bits(value);
    }

    /// <summary>Whether a row is one of <see cref="SetFurther"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsFurther(ReadOnlySpan<long> row) => row[0] == Further;

    /// <summary>
    /// Fails unless a row that came from elsewhere is one; counts that are not known here, those
    /// of a newer sender, are taken out.
    /// </summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static void Require(Span<long> row)
    {
        if ((row[0] & Further) != 0 || (ulong)row[0] >> Metrics.End != 0)
            throw new ArgumentException($"a row of metrics {row[0]:x}");
        if (row[2] < 0)
            throw new ArgumentException($"a row that counts {row[2]:x}");
        row[1] &= (long)(ulong.MaxValue >> (64 - CallCounts.Width));
        foreach (long bits in row[Head..])
        {
            if (!double.IsFinite(BitConverter.Int64BitsToDouble(bits)))
                throw new ArgumentException("a value that is not finite");
        }
    }

    /// <summary>The length of the row that begins with a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LengthOf(long first) => Head + BitOperations.PopCount((ulong)first);

    /// <summary>Where the value of a metric is, in a row that has values of some.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PlaceOf(ulong metrics, int metric) =>
        Head + BitOperations.PopCount(metrics & ((1UL << metric) - 1));

    /// <summary>Connected time, ms, in the row's third number.</summary>
    public static long ConnectedMsOf(long third) => third >> ValuesBits;

    /// <summary>How many values are counted, in the row's third number.</summary>
    public static long ValuesOf(long third) => third & ((1 << ValuesBits) - 1);
}
