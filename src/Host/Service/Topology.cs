using System.Globalization;
using System.Text;
using Earshot.Actors;

namespace Earshot.Host.Service;

/// <summary>The pipeline as text: which stage reads and writes what.</summary>
internal static class Topology
{
    /// <summary>A few lines on stages, topics, partitions and groups.</summary>
    public static string Describe(PipelineOptions options)
    {
        Topics topics = options.Topics;
        string rows = string.Join(", ", topics.Archived.Select(t => t.Topic));
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"pipeline {options.PipelineId}, {options.Partitions} partition(s)");
        if (options.Fused)
        {
            Stage(text, options, "fused (call and aggregator stage in one)", "fused",
                topics.Calls, $"{rows}, {topics.Control}");
        }
        else
        {
            Stage(text, options, "call", "call", topics.Calls,
                $"{topics.Bundles}, {topics.Late}, {topics.Dead}, {topics.Control}");
            Stage(text, options, "aggregator", "aggregator", topics.Bundles,
                $"{topics.Aggregates}, {topics.Insights}, {topics.Predictions}, "
                    + topics.Late);
        }

        Stage(text, options, "chronicler", "archive", rows, "Parquet files");
        return text.ToString();
    }

    private static void Stage(
        StringBuilder text, PipelineOptions options, string name, string group, string reads,
        string writes)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"  stage {name}");
        text.AppendLine(CultureInfo.InvariantCulture, $"    group   {options.PipelineId}.{group}");
        text.AppendLine(CultureInfo.InvariantCulture, $"    reads   {reads}");
        text.AppendLine(CultureInfo.InvariantCulture, $"    writes  {writes}");
    }
}
