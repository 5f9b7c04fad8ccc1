using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Earshot.Actors;
using Earshot.Actors.Calls;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Analytics.Warnings;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Snapshots;
using Google.Protobuf;
using Rows = Earshot.Schemas.V1;

namespace Earshot.Tests.Conformance.Snapshots.Golden;

/// <summary>
/// The stages of a pipeline, driven by hand over the recorded input in epochs of a fixed length:
/// fused, and the two apart with the bundles passed between them. Both at once, so that one
/// golden state has the parts of every stage.
/// </summary>
internal sealed partial class GoldenRun
{
    /// <summary>Records of the input in an epoch.</summary>
    public const int EpochRecords = 25;

    /// <summary>Input offset at which golden states stand.</summary>
    public const int GoldenOffset = 24 * EpochRecords;

    /// <summary>Fingerprint of the settings in golden states (from version 2 on).</summary>
    public const ulong Settings = 0x0102030405060708;

    /// <summary>
    /// The first version whose calls keep what their stream reports say: in older states reports
    /// are as if they named no call.
    /// </summary>
    public const int FirstThatJoinedReports = 3;

    public static readonly SnapshotOwner FusedOwner = new("fused", 0);
    public static readonly SnapshotOwner CallOwner = new("call", 0);
    public static readonly SnapshotOwner AggregatorOwner = new("aggregator", 0);

