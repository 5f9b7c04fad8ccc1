using Earshot.Log;

namespace Earshot.Actors;

/// <summary>
/// The topics of a pipeline, one place for their names. All but a live input begin with the
/// pipeline's id, so that a backfill under another id meets no row of the first.
/// </summary>
public sealed class Topics
{
    /// <summary>The input topic where none is named.</summary>
    public const string CallsDefault = "earshot.calls.v1";

    private static readonly TimeSpan rowsKept = TimeSpan.FromDays(7);
    private static readonly TimeSpan bundlesKept = TimeSpan.FromDays(1);

    /// <summary>The topics of a pipeline.</summary>
    /// <param name="pipelineId">Its id.</param>
    /// <param name="calls">
    /// The topic its call stage reads; null: one of its own, filled by the re-key stage.
    /// </param>
    /// <param name="hasFinished">True: a row per call is written.</param>
    public Topics(string pipelineId, string? calls, bool hasFinished = false)
    {
        IsRekeyed = calls is null;
        Calls = calls ?? $"{pipelineId}.rekeyed.v1";
        Bundles = $"{pipelineId}.bundles.v1";
        Control = $"{pipelineId}.control.v1";
        Aggregates = $"{pipelineId}.aggregates.v1";
        Insights = $"{pipelineId}.insights.v1";
        Predictions = $"{pipelineId}.predictions.v1";
        Warnings = $"{pipelineId}.warnings.v1";
        Finished = $"{pipelineId}.finished.v1";
        Late = $"{pipelineId}.late.v1";
        Dead = $"{pipelineId}.dead.v1";
        Retried = $"{pipelineId}.retried.v1";
        Archived =
        [
            (Aggregates, "aggregates"), (Insights, "insights"), (Predictions, "predictions"),
            (Warnings, "warnings"), (Late, "late"), (Dead, "dead"),
            .. hasFinished ? [(Finished, "calls")] : Array.Empty<(string, string)>(),
        ];
    }

    /// <summary>Those of the default pipeline.</summary>
    public static Topics Default { get; } = new("earshot", CallsDefault);

    /// <summary>Input of the call stage: Envelopes, those of a call in one partition.</summary>
    public string Calls { get; }

    /// <summary>True when <see cref="Calls"/> is written by the re-key stage.</summary>
    public bool IsRekeyed { get; }

    /// <summary>Partial aggregates between the stages.</summary>
    public string Bundles { get; }

    /// <summary>Control records.</summary>
    public string Control { get; }

    /// <summary>Rows: one per key, window and metric.</summary>
    public string Aggregates { get; }

    /// <summary>Rows: one per key and window.</summary>
    public string Insights { get; }

    /// <summary>Rows: one per key, window and metric.</summary>
    public string Predictions { get; }

    /// <summary>Rows: conditions of live streams, raised and cleared.</summary>
    public string Warnings { get; }

    /// <summary>Rows: one per call. Not archived unless asked for.</summary>
    public string Finished { get; }

    /// <summary>Records and partial aggregates that came after their time.</summary>
    public string Late { get; }

    /// <summary>Records that could not be used.</summary>
    public string Dead { get; }

    /// <summary>
    /// Which dead letters were sent into the input again: their keys. Written with the first retry.
    /// </summary>
    public string Retried { get; }

    /// <summary>Each archived topic and the table its rows go to.</summary>
    public IReadOnlyList<(string Topic, string Table)> Archived { get; }

    /// <summary>
    /// Every topic written, each with as many partitions as the input. Bundles are read within
    /// moments, rows by people; control records are part of the state and stay for ever.
    /// </summary>
    public IReadOnlyList<TopicSpec> Written(int partitions)
    {
        List<TopicSpec> written =
        [
            .. Archived.Select(t => new TopicSpec(t.Topic, partitions) { Retention = rowsKept }),
            new(Bundles, partitions) { Retention = bundlesKept },
            new(Control, partitions) { Retention = Timeout.InfiniteTimeSpan },
        ];
        if (IsRekeyed)
            written.Add(new TopicSpec(Calls, partitions) { Retention = rowsKept });
        return written;
    }
}
