using Earshot.Host.Settings;

namespace Earshot.Host.Bench;

/// <summary>What <c>earshot bench</c> was asked to do.</summary>
/// <param name="Events">Events of an input.</param>
/// <param name="Rounds">Most rounds of a row.</param>
/// <param name="Seconds">Time the rounds of all rows may take together.</param>
/// <param name="Only">Rows to run; empty: all but the curves.</param>
/// <param name="Curves">True: the curves too.</param>
internal sealed record BenchRequest(
    int Events, int Rounds, double Seconds, IReadOnlyList<string> Only, bool Curves)
{
    /// <summary>File to write the report to; null: none.</summary>
    public string? Json { get; init; }

    /// <summary>File of the baseline to hold the report against; null: none.</summary>
    public string? Baseline { get; init; }

    /// <summary>File to write a baseline to; null: none.</summary>
    public string? BaselineOut { get; init; }

    /// <summary>The cluster to measure on; null: none.</summary>
    public KafkaRequest? Kafka { get; init; }

    /// <summary>The arguments of this process, which those of its rows begin with.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }
}
