using Earshot.Analytics;

namespace Earshot.Actors.Keys;

/// <summary>
/// What a cell is given: a value of a metric, or what an event adds to the counts. The latter in
/// the same form, so that all of an event is one run of memory.
/// </summary>
public readonly struct CellEntry
{
    /// <summary>Metrics have symbols below this; there are few beyond, which go another way.
    /// </summary>
    public const int MetricsEnd = 64;

    /// <summary>Most entries beside its values that an event makes.</summary>
    public const int CountsMax = 2;

    private const int ConnectedTime = int.MinValue;

    private readonly long bits;

    private CellEntry(int kind, long bits) => (Kind, this.bits) = (kind, bits);

    /// <summary>
    /// The symbol of the metric. For counts: -1 less the number of the event's values, or
    /// int.MinValue for connected time.
    /// </summary>
    public int Kind { get; }

    /// <summary>Whether it is a value.</summary>
    public bool IsValue => Kind >= 0;

    /// <summary>The value.</summary>
    public double Value => BitConverter.Int64BitsToDouble(bits);

    /// <summary>A value of a metric below <see cref="MetricsEnd"/>.</summary>
    public static CellEntry Of(int metric, double value) =>
        new(metric, BitConverter.DoubleToInt64Bits(value));

    /// <summary>What an event adds to the counts, as entries.</summary>
    /// <param name="step">The counts.</param>
    /// <param name="values">How many values it has.</param>
    /// <param name="into">Receives them, <see cref="CountsMax"/> at most.</param>
    /// <returns>How many there are.</returns>
    public static int Write(in CountStep step, int values, Span<CellEntry> into)
    {
        into[0] = new CellEntry(-1 - values, (long)step.Ones);
        if (step.ConnectedMs == 0)
            return 1;
        into[1] = new CellEntry(ConnectedTime, step.ConnectedMs);
        return 2;
    }

    /// <summary>Adds it, where it is no value.</summary>
    public void AddTo(CallCounts counts)
    {
        if (Kind == ConnectedTime)
        {
            counts.ConnectedMs += bits;
            return;
        }

        counts.Add(new CountStep((ulong)bits));
        counts.Values += -1 - Kind;
    }
}
