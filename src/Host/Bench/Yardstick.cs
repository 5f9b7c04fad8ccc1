using Earshot.Schemas;

namespace Earshot.Host.Bench;

/// <summary>
/// Work that never changes: XXH64 over 32 MiB, whose result golden tests hold. Measured in turn
/// with each row, it says how fast the machine is at that moment; a row's rate over it can be
/// compared between machines and days, which rates alone cannot. Block by block: called so often,
/// the code is optimised in the round that warms up, whether or not it was compiled ahead of time.
/// </summary>
internal sealed class Yardstick
{
    private const int SizeBytes = 32 << 20;
    private const int BlockBytes = 4096;

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
    public Lap Lap => Lap.Of("yardstick", Hash);

    private long Hash()
    {
        ulong all = 0;
        for (int at = 0; at < SizeBytes; at += BlockBytes)
            all ^= StableHash.Of(bytes.AsSpan(at, BlockBytes));
        return all == 0 ? 0 : SizeBytes;
    }
}
