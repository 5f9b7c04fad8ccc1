using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Earshot.Schemas;

/// <summary>An entry of a record's map of dimensions.</summary>
/// <param name="Start">Where it begins in the record; of an entry that was taken apart, where its
/// value does.</param>
/// <param name="Length">Likewise, bytes.</param>
/// <param name="Hash">Of the whole entry.</param>
/// <param name="Name">Of an entry that was taken apart, its name's number; else
/// <see cref="Whole"/>.</param>
internal readonly record struct DimensionSlot(int Start, int Length, uint Hash, int Name)
{
    /// <summary>See <see cref="Name"/>.</summary>
    public const int Whole = -2;
}

/// <summary>
/// The dimensions of one record, which become symbols at its end: a value may still be replaced,
/// and those of a record that turns out dead must not fill the table.
/// </summary>
/// <param name="record">The record.</param>
/// <param name="slots">Room for more than <see cref="DimensionSet.NameCount"/>, of any
/// content.</param>
/// <param name="into">Receives the symbols.</param>
internal ref struct DimensionFields(
    ReadOnlySpan<byte> record, Span<DimensionSlot> slots, EventRecord into)
{
    // Names with a bit of their own.
    private const int BitsMax = 64;

    private const byte NameTag = (1 << ProtoReader.TagTypeBits) | ProtoReader.Length;
    private const byte ValueTag = (2 << ProtoReader.TagTypeBits) | ProtoReader.Length;

    private readonly ReadOnlySpan<byte> record = record;
    private readonly Span<DimensionSlot> slots = slots; // in the order read
    private readonly EventRecord into = into;
    private readonly DimensionEntries entries = into.Entries;
    private int count;

    /// <summary>Forgets what was read.</summary>
    public void Clear() => count = 0;

    /// <summary>Takes what a map entry says; a name that is not kept is passed over.</summary>
    /// <param name="name">The name in the input.</param>
    /// <param name="value">Its value, a part of the record.</param>
    public void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        int number = into.DimensionSet.IndexOfName(name);
        if (number < 0)
            return;
        long start = value.IsEmpty ? 0 : Unsafe.ByteOffset(
            ref MemoryMarshal.GetReference(record), ref MemoryMarshal.GetReference(value));
        Add(new DimensionSlot((int)start, value.Length, 0, number));
    }

    /// <summary>
    /// Takes a map entry of the form that all writers give it: name, then value, each with a
    /// length of one byte.
    /// </summary>
    /// <param name="first">The entry's first byte, in the record.</param>
    /// <param name="length">Its length, at most that of the rest of the record.</param>
    /// <returns>False: it has another form, and is not taken.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool TryTake(ref byte first, int length)
    {
        if (length < DimensionEntries.LengthMin || first != NameTag)
            return false;
        int nameEnd = 2 + Unsafe.Add(ref first, 1);
        int value = nameEnd + 2;
        if (value > length || Unsafe.Add(ref first, nameEnd) != ValueTag
            || Unsafe.Add(ref first, nameEnd + 1) != length - value)
        {
            return false;
        }

        int start = (int)Unsafe.ByteOffset(ref MemoryMarshal.GetReference(record), ref first);
        if (length > DimensionEntries.LengthMax
            || start > record.Length - DimensionEntries.LengthMax)
        {
            Take(record.Slice(start + 2, nameEnd - 2), record.Slice(start + value, length - value));
            return true;
        }

        Add(new DimensionSlot(
            start, length, entries.WillFind(ref first, length), DimensionSlot.Whole));
        return true;
    }

    /// <summary>
    /// The record's end: of several names for one dimension the first one read that says
    /// something counts.
    /// </summary>
    public void Set()
    {
        if (TrySet())
            return;
        Array.Clear(into.Dimensions);
        TakeApart();
        foreach (DimensionSlot slot in slots[..count])
            Set(Says(slot));
    }

    // Taking entries apart makes room: those that are left have different names.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(in DimensionSlot slot)
    {
        if (count == slots.Length)
            TakeApart();
        slots[count++] = slot;
    }

    // False: a name came twice, or has no bit.
    private readonly bool TrySet()
    {
        ulong names = 0;
        foreach (ref readonly DimensionSlot slot in slots[..count])
        {
            Dimension says = Says(slot);
            if (says.Name < 0)
                continue;
            ulong name = 1ul << says.Name;
            if ((names & name) != 0 || says.Name >= BitsMax)
                return false;
            names |= name;
            Set(says);
        }

        return true;
    }

    private readonly void Set(Dimension says)
    {
        ref int symbol = ref into.Dimensions[says.Ordinal];
        if (symbol == 0)
            symbol = says.Symbol;
    }

    private readonly Dimension Says(in DimensionSlot slot)
    {
        if (slot.Name != DimensionSlot.Whole)
            return entries.Of(slot.Name, record.Slice(slot.Start, slot.Length));
        return entries.Find(
            slot.Hash, ref Unsafe.Add(ref MemoryMarshal.GetReference(record), slot.Start),
            slot.Length);
    }

    /// <summary>
    /// Takes all entries apart, and leaves those of names that are kept, each once: the same name
    /// again replaces the value and keeps its place, as in the generated map.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void TakeApart()
    {
        int kept = 0;
        foreach (DimensionSlot slot in slots[..count])
        {
            DimensionSlot apart = slot.Name == DimensionSlot.Whole ? Apart(slot) : slot;
            if (apart.Name < 0)
                continue;
            int at = 0;
            while (at < kept && slots[at].Name != apart.Name)
                at++;
            slots[at] = apart;
            kept = Math.Max(kept, at + 1);
        }

        count = kept;
    }

    private readonly DimensionSlot Apart(in DimensionSlot slot)
    {
        ReadOnlySpan<byte> entry = record.Slice(slot.Start, slot.Length);
        (Range name, Range value) = DimensionEntries.Parts(entry);
        (int at, int length) = value.GetOffsetAndLength(entry.Length);
        return new DimensionSlot(
            slot.Start + at, length, 0, into.DimensionSet.IndexOfName(entry[name]));
    }
}
