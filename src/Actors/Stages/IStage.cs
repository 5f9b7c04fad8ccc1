using Earshot.Actors.Ports;
using Earshot.Log;
using Earshot.Snapshots;

namespace Earshot.Actors.Stages;

/// <summary>
/// A deterministic state machine over the records of one partition. No clock, no randomness, no
/// I/O: the same records in the same order give the same state and the same rows, wherever the
/// epochs are cut.
/// </summary>
public interface IStage
{
    /// <summary>Name in snapshots and groups: "call", "aggregator", "fused".</summary>
    string Name { get; }

    /// <summary>True when the finite input is complete and every row has been given out.</summary>
    bool Complete { get; }

    /// <summary>What this partition has done, for people.</summary>
    StageProgress Progress { get; }

    /// <summary>The present limits of post-dial delay, for people; empty where none are.</summary>
    IReadOnlyList<CountryPddLimit> PddLimits => [];

    /// <summary>
    /// Takes in record <paramref name="index"/> of a batch. A throw means a fault of ours: the
    /// state is then undefined and the partition reloads.
    /// </summary>
    void Apply(RecordBatch batch, int index, EpochOutputs outputs);

    /// <summary>Makes a dead letter of a record that has thrown before.</summary>
    void Skip(RecordBatch batch, int index, string error, EpochOutputs outputs);

    /// <summary>The finite input has ended.</summary>
    void EndInput(EpochOutputs outputs);

    /// <summary>
    /// Ends an epoch that covered the input [from, to): gives out what was combined. The state
    /// afterwards holds nothing of this epoch's own.
    /// </summary>
    void EndEpoch(long from, long to, bool idle, EpochOutputs outputs);

    /// <summary>
    /// Adds the parts of the state that changed since the last call (all, when
    /// <paramref name="whole"/>). Called right after <see cref="EndEpoch"/>.
    /// </summary>
    void Save(List<SnapshotPart> into, bool whole);

    /// <summary>Takes the state over from a snapshot. Called once, on a fresh stage.</summary>
    void Load(IReadOnlyDictionary<string, byte[]> parts);

    /// <summary>
    /// Says where parts of the state can be read that are put out of memory. Without it all stays
    /// in memory. Called at most once, before <see cref="Load"/>.
    /// </summary>
    void Attach(IColdState cold)
    {
    }

    /// <summary>True while parts of the state are in the stored snapshot alone.</summary>
    bool NeedsColdParts => false;

    /// <summary>Says what became of the last snapshot, before the next one is made.</summary>
    /// <param name="stored">True when it is known to be stored.</param>
    void SnapshotAnswered(bool stored)
    {
    }
}

/// <summary>What an epoch gives out: records per output partition, in order.</summary>
/// <param name="topics">The pipeline's topics.</param>
/// <param name="partition">The partition this stage writes its rows to.</param>
public sealed class EpochOutputs(Topics topics, int partition)
{
    /// <summary>
    /// A batch is handed out when it reaches this, bytes: where very many windows close at once
    /// one batch would outgrow an array, and growing would copy it over and over.
    /// </summary>
    private const int BatchBytesMax = 8 << 20;

    private readonly Dictionary<TopicPartition, RecordBatchBuilder> builders = [];

    // Those of the stage's own partition, by topic.
    private readonly List<(string Topic, RecordBatchBuilder Builder)> own = [];
    private List<RecordAppend> full = [];

    /// <summary>
    /// True while nothing may be given out (replay of what was given out before).
    /// </summary>
    public bool Suppressed { get; set; }

    /// <summary>The pipeline's topics.</summary>
    public Topics Topics => topics;

    /// <summary>Bytes held.</summary>
    public long SizeBytes { get; private set; }

