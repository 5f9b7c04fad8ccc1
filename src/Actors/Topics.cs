using Earshot.Log;

namespace Earshot.Actors;

/// <summary>Topic names, one place for them.</summary>
public static class Topics
{
    /// <summary>Input: Envelopes keyed by call.</summary>
    public const string Calls = "earshot.calls.v1";

    /// <summary>Partial aggregates between the stages.</summary>
    public const string Bundles = "earshot.bundles.v1";

    /// <summary>Control records.</summary>
    public const string Control = "earshot.control.v1";

    /// <summary>Rows: one per key, window and metric.</summary>
    public const string Aggregates = "earshot.aggregates.v1";

    /// <summary>Rows: one per key and window.</summary>
    public const string Insights = "earshot.insights.v1";

    /// <summary>Rows: one per key, window and metric.</summary>
    public const string Predictions = "earshot.predictions.v1";

    /// <summary>Records and partial aggregates that came after their time.</summary>
    public const string Late = "earshot.late.v1";

    /// <summary>Records that could not be used.</summary>
    public const string Dead = "earshot.dead.v1";

    /// <summary>Each archived topic and the table its rows go to.</summary>
    public static IReadOnlyList<(string Topic, string Table)> Archived { get; } =
    [
        (Aggregates, "aggregates"), (Insights, "insights"), (Predictions, "predictions"),
        (Late, "late"), (Dead, "dead"),
    ];

    /// <summary>Every topic written, each with as many partitions as the input.</summary>
    public static IReadOnlyList<TopicSpec> Written(int partitions) =>
        [.. Archived.Select(t => t.Topic).Append(Bundles).Append(Control)
            .Select(topic => new TopicSpec(topic, partitions))];
}
