using System.Text;
using Earshot.Actors;
using Earshot.Actors.Wire;
using Earshot.Host.Settings;
using Earshot.Kafka;
using Earshot.Log;
using Microsoft.Extensions.Logging;

namespace Earshot.Host;

/// <summary>Opens the log on Kafka as a pipeline uses it.</summary>
internal static class KafkaConnection
{
    /// <summary>Connects.</summary>
    /// <exception cref="LogException">No library, no broker, or an option is refused.</exception>
    public static async Task<KafkaLog> OpenAsync(
        KafkaRequest request, PipelineOptions options, ILogger logger, CancellationToken cancel)
    {
        KafkaLibrary.Require();
        return await KafkaLog.OpenAsync(
            new KafkaOptions(request.Bootstrap)
            {
                Instance = request.Instance,
                Settings = request.Settings,
                InputTopics = [options.InputTopic],
                TopicHeaders = HeadersOf(options.Topics),
                // LZ4 takes a third off them, and 6 % of a call stage's processor.
                UncompressedTopics = [options.Topics.Bundles],
            },
            TimeProvider.System, logger, cancel);
    }

    /// <summary>Connects to write an input topic, as those do whose calls are analysed.</summary>
    /// <exception cref="LogException">No library, no broker, or an option is refused.</exception>
    public static async Task<KafkaLog> OpenAsync(
        KafkaRequest request, string inputTopic, ILogger logger, CancellationToken cancel)
    {
        KafkaLibrary.Require();
        return await KafkaLog.OpenAsync(
            new KafkaOptions(request.Bootstrap)
            {
                Settings = request.Settings,
                InputTopics = [inputTopic],
            },
            TimeProvider.System, logger, cancel);
    }

    private static Func<string, IReadOnlyList<(string Name, byte[] Value)>> HeadersOf(
        Topics topics)
    {
        Dictionary<string, IReadOnlyList<(string, byte[])>> known = [];
        foreach ((string topic, IReadOnlyList<(string, string)> headers)
            in TopicFormats.Of(topics))
        {
            known[topic] = [.. headers.Select(
                header => (header.Item1, Encoding.UTF8.GetBytes(header.Item2)))];
        }

        return topic => known.GetValueOrDefault(topic, []);
    }
}
