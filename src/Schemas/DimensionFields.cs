using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Earshot.Schemas;

/// <summary>What was read for one name a dimension may have in the input.</summary>
/// <param name="Key">Of its value, for the table of symbols; none for an empty one.</param>
/// <param name="Hash">Likewise.</param>
/// <param name="Name">The name's number, as <see cref="DimensionSet"/> gives them.</param>
/// <param name="Start">Where its value begins in the record.</param>
internal readonly record struct DimensionSlot(TextKey Key, uint Hash, int Name, int Start);

/// <summary>
/// The dimensions of one record, which become symbols at its end: a value may still be replaced,
/// and those of a record that turns out dead must not fill the table.
/// </summary>
/// <param name="record">The record.</param>
/// <param name="slots">Room for <see cref="DimensionSet.NameCount"/>, of any content.</param>
/// <param name="into">Receives the symbols.</param>
internal ref struct DimensionFields(
    ReadOnlySpan<byte> record, Span<DimensionSlot> slots, EventRecord into)
{
    // Names with a bit in slotsOf.
    private const int BitsMax = 64;

    private readonly ReadOnlySpan<byte> record = record;
    private readonly Span<DimensionSlot> slots = slots; // in the order read, each name once
    private readonly EventRecord into = into;
    private int namesRead;
    private int slotsRead;
    private ulong slotsOf; // bit n: there is a slot of name n

    /// <summary>Forgets what was read.</summary>
    public void Clear()
    {
        namesRead = slotsRead = 0;
        slotsOf = 0;
    }

    /// <summary>Takes what a map entry says; a name that is not kept is passed over.</summary>
    /// <param name="name">The name in the input.</param>
    /// <param name="value">Its value, a part of the record.</param>
    public void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        int index = into.NameOrder.IndexOf(namesRead++, name);
        if (index < 0)
            return;

        // The same name again replaces the value and keeps its place, as in the generated map.
        int at = slotsRead;
        ulong bit = 1ul << index;
        if (index >= BitsMax || (slotsOf & bit) != 0)
            at = SlotOf(index);
        if (at == slotsRead)
            slotsRead++;
        slotsOf |= bit;
        if (value.IsEmpty)
        {
            slots[at] = new DimensionSlot(default, 0, index, 0);
            return;
        }

        long start = Unsafe.ByteOffset(
            ref MemoryMarshal.GetReference(record), ref MemoryMarshal.GetReference(value));
        TextKey key = TextKey.Of(value);
        slots[at] = new DimensionSlot(
            key, into.DimensionValues.WillIntern(key, value), index, (int)start);
    }

    /// <summary>
    /// The record's end: of several names for one dimension the first one read that says
    /// something counts.
    /// </summary>
    public readonly void Set()
    {
        DimensionSet set = into.DimensionSet;
        SymbolTable symbols = into.DimensionValues;
        int[] dimensions = into.Dimensions;
        foreach (ref readonly DimensionSlot slot in slots[..slotsRead])
        {
            int ordinal = set.OrdinalAt(slot.Name);
            if (slot.Key.Length > 0 && dimensions[ordinal] == 0)
            {
                dimensions[ordinal] = symbols.InternUtf8(
                    slot.Key, slot.Hash, record.Slice(slot.Start, slot.Key.Length));
            }
        }
    }

    // The next free one, when the name has none.
    private readonly int SlotOf(int name)
    {
        int at = 0;
        while (at < slotsRead && slots[at].Name != name)
            at++;
        return at;
    }
}