    private static readonly TopicPartition Bundles = new(Topics.Default.Bundles, 0);
    private static readonly long AppendTimeMs =
        new DateTimeOffset(2025, 1, 7, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    // Fixed for ever: golden states were made with these.
    private static readonly PipelineOptions Options = new()
    {
        Windows = [WindowSpec.Parse("1m"), WindowSpec.Parse("4m/2m")],
        Keys = GroupingSet.ParseAll("carrier;country"),
        LatenessMs = 60_000,
        Mode = OutputMode.Update,
        CallLimitMs = 600_000,
        FutureLimitMs = 3_600_000,
        SeenEventsMax = 10_000,

        // Golden states know no streams: their warnings would be raised later than undisturbed.
        Warnings = new WarningRule { IsOn = false },
        Mos = new MosOptions { Estimate = false },
    };

    private readonly FusedStage fused = new(Options, 0, new EnvelopeDecoder());
    private readonly CallStage call = new(Options, 0, new EnvelopeDecoder());
    private readonly AggregatorStage aggregator = new(Options);

    // Offset of the next input record, and of the next bundle.
    private long position;
    private long bundles;

    // Where the snapshots saved or loaded last stand.
    private long? savedPosition;
    private long savedBundles;

    // What was given out since it was asked for last.
    private List<string> rows = [];

    /// <summary>The recorded input.</summary>
    public static IReadOnlyList<byte[]> Input { get; } = ReadInput();

    /// <summary>Goes on from what is stored.</summary>
    public static async Task<GoldenRun> LoadAsync(ISnapshotStore store, CancellationToken cancel)
    {
        GoldenRun run = new();
        run.position = await LoadAsync(store, FusedOwner, run.fused, cancel);
        Assert.Equal(run.position, await LoadAsync(store, CallOwner, run.call, cancel));
        run.bundles = await LoadAsync(store, AggregatorOwner, run.aggregator, cancel);
        (run.savedPosition, run.savedBundles) = (run.position, run.bundles);
        return run;
    }

    /// <summary>Reads the input up to an offset.</summary>
    /// <param name="end">The offset.</param>
    /// <param name="joinReports">False: as versions did that joined no reports to calls.</param>
    public void RunTo(int end, bool joinReports = true)
    {
        while (position < end)
            RunEpoch((int)position, (int)Math.Min(position + EpochRecords, end), joinReports);
    }

    /// <summary>Reads the rest, and closes every window.</summary>
    public void RunToEnd()
    {
        RunTo(Input.Count);
        EpochOutputs outputs = new(Topics.Default, 0);
        fused.EndInput(outputs);
        fused.EndEpoch(position, position, idle: false, outputs);
        Take("fused", outputs);
        call.EndInput(outputs);
        call.EndEpoch(position, position, idle: false, outputs);
        Take("call", outputs);
    }

    /// <summary>Saves the changes since the last time; at first, everything.</summary>
    public async Task SaveAsync(ISnapshotStore store, CancellationToken cancel)
    {
        await SaveAsync(store, FusedOwner, fused, position, savedPosition, cancel);
        await SaveAsync(store, CallOwner, call, position, savedPosition, cancel);
        long? bundleBase = savedPosition is null ? null : savedBundles;
        await SaveAsync(store, AggregatorOwner, aggregator, bundles, bundleBase, cancel);
        (savedPosition, savedBundles) = (position, bundles);
    }

    /// <summary>
    /// The rows given out since the last call, sorted: stage, topic, key, value or its digest.
    /// (Within an epoch rows come in no order that means anything.)
    /// </summary>
    public IReadOnlyList<string> TakeRows()
    {
        List<string> taken = rows;
        rows = [];
        taken.Sort(StringComparer.Ordinal);
        return taken;
    }

    /// <summary>
    /// The books of all three stages; without the causes, which golden states did not tell apart.
    /// </summary>
    public IEnumerable<StageProgress> Books =>
        ((StageProgress[])[fused.Progress, call.Progress, aggregator.Progress])
        .Select(books => books with { SetAsideBy = new(), UnresolvedBy = new() });

    private static async Task<long> LoadAsync(
        ISnapshotStore store, SnapshotOwner owner, IStage stage, CancellationToken cancel)
    {
        StoredSnapshot? stored = await store.LoadAsync(owner, cancel);
        Assert.NotNull(stored);
        stage.Load(stored.Parts);
        return stored.Offset;
    }

    private static async Task SaveAsync(
        ISnapshotStore store, SnapshotOwner owner, IStage stage, long offset, long? baseOffset,
        CancellationToken cancel)
    {
        List<SnapshotPart> parts = [];
        stage.Save(parts, whole: baseOffset is null);
        Assert.True(await store.SaveAsync(new(owner, offset, parts, baseOffset), cancel));
    }

    private void RunEpoch(int from, int to, bool joinReports)
    {
        RecordBatchBuilder builder = new();
        for (int offset = from; offset < to; offset++)
            builder.Add(
                offset, default, joinReports ? Input[offset] : WithoutCall(Input[offset]));
        RecordBatch batch = builder.Build(new(Topics.Default.Calls, 0), from, to, AppendTimeMs);
        foreach (IStage stage in (IStage[])[fused, call])
        {
            EpochOutputs outputs = new(Topics.Default, 0);
            for (int index = 0; index < batch.Count; index++)
                stage.Apply(batch, index, outputs);
            stage.EndEpoch(from, to, idle: false, outputs);
            Take(stage.Name, outputs);
        }

        position = to;
    }

    private void Take(string stage, EpochOutputs outputs)
    {
        foreach (RecordAppend append in outputs.Take())
        {
            if (append.Target.Topic == Topics.Default.Bundles)
            {
                Aggregate(append.Records);
                continue;
            }

            for (int index = 0; index < append.Records.Count; index++)
            {
                LogRecord record = append.Records[index];
                rows.Add($"{stage} {append.Target.Topic} {Convert.ToHexString(record.Key)} "
                    + TextOf(append.Target.Topic, record.Value));
            }
        }
    }

    // Of sums and what is made of them the last digits depend on the order of adding, and so on
    // the version that added: ten are compared.
    private static string TextOf(string topic, ReadOnlySpan<byte> value)
    {
        IMessage? row = topic == Topics.Default.Aggregates ? Rows.Aggregate.Parser.ParseFrom(value)
            : topic == Topics.Default.Predictions ? Rows.Prediction.Parser.ParseFrom(value)
            : topic == Topics.Default.Insights ? CountedThen(value)
            : null;
        return row is null ? Convert.ToHexString(SHA256.HashData(value))
            : Fractions().Replace(
                JsonFormatter.Default.Format(row),
                number => double.Parse(number.Value, CultureInfo.InvariantCulture)
                    .ToString("G10", CultureInfo.InvariantCulture));
    }

    // Golden states were made before sessions and estimates were counted: windows open then lack
    // some of theirs.
    private static Rows.Insight CountedThen(ReadOnlySpan<byte> insight)
    {
        Rows.Insight row = Rows.Insight.Parser.ParseFrom(insight);
        row.Sessions = null;
        row.MosSources = null;
        return row;
    }

    [GeneratedRegex(@"-?\d+\.\d+([Ee][+-]?\d+)?")]
    private static partial Regex Fractions();

    private void Aggregate(RecordBatch sent)
    {
        RecordBatchBuilder builder = new();
        for (int index = 0; index < sent.Count; index++)
            builder.Add(bundles + index, sent[index].Key, sent[index].Value);
        long to = bundles + sent.Count;
        RecordBatch batch = builder.Build(Bundles, bundles, to, AppendTimeMs);
        EpochOutputs outputs = new(Topics.Default, 0);
        for (int index = 0; index < batch.Count; index++)
            aggregator.Apply(batch, index, outputs);
        aggregator.EndEpoch(bundles, to, idle: false, outputs);
        bundles = to;
        Take("aggregator", outputs);
    }

    // A stream report without its call; anything else as it is.
    private static byte[] WithoutCall(byte[] record)
    {
        EventRecord decoded = new(Options.Dimensions, new SymbolTable(), Metrics.CreateTable());
        new EnvelopeDecoder().Decode(record, decoded);
        if (decoded.Kind != EventKind.StreamReport)
            return record;
        Rows.Envelope envelope = Rows.Envelope.Parser.ParseFrom(record);
        envelope.StreamReport.CallId = "";
        return envelope.ToByteArray();
    }

    // Length-prefixed Envelopes.
    private static List<byte[]> ReadInput()
    {
        using BinaryReader reader = new(File.OpenRead(GoldenFiles.Input));
        List<byte[]> records = [];
        while (reader.BaseStream.Position < reader.BaseStream.Length)
            records.Add(reader.ReadBytes(reader.Read7BitEncodedInt()));
        return records;
    }
}
