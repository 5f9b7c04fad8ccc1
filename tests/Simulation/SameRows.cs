using Earshot.Batch;
using Earshot.Schemas.V1;

namespace Earshot.Tests.Simulation;

/// <summary>What DESIGN.md calls "the same rows"; fails with the first difference.</summary>
internal static class SameRows
{
    /// <summary>Compares every value of every row.</summary>
    public static void Assert(BatchRows expected, Rows found)
    {
        Match(expected.Aggregates, found.Aggregates, Same);
        Match(expected.Insights, found.Insights, Same);
        Match(expected.Predictions, found.Predictions, Same);
        AssertSides(expected, found);
    }

    /// <summary>
    /// Compares what stays true when partials met closed windows: what adds up, with those folded
    /// in.
    /// </summary>
    public static void AssertSums(BatchRows expected, Rows found)
    {
        Match(expected.Aggregates, found.Aggregates, static (a, b) =>
            a.Count == b.Count && a.Min == b.Min && a.Max == b.Max && Near(a.Sum, b.Sum));
        Match(expected.Insights, found.Insights, static (a, b) =>
            a.Calls == b.Calls && a.Attempts == b.Attempts && a.Answered == b.Answered
            && a.Reports == b.Reports && a.Values == b.Values);
        AssertSides(expected, found);
    }

    private static void AssertSides(BatchRows expected, Rows found)
    {
        Match("late", expected.Late, found.Late);

        // They follow from the source partition alone, idle marks or not.
        Match(expected.Warnings, found.Warnings, static (a, b) => a.Equals(b));
        Match(expected.Calls, found.Calls, static (a, b) => a.Equals(b));

        // Of a dead record its time means nothing.
        Match("dead", expected.Dead.Select(row => row with { EventTimeMs = 0 }), found.Dead);
    }

    private static void Match(
        string what, IEnumerable<SideRecord> expected, IReadOnlySet<SideRecord> found)
    {
        HashSet<SideRecord> all = [.. expected];
        if (all.SetEquals(found))
            return;
        SideRecord other = all.Except(found).Concat(found.Except(all)).First();
        throw new WrongRowsException(
            $"{what}: {(all.Contains(other) ? "missing" : "surplus")}: {other}");
    }

    private static bool Same(Aggregate a, Aggregate b) =>
        a.Count == b.Count && a.Min == b.Min && a.Max == b.Max && a.P25 == b.P25
        && a.P50 == b.P50 && a.P75 == b.P75 && a.P90 == b.P90 && a.P95 == b.P95
        && a.P99 == b.P99 && a.Final == b.Final && a.Buckets.Equals(b.Buckets)
        && Near(a.Sum, b.Sum) && Near(a.Mean, b.Mean)
        && a.HasStddev == b.HasStddev && Near(a.Stddev, b.Stddev, a.Mean);

    private static bool Same(Insight a, Insight b)
    {
        // The oracle knows no revisions.
        b.Revision = a.Revision;
        return a.Equals(b);
    }

    private static bool Same(Prediction a, Prediction b) =>
        a.History == b.History && Near(a.Observed, b.Observed)
        && a.HasExpected == b.HasExpected && Near(a.Expected, b.Expected)
        && a.HasNextExpected == b.HasNextExpected && Near(a.NextExpected, b.NextExpected);

    private static bool Near(double a, double b, double scale = 0) =>
        Math.Abs(a - b) <= 1e-9 * Math.Max(Math.Max(Math.Abs(a), Math.Abs(b)), Math.Abs(scale));

    private static void Match<TId, T>(
        IReadOnlyDictionary<TId, T> expected, IReadOnlyDictionary<TId, T> found,
        Func<T, T, bool> same) where TId : notnull
    {
        foreach ((TId id, T row) in expected)
        {
            if (!found.TryGetValue(id, out T? other))
                throw new WrongRowsException($"missing: {id}: {row}");
            if (!same(row, other))
                throw new WrongRowsException($"{id}: expected {row}, found {other}");
        }

        if (found.Count == expected.Count)
            return;
        TId surplus = found.Keys.First(id => !expected.ContainsKey(id));
        throw new WrongRowsException($"surplus: {surplus}: {found[surplus]}");
    }
}

/// <summary>The rows are not those expected.</summary>
internal sealed class WrongRowsException(string message) : Exception(message);
