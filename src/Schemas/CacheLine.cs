using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Earshot.Schemas;

/// <summary>Has memory brought into the processor's cache before it is needed.</summary>
public static class CacheLine
{
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
}
