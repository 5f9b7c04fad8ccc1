using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Unicode;

namespace Earshot.Schemas;

/// <summary>
/// Entries of records' maps of dimensions, name and value, that came before: most come again, byte
/// for byte, and one look-up of the whole then gives both. It changes no answer. Filled by what is
/// looked up; emptied when symbols are swept out. One owner, not thread-safe.
/// </summary>
/// <param name="set">Says which names are kept.</param>
/// <param name="symbols">Symbols of the values.</param>
internal sealed class DimensionEntries(DimensionSet set, SymbolTable symbols)
{
    /// <summary>Bytes of the shortest entry that is kept.</summary>
    public const int LengthMin = sizeof(ulong);

    /// <summary>Bytes of the longest one.</summary>
    public const int LengthMax = 32;

    /// <summary>Most entries kept: their slots then take 25 MB.</summary>
    public const int CountMax = 1 << 18;

    private const int SlotsAtFirst = 256;

    // Open addressing, at most half full.
    private Slot[] slots = new Slot[SlotsAtFirst];

    // From LengthMax - n on: n bytes that are kept, then those that are not.
    private static ReadOnlySpan<byte> Kept =>
    [
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>Whose names these are.</summary>
    public DimensionSet Set => set;

    /// <summary>How many are kept.</summary>
    public int Count { get; private set; }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        if (Count == 0)
            return;
        slots = new Slot[SlotsAtFirst];
        Count = 0;
    }

    /// <summary>Says that an entry will be looked up soon, and fetches its place.</summary>
    /// <param name="first">The entry's first byte.</param>
    /// <param name="length">Its length, <see cref="LengthMin"/> to <see cref="LengthMax"/>.</param>
    /// <returns>Its hash.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint WillFind(ref byte first, int length)
    {
        Debug.Assert(length is >= LengthMin and <= LengthMax);
        int last = length - sizeof(ulong);
        uint hash = BitOperations.Crc32C((uint)length, Eight(ref first, 0));
        hash = BitOperations.Crc32C(hash, Eight(ref first, Math.Min(sizeof(ulong), last)));
        hash = BitOperations.Crc32C(hash, Eight(ref first, Math.Max(0, last - sizeof(ulong))));
        hash = BitOperations.Crc32C(hash, Eight(ref first, last));
        Slot[] all = slots;
        CacheLine.Fetch(ref all[(int)hash & (all.Length - 1)]);
        return hash;
    }

    /// <summary>What an entry says.</summary>
    /// <param name="hash">What <see cref="WillFind"/> gave.</param>
    /// <param name="first">The first of <see cref="LengthMax"/> bytes or more.</param>
    /// <param name="length">The entry's length.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Dimension Find(uint hash, ref byte first, int length)
    {
        Vector256<byte> entry = Whole(ref first, length);
        Slot[] all = slots;
        ref readonly Slot slot = ref all[(int)hash & (all.Length - 1)];
        if (slot.Has(entry, length))
            return slot.Says;
        return FindFurther(hash, ref first, length);
    }

    /// <summary>What an entry says whose parts are known.</summary>
    /// <param name="name">The name's number, not negative.</param>
    /// <param name="value">The value.</param>
    public Dimension Of(int name, ReadOnlySpan<byte> value) =>
        new(name, set.OrdinalAt(name), symbols.InternUtf8(value));

    /// <summary>Where name and value are in an entry of the usual form.</summary>
    public static (Range Name, Range Value) Parts(ReadOnlySpan<byte> entry)
    {
        int nameEnd = 2 + entry[1];
        return (2..nameEnd, (nameEnd + 2)..);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Dimension FindFurther(uint hash, ref byte first, int length)
    {
        Vector256<byte> entry = Whole(ref first, length);
        for (int at = (int)hash; ; at++)
        {
            ref readonly Slot slot = ref slots[at & (slots.Length - 1)];
            if (slot.Length == 0)
                return Add(hash, MemoryMarshal.CreateReadOnlySpan(ref first, length));
            if (slot.Has(entry, length))
                return slot.Says;
        }
    }

    private Dimension Add(uint hash, ReadOnlySpan<byte> entry)
    {
        (Range name, Range value) = Parts(entry);
        int number = set.IndexOfName(entry[name]);
        if (number < 0)
            return new Dimension(-1, 0, 0);
        Dimension says = Of(number, entry[value]);

        // There may be any number of names that are not kept, and of bytes that become one text.
        if (!Utf8.IsValid(entry[value]))
            return says;
        if (Count == CountMax)
            Clear();
        if (++Count > slots.Length / 2)
            Grow();
        Slot slot = new() { Hash = hash, Length = entry.Length, Says = says };
        entry.CopyTo(slot.Bytes);
        Place(slot);
        return says;
    }

    private void Grow()
    {
        Slot[] old = slots;
        slots = TouchedArray.Of<Slot>(2 * old.Length);
        foreach (Slot slot in old)
        {
            if (slot.Length > 0)
                Place(slot);
        }
    }

    private void Place(in Slot slot)
    {
        int at = (int)slot.Hash;
        while (slots[at & (slots.Length - 1)].Length > 0)
            at++;
        slots[at & (slots.Length - 1)] = slot;
    }

    private static Vector256<byte> Whole(ref byte first, int length) =>
        Vector256.LoadUnsafe(ref first) & Vector256.LoadUnsafe(
            ref Unsafe.Add(ref MemoryMarshal.GetReference(Kept), LengthMax - length));

    private static ulong Eight(ref byte first, int at) =>
        Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, at));

    private struct Slot
    {
        public EntryBytes Bytes; // zeros behind the entry
        public uint Hash;
        public int Length; // 0: free
        public Dimension Says;

        public readonly bool Has(Vector256<byte> entry, int length) =>
            Vector256.LoadUnsafe(in Bytes[0]) == entry && Length == length;
    }

    // A vector in its place would be aligned, and a slot be a third longer.
    [InlineArray(LengthMax)]
    private struct EntryBytes
    {
        private byte first;
    }
}

/// <summary>What an entry of a record's map of dimensions says, as one number.</summary>
/// <param name="name">See <see cref="Name"/>.</param>
/// <param name="ordinal">See <see cref="Ordinal"/>.</param>
/// <param name="symbol">See <see cref="Symbol"/>.</param>
internal readonly struct Dimension(int name, int ordinal, int symbol)
{
    private const int NumberBits = 16;

    private readonly long bits =
        ((long)symbol << (2 * NumberBits)) | ((long)(ushort)ordinal << NumberBits) | (ushort)name;

    /// <summary>The name's number, as <see cref="DimensionSet"/> gives them; negative: it is not
    /// kept.</summary>
    public int Name => (short)bits;

    /// <summary>The dimension it means.</summary>
    public int Ordinal => (short)(bits >> NumberBits);

    /// <summary>The value's symbol; 0 for an empty one.</summary>
    public int Symbol => (int)(bits >> (2 * NumberBits));
}
