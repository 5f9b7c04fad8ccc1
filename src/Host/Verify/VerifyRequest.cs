using Earshot.Host.Settings;

namespace Earshot.Host.Verify;

/// <summary>What <c>earshot verify</c> was asked for.</summary>
/// <param name="Files">The files of the replay; none: those the folder names.</param>
/// <param name="Format">Their format; null: the one they were replayed in.</param>
/// <param name="Data">The data folder.</param>
/// <param name="Archive">The archive's folder; null: where the data folder says.</param>
/// <param name="DifferencesMax">Most differences shown, 0 or more.</param>
internal sealed record VerifyRequest(
    IReadOnlyList<string> Files, string? Format, string Data, string? Archive, int DifferencesMax)
{
    /// <summary>Where the log is that the pipeline reads and writes; null: a file.</summary>
    public KafkaRequest? Kafka { get; init; }
}
