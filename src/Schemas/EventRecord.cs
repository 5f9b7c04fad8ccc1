using System.Numerics;
using System.Text;

namespace Earshot.Schemas;

/// <summary>Which of the four input events a record is.</summary>
public enum EventKind : byte
{
    /// <summary>Nothing decoded.</summary>
    None,

    /// <summary>A signalling step.</summary>
    CallEvent,

    /// <summary>One value of one metric.</summary>
    CallMetric,

    /// <summary>A report interval of one media stream.</summary>
    StreamReport,

    /// <summary>A finished call.</summary>
    CallSummary,
}

/// <summary>One metric's value.</summary>
/// <param name="Metric">Metric name as a symbol of <see cref="EventRecord.Metrics"/>.</param>
/// <param name="Value">Value in the metric's unit.</param>
public readonly record struct MetricValue(int Metric, double Value);

/// <summary>
/// One decoded event, reused for every record of a partition: the hot path allocates nothing per
/// event. Texts that matter to the results are symbols, the rest is left undecoded.
/// </summary>
public sealed class EventRecord
{
    /// <summary>Most values one event can carry; further ones are not read.</summary>
    public const int ValuesMax = 24;

    private readonly MetricValue[] values = new MetricValue[ValuesMax];
    private readonly IdText callIdText = new();
    private readonly IdText streamIdText = new();
    private int valueCount;

    /// <summary>Creates a record that keeps the given dimensions.</summary>
    public EventRecord(DimensionSet dimensionSet, SymbolTable dimensionValues, SymbolTable metrics)
    {
        DimensionSet = dimensionSet;
        DimensionValues = dimensionValues;
        Metrics = metrics;
        Dimensions = new int[dimensionSet.Count];
        Entries = dimensionValues.EntriesOf(dimensionSet);
    }

    /// <summary>Which dimensions are kept, and at which ordinal.</summary>
    public DimensionSet DimensionSet { get; }

    /// <summary>Symbols of dimension values.</summary>
    public SymbolTable DimensionValues { get; }

    /// <summary>Symbols of metric names.</summary>
    public SymbolTable Metrics { get; }

    /// <summary>Dimensions as they stood in records before.</summary>
    internal DimensionEntries Entries { get; }

    /// <summary>Which event it is.</summary>
    public EventKind Kind { get; set; }

    /// <summary>When it happened, ms since the epoch; 0 when missing.</summary>
    public long EventTimeMs { get; set; }

    /// <summary>When it was received, ms since the epoch; 0 when missing.</summary>
    public long LoggedTimeMs { get; set; }

    /// <summary><see cref="StableHash"/> of the event id; 0 when there is none.</summary>
    public ulong EventId { get; set; }

    /// <summary><see cref="StableHash"/> of the call id; 0 when there is none.</summary>
    public ulong CallId { get; set; }

    /// <summary><see cref="StableHash"/> of the stream id; 0 when there is none.</summary>
    public ulong StreamId { get; set; }

    /// <summary>
    /// The call id as it came, UTF-8, cut where it is very long: for people. Empty when there is
    /// none. Valid until the next record.
    /// </summary>
    public ReadOnlySpan<byte> CallIdText => callIdText.Span;

    /// <summary>The stream id, likewise.</summary>
    public ReadOnlySpan<byte> StreamIdText => streamIdText.Span;

    /// <summary>Symbol of each kept dimension's value, by ordinal; 0 when missing.</summary>
    public int[] Dimensions { get; }

    /// <summary>CallEvent and CallSummary: the state; Unspecified when not said.</summary>
    public V1.CallState.Types.State State { get; set; }

    /// <summary>SIP response code; 0 when not said.</summary>
    public int SipResponse { get; set; }

    /// <summary>CallSummary: true when a complete one will follow.</summary>
    public bool Partial { get; set; }

    /// <summary>StreamReport: packets received in the interval; -1 when missing.</summary>
    public long PacketsReceived { get; set; }

    /// <summary>StreamReport: packets lost in the interval; long.MinValue when missing.</summary>
    public long PacketsLost { get; set; }

    /// <summary>StreamReport: packets received since the stream began; -1 when missing.</summary>
    public long PacketsReceivedTotal { get; set; }

    /// <summary>StreamReport: lost since the stream began; long.MinValue when missing.</summary>
    public long PacketsLostTotal { get; set; }

    /// <summary>StreamReport: packets sent in the interval; -1 when missing.</summary>
    public long PacketsSent { get; set; }

    /// <summary>StreamReport: packets sent since the stream began; -1 when missing.</summary>
    public long PacketsSentTotal { get; set; }

