using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Earshot.Analytics;

/// <summary>
/// Sorts some dozen values by counting, for each, those that come before it: eight comparisons at
/// a time and no branch that depends on a value. A general sort mispredicts at every other one.
/// </summary>
internal static class FewValues
{
    private const int Lanes = 8;

    // Up to here a general sort inserts one after another, which is as quick.
    private const int InsertedMax = 16;

    /// <summary>Sorts at most <see cref="Aggregate.RawMax"/> finite values, ascending.</summary>
    public static void Sort(Span<double> values)
    {
        Debug.Assert(values.Length <= Aggregate.RawMax);
        if (values.Length <= InsertedMax)
        {
            values.Sort();
            return;
        }

        Span<double> places = stackalloc double[Aggregate.RawMax];
        int vectors = (values.Length + Lanes - 1) / Lanes;
        values.CopyTo(places);

        // Nothing comes after these.
        places[values.Length..(vectors * Lanes)].Fill(double.PositiveInfinity);
        ReadOnlySpan<Vector512<double>> all =
            MemoryMarshal.Cast<double, Vector512<double>>(places[..(vectors * Lanes)]);
        for (int i = 0; i < values.Length; i++)
            values[RankOf(i, places[i], all)] = places[i];
    }

    // How many are less, or the same and come first.
    private static int RankOf(int place, double value, ReadOnlySpan<Vector512<double>> all)
    {
        Vector512<double> its = Vector512.Create(value);
        int own = place / Lanes, rank = 0;
        foreach (Vector512<double> before in all[..own])
            rank += CountOf(Vector512.LessThanOrEqual(before, its));
        ulong first = (1UL << (place % Lanes)) - 1;
        ulong atMost = Vector512.LessThanOrEqual(all[own], its).ExtractMostSignificantBits();
        ulong less = Vector512.LessThan(all[own], its).ExtractMostSignificantBits();
        rank += BitOperations.PopCount((atMost & first) | (less & ~first));
        foreach (Vector512<double> after in all[(own + 1)..])
            rank += CountOf(Vector512.LessThan(after, its));
        return rank;
    }

    private static int CountOf(Vector512<double> found) =>
        BitOperations.PopCount(found.ExtractMostSignificantBits());
}
