using Earshot.Actors;
using Earshot.Host.Data;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Sources;

namespace Earshot.Host.Verify;

/// <summary>The files of a replay.</summary>
internal sealed class FileVerifyInput : IVerifyInput
{
    private readonly FileLog files;

    private FileVerifyInput(FileLog files) => this.files = files;

    /// <inheritdoc/>
    public string Title => string.Join(" and ", files.Files.Select(Path.GetFileName));

    /// <summary>Opens the files that were replayed.</summary>
    /// <param name="pipeline">The replay.</param>
    /// <param name="options">Its settings.</param>
    /// <param name="given">The files; none: those the folder names, in the current one.</param>
    /// <param name="format">Their format; null: the one they were replayed in.</param>
    /// <exception cref="UsageException">They are not there, or are others.</exception>
    public static FileVerifyInput Open(
        StoredPipeline pipeline, PipelineOptions options, IReadOnlyList<string> given,
        string? format)
    {
        PipelineIdentity identity = pipeline.Identity;
        IReadOnlyList<string> paths =
            given.Count > 0 ? given : [.. identity.Inputs.Select(file => file.Name)];
        string? absent = paths.FirstOrDefault(path => !File.Exists(path));
        if (absent is not null)
        {
            throw new UsageException(
                $"there is no file {absent}. Name the files that were replayed, in their order: "
                + string.Join(", ", identity.Inputs) + ".");
        }

        PipelineIdentity here = PipelineIdentity.Of(
            PipelineKind.Replay, [.. paths.Select(Data.InputFile.Examine)],
            IsName(format, identity) ? identity.Format : format!.ToLowerInvariant(), options);
        IReadOnlyList<string> differences = identity.DifferencesTo(here);
        if (differences.Count > 0)
        {
            throw new UsageException(
                "this is not what was replayed into the data folder:\n  "
                + string.Join("\n  ", differences)
                + "\nName the files of that replay, or another folder with --data.");
        }

        InputFormat known = InputFormat.Parse(identity.Format ?? throw new FailedException(
            "the data folder does not say in which format its files are."));
        return new FileVerifyInput(new FileLog(
            paths, known, options.Topics.Calls, options.Partitions,
            new FixedTime(pipeline.CreatedAtMs)));
    }

    // CSV's identity has its map behind the name.
    private static bool IsName(string? format, PipelineIdentity identity) =>
        format is null || (identity.Format ?? "").StartsWith(
            format + " ", StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public IRecordDecoder CreateDecoder() => files.Format.CreateDecoder(files.Schema);

    /// <inheritdoc/>
    public ValueTask<long> ReadBeginAsync(int partition, CancellationToken cancel) =>
        ValueTask.FromResult(0L);

    /// <inheritdoc/>
    public ILogReader OpenReader(int partition, long from) =>
        files.OpenReader(new TopicPartition(files.Topic, partition), from);
}
