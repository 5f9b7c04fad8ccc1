using System.Runtime.CompilerServices;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Schemas;

/// <summary>What was read for one name a dimension may have in the input.</summary>
/// <param name="Order">1 for the first name read, 2 for the next, …; 0 when not read.</param>
/// <param name="Start">Where its value begins in the record.</param>
/// <param name="Length">Bytes of its value.</param>
internal readonly record struct DimensionSlot(int Order, int Start, int Length);

/// <summary>
/// One Envelope on its way into an <see cref="EventRecord"/>. A later field replaces an earlier
/// one, so whatever cannot be taken back (symbols, values) waits here for the record's end.
/// </summary>
internal ref struct EnvelopeFields
{
    internal const uint EventIdTag = (3 << ProtoReader.TagTypeBits) | ProtoReader.Length;
    internal const uint CallIdTag = (5 << ProtoReader.TagTypeBits) | ProtoReader.Length;

    // Fields 1 to 5 are the same in all events; from here on each has its own.
    private const uint FirstOwnTag = 6 << ProtoReader.TagTypeBits;

    private const int V = ProtoReader.Varint, D = ProtoReader.Fixed64, L = ProtoReader.Length;
    private const int Bits = ProtoReader.TagTypeBits;

    private readonly ReadOnlySpan<byte> record;
    private readonly Span<DimensionSlot> slots; // by name, as DimensionSet numbers them
    private readonly EventRecord into;
    private ProtoReader reader;
    private ReadOnlySpan<byte> routeId;
    private ReadOnlySpan<byte> codec;
    private ReadOnlySpan<byte> metricName;
    private double? metricValue;
    private int slotsRead;
    private uint detailTag;     // which detail of a SignalingEvent was read last
    private uint valuesRead;    // bit m: values[m] was read
    private ValueArray values;  // by metric

    internal EnvelopeFields(
        ReadOnlySpan<byte> record, Span<DimensionSlot> slots, EventRecord into)
    {
        this.record = record;
        this.slots = slots;
        this.into = into;
        slots.Clear();
        reader = new ProtoReader(record);
        Unsafe.SkipInit(out values);
    }

    /// <summary>Whether a tag is one of the Envelope's events.</summary>
    internal static bool IsEvent(uint tag) =>
        (tag & ((1 << Bits) - 1)) == L && tag >> Bits is >= 1 and <= 4;

    /// <summary>Reads the record to its end.</summary>
    /// <param name="bare">The event that it is itself; None: an Envelope.</param>
    /// <returns>Null when there is an event; else why there is none.</returns>
    internal string? Read(EventKind bare)
    {
        if (bare != EventKind.None)
            ReadEvent(into.Kind = bare);
        while (reader.NextTag() is uint tag and not 0)
        {
            if (!IsEvent(tag))
            {
                reader.Skip(tag);
                continue;
            }

            EventKind kind = (EventKind)(tag >> Bits);
            if (into.Kind != kind)
                StartAnew(kind);
            int outer = reader.Enter();
            ReadEvent(kind);
            reader.Leave(outer);
        }

        return reader.Error ?? Finish();
    }

    // The last event of a oneof counts; only the same one twice is merged.
    private void StartAnew(EventKind kind)
    {
        if (into.Kind != EventKind.None)
        {
            into.Reset();
            slots.Clear();
            routeId = codec = metricName = default;
            metricValue = null;
            slotsRead = 0;
            detailTag = valuesRead = 0;
        }

        into.Kind = kind;
    }

    private void ReadEvent(EventKind kind)
    {
        while (reader.NextTag() is uint tag and not 0)
        {
            if (tag < FirstOwnTag)
                ReadCommon(tag);
            else if (kind == EventKind.StreamReport)
                ReadStreamReport(tag);
            else if (kind == EventKind.CallEvent)
                ReadCallEvent(tag);
            else if (kind == EventKind.CallSummary)
                ReadCallSummary(tag);
            else
                ReadCallMetric(tag);
        }
    }

    private void ReadCommon(uint tag)
    {
        switch (tag)
        {
            case (1 << Bits) | V:
                into.EventTimeMs = (long)reader.ReadVarint();
                break;
            case (2 << Bits) | V:
                into.LoggedTimeMs = (long)reader.ReadVarint();
                break;
            case EventIdTag:
                into.EventId = HashOf(reader.ReadBytes());
                break;
            case (4 << Bits) | L:
                ReadDimension();
                break;
            case CallIdTag:
                into.SetCallId(reader.ReadBytes());
                break;
            default:
                reader.Skip(tag);
                break;
        }
    }

    private void ReadDimension()
    {
        if (!reader.TryReadPair(out ReadOnlySpan<byte> name, out int start, out int length))
            ReadAnyDimension(out name, out start, out length);
        int index = into.DimensionSet.IndexOfName(name);
        if (index < 0)
            return;
        // The same name again replaces the value and keeps its place, as in the generated map.
        int order = slots[index].Order;
        slots[index] = new DimensionSlot(order == 0 ? ++slotsRead : order, start, length);
    }

    private void ReadAnyDimension(out ReadOnlySpan<byte> name, out int start, out int length)
    {
        name = default;
        start = length = 0;
        int outer = reader.Enter();
        while (reader.NextTag() is uint tag and not 0)
        {
            if (tag == ((1 << Bits) | L))
            {
                name = reader.ReadBytes();
            }
            else if (tag == ((2 << Bits) | L))
            {
                length = reader.ReadBytes().Length;
                start = reader.Position - length;
            }
            else
            {
                reader.Skip(tag);
            }
        }

        reader.Leave(outer);
    }

    private void ReadCallEvent(uint tag)
    {
        switch (tag)
        {
            case (6 << Bits) | L:
                routeId = reader.ReadBytes();
                break;
            case (8 << Bits) | L:
                int outer = reader.Enter();
                while (reader.NextTag() is uint field and not 0)
                    ReadSignaling(field);
                reader.Leave(outer);
                break;
            case (9 << Bits) | V:
                into.SipResponse = (int)reader.ReadVarint();
                break;
            default:
                reader.Skip(tag);
                break;
        }
    }

    private void ReadSignaling(uint tag)
    {
        if (tag is not (((3 << Bits) | L) or ((4 << Bits) | L)))
        {
            reader.Skip(tag);
            return;
        }

        bool isPdd = tag == ((3 << Bits) | L);
        if (tag != detailTag)
        {
            // The other detail goes. A PostDialDelay without its field says 0, as proto3 has it.
            into.State = State.Unspecified;
            valuesRead = 0;
            if (isPdd)
                Put(Metrics.Pdd, 0);
        }

        detailTag = tag;
        int outer = reader.Enter();
        while (reader.NextTag() is uint field and not 0)
        {
            if (isPdd && field == ((1 << Bits) | D))
                Put(Metrics.Pdd, reader.ReadDouble());
            else if (!isPdd && field == ((1 << Bits) | V))
                into.State = StateOf(reader.ReadVarint());
            else
                reader.Skip(field);
        }

        reader.Leave(outer);
    }

    private void ReadCallMetric(uint tag)
    {
        if (tag == ((6 << Bits) | L))
            metricName = reader.ReadBytes();
        else if (tag == ((7 << Bits) | D))
            metricValue = reader.ReadDouble();
        else
            reader.Skip(tag);
    }

    private void ReadStreamReport(uint tag)
    {
        if (!TryReadMetric(tag, MetricFields.OfReport))
            ReadStreamRest(tag);
    }

    private void ReadStreamRest(uint tag)
    {
        switch (tag)
        {
            case (6 << Bits) | L:
                into.SetStreamId(reader.ReadBytes());
                break;
            case (7 << Bits) | V:
                into.PacketsReceived = (long)reader.ReadVarint();
                break;
            case (8 << Bits) | V:
                into.PacketsLost = (long)reader.ReadVarint();
                break;
            case (15 << Bits) | D:
                into.AudioLevelIn = reader.ReadDouble();
                break;
            case (16 << Bits) | D:
                into.AudioLevelOut = reader.ReadDouble();
                break;
            case (17 << Bits) | L:
                codec = reader.ReadBytes();
                break;
            case (18 << Bits) | L:
                into.SetIceState(reader.ReadBytes());
                break;
            case (21 << Bits) | V:
                into.PacketsReceivedTotal = (long)reader.ReadVarint();
                break;
            case (22 << Bits) | V:
                into.PacketsLostTotal = (long)reader.ReadVarint();
                break;
            case (23 << Bits) | V:
                into.PacketsSent = (long)reader.ReadVarint();
                break;
            case (24 << Bits) | V:
                into.PacketsSentTotal = (long)reader.ReadVarint();
                break;
            default:
                reader.Skip(tag);
                break;
        }
    }

    private void ReadCallSummary(uint tag)
    {
        switch (tag)
        {
            case (6 << Bits) | V:
                into.Partial = (int)reader.ReadVarint()
                    == (int)V1.CallSummary.Types.ProcessingState.Partial;
                break;
            case (7 << Bits) | D:
                Put(Metrics.Score, reader.ReadDouble());
                break;
            case (8 << Bits) | L:
                int outer = reader.Enter();
                while (reader.NextTag() is uint field and not 0)
                {
                    if (!TryReadMetric(field, MetricFields.OfSummary))
                        reader.Skip(field);
                }

                reader.Leave(outer);
                break;
            case (9 << Bits) | V:
                into.State = StateOf(reader.ReadVarint());
                break;
            case (10 << Bits) | V:
                into.SipResponse = (int)reader.ReadVarint();
                break;
            case (11 << Bits) | L:
                codec = reader.ReadBytes();
                break;
            default:
                reader.Skip(tag);
                break;
        }
    }

    private bool TryReadMetric(uint tag, ReadOnlySpan<byte> metrics)
    {
        int field = (int)(tag >> Bits);
        if ((tag & ((1 << Bits) - 1)) != D || field >= metrics.Length || metrics[field] == 0)
            return false;
        Put(metrics[field], reader.ReadDouble());
        return true;
    }

    private string? Finish()
    {
        if (into.Kind == EventKind.None)
            return "no event";
        if (into.Kind == EventKind.CallMetric && metricName.IsEmpty)
            return "no metric name";
        if (into.Kind == EventKind.CallMetric && metricValue is null)
            return "no metric value";
        if (slotsRead > 0)
            SetDimensions();
        if (!routeId.IsEmpty)
            into.SetDimension("route"u8, routeId);
        into.Codec = into.DimensionValues.InternUtf8(codec);
        for (uint rest = valuesRead; rest != 0; rest &= rest - 1)
        {
            int metric = System.Numerics.BitOperations.TrailingZeroCount(rest);
            into.AddValue(metric, values[metric]);
        }

        if (metricValue is double value)
            into.AddValue(into.Metrics.InternUtf8(metricName), value);
        return null;
    }

    // Of several names for one dimension the first one read that says something counts.
    private readonly void SetDimensions()
    {
        DimensionSet set = into.DimensionSet;
        for (int i = set.Count; i < slots.Length; i++)
        {
            DimensionSlot alias = slots[i];
            ref DimensionSlot named = ref slots[set.OrdinalAt(i)];
            if (alias.Length > 0 && (named.Length == 0 || alias.Order < named.Order))
                named = alias;
        }

        for (int i = 0; i < set.Count; i++)
        {
            DimensionSlot slot = slots[i];
            if (slot.Length > 0)
            {
                into.Dimensions[i] = into.DimensionValues.InternUtf8(
                    record.Slice(slot.Start, slot.Length));
            }
        }
    }

    private void Put(int metric, double value)
    {
        values[metric] = value;
        valuesRead |= 1u << metric;
    }

    private static ulong HashOf(ReadOnlySpan<byte> id) => id.IsEmpty ? 0 : StableHash.Of(id);

    private static State StateOf(ulong number) =>
        (int)number is > 0 and <= (int)State.Disconnected ? (State)(int)number : State.Unspecified;

    [InlineArray(Length)]
    private struct ValueArray
    {
        private const int Length = Metrics.End;
        private double first;
    }
}
