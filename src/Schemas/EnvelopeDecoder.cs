
namespace Earshot.Schemas;

/// <summary>
/// Decodes protobuf Envelopes in place, without an object per event: what the generated parser
/// would read (the tests hold the two against each other), straight into an
/// <see cref="EventRecord"/>. Texts that are not valid UTF-8 are read as Google.Protobuf for C#
/// reads them, with U+FFFD for what is wrong; ids are hashed as they came. Without state: one
/// decoder may serve several threads.
/// </summary>
public sealed class EnvelopeDecoder : IRecordDecoder
{
    // Names and aliases of dimensions that fit on the stack: far more than a pipeline has.
    private const int SlotsOnStackMax = 64;

    /// <inheritdoc/>
    public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into) =>
        Decode(record, EventKind.None, into);

    /// <summary>Decodes an event that stands without an Envelope, as if it were in one.</summary>
    /// <param name="message">The event's own bytes.</param>
    /// <param name="kind">Which event it is; None: an Envelope.</param>
    /// <param name="into">Receives the event.</param>
    public DecodeResult Decode(ReadOnlySpan<byte> message, EventKind kind, EventRecord into)
    {
        into.Reset();
        int names = into.DimensionSet.NameCount;
        Span<DimensionSlot> slots = names < SlotsOnStackMax
            ? stackalloc DimensionSlot[SlotsOnStackMax]
            : new DimensionSlot[names + 1];
        EnvelopeFields fields = new(message, slots, into);
        string? error = fields.Read(kind);
        if (error is null)
            return DecodeResult.Event;
        into.Reset();
        into.DeadDetail = error;
        return DecodeResult.Dead;
    }

    /// <inheritdoc/>
    public ulong RoutingHash(ReadOnlySpan<byte> record)
    {
        ProtoReader reader = new(record);
        EventIds ids = default;
        uint read = 0;
        while (reader.NextTag() is uint tag and not 0)
        {
            if (!EnvelopeFields.IsEvent(tag))
            {
                reader.Skip(tag);
                continue;
            }

            // Another event replaces this one; the same one is merged into it.
            if (tag != read)
                ids = default;
            read = tag;
            int outer = reader.Enter();
            ids.Read(ref reader);
            reader.Leave(outer);
        }

        return ids.Hash(reader, record);
    }

    /// <summary>The same of an event that stands without an Envelope.</summary>
    public static ulong BareRoutingHash(ReadOnlySpan<byte> message)
    {
        ProtoReader reader = new(message);
        EventIds ids = default;
        ids.Read(ref reader);
        return ids.Hash(reader, message);
    }

    private ref struct EventIds
    {
        private ReadOnlySpan<byte> eventId;
        private ReadOnlySpan<byte> callId;

        public void Read(ref ProtoReader reader)
        {
            while (reader.NextTag() is uint field and not 0)
            {
                if (field == EnvelopeFields.EventIdTag)
                    eventId = reader.ReadBytes();
                else if (field == EnvelopeFields.CallIdTag)
                    callId = reader.ReadBytes();
                else
                    reader.Skip(field);
            }
        }

        public readonly ulong Hash(ProtoReader reader, ReadOnlySpan<byte> record)
        {
            if (reader.Error is not null || (callId.IsEmpty && eventId.IsEmpty))
                return StableHash.Of(record);
            return StableHash.Of(callId.IsEmpty ? eventId : callId);
        }
    }
}
