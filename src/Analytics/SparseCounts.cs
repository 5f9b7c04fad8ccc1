using System.Numerics;

namespace Earshot.Analytics;

/// <summary>
/// Counts by index, 0 to <see cref="IndexEnd"/> - 1, of which most are 0: only the others take
/// memory. A bit per index says which these are, so that one is found by counting bits.
/// </summary>
internal struct SparseCounts
{
    /// <summary>Indexes are below this.</summary>
    public const int IndexEnd = 64;

    // Bit i: index i has a place. The places are in order of the index.
    private ulong present;

    // At least as many as there are bits; null: none yet.
    private long[]? values;

    /// <summary>True when every count is 0.</summary>
    public readonly bool IsEmpty =>
        !values.AsSpan(0, BitOperations.PopCount(present)).ContainsAnyExcept(0L);

    /// <summary>The count of an index.</summary>
    public long this[int index]
    {
        readonly get => (present >> index & 1) == 0 ? 0 : values![PlaceOf(index)];
        set
        {
            if ((present >> index & 1) != 0)
                values![PlaceOf(index)] = value;
            else if (value != 0)
                Insert(index, value);
        }
    }

    /// <summary>Adds every count of another one.</summary>
    public void Add(in SparseCounts other)
    {
        Reserve(other.present);
        int place = 0;
        for (ulong bits = other.present; bits != 0; bits &= bits - 1)
            this[BitOperations.TrailingZeroCount(bits)] += other.values![place++];
    }

    /// <summary>Adds 1 to some counts.</summary>
    /// <param name="indexes">Bit i: to that of index i.</param>
    public void AddOnes(ulong indexes)
    {
        Reserve(indexes);
        long[]? counts = values;
        for (ulong bits = indexes; bits != 0; bits &= bits - 1)
            counts![BitOperations.PopCount(present & ((bits & (~bits + 1)) - 1))]++;
    }

    /// <summary>Makes room for some counts, at once where several are missing.</summary>
    /// <param name="indexes">Bit i: for that of index i.</param>
    public void Reserve(ulong indexes)
    {
        ulong all = present | indexes;
        if (all == present)
            return;
        int count = BitOperations.PopCount(all);
        long[] grown = values?.Length >= count ? values : new long[count + 2];

        // From the last on: a place never moves forward past one that is still to be read.
        int from = BitOperations.PopCount(present);
        for (ulong rest = all; rest != 0;)
        {
            int index = 63 - BitOperations.LeadingZeroCount(rest);
            rest &= ~(1UL << index);
            grown[--count] = (present >> index & 1) == 0 ? 0 : values![--from];
        }

        values = grown;
        present = all;
    }

    /// <summary>Sets all counts to 0; keeps the memory.</summary>
    public void Clear() => present = 0;

    private readonly int PlaceOf(int index) =>
        BitOperations.PopCount(present & ((1UL << index) - 1));

    private void Insert(int index, long value)
    {
        int count = BitOperations.PopCount(present);
        int place = PlaceOf(index);
        if (values is null || count == values.Length)
            Array.Resize(ref values, count + 2 + (count / 2));
        Array.Copy(values, place, values, place + 1, count - place);
        values[place] = value;
        present |= 1UL << index;
    }
}
