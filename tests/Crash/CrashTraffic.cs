using System.Globalization;
using Earshot.Schemas.V1;
using Earshot.Sources.Traffic;
using Google.Protobuf;

namespace Earshot.Tests.Crash;

/// <summary>The input of a crash loop: written once, read by both runs.</summary>
/// <param name="Events">Generated traffic.</param>
/// <param name="Closing">
/// Records of a day later, some in every partition: they close every window before them, also where
/// the input has no end.
/// </param>
/// <param name="Count">Events in the first.</param>
internal sealed record CrashTraffic(string Events, string Closing, long Count)
{
    /// <summary>Names how many events; fewer make a quicker, weaker test.</summary>
    public const string CountVariable = "EARSHOT_CRASH_EVENTS";

    /// <summary>Rows of windows before this are complete.</summary>
    public const string ClosedBefore = "TIMESTAMP '2025-01-08'";

    private const long CountDefault = 2_000_000;
    private const int ClosingRecords = 64;

    private static readonly DateTimeOffset ClosingTime = new(2025, 1, 8, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The settings of pipelines here that shape results.</summary>
    public static IReadOnlyList<string> Shape { get; } =
        ["--window", "1m,5m", "--keys", "carrier;carrier,country"];

    /// <summary>Writes it.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="usual">Events, unless the variable names another number.</param>
    public static async Task<CrashTraffic> WriteAsync(string folder, long usual = CountDefault)
    {
        long count = Environment.GetEnvironmentVariable(CountVariable) is { Length: > 0 } named
            ? long.Parse(named, CultureInfo.InvariantCulture)
            : usual;
        string events = Path.Combine(folder, "events.pb");
        string closing = Path.Combine(folder, "closing.pb");
        (int code, _, string error) = await EarshotProcess.RunAsync(
            "generate", "--out", events, "--events", $"{count}", "--seed", "7", "--rate", "20");
        Assert.True(code == 0, error);
        await using FileStream file = File.Create(closing);
        using DelimitedWriter writer = new(file);
        for (int i = 0; i < ClosingRecords; i++)
        {
            Envelope record = new()
            {
                CallMetric = new CallMetric
                {
                    EventTime = ClosingTime.ToUnixTimeMilliseconds(),
                    EventId = $"closing-{i}",
                    CallId = $"closing-{i}",
                    Metric = "jitter",
                    Value = 1,
                },
            };
            writer.Write(record.ToByteArray());
        }

        return new CrashTraffic(events, closing, count);
    }

    /// <summary>
    /// Writes a file of settings with which commits, snapshots and archive files follow each other
    /// so closely that every kill strikes near one of each.
    /// </summary>
    /// <returns>Its path.</returns>
    public static string WriteHurry(string folder)
    {
        string path = Path.Combine(folder, "hurry.json");
        File.WriteAllText(
            path,
            """
            {
              "epoch": "50ms", "epoch-records": 10000, "snapshot-every": "200ms",
              "archive-every": "200ms", "idle-after": "1h"
            }
            """);
        return path;
    }
}
