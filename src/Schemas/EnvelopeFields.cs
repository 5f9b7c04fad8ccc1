using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Schemas;

/// <summary>
/// One Envelope on its way into an <see cref="EventRecord"/>. A later field replaces an earlier
/// one, so whatever cannot be taken back (symbols, values) waits here for the record's end.
/// </summary>
internal ref struct EnvelopeFields
{
    internal const uint EventIdTag = (3 << ProtoReader.TagTypeBits) | ProtoReader.Length;
    internal const uint CallIdTag = (5 << ProtoReader.TagTypeBits) | ProtoReader.Length;

    private const int Bits = ProtoReader.TagTypeBits;

    private readonly EventRecord into;
    private ProtoReader reader;
    private DimensionFields dimensions;
    private ReadOnlySpan<byte> routeId;
    private ReadOnlySpan<byte> codec;
    private ReadOnlySpan<byte> metricName;
    private double? metricValue;
    private FieldRole detail;   // which one of a SignalingEvent was read last
    private uint valuesRead;    // bit m: values[m] was read
    private ValueArray values;  // by metric

    internal EnvelopeFields(
        ReadOnlySpan<byte> record, Span<DimensionSlot> slots, EventRecord into)
    {
        this.into = into;
        reader = new ProtoReader(record);
        dimensions = new DimensionFields(record, slots, into);
        Unsafe.SkipInit(out values);
    }

    /// <summary>Whether a tag is one of the Envelope's events.</summary>
    internal static bool IsEvent(uint tag) =>
        (tag & ((1 << Bits) - 1)) == ProtoReader.Length && tag >> Bits is >= 1 and <= 4;

    /// <summary>Reads the record to its end.</summary>
    /// <param name="bare">The event that it is itself; None: an Envelope.</param>
    /// <returns>Null when there is an event; else why there is none.</returns>
    internal string? Read(EventKind bare)
    {
        if (bare != EventKind.None)
            Read(FieldRoles.Of(into.Kind = bare));
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
            Read(FieldRoles.Of(kind));
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
            routeId = codec = metricName = default;
            metricValue = null;
            dimensions.Clear();
            detail = FieldRole.None;
            valuesRead = 0;
        }

        into.Kind = kind;
    }

    private void Read(ReadOnlySpan<FieldRole> roles)
    {
        ReadUsual(roles);
        while (reader.NextTag() is uint tag and not 0)
        {
            FieldRole role = tag < (uint)roles.Length ? roles[(int)tag] : FieldRole.None;
            if (role == FieldRole.None)
                reader.Skip(tag);
            else if (role < FieldRole.EventTime)
                Take(role, reader.ReadDouble());
            else if (role < FieldRole.EventId)
                Take(role, reader.ReadVarint());
            else if (role < FieldRole.Dimension)
                Take(role, reader.ReadBytes());
            else
                ReadMessage(role);
            ReadUsual(roles);
        }
    }

    /// <summary>
    /// Reads fields that have the form all writers give them, up to the first that has not: tag,
    /// length and number no longer than they need be, texts below 128 bytes. Here the place in
    /// the message is in a register, so that no field waits for the one before; the rest, and
    /// whatever is wrong, is left to the reader.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReadUsual(ReadOnlySpan<FieldRole> roles)
    {
        // Each read has seen that its bytes are there; sliced, each would be checked again.
        Debug.Assert(roles.Length > byte.MaxValue);
        ReadOnlySpan<byte> rest = reader.Rest;
        ref FieldRole roleOf = ref MemoryMarshal.GetReference(roles);
        ref byte at = ref MemoryMarshal.GetReference(rest);
        ref byte end = ref Unsafe.Add(ref at, rest.Length);
        uint read = valuesRead;
        while (Left(ref at, ref end) >= 2)
        {
            // Fields 16 to 31 have a second byte that is 1: then the first one is the whole tag.
            uint tag = at;
            ref byte value = ref Unsafe.Add(ref at, 1);
            if (tag >= 0x80)
            {
                if (value != 1)
                    break;
                value = ref Unsafe.Add(ref value, 1);
            }

            FieldRole role = Unsafe.Add(ref roleOf, tag);
            nint left = Left(ref value, ref end);
            if (role is > FieldRole.None and < FieldRole.EventTime)
            {
                if (left < sizeof(double))
                    break;
                double number = BitConverter.UInt64BitsToDouble(Eight(ref value));
                if (role < (FieldRole)Metrics.End)
                    (values[(int)role], read) = (number, read | (1u << (int)role));
                else
                    Take(role, number);
                at = ref Unsafe.Add(ref value, sizeof(double));
            }
            else if (role >= FieldRole.EventId)
            {
                if (left < 1)
                    break;
                int length = value;
                if (length >= 0x80 || length >= left)
                    break;
                value = ref Unsafe.Add(ref value, 1);
                if (role < FieldRole.Dimension)
                    Take(role, MemoryMarshal.CreateReadOnlySpan(ref value, length));
                else if (role > FieldRole.Dimension || !dimensions.TryTake(ref value, length))
                    break;
                at = ref Unsafe.Add(ref value, length);
            }
            else if (role >= FieldRole.EventTime)
            {
                int length = left < sizeof(ulong) ? 0 : TakeVarint(role, Eight(ref value));
                if (length == 0)
                    break;
                at = ref Unsafe.Add(ref value, length);
            }
            else
            {
                break;
            }
        }

        valuesRead = read;
        reader.Advance(rest.Length - (int)Left(ref at, ref end));
    }

    // Its length; 0: it is longer than eight bytes, and not taken.
    private int TakeVarint(FieldRole role, ulong bytes)
    {
        int length = 1;
        ulong number = bytes & 0xFF;
        if (number >= 0x80 && !ProtoReader.TryReadVarint(bytes, out number, out length))
            return 0;
        Take(role, number);
        return length;
    }

    private static nint Left(ref byte at, ref byte end) => Unsafe.ByteOffset(ref at, ref end);

    private static ulong Eight(ref byte first)
    {
        ulong eight = Unsafe.ReadUnaligned<ulong>(ref first);
        return BitConverter.IsLittleEndian ? eight : BinaryPrimitives.ReverseEndianness(eight);
    }

    private void ReadMessage(FieldRole role)
    {
        int outer = reader.Enter();
        if (role == FieldRole.Dimension)
            ReadDimension();
        else
            ReadFields(role);
        reader.Leave(outer);
    }

    private void ReadFields(FieldRole message)
    {
        bool isDetail = message is FieldRole.PddDetail or FieldRole.StateDetail;
        if (isDetail && message != detail)
        {
            // The other detail goes. A PostDialDelay without its field says 0, as proto3 has it.
            into.State = State.Unspecified;
            valuesRead = 0;
            if (message == FieldRole.PddDetail)
                Put(Metrics.Pdd, 0);
            detail = message;
        }

        Read(FieldRoles.In(message));
    }

    private void ReadDimension()
    {
        ReadOnlySpan<byte> name = default, value = default;
        while (reader.NextTag() is uint tag and not 0)
        {
            if (tag == ((1 << Bits) | ProtoReader.Length))
                name = reader.ReadBytes();
            else if (tag == ((2 << Bits) | ProtoReader.Length))
                value = reader.ReadBytes();
            else
                reader.Skip(tag);
        }

        dimensions.Take(name, value);
    }

    private void Take(FieldRole role, double value)
    {
        switch (role)
        {
            case FieldRole.AudioLevelIn:
                into.AudioLevelIn = value;
                break;
            case FieldRole.AudioLevelOut:
                into.AudioLevelOut = value;
                break;
            case FieldRole.MetricValue:
                metricValue = value;
                break;
            case FieldRole.OtherDouble:
                break;
            default:
                Put((int)role, value);
                break;
        }
    }

    private void Take(FieldRole role, ulong number)
    {
        switch (role)
        {
            case FieldRole.EventTime:
                into.EventTimeMs = (long)number;
                break;
            case FieldRole.LoggedTime:
                into.LoggedTimeMs = (long)number;
                break;
            case FieldRole.State:
                into.State = StateOf(number);
                break;
            case FieldRole.SipResponse:
                into.SipResponse = (int)number;
                break;
            case FieldRole.Processing:
                into.Partial = (int)number == (int)V1.CallSummary.Types.ProcessingState.Partial;
                break;
            case FieldRole.PacketsReceived:
                into.PacketsReceived = (long)number;
                break;
            case FieldRole.PacketsLost:
                into.PacketsLost = (long)number;
                break;
            case FieldRole.PacketsReceivedTotal:
                into.PacketsReceivedTotal = (long)number;
                break;
            case FieldRole.PacketsLostTotal:
                into.PacketsLostTotal = (long)number;
                break;
            case FieldRole.PacketsSent:
                into.PacketsSent = (long)number;
                break;
            case FieldRole.PacketsSentTotal:
                into.PacketsSentTotal = (long)number;
                break;
        }
    }

    private void Take(FieldRole role, ReadOnlySpan<byte> text)
    {
        switch (role)
        {
            case FieldRole.EventId:
                into.EventId = HashOf(text);
                break;
            case FieldRole.CallId:
                into.SetCallId(text);
                break;
            case FieldRole.StreamId:
                into.SetStreamId(text);
                break;
            case FieldRole.RouteId:
                routeId = text;
                break;
            case FieldRole.Codec:
                codec = text;
                break;
            case FieldRole.IceState:
                into.SetIceState(text);
                break;
            case FieldRole.MetricName:
                metricName = text;
                break;
        }
    }

    private string? Finish()
    {
        if (into.Kind == EventKind.None)
            return "no event";
        if (into.Kind == EventKind.CallMetric && metricName.IsEmpty)
            return "no metric name";
        if (into.Kind == EventKind.CallMetric && metricValue is null)
            return "no metric value";
        dimensions.Set();
        if (!routeId.IsEmpty)
            into.SetDimension("route"u8, routeId);
        into.Codec = into.DimensionValues.InternUtf8(codec);
        into.SetValues(valuesRead, values);
        if (metricValue is double value)
            into.AddValue(into.Metrics.InternUtf8(metricName), value);
        return null;
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
