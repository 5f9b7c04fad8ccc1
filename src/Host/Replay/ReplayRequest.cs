using Earshot.Actors;
using Earshot.Host.Data;
using Earshot.Sources;
using Microsoft.Extensions.Logging;

namespace Earshot.Host.Replay;

/// <summary>What a replay was asked to do.</summary>
/// <param name="Files">Paths of the input, in order.</param>
/// <param name="Inputs">The same files, looked at.</param>
/// <param name="Format">Their format.</param>
/// <param name="Options">The pipeline.</param>
/// <param name="Speed">How fast.</param>
/// <param name="Data">The data folder.</param>
/// <param name="Archive">The archive's folder; null for the usual one.</param>
/// <param name="Level">Least important log messages shown.</param>
/// <param name="SqlCommand">A command that shows rows.</param>
internal sealed record ReplayRequest(
    IReadOnlyList<string> Files, IReadOnlyList<InputFile> Inputs, InputFormat Format,
    PipelineOptions Options, ReplaySpeed Speed, string Data, string? Archive, LogLevel Level,
    string SqlCommand);
