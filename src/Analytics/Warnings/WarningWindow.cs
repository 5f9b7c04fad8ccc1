using System.Diagnostics;
using System.Numerics;

namespace Earshot.Analytics.Warnings;

/// <summary>
/// The last known samples of one condition of one stream, newest last: which of them crossed the
/// limit. Two bytes, since there are several of them per live stream.
/// </summary>
public readonly record struct WarningWindow
{
    /// <summary>Most samples it can hold: the highest bit marks where they begin.</summary>
    public const int SamplesMax = 15;

    // 1, then a bit per sample from the oldest to the newest, 1 where it crossed. 0: no sample.
    private readonly ushort bits;

    private WarningWindow(int bits) => this.bits = (ushort)bits;

    /// <summary>Samples in it, 0 to <see cref="SamplesMax"/>.</summary>
    public int Known => bits == 0 ? 0 : BitOperations.Log2(bits);

    /// <summary>Of these, the ones that crossed the limit.</summary>
    public int Crossed => bits == 0 ? 0 : BitOperations.PopCount(bits) - 1;

    /// <summary>Its form in snapshots.</summary>
    public ushort Packed => bits;

    /// <summary>Reads <see cref="Packed"/> back.</summary>
    public static WarningWindow Unpack(ushort packed) => new(packed);

    /// <summary>With one more sample; the oldest one goes when it is full.</summary>
    /// <param name="crosses">True when the new sample crosses the limit.</param>
    /// <param name="samples">Samples it may hold, 1 to <see cref="SamplesMax"/>.</param>
    public WarningWindow With(bool crosses, int samples)
    {
        Debug.Assert(samples is >= 1 and <= SamplesMax, "WarningRule.Validate");
        int begin = 1 << Math.Min(Known + 1, samples);
        int kept = ((bits << 1) | (crosses ? 1 : 0)) & (begin - 1);
        return new WarningWindow(begin | kept);
    }
}
