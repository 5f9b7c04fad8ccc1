using System.Runtime.CompilerServices;

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
    [SkipLocalsInit]
    public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into)
    {
        into.Reset();
        int names = into.DimensionSet.NameCount;
        Span<DimensionSlot> slots = names <= SlotsOnStackMax
            ? stackalloc DimensionSlot[SlotsOnStackMax]
            : new DimensionSlot[names];
        EnvelopeFields fields = new(record, slots[..names], into);
        string? error = fields.Read();
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
        ReadOnlySpan<byte> eventId = default, callId = default;
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
                eventId = callId = default;
            read = tag;
            int outer = reader.Enter();
            while (reader.NextTag() is uint field and not 0)
            {
                if (field == EnvelopeFields.EventIdTag)
                    eventId = reader.ReadBytes();
                else if (field == EnvelopeFields.CallIdTag)
                    callId = reader.ReadBytes();
                else
                    reader.Skip(field);
            }

            reader.Leave(outer);
        }

        if (reader.Error is not null || (callId.IsEmpty && eventId.IsEmpty))
            return StableHash.Of(record);
        return StableHash.Of(callId.IsEmpty ? eventId : callId);
    }
}
