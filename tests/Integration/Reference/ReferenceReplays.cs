using System.Collections.Concurrent;
using System.Text.Json;
using Earshot.Tests.Integration.Host;

namespace Earshot.Tests.Integration.Reference;

/// <summary>Replays of the capture by the command line; each form runs once.</summary>
public sealed class ReferenceReplays : IDisposable
{
    public const string GetStats = "rawData.csv.gz";
    public const string Signalling = "calls.csv.gz";

    /// <summary>For --config: some forty epochs, where at full speed a replay is one or two.
    /// </summary>
    public const string ShortEpochs = "short-epochs.json";

    private readonly CommandLine cli = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<ReferenceReplay>>> replays = new();
    private readonly Lazy<JsonElement[]> recomputed = new(() => NodeScript.Run(
        NodeScript.Beside("recompute.mjs"), ReferenceFactAttribute.Folder!));

    public ReferenceReplays() =>
        File.WriteAllText(cli.PathOf(ShortEpochs), """{ "epoch-records": 2500 }""");

    public void Dispose() => cli.Dispose();

    /// <summary>What recompute.mjs says, of one kind of line.</summary>
    public JsonElement[] Recomputed(string kind) =>
        [.. recomputed.Value.Where(line => line.GetProperty("kind").GetString() == kind)];

    /// <summary>The capture's file replayed in some form.</summary>
    public Task<ReferenceReplay> OfAsync(string file, params string[] form)
    {
        string name = string.Join('_', [file, .. form]);
        return replays.GetOrAdd(name, new Lazy<Task<ReferenceReplay>>(
            () => RunAsync(file, cli.PathOf(name),
                [.. form.Select(f => f == ShortEpochs ? cli.PathOf(f) : f)]))).Value;
    }

    private static async Task<ReferenceReplay> RunAsync(string file, string data, string[] form)
    {
        string path = Path.Combine(ReferenceFactAttribute.Folder!, file);
        string format = file == GetStats ? "getstats-csv" : "signalling-csv";
        CommandResult result = await CommandLine.RunAsync(
        [
            "replay", path, "--format", format, "--window", "5m,24h", "--keys", "carrier",
            "--lateness", "10m", "--data", data, .. form,
        ]);
        Assert.True(result.Code == 0, result.Error + result.Output);
        return new ReferenceReplay(data, result.Output);
    }
}

/// <summary>One replay: its summary and its archive.</summary>
public sealed record ReferenceReplay(string DataFolder, string Summary)
{
    /// <summary>A number of the summary table.</summary>
    public long Count(string name)
    {
        string line = Summary.Split('\n').Single(
            l => l.TrimStart().StartsWith(name + " ", StringComparison.Ordinal));
        return long.Parse(line.Trim()[name.Length..].Trim().Replace(",", "").Split(' ')[0]);
    }

    /// <summary>The rows of a query.</summary>
    public async Task<JsonElement[]> QueryAsync(string sql)
    {
        CommandResult result = await CommandLine.RunAsync(
            "sql", sql, "--format", "json", "--data", DataFolder);
        Assert.True(result.Code == 0, result.Error);
        using JsonDocument rows = JsonDocument.Parse(result.Output);
        return [.. rows.RootElement.EnumerateArray().Select(row => row.Clone())];
    }

    /// <summary>The Parquet files of a table.</summary>
    public string[] Files(string table) =>
        Directory.GetFiles(
            Path.Combine(DataFolder, "archive", table), "*.parquet", SearchOption.AllDirectories);
}

/// <summary>Shares the replays between the test classes.</summary>
[CollectionDefinition(Name)]
public sealed class ReferenceReplaysShared : ICollectionFixture<ReferenceReplays>
{
    public const string Name = "reference replays";
}

/// <summary>Tests that share the replays, and so run one after the other.</summary>
[Collection(ReferenceReplaysShared.Name)]
public abstract class ReferenceTests(ReferenceReplays replays)
{
    protected ReferenceReplays Replays { get; } = replays;
}
