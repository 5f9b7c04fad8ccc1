using Earshot.Schemas;

namespace Earshot.Host.Bench;

/// <summary>
/// Work that never changes: XXH64 over 32 MiB, whose result golden tests hold. Measured in turn
/// with each row, it says how fast the machine is at that moment; a row's rate over it can be
/// compared between machines and days, which rates alone cannot.
/// </summary>
internal sealed class Yardstick
{
    private const int SizeBytes = 32 << 20;

    private readonly byte[] bytes = new byte[SizeBytes];

    /// <summary>Fills the bytes.</summary>
    public Yardstick()
    {
        SplitMix random = new(1);
        foreach (ref ulong word in System.Runtime.InteropServices.MemoryMarshal
            .Cast<byte, ulong>(bytes.AsSpan()))
            word = random.Next();
    }

    /// <summary>The lap.</summary>
    public Lap Lap => Lap.Of("yardstick", () =>
        StableHash.Of(bytes) == 0 ? 0 : (long)SizeBytes);
}