    /// <summary>Adds a record to this stage's own partition of a topic.</summary>
    public void Add(
        string topic, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value,
        ReadOnlySpan<byte> headers = default)
    {
        // Few topics, named by the same strings: comparing those is cheaper than hashing them.
        foreach ((string name, RecordBatchBuilder builder) in own)
        {
            if (ReferenceEquals(name, topic))
            {
                Add(new TopicPartition(topic, partition), builder, key, value, headers);
                return;
            }
        }

        TopicPartition target = new(topic, partition);
        own.Add((topic, BuilderOf(target)));
        Add(target, key, value, headers);
    }

    /// <summary>Adds a record to any partition.</summary>
    public void Add(
        TopicPartition target, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value,
        ReadOnlySpan<byte> headers = default) =>
        Add(target, BuilderOf(target), key, value, headers);

    /// <summary>
    /// Hands everything out and starts anew: for each target one batch or more, in order. Who has
    /// done with a batch may <see cref="RecordBatch.Release"/> it.
    /// </summary>
    public IReadOnlyList<RecordAppend> Take()
    {
        List<RecordAppend> appends = full;
        full = [];
        foreach ((TopicPartition target, RecordBatchBuilder builder) in builders)
        {
            if (builder.Count > 0)
                appends.Add(new RecordAppend(target, builder.Build()));
        }

        SizeBytes = 0;
        return appends;
    }

    private RecordBatchBuilder BuilderOf(TopicPartition target)
    {
        if (!builders.TryGetValue(target, out RecordBatchBuilder? builder))
            builders.Add(target, builder = new RecordBatchBuilder(pooled: true));
        return builder;
    }

    private void Add(
        TopicPartition target, RecordBatchBuilder builder, ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value, ReadOnlySpan<byte> headers)
    {
        if (Suppressed)
            return;
        builder.Append(key, value, headers);
        SizeBytes += key.Length + value.Length + headers.Length;
        if (builder.SizeBytes >= BatchBytesMax)
            full.Add(new RecordAppend(target, builder.Build()));
    }
}

/// <summary>The books and sizes of one partition of one stage. Add up over partitions.</summary>
public sealed record StageProgress
{
    /// <summary>Records read.</summary>
    public long Read { get; init; }

    /// <summary>Records counted into results.</summary>
    public long Aggregated { get; init; }

    /// <summary>Records that came again.</summary>
    public long Duplicate { get; init; }

    /// <summary>Records that came after their time.</summary>
    public long Late { get; init; }

    /// <summary>Records that could not be used.</summary>
    public long Dead { get; init; }

    /// <summary>Rows the format says are none of ours.</summary>
    public long Ignored { get; init; }

    /// <summary>Single values of good records left out because they are absurd.</summary>
    public long SetAside { get; init; }

    /// <summary>Of these, how many for which cause.</summary>
    public SetAsideCounts SetAsideBy { get; init; } = new();

    /// <summary>
    /// Single values left out because their metric was one more than the partition may bring.
    /// </summary>
    public long MetricLimited { get; init; }

    /// <summary>
    /// How often an event was counted under the key "other" because its own had no room, grouping
    /// sets added up.
    /// </summary>
    public long KeysRefused { get; init; }

    /// <summary>Periods of <c>key-idle</c> in which that happened, partitions added up.</summary>
    public long KeyLimitPeriods { get; init; }

    /// <summary>
    /// Event ids dropped from the duplicate filter before their time, for lack of room.
    /// </summary>
    public long ForgottenIds { get; init; }

    /// <summary>Calls given up because no end came within the limit.</summary>
    public long UnresolvedCalls { get; init; }

    /// <summary>Of these, how many for which reason.</summary>
    public UnresolvedCounts UnresolvedBy { get; init; } = new();

    /// <summary>Calls known and not yet counted.</summary>
    public long LiveCalls { get; init; }

    /// <summary>Warnings of live streams raised.</summary>
    public long WarningsRaised { get; init; }

    /// <summary>Of these, the ones cleared.</summary>
    public long WarningsCleared { get; init; }