    /// <summary>StreamReport: incoming audio level, 0 to 1; NaN when missing.</summary>
    public double AudioLevelIn { get; set; }

    /// <summary>StreamReport: outgoing audio level, 0 to 1; NaN when missing.</summary>
    public double AudioLevelOut { get; set; }

    /// <summary>StreamReport: whether the ICE connection failed; null when not said.</summary>
    public bool? IceFailed { get; set; }

    /// <summary>
    /// StreamReport and CallSummary: the codec's name as a symbol of
    /// <see cref="DimensionValues"/>; 0 when missing.
    /// </summary>
    public int Codec { get; set; }

    /// <summary>The metric values it carries, each once. A missing one is not in it.</summary>
    public ReadOnlySpan<MetricValue> Values => values.AsSpan(0, valueCount);

    /// <summary>Why it is dead, in words, when decoding said so.</summary>
    public string DeadDetail { get; set; } = "";

    /// <summary>Empties everything before the next record is decoded.</summary>
    public void Reset()
    {
        Kind = EventKind.None;
        EventTimeMs = LoggedTimeMs = 0;
        EventId = CallId = StreamId = 0;
        callIdText.Clear();
        streamIdText.Clear();
        Array.Clear(Dimensions);
        State = V1.CallState.Types.State.Unspecified;
        SipResponse = 0;
        Partial = false;
        PacketsReceived = PacketsReceivedTotal = PacketsSent = PacketsSentTotal = -1;
        PacketsLost = PacketsLostTotal = long.MinValue;
        AudioLevelIn = AudioLevelOut = double.NaN;
        IceFailed = null;
        Codec = 0;
        valueCount = 0;
        if (DeadDetail.Length > 0)
            DeadDetail = "";
    }

    /// <summary>Sets the call id; an empty one is missing.</summary>
    public void SetCallId(ReadOnlySpan<byte> id)
    {
        CallId = id.IsEmpty ? 0 : StableHash.Of(id);
        callIdText.Set(id);
    }

    /// <summary>Sets a call id made of two fields.</summary>
    /// <param name="hash">What stands for both.</param>
    /// <param name="first">The first one, for people.</param>
    /// <param name="second">The second one, for people.</param>
    public void SetCallId(ulong hash, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        CallId = hash;
        callIdText.Set(first, second);
    }

    /// <summary>Sets the stream id; an empty one is missing.</summary>
    public void SetStreamId(ReadOnlySpan<byte> id)
    {
        StreamId = id.IsEmpty ? 0 : StableHash.Of(id);
        streamIdText.Set(id);
    }

    /// <summary>Sets a stream id made of several fields.</summary>
    /// <param name="hash">What stands for all of them.</param>
    /// <param name="first">The first one, for people.</param>
    /// <param name="second">The second one, for people.</param>
    public void SetStreamId(ulong hash, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        StreamId = hash;
        streamIdText.Set(first, second);
    }

    /// <summary>Sets the state of the ICE connection; an empty one is missing.</summary>
    public void SetIceState(ReadOnlySpan<byte> state) =>
        IceFailed = state.IsEmpty ? null : Ascii.EqualsIgnoreCase(state, "failed"u8);

    /// <summary>Adds a metric value.</summary>
    /// <returns>False when <see cref="ValuesMax"/> is reached.</returns>
    public bool AddValue(int metric, double value)
    {
        if (valueCount == ValuesMax)
            return false;
        values[valueCount++] = new MetricValue(metric, value);
        return true;
    }

    /// <summary>Puts values in place of all that it has.</summary>
    /// <param name="metrics">Bit m: there is a value of metric m, below
    /// <see cref="Metrics.End"/>.</param>
    /// <param name="byMetric">Values, by metric.</param>
    internal void SetValues(uint metrics, ReadOnlySpan<double> byMetric)
    {
        int count = 0;
        MetricValue[] into = values;
        for (; metrics != 0; metrics &= metrics - 1)
        {
            int metric = BitOperations.TrailingZeroCount(metrics);
            into[count++] = new MetricValue(metric, byMetric[metric]);
        }

        valueCount = count;
    }

    /// <summary>The value of one metric, or null.</summary>
    public double? ValueOf(int metric)
    {
        foreach (MetricValue value in Values)
        {
            if (value.Metric == metric)
                return value.Value;
        }

        return null;
    }

    /// <summary>
    /// Sets a dimension by the name it has in the input (aliases are mapped); one that is not
    /// kept is passed over. The first value said stays.
    /// </summary>
    public void SetDimension(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        int ordinal = DimensionSet.OrdinalOf(name);
        if (ordinal >= 0 && Dimensions[ordinal] == 0)
            Dimensions[ordinal] = DimensionValues.InternUtf8(value);
    }
}
