using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Earshot.Schemas;

/// <summary>Has memory brought into the processor's cache before it is needed.</summary>
public static class CacheLine
{
    private const int LineBytes = 64;

    /// <summary>
    /// Begins to bring a place in; does not wait. Only a hint: should its array be moved meanwhile,
    /// another line is brought in, and no harm is done.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Fetch<T>(ref T place)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(Unsafe.AsPointer(ref place));
    }

    /// <summary>The same of an object's first two lines, without looking into it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void FetchObject(object? item)
    {
        if (!Sse.IsSupported)
            return;
        byte* start = *(byte**)Unsafe.AsPointer(ref item);
        Sse.Prefetch0(start);
        Sse.Prefetch0(start + LineBytes);
    }

    /// <summary>The same of a place in an array, without looking into it: the place may be behind
    /// its end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void FetchElement(long[] array, int index)
    {
        if (!Sse.IsSupported)
            return;
        byte* start = *(byte**)Unsafe.AsPointer(ref array);

        // Before the elements are the type and the length.
        Sse.Prefetch0(start + (sizeof(long) * (2 + (long)index)));
    }

    /// <summary>The same of some bytes.</summary>
    public static void FetchAll(ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length > LineBytes; bytes = bytes[LineBytes..])
            Fetch(ref MemoryMarshal.GetReference(bytes));
        Fetch(ref MemoryMarshal.GetReference(bytes));
    }
}
