using Earshot.Analytics;
using Earshot.Analytics.Warnings;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Actors;

/// <summary>When rows are written.</summary>
public enum OutputMode
{
    /// <summary>One final row per key, window and metric, when the window closes.</summary>
    Append,

    /// <summary>
    /// A row after every aggregator epoch that changed it; the last one is final.
    /// </summary>
    Update,
}

/// <summary>
/// Everything that shapes a pipeline. What decides the results is part of the data folder's
/// fingerprint; the rest (epochs, snapshots) may change between starts.
/// </summary>
public sealed record PipelineOptions
{
    /// <summary>Name of the pipeline: prefix of its groups and transactional ids.</summary>
    public string PipelineId { get; init; } = "earshot";

    /// <summary>Topic the call events come from.</summary>
    public string InputTopic { get; init; } = Topics.CallsDefault;

    /// <summary>
    /// True: the input topic is keyed otherwise than by call, so its records are spread anew
    /// over a topic of the pipeline's own first.
    /// </summary>
    public bool Rekey { get; init; }

    /// <summary>Partitions of the input topic; counts only with <see cref="Rekey"/>.</summary>
    public int RekeyPartitions { get; init; } = 1;

    /// <summary>Window lengths, at least one.</summary>
    public IReadOnlyList<WindowSpec> Windows { get; init; } = [WindowSpec.Parse("5m")];

    /// <summary>Grouping sets, at least one.</summary>
    public IReadOnlyList<GroupingSet> Keys { get; init; } =
        GroupingSet.ParseAll("country;carrier;carrier,country;account");

    /// <summary>Watermark delay, allowance for late records and duplicates' horizon, ms.</summary>
    public long LatenessMs { get; init; } = 600_000;

    /// <summary>When rows are written.</summary>
    public OutputMode Mode { get; init; } = OutputMode.Append;

    /// <summary>Input partitions; the aggregator has as many.</summary>
    public int Partitions { get; init; } = 1;

    /// <summary>
    /// True: bundles travel through the log even with one partition. False: one partition runs
    /// both stages fused.
    /// </summary>
    public bool Shuffled { get; init; }

    /// <summary>Thresholds of the insight tags.</summary>
    public TagRules Tags { get; init; } = new();

    /// <summary>How the mean opinion score of stream reports is estimated.</summary>
    public MosOptions Mos { get; init; } = new();

    /// <summary>
    /// How much of event time the limit of post-dial delay is learned from, ms: full hours, 1 h to
    /// 31 d.
    /// </summary>
    public long PddHistoryMs { get; init; } = 24 * PddHours.HourMs;

    /// <summary>
    /// Delays of a country in that time before its learned limit holds; with fewer the default of
    /// <see cref="Tags"/> does. At least 1.
    /// </summary>
    public long PddSamplesMin { get; init; } = 100;

    /// <summary>When conditions of a live stream raise and clear warnings.</summary>
    public WarningRule Warnings { get; init; } = new();

    /// <summary>A call without an end is given up this long after its first step, ms.</summary>
    public long CallLimitMs { get; init; } = 4 * 3_600_000;

    /// <summary>True: a row per call is written and archived.</summary>
    public bool ArchiveCalls { get; init; }

    /// <summary>An event time this far ahead of the log's append time is refused, ms.</summary>
    public long FutureLimitMs { get; init; } = 3_600_000;

    /// <summary>Most event ids remembered per partition to find duplicates.</summary>
    public int SeenEventsMax { get; init; } = 16_000_000;

    /// <summary>
    /// Most live keys of a grouping set per input partition; further ones are counted together
    /// under the key whose every value is "other".
    /// </summary>
    public int KeysMax { get; init; } = 1_000_000;

    /// <summary>
    /// A key not used for this long, of event time, is no longer live: it makes room for another.
    /// Ms; a key may stay live for up to twice as long.
    /// </summary>
    public long KeyIdleMs { get; init; } = 3_600_000;

    /// <summary>
    /// A key's history of a metric begins anew when its last window began longer than this before
    /// the one that closes, ms of event time.
    /// </summary>
    public long HistoryKeepMs { get; init; } = 30L * 24 * 3_600_000;

    /// <summary>
    /// Share of dead letters, 0 to 1, among the records a partition reads within a minute; past it
    /// the pipeline stops. 1: never.
    /// </summary>
    public double DeadLetterLimit { get; init; } = 0.5;

    /// <summary>Records in that minute before the limit applies.</summary>
    public int DeadLetterMin { get; init; } = 1000;

    /// <summary>Most records in an epoch.</summary>
    public int EpochRecordsMax { get; init; } = 1_000_000;

    /// <summary>Longest time between two commits.</summary>
    public TimeSpan EpochLength { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Time between two snapshots.</summary>
    public TimeSpan SnapshotEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A partition without records for this long no longer holds back the watermark.
    /// </summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between two archive files of a table, while rows come.</summary>
    public TimeSpan ArchiveEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Most rows held back for one archive file.</summary>
    public int ArchiveRowsMax { get; init; } = 20_000;

    /// <summary>
    /// Longest time a partition may take to finish when it goes to another process or the
    /// service ends.
    /// </summary>
    public TimeSpan FinishWithin { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>
    /// Go on where state is incomplete: no snapshot, and the log no longer begins at 0.
    /// </summary>
    public bool AcceptIncompleteState { get; init; }

    /// <summary>Names of its topics.</summary>
    public Topics Topics => new(PipelineId, Rekey ? null : InputTopic, ArchiveCalls);

    /// <summary>The topic to be spread anew; null when the input is keyed by call.</summary>
    public TopicSpec? RekeyFrom => Rekey ? new TopicSpec(InputTopic, RekeyPartitions) : null;

    /// <summary>True when one actor runs both stages.</summary>
    public bool Fused => Partitions == 1 && !Shuffled;

    /// <summary>
    /// The dimensions kept: the standard ones, and those the keys name beyond them.
    /// </summary>
    public DimensionSet Dimensions => new(
        DimensionSet.Standard.Concat(Keys.SelectMany(key => key.Dimensions)).Distinct());
}
