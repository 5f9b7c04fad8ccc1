using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Earshot.Schemas;

namespace Earshot.Actors.Calls;

/// <summary>
/// Values by 64-bit ids, of which there are millions and most are looked up in vain: open
/// addressing with linear probing, so that a look-up mostly touches one cache line, and removal
/// that closes the gap, so that nothing but live ids is ever passed over. Once it has grown to
/// its size it allocates nothing.
/// </summary>
/// <remarks>
/// Ids are hashes already (<see cref="Schemas.StableHash"/>): their low bits say the slot. 0 is
/// no id: it marks a free slot.
/// </remarks>
/// <typeparam name="TValue">What belongs to an id; <see cref="Nothing"/> for a set.</typeparam>
internal sealed class IdMap<TValue>
    where TValue : unmanaged
{
    private const int SlotsAtFirst = 64;

    private ulong[] ids = new ulong[SlotsAtFirst];

    // By slot; of a set there is but one, which nobody looks at.
    private TValue[] values = new TValue[IsSet ? 1 : SlotsAtFirst];

    /// <summary>Ids held.</summary>
    public int Count { get; private set; }

    /// <summary>Every id held, in no order. Valid until the next change.</summary>
    public IEnumerable<ulong> Ids => ids.Where(static id => id != 0);

    private static bool IsSet => typeof(TValue) == typeof(Nothing);

    // At most five in eight slots are used: runs then stay short.
    private int CountMax => ids.Length / 8 * 5;

    /// <summary>
    /// Says that an id is asked for soon, so that its place is in the cache by then.
    /// </summary>
    public void WillFind(ulong id)
    {
        int slot = (int)id & (ids.Length - 1);
        CacheLine.Fetch(ref ids[slot]);
        if (IsSet)
            return;
        ref byte value = ref Unsafe.As<TValue, byte>(ref values[slot]);
        CacheLine.Fetch(ref value);
        if (Unsafe.SizeOf<TValue>() > sizeof(ulong))
            CacheLine.Fetch(ref Unsafe.Add(ref value, Unsafe.SizeOf<TValue>() - 1));
    }

    /// <summary>The value of an id; a null reference when it is not held.</summary>
    public ref TValue Find(ulong id)
    {
        Debug.Assert(id != 0);
        ulong[] all = ids;
        int mask = all.Length - 1;
        for (int slot = (int)id & mask; ; slot = (slot + 1) & mask)
        {
            ulong held = all[slot];
            if (held == id)
                return ref ValueAt(slot);
            if (held == 0)
                return ref Unsafe.NullRef<TValue>();
        }
    }

    /// <summary>The value of an id, which is added when it is not held.</summary>
    /// <param name="id">Not 0.</param>
    /// <param name="added">True when it was not held; its value is then the default.</param>
    public ref TValue GetOrAdd(ulong id, out bool added)
    {
        Debug.Assert(id != 0);
        ulong[] all = ids;
        int mask = all.Length - 1;
        int slot = (int)id & mask;
        for (; all[slot] != 0; slot = (slot + 1) & mask)
        {
            if (all[slot] == id)
            {
                added = false;
                return ref ValueAt(slot);
            }
        }

        added = true;
        if (Count >= CountMax)
            slot = GrowFor(id);
        Count++;
        ids[slot] = id;
        ref TValue value = ref ValueAt(slot);
        value = default;
        return ref value;
    }

    /// <summary>Removes an id; false when it is not held.</summary>
    public bool Remove(ulong id)
    {
        ulong[] all = ids;
        int mask = all.Length - 1;
        int slot = (int)id & mask;
        for (; all[slot] != id; slot = (slot + 1) & mask)
        {
            if (all[slot] == 0)
                return false;
        }

        CloseGap(slot);
        Count--;
        return true;
    }

    // What follows in the run moves up where its own slot lies at or before the gap.
    private void CloseGap(int gap)
    {
        ulong[] all = ids;
        int mask = all.Length - 1;
        for (int next = (gap + 1) & mask; all[next] != 0; next = (next + 1) & mask)
        {
            int fromHome = (next - (int)all[next]) & mask;
            if (fromHome < ((next - gap) & mask))
                continue;
            all[gap] = all[next];
            ValueAt(gap) = ValueAt(next);
            gap = next;
        }

        all[gap] = 0;
    }

    /// <summary>Doubles the slots; returns the free one for an id that is not held.</summary>
    private int GrowFor(ulong added)
    {
        (ulong[] oldIds, TValue[] oldValues) = (ids, values);
        int length = (int)BitOperations.RoundUpToPowerOf2((uint)oldIds.Length * 2);
        ids = TouchedArray.Of<ulong>(length);
        if (!IsSet)
            values = TouchedArray.Of<TValue>(length);
        for (int i = 0; i < oldIds.Length; i++)
        {
            if (oldIds[i] == 0)
                continue;
            int slot = FreeSlotOf(oldIds[i]);
            ids[slot] = oldIds[i];
            ValueAt(slot) = oldValues[IsSet ? 0 : i];
        }

        return FreeSlotOf(added);
    }

    private ref TValue ValueAt(int slot) => ref values[IsSet ? 0 : slot];

    private int FreeSlotOf(ulong id)
    {
        int mask = ids.Length - 1;
        int slot = (int)id & mask;
        while (ids[slot] != 0)
            slot = (slot + 1) & mask;
        return slot;
    }
}

/// <summary>No value: makes an <see cref="IdMap{TValue}"/> a set.</summary>
internal readonly struct Nothing;
