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
        string rows = string.Join(", ", options.Topics.Archived.Select(t => t.Topic));
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"pipeline {options.PipelineId}, {options.Partitions} partition(s)");
        if (options.Fused)
        {
            Stage(text, options, "fused (call and aggregator stage in one)", "fused",
                options.Topics.Calls, $"{rows}, {options.Topics.Control}");
        }
        else
        {
            Stage(text, options, "call", "call", options.Topics.Calls,
                $"{options.Topics.Bundles}, {options.Topics.Late}, {options.Topics.Dead}, {options.Topics.Control}");
            Stage(text, options, "aggregator", "aggregator", options.Topics.Bundles,
                $"{options.Topics.Aggregates}, {options.Topics.Insights}, {options.Topics.Predictions}, {options.Topics.Late}");
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
