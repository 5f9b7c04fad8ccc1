using System.Numerics;
using System.Runtime.CompilerServices;

namespace Earshot.Analytics;

/// <summary>
/// Adds up the ones of many events (<see cref="CountStep.Ones"/>), all fields side by side: of each
/// field's sum, bit p is in plane p. So an event costs a few operations, however many fields it
/// counts. At most <see cref="EventsMax"/> events.
/// </summary>
public struct CountTally
{
    /// <summary>Most events.</summary>
    public const int EventsMax = (1 << Planes.Count) - 1;

    private Planes planes;

    /// <summary>Adds an event.</summary>
    /// <param name="ones">Bit i: 1 to the count of field i; or a <see cref="CountCode"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ulong ones)
    {
        for (int plane = 0; ones != 0; plane++)
        {
            ulong carry = planes[plane] & ones;
            planes[plane] ^= ones;
            ones = carry;
        }
    }

    /// <summary>What was added were codes, all of calls or all of reports: the same of ones.
    /// </summary>
    public readonly CountTally Unpacked(bool isReport)
    {
        CountTally ones = default;
        for (int plane = 0; plane < Planes.Count; plane++)
            ones.planes[plane] = CountCode.Unpack(planes[plane], isReport);
        return ones;
    }

    /// <summary>Adds the sums to counts.</summary>
    internal readonly void AddTo(ref SparseCounts counts)
    {
        ulong used = 0;
        for (int plane = 0; plane < Planes.Count; plane++)
            used |= planes[plane];
        counts.Reserve(used);
        for (; used != 0; used &= used - 1)
        {
            int field = BitOperations.TrailingZeroCount(used);
            long sum = 0;
            for (int plane = 0; plane < Planes.Count; plane++)
                sum += (long)(planes[plane] >> field & 1) << plane;
            counts[field] += sum;
        }
    }

    [InlineArray(Count)]
    private struct Planes
    {
        public const int Count = 7;

        private ulong first;
    }
}
