using System.Numerics;
using System.Runtime.CompilerServices;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// What an event brings to a cell, as one run of numbers: which metrics it has values of, what it
/// adds to the counts, and the values by ascending metric, as the bits of doubles. Nearly all are
/// short, so that one with seven values is as long as a line of the processor's cache.
/// <para>
/// Short: [0] bit 0: 0; bits 1 to 21: a value of metric m; from bit 22 on the
/// <see cref="CountCode"/>; bit 62: it counts nothing; bit 63: the connected time to count is the
/// value of <see cref="Metrics.ConnectDuration"/>. Its values count. From [1] on the values.
/// </para>
/// <para>
/// Long, for what does not fit: [0] bit 0: 1; bit m: a value of metric m. [1] bit i: 1 to the count
/// of field i. [2] connected time, ms, times 256, and the number of values that count. From [3] on
/// the values. Within an epoch there are others for the metrics that have no bit: see
/// <see cref="SetFurther"/>.
/// </para>
/// </summary>
internal static class EventRow
{
    /// <summary>Metrics have symbols below this; there are few beyond, which go another way.
    /// </summary>
    public const int MetricsEnd = 63;

    /// <summary>Longest row of an event.</summary>
    public const int LengthMax = LongHead + EventRecord.ValuesMax;

    /// <summary>Where the values of a long row begin.</summary>
    public const int LongHead = 3;

    private const int ShortHead = 1;
    private const int ShortMetricsEnd = 22;
    private const long Long = 1;
    private const ulong ShortMetrics = (1UL << ShortMetricsEnd) - 1;
    private const ulong Code = (1UL << CountCode.Bits) - 1;
    private const long CountsNothing = 1L << 62;
    private const long CountsDuration = 1L << 63;
    private const int ValuesBits = 8;

    // A long row with the bit of a metric that does not exist.
    private const long Further = Long | (1L << 63);

    // A build error here says that the code no longer fits.
    private const uint Unused = 62 - ShortMetricsEnd - CountCode.Bits;

    /// <summary>Writes a row.</summary>
    /// <param name="row">Its place, at least <see cref="LengthMax"/> long.</param>
    /// <param name="step">What the event adds to the counts.</param>
    /// <param name="values">Its values, finite, all of which count.</param>
    /// <returns>
    /// False: some values did not go into it, see <see cref="TryAdd(Span{long}, int, double)"/>.
    /// </returns>
    public static bool TryWrite(
        Span<long> row, in CountStep step, ReadOnlySpan<MetricValue> values)
    {
        // Most come in order of their metrics.
        ulong metrics = 0;
        int at = ShortHead;
        foreach (ref readonly MetricValue value in values)
        {
            if (value.Metric >= ShortMetricsEnd || 1UL << value.Metric <= metrics)
                return TryWriteLong(row, step, values);
            metrics |= 1UL << value.Metric;
            row[at++] = BitConverter.DoubleToInt64Bits(value.Value);
        }

        if (!CountCode.TryPack(step.Ones, out ulong code))
            return TryWriteLong(row, step, values);
        row[0] = (long)(metrics | (code << ShortMetricsEnd));
        if (step.ConnectedMs == 0)
            return true;
        row[0] |= CountsDuration;
        return (HasDuration(metrics) && DurationMs(row) == step.ConnectedMs)
            || TryWriteLong(row, step, values);
    }

    /// <summary>Begins a row without values, which counts nothing.</summary>
    /// <param name="row">Its place, at least <see cref="LengthMax"/> long.</param>
    public static void Begin(Span<long> row) => row[0] = CountsNothing;

