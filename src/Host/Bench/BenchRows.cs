using Earshot.Host.Bench.Rows;

namespace Earshot.Host.Bench;

/// <summary>All rows, in the order of the table.</summary>
internal static class BenchRows
{
    private static readonly IBenchRow[] usual =
    [
        new CoreRow(), new CallRow(mixed: false), new CallRow(mixed: true), new CloseRow(),
        new ReplayRow(), new LatencyRow(), new RecoveryRow(), new ScalingRow(),
        new KafkaRow(),
    ];

    private static readonly IBenchRow[] curves =
        [new CurveRow(CurveOf.Events), new CurveRow(CurveOf.Keys), new CurveRow(CurveOf.Windows)];

    /// <summary>The names of all.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. usual.Concat(curves).Select(row => row.Name)];

    /// <summary>The row of a name.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static IBenchRow Of(string name) =>
        usual.Concat(curves).FirstOrDefault(row => row.Name == name)
        ?? throw new UsageException(
            $"there is no row '{name}'. Allowed: {string.Join(", ", Names)}.");

    /// <summary>The rows that were asked for.</summary>
    /// <exception cref="UsageException">A name is none of a row.</exception>
    public static IEnumerable<IBenchRow> Chosen(BenchRequest request) => request.Only.Count > 0
        ? request.Only.Select(Of).ToArray()
        : request.Curves ? usual.Concat(curves) : usual;
}
