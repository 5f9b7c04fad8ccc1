using System.Globalization;
using Earshot.Log;

namespace Earshot.Kafka;

/// <summary>The librdkafka options of readers.</summary>
internal static class ReaderOptions
{
    /// <summary>How long a topic may be unknown before that is an error, in ms.</summary>
    private const string PatienceName = "topic.metadata.propagation.max.ms";

    // What reading depends on.
    private static readonly (string Name, string Value)[] Fixed =
    [
        ("isolation.level", "read_committed"),
        // Says how far a partition was read where its last offsets hold no record.
        ("enable.partition.eof", "true"),
        // An offset that is not kept is an error, never a silent jump.
        ("auto.offset.reset", "error"),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
    ];

    private static readonly (string Name, string Value)[] Defaults =
    [
        // The default of 1000 would let a reader that is fast wait.
        ("fetch.queue.backoff.ms", "5"),
        // Also how long a partition just opened may wait for the fetch under way.
        ("fetch.wait.max.ms", "100"),
        // Prefetched per partition: whichever is reached first.
        ("queued.min.messages", "50000"),
        ("queued.max.messages.kbytes", "16384"),
        (PatienceName, "5000"),
        ("log.connection.close", "false"),
    ];

    /// <summary>How long a topic may be unknown before that is an error.</summary>
    public static TimeSpan PatienceOf(IReadOnlyDictionary<string, string> complete) =>
        int.TryParse(complete[PatienceName], CultureInfo.InvariantCulture, out int patienceMs)
            ? TimeSpan.FromMilliseconds(patienceMs)
            : throw new LogException(
                $"Kafka option {PatienceName}={complete[PatienceName]} is not a number.");

    /// <summary>All options of a reader's client.</summary>
    /// <exception cref="LogException">One that is Earshot's own was set otherwise.</exception>
    public static Dictionary<string, string> Complete(IReadOnlyDictionary<string, string> given)
    {
        Dictionary<string, string> all = new(given);
        foreach ((string name, string value) in Defaults)
            all.TryAdd(name, value);
        foreach ((string name, string value) in Fixed)
        {
            if (all.TryGetValue(name, out string? set) && set != value)
            {
                throw new LogException(
                    $"Kafka option {name}={set} is not allowed: Earshot depends on {value}. "
                    + "Leave it out.");
            }

            all[name] = value;
        }

        // Nobody collects statistics here: they would pile up.
        all["statistics.interval.ms"] = "0";
        return all;
    }
}
