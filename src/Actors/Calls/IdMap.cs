using System.Diagnostics;
using System.Runtime.CompilerServices;
using Earshot.Schemas;

namespace Earshot.Actors.Calls;

/// <summary>
/// Values by 64-bit ids, of which there are millions and most are looked up in vain: open
/// addressing with linear probing, an id's value behind it, so that a look-up mostly touches one
/// cache line, and removal that closes the gap, so that nothing but live ids is ever passed over.
/// Once it has grown to its size it allocates nothing.
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

    // Slot after slot: the id, and the numbers its value is made of.
    private ulong[] slots = new ulong[SlotsAtFirst * Length];
    private int mask = SlotsAtFirst - 1;

    /// <summary>Ids held.</summary>
    public int Count { get; private set; }

    /// <summary>Every id held, in no order. Valid until the next change.</summary>
    public IEnumerable<ulong> Ids
    {
        get
        {
            for (int at = 0; at < slots.Length; at += Length)
            {
                if (slots[at] != 0)
                    yield return slots[at];
            }
        }
    }

    // Of a slot, in numbers. A set has no values.
    private static int Length
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(TValue) == typeof(Nothing)
            ? 1 : 1 + ((Unsafe.SizeOf<TValue>() + sizeof(ulong) - 1) / sizeof(ulong));
    }

    // At most five in eight slots are used: runs then stay short.
    private int CountMax => (mask + 1) / 8 * 5;

    /// <summary>
    /// Says that an id is asked for soon, so that its place is in the cache by then.
    /// </summary>
    public void WillFind(ulong id)
    {
        int at = HomeOf(id);
        CacheLine.Fetch(ref slots[at]);
        if (Length > 2)
            CacheLine.Fetch(ref slots[at + Length - 1]);
    }

    /// <summary>The value of an id; a null reference when it is not held.</summary>
    public ref TValue Find(ulong id)
    {
        Debug.Assert(id != 0);
        for (int at = HomeOf(id); ; at = After(at))
        {
            ulong held = slots[at];
            if (held == id)
                return ref ValueAt(at);
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
        int at = HomeOf(id);
        for (; slots[at] != 0; at = After(at))
        {
            if (slots[at] == id)
            {
                added = false;
                return ref ValueAt(at);
            }
        }

        added = true;
        if (Count >= CountMax)
        {
            Grow();
            at = FreeFor(id);
        }

        Count++;
        slots[at] = id;
        ref TValue value = ref ValueAt(at);
        if (Length > 1)
            value = default;
        return ref value;
    }

    /// <summary>Removes an id; false when it is not held.</summary>
    public bool Remove(ulong id)
    {
        int at = HomeOf(id);
        for (; slots[at] != id; at = After(at))
        {
            if (slots[at] == 0)
                return false;
        }

        CloseGap(at);
        Count--;
        return true;
    }

    // What follows in the run moves up where its own slot lies at or before the gap.
    private void CloseGap(int gap)
    {
        for (int next = After(gap); slots[next] != 0; next = After(next))
        {
            if (Distance(HomeOf(slots[next]), next) < Distance(gap, next))
                continue;
            for (int i = 0; i < Length; i++)
                slots[gap + i] = slots[next + i];
            gap = next;
        }

        slots[gap] = 0;
    }

    private void Grow()
    {
        ulong[] old = slots;
        mask = (2 * mask) + 1;
        slots = TouchedArray.Of<ulong>((mask + 1) * Length);
        for (int at = 0; at < old.Length; at += Length)
        {
            if (old[at] != 0)
                old.AsSpan(at, Length).CopyTo(slots.AsSpan(FreeFor(old[at])));
        }
    }

    private int FreeFor(ulong id)
    {
        int at = HomeOf(id);
        while (slots[at] != 0)
            at = After(at);
        return at;
    }

    // Where a slot begins.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int HomeOf(ulong id) => ((int)id & mask) * Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int After(int at) => at + Length < slots.Length ? at + Length : 0;

    // Round the end, if need be.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Distance(int from, int to) => to - from + (to < from ? slots.Length : 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref TValue ValueAt(int at) => ref Unsafe.As<ulong, TValue>(
        ref Length > 1 ? ref slots[at + 1] : ref slots[at]);
}

/// <summary>
/// No value: makes an <see cref="IdMap{TValue}"/> a set. What it gives is not to be written to.
/// </summary>
internal readonly struct Nothing;