    /// <summary>Warnings raised and not cleared yet.</summary>
    public long WarningsActive { get; init; }

    /// <summary>
    /// Stream reports older than their stream's newest: counted, but no sample of warnings.
    /// </summary>
    public long SamplesOutOfOrder { get; init; }

    /// <summary>Keys held.</summary>
    public long Keys { get; init; }

    /// <summary>Of these, idle ones that are in the snapshot store, out of memory.</summary>
    public long KeysOutOfMemory { get; init; }

    /// <summary>Windows open, keys added up.</summary>
    public long OpenWindows { get; init; }

    /// <summary>Windows closed, keys added up.</summary>
    public long ClosedWindows { get; init; }

    /// <summary>Partial aggregates that met a closed window.</summary>
    public long LatePartials { get; init; }

    /// <summary>Bundles that came again, dropped.</summary>
    public long DuplicateBundles { get; init; }

    /// <summary>Gaps between bundles, or between re-keyed records.</summary>
    public long BundleGaps { get; init; }

    /// <summary>
    /// Post-dial delays that taught no limit because their hour had too many countries.
    /// </summary>
    public long UnlearnedPdd { get; init; }

    /// <summary>Records spread anew by call.</summary>
    public long Rekeyed { get; init; }

    /// <summary>Watermark, ms since the epoch; null before the first record.</summary>
    public long? WatermarkMs { get; init; }

    /// <summary>True when every record read is in exactly one column of the books.</summary>
    public bool Balanced => Read == Aggregated + Duplicate + Late + Dead + Ignored;

    /// <summary>Adds two up; the watermark is the smaller one.</summary>
    public static StageProgress operator +(StageProgress a, StageProgress b) => new()
    {
        Read = a.Read + b.Read,
        Aggregated = a.Aggregated + b.Aggregated,
        Duplicate = a.Duplicate + b.Duplicate,
        Late = a.Late + b.Late,
        Dead = a.Dead + b.Dead,
        Ignored = a.Ignored + b.Ignored,
        SetAside = a.SetAside + b.SetAside,
        SetAsideBy = a.SetAsideBy + b.SetAsideBy,
        MetricLimited = a.MetricLimited + b.MetricLimited,
        KeysRefused = a.KeysRefused + b.KeysRefused,
        KeyLimitPeriods = a.KeyLimitPeriods + b.KeyLimitPeriods,
        ForgottenIds = a.ForgottenIds + b.ForgottenIds,
        UnresolvedCalls = a.UnresolvedCalls + b.UnresolvedCalls,
        UnresolvedBy = a.UnresolvedBy + b.UnresolvedBy,
        LiveCalls = a.LiveCalls + b.LiveCalls,
        WarningsRaised = a.WarningsRaised + b.WarningsRaised,
        WarningsCleared = a.WarningsCleared + b.WarningsCleared,
        WarningsActive = a.WarningsActive + b.WarningsActive,
        SamplesOutOfOrder = a.SamplesOutOfOrder + b.SamplesOutOfOrder,
        Keys = a.Keys + b.Keys,
        KeysOutOfMemory = a.KeysOutOfMemory + b.KeysOutOfMemory,
        OpenWindows = a.OpenWindows + b.OpenWindows,
        ClosedWindows = a.ClosedWindows + b.ClosedWindows,
        LatePartials = a.LatePartials + b.LatePartials,
        DuplicateBundles = a.DuplicateBundles + b.DuplicateBundles,
        BundleGaps = a.BundleGaps + b.BundleGaps,
        UnlearnedPdd = a.UnlearnedPdd + b.UnlearnedPdd,
        Rekeyed = a.Rekeyed + b.Rekeyed,
        WatermarkMs = a.WatermarkMs is { } x && b.WatermarkMs is { } y
            ? Math.Min(x, y)
            : a.WatermarkMs ?? b.WatermarkMs,
    };
}