    /// <summary>Adds a value to a row, and counts no more than before.</summary>
    /// <param name="row">A long one, or one of <see cref="Begin"/>.</param>
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
        if (metric >= ShortMetricsEnd && !IsLong(row[0]))
            MakeLong(row);
        long bit = 1L << metric;
        if (((long)MetricsOf(row[0]) & bit) != 0)
            return false;
        int place = PlaceOf(row[0], metric), end = LengthOf(row[0]);
        if (place < end)
            row[place..end].CopyTo(row[(place + 1)..]);
        row[place] = BitConverter.DoubleToInt64Bits(value);
        row[0] |= bit;
        return true;
    }

    /// <summary>
    /// Makes a row of one value, which counts nothing, of any metric: [1] is the metric's symbol.
    /// </summary>
    public static void SetFurther(Span<long> row, int metric, double value)
    {
        row[0] = Further;
        row[1] = metric;
        row[2] = 0;
        row[LongHead] = BitConverter.DoubleToInt64Bits(value);
    }

    /// <summary>Whether a row is one of <see cref="SetFurther"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsFurther(ReadOnlySpan<long> row) => row[0] == Further;

    /// <summary>What a row of <see cref="SetFurther"/> has.</summary>
    public static (int Metric, double Value) FurtherOf(ReadOnlySpan<long> row) =>
        ((int)row[1], BitConverter.Int64BitsToDouble(row[LongHead]));

    /// <summary>
    /// Fails unless a row that came from elsewhere is one; counts that are not known here, those
    /// of a newer sender, are taken out.
    /// </summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static void Require(Span<long> row)
    {
        ulong metrics = MetricsOf(row[0]);
        if (metrics >> Metrics.End != 0)
            throw new ArgumentException($"a row of metrics {metrics:x}");
        if (IsLong(row[0]))
        {
            if (row[2] < 0)
                throw new ArgumentException($"a row that counts {row[2]:x}");
            row[1] &= (long)(ulong.MaxValue >> (64 - CallCounts.Width));
        }
        else if ((row[0] & CountsDuration) != 0 && !HasDuration(metrics))
        {
            throw new ArgumentException("a row that counts a time it does not have");
        }

        foreach (long bits in row[HeadOf(row[0])..])
        {
            if (!double.IsFinite(BitConverter.Int64BitsToDouble(bits)))
                throw new ArgumentException("a value that is not finite");
        }
    }

    /// <summary>Whether the row that begins with a number is a long one.</summary>
    public static bool IsLong(long first) => (first & Long) != 0;

    /// <summary>The length of the row that begins with a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LengthOf(long first) =>
        HeadOf(first) + BitOperations.PopCount(MetricsOf(first));

    /// <summary>Bit m: the row that begins with a number has a value of metric m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong MetricsOf(long first) =>
        (ulong)first & (ShortMetrics | (ulong)-(first & Long)) & ~(ulong)Long;

    /// <summary>Where the values of the row that begins with a number begin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int HeadOf(long first) =>
        ShortHead + ((LongHead - ShortHead) * (int)(first & Long));

    /// <summary>
    /// Where the value of a metric is, in the row that begins with a number and has it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PlaceOf(long first, int metric) =>
        HeadOf(first) + BitOperations.PopCount(MetricsOf(first) & ((1UL << metric) - 1));

    /// <summary>
    /// What a short row adds to the counts; its values count, too. False: it is long, or adds
    /// nothing.
    /// </summary>
    /// <param name="row">The row; others may follow.</param>
    /// <param name="code">The <see cref="CountCode"/> of the ones.</param>
    /// <param name="connectedMs">Connected time, ms.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryGetShort(ReadOnlySpan<long> row, out ulong code, out long connectedMs)
    {
        long first = row[0];
        code = (ulong)first >> ShortMetricsEnd & Code;
        connectedMs = first < 0 && !IsLong(first) ? DurationMs(row) : 0;
        return (first & (Long | CountsNothing)) == 0;
    }

    /// <summary>What a row that is not short adds to the counts.</summary>
    /// <param name="row">The row; others may follow.</param>
    /// <param name="values">How many values it counts.</param>
    public static CountStep LongStepOf(ReadOnlySpan<long> row, out long values)
    {
        values = 0;
        if (!IsLong(row[0]))
            return default;
        values = row[2] & ((1 << ValuesBits) - 1);
        return new CountStep((ulong)row[1], row[2] >> ValuesBits);
    }

    /// <summary>True when a row has no value and counts nothing.</summary>
    public static bool SaysNothing(ReadOnlySpan<long> row) =>
        (row[0] & ~CountsNothing) == 0 || (row[0] == Long && row[1] == 0 && row[2] == 0);

    /// <summary>
    /// Makes the first number of a row of a bundle of format 1 that of one of today: all were long,
    /// and had no bit for it.
    /// </summary>
    public static void Upgrade(ref long first)
    {
        if ((first & Long) != 0)
            throw new ArgumentException($"a row of metrics {first:x}");
        first |= Long;
    }

    private static bool HasDuration(ulong metrics) =>
        (metrics >> Metrics.ConnectDuration & 1) != 0;

    // As whoever counted it rounded it.
    private static long DurationMs(ReadOnlySpan<long> row) => (long)Math.Round(1000
        * BitConverter.Int64BitsToDouble(row[PlaceOf(row[0], Metrics.ConnectDuration)]));

    private static bool TryWriteLong(
        Span<long> row, in CountStep step, ReadOnlySpan<MetricValue> values)
    {
        row[0] = Long;
        row[1] = (long)step.Ones;
        row[2] = (step.ConnectedMs << ValuesBits) | (uint)values.Length;
        bool all = true;
        foreach (ref readonly MetricValue value in values)
            all &= TryAdd(row, value.Metric, value.Value);
        return all;
    }

    private static void MakeLong(Span<long> row)
    {
        row[ShortHead..LengthOf(row[0])].CopyTo(row[LongHead..]);
        row[0] = (long)MetricsOf(row[0]) | Long;
        row[1] = row[2] = 0;
    }
}
