using System.Text;
using System.Text.Json;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Earshot.Tests.Integration.Host;
using Google.Protobuf;

namespace Earshot.Tests.Integration.Kafka;

/// <summary>A record of the traffic.</summary>
/// <param name="Key">Call id; event id where there is none; empty when broken.</param>
/// <param name="Value">An Envelope.</param>
/// <param name="Account">The account it speaks of; empty when it does not say.</param>
/// <param name="Partition">Where it belongs: StableHash of the call id.</param>
internal sealed record TrafficRecord(string Key, byte[] Value, string Account, int Partition);

/// <summary>
/// Generated traffic, then one record per partition of a month later, which closes all windows of
/// the traffic; and the rows that a replay of both gives.
/// </summary>
public sealed class TrafficFile : IDisposable
{
    public const int Partitions = 3;
    public const int Events = 20_000;

    /// <summary>All, with those that close the windows.</summary>
    public const int Count = Events + Partitions;

    private const long CloseMs = 1_738_400_000_000; // 2025-02-01T08:53:20Z

    private readonly CommandLine cli = new();
    private readonly Lazy<Task<string>> file;
    private readonly Lazy<Task<Rows>> rows;

    public TrafficFile()
    {
        file = new Lazy<Task<string>>(GenerateAsync);
        rows = new Lazy<Task<Rows>>(ReplayAsync);
    }

    /// <summary>What shapes the rows, for replay and service alike.</summary>
    internal static string[] Shape { get; } =
        ["--window", "1m,5m", "--keys", "carrier;carrier,country"];

    internal string Bytes => cli.PathOf("traffic.pb");

    /// <summary>The rows of a replay of all of it.</summary>
    internal Task<Rows> RowsAsync() => rows.Value;

    /// <summary>The records, in order.</summary>
    internal async Task<IReadOnlyList<TrafficRecord>> ReadAsync()
    {
        List<TrafficRecord> records = [];
        using CodedInputStream stream = new(File.OpenRead(await file.Value));
        while (!stream.IsAtEnd)
            records.Add(RecordOf(stream.ReadBytes().ToByteArray()));
        Assert.Equal(Count, records.Count);
        return records;
    }

    public void Dispose() => cli.Dispose();

    private static TrafficRecord RecordOf(byte[] bytes)
    {
        (string key, string account) = ("", "");
        try
        {
            Envelope envelope = Envelope.Parser.ParseFrom(bytes);
            IMessage? message = envelope.CallEvent ?? envelope.CallMetric
                ?? envelope.StreamReport ?? (IMessage?)envelope.CallSummary;
            using JsonDocument json = JsonDocument.Parse(
                JsonFormatter.Default.Format(message ?? envelope));
            key = Text(json.RootElement, "callId") ?? Text(json.RootElement, "eventId") ?? "";
            if (json.RootElement.TryGetProperty("dimensions", out JsonElement dimensions))
                account = Text(dimensions, "account") ?? "";
        }
        catch (InvalidProtocolBufferException)
        {
            // A broken one: generated traffic has some.
            key = "broken";
        }

        return new TrafficRecord(
            key, bytes, account,
            (int)(StableHash.Of(Encoding.UTF8.GetBytes(key)) % Partitions));
    }

    private static string? Text(JsonElement from, string name) =>
        from.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    /// <summary>A record that closes the windows of a partition.</summary>
    internal static TrafficRecord CloserOf(int partition, int partitions)
    {
        for (int number = 0; ; number++)
        {
            string call = $"closer-{number}";
            if ((int)(StableHash.Of(Encoding.UTF8.GetBytes(call)) % (ulong)partitions)
                != partition)
                continue;
            Envelope envelope = new()
            {
                CallMetric = new CallMetric
                {
                    EventTime = CloseMs, EventId = call, CallId = call, Metric = "mos", Value = 4,
                    Dimensions = { ["carrier"] = "closer", ["account"] = "closer" },
                },
            };
            return new TrafficRecord(call, envelope.ToByteArray(), "closer", partition);
        }
    }

    private async Task<string> GenerateAsync()
    {
        CommandResult generated = await CommandLine.RunAsync(
            "generate", "--out", Bytes, "--events", $"{Events}", "--rate", "3");
        Assert.True(generated.Code == 0, generated.Error);
        using FileStream more = new(Bytes, FileMode.Append);
        using CodedOutputStream writer = new(more);
        for (int partition = 0; partition < Partitions; partition++)
            writer.WriteBytes(ByteString.CopyFrom(CloserOf(partition, Partitions).Value));
        writer.Flush();
        return Bytes;
    }

    private async Task<Rows> ReplayAsync()
    {
        string path = await file.Value;
        CommandResult replayed = await CommandLine.RunAsync(
            ["replay", path, "--partitions", $"{Partitions}", "--data", cli.DataFolder, .. Shape]);
        Assert.True(replayed.Code == 0, replayed.Error);
        return await Rows.ReadAsync(cli.DataFolder);
    }
}
