using System.Collections.Concurrent;
using Earshot.Actors.Calls;
using Earshot.Actors.Keys;
using Earshot.Actors.Partitions;
using Earshot.Actors.Ports;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Snapshots;
using Microsoft.Extensions.Logging;

namespace Earshot.Actors;

/// <summary>What a pipeline runs on.</summary>
/// <param name="Log">
/// Log of outputs, bundles and offsets; of the input too, unless it is files.
/// </param>
/// <param name="OpenInput">Opens an input partition from an offset on.</param>
/// <param name="CreateDecoder">Makes a decoder of the input's format.</param>
/// <param name="Snapshots">Where state is kept.</param>
/// <param name="Archive">Where rows end up.</param>
/// <param name="Runtime">What runs the actors.</param>
/// <param name="Time">Clock for epochs and snapshots, never for results.</param>
/// <param name="Logs">For people.</param>
public sealed record PipelineWorld(
    ILog Log, Func<int, long, ILogReader> OpenInput, Func<IRecordDecoder> CreateDecoder,
    ISnapshotStore Snapshots, IArchive Archive, IActorRuntime Runtime, TimeProvider Time,
    ILoggerFactory Logs)
{
    /// <summary>Smallest offset an input partition still keeps; files keep everything.</summary>
    public Func<int, CancellationToken, ValueTask<long>> InputBegin { get; init; } =
        static (_, _) => ValueTask.FromResult(0L);

    /// <summary>
    /// Where a pipeline that never committed begins in an input partition. Null: at 0, which
    /// must still be there.
    /// </summary>
    public Func<int, CancellationToken, ValueTask<long>>? InputStart { get; init; }

    /// <summary>
    /// Tells the processes of one pipeline apart, the same at every start; empty for one alone.
    /// </summary>
    public string ProcessName { get; init; } = "";
}

/// <summary>
/// The whole path, top to bottom. Each step names the file in which it happens:
/// <list type="number">
/// <item>consume: an <see cref="ILogReader"/> feeds batches to a
/// <see cref="PartitionActor"/>;</item>
/// <item>decode, decide: <see cref="CallStage"/> (ignored, dead, late, duplicate,
/// aggregated);</item>
/// <item>join: CallJoin makes one call of its events;</item>
/// <item>combine: Combiner adds events to a <see cref="PartialTable"/>, which brings those of a
/// key together;</item>
/// <item>commit: <see cref="PartitionMachine"/> cuts the epoch, <see cref="EpochCommitter"/>
/// writes outputs and offset in one transaction;</item>
/// <item>merge, close: <see cref="AggregatorStage"/> (through the bundles topic, or fused);</item>
/// <item>publish: RowWriter's rows go to the output topics in the epoch's transaction;</item>
/// <item>archive: a <see cref="ChroniclerActor"/> per output partition writes Parquet.</item>
/// </list>
/// </summary>
public sealed class Pipeline : IAsyncDisposable
{
    private readonly PipelineOptions options;
    private readonly PipelineWorld world;
    private readonly ILogger logger;
    private readonly EpochCommitter stageCommitter;
    private readonly EpochCommitter archiveCommitter;
    private readonly ConcurrentDictionary<(string Stage, int Partition), PartitionProgress>
        progress = [];

    private readonly List<PartitionGroup> stages = [];
    private readonly List<ILogGroup> memberships = [];
    private readonly PartitionGroup archive;
    private readonly TaskCompletionSource<ActorParkedException> parked =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ILogGroup? archiveMembership;
    private volatile bool stopping;

    private Pipeline(PipelineOptions options, PipelineWorld world)
    {
        this.options = options;
        this.world = world;
        logger = world.Logs.CreateLogger("Earshot.Pipeline");
        stageCommitter = new EpochCommitter(
            world.Log, TransactionalId("stages"), world.Time, logger);
        archiveCommitter = new EpochCommitter(
            world.Log, TransactionalId("archive"), world.Time, logger);

        // What a chronicler holds goes to the archive at once, however far it has come.
        archive = new PartitionGroup(
            Group("archive"), StartChronicler, static intent => intent.DrainTo = 0,
            ReleaseAsync, options.FinishWithin, world.Time, logger);
    }

    /// <summary>How far each partition of this process has come, call stage first.</summary>
    public IReadOnlyList<PartitionProgress> Progress =>
        [.. progress.Values.OrderByDescending(p => p.Stage).ThenBy(p => p.Partition)];

    /// <summary>The parts that are parked, with the cause; the others run on.</summary>
    public IReadOnlyList<ActorParkedException> Parked =>
        [.. Members.Select(member => member.Actor.Completion.Exception?.InnerException)
            .OfType<ActorParkedException>()];

    /// <summary>The output partitions this process archives.</summary>
    public IReadOnlyList<TopicPartition> Archived => [.. archive.Members.Select(m => m.Source)];

    private int CutShort => stages.Append(archive).Sum(group => group.CutShort);

    private IEnumerable<PartitionGroup.Member> Members =>
        stages.Append(archive).SelectMany(group => group.Members);

    /// <summary>
    /// Creates topics, joins the groups, and starts an actor for every partition owned.
    /// </summary>
    public static async Task<Pipeline> StartAsync(
        PipelineOptions options, PipelineWorld world, CancellationToken cancel)
    {
        await world.Log.EnsureTopicsAsync(options.Topics.Written(options.Partitions), cancel);
        Pipeline pipeline = new(options, world);
        bool joined = false;
        try
        {
            await pipeline.JoinAsync(cancel);
            joined = true;
            return pipeline;
        }
        finally
        {
            if (!joined)
                await pipeline.DisposeAsync();
        }
    }

    /// <summary>
    /// Waits until the finite input has gone all the way into the archive. Faults with
    /// <see cref="ActorParkedException"/> when a part was parked.
    /// </summary>
    public async Task CompleteAsync(CancellationToken cancel)
    {
        await WhenAllOrFirstFault(stages.SelectMany(group => group.Members)
            .Select(member => member.Actor.Completion)).WaitAsync(cancel);
        await DrainChroniclersAsync(cancel);
        await WhenAllOrFirstFault(archive.Members.Select(member => member.Actor.Completion))
            .WaitAsync(cancel);
    }

    /// <summary>
    /// Finishes epochs under way, publishes, snapshots and archives, leaves the groups, and ends.
    /// Parked parts are left as they are.
    /// </summary>
    /// <returns>
    /// False when a part took too long and was ended: what it did not commit is done again at the
    /// next start.
    /// </returns>
    public async Task<bool> StopAsync(CancellationToken cancel)
    {
        stopping = true;
        int cutShortBefore = CutShort;
        await Task.WhenAll(stages.Select(group => group.FinishAsync())).WaitAsync(cancel);
        await Task.WhenAll(memberships.Select(membership => membership.DisposeAsync().AsTask()))
            .WaitAsync(cancel);
        await DrainChroniclersAsync(cancel);
        await Task.WhenAll(archive.Members
            .Select(member => Task.WhenAny(member.Actor.Completion).WaitAsync(cancel)));
        if (archiveMembership is not null)
            await archiveMembership.DisposeAsync().AsTask().WaitAsync(cancel);
        return CutShort == cutShortBefore;
    }

    /// <summary>Ends when a stage or a chronicler is parked; never otherwise.</summary>
    public Task<ActorParkedException> ParkedAsync() => parked.Task;

    /// <summary>
    /// Faults when this process can no longer be a member of its groups; never ends otherwise.
    /// </summary>
    public async Task MembershipFailedAsync()
    {
        IEnumerable<ILogGroup> all =
            archiveMembership is null ? memberships : memberships.Append(archiveMembership);
        await WhenAllOrFirstFault(all.Select(membership => membership.Completion));
        await new TaskCompletionSource().Task;
    }

    /// <summary>Ends at once: what was not committed is done again at the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        stopping = true;
        await world.Runtime.DisposeAsync();
        foreach (ILogGroup membership in memberships)
            await membership.DisposeAsync();
        if (archiveMembership is not null)
            await archiveMembership.DisposeAsync();
        await stageCommitter.DisposeAsync();
        await archiveCommitter.DisposeAsync();
    }

    private string Group(string stage) => $"{options.PipelineId}.{stage}";

    private string TransactionalId(string what) =>
        world.ProcessName.Length == 0 ? Group(what) : $"{Group(what)}.{world.ProcessName}";

    /// <summary>Joins all groups at once: a broker makes the first member of each wait.</summary>
    private async Task JoinAsync(CancellationToken cancel)
    {
        TopicSpec input = new(options.Topics.Calls, options.Partitions);
        List<Task> joins = [];
        if (options.RekeyFrom is { } foreign)
            joins.Add(JoinAsync("rekey", foreign, StartRekey, cancel));
        if (options.Fused)
        {
            joins.Add(JoinAsync("fused", input, StartFused, cancel));
        }
        else
        {
            joins.Add(JoinAsync("call", input, StartCall, cancel));
            TopicSpec bundles = new(options.Topics.Bundles, options.Partitions);
            joins.Add(JoinAsync("aggregator", bundles, StartAggregator, cancel));
        }

        joins.Add(JoinArchiveAsync(cancel));
        await Task.WhenAll(joins);
    }

    private async Task JoinArchiveAsync(CancellationToken cancel) =>
        archiveMembership = await world.Log.JoinGroupAsync(
            Group("archive"),
            [.. options.Topics.Archived.Select(t => new TopicSpec(t.Topic, options.Partitions))],
            archive, cancel);

    private async Task JoinAsync(
        string stage, TopicSpec topic, Func<TopicPartition, ActorIntent, IActorRef> start,
        CancellationToken cancel)
    {
        PartitionGroup group = new(
            Group(stage), start, static intent => intent.Stop = true,
            source => Forget(stage, source.Partition), options.FinishWithin, world.Time, logger);
        stages.Add(group);
        ILogGroup membership = await world.Log.JoinGroupAsync(
            Group(stage), [topic], group, cancel);
        lock (memberships)
            memberships.Add(membership);
    }

    private IActorRef StartRekey(TopicPartition source, ActorIntent intent) => Spawn(
        new PartitionSetting(
            source, options.Topics, Group("rekey"),
            () => new RekeyStage(options, source.Partition, world.CreateDecoder()),
            from => world.Log.OpenReader(source, from), world.Log,
            async cancel => (await world.Log.ReadRangeAsync(source, cancel)).Begin,
            world.Snapshots, stageCommitter, CommitWhenDrained: true, intent, Report)
        {
            Start = StartOf(source.Partition),
        });

    private IActorRef StartFused(TopicPartition source, ActorIntent intent) => Spawn(InputSetting(
        source, "fused", intent,
        () => new FusedStage(options, source.Partition, world.CreateDecoder())));

    private IActorRef StartCall(TopicPartition source, ActorIntent intent) => Spawn(InputSetting(
        source, "call", intent,
        () => new CallStage(options, source.Partition, world.CreateDecoder())));

    private IActorRef StartAggregator(TopicPartition source, ActorIntent intent) => Spawn(
        new PartitionSetting(
            source, options.Topics, Group("aggregator"), () => new AggregatorStage(options),
            from => world.Log.OpenReader(source, from), world.Log,
            async cancel => (await world.Log.ReadRangeAsync(source, cancel)).Begin,
            world.Snapshots, stageCommitter, CommitWhenDrained: true, intent, Report));

    private PartitionSetting InputSetting(
        TopicPartition source, string stage, ActorIntent intent, Func<IStage> create) => new(
        source, options.Topics, Group(stage), create,
        from => world.OpenInput(source.Partition, from), world.Log,
        cancel => world.InputBegin(source.Partition, cancel), world.Snapshots, stageCommitter,
        CommitWhenDrained: false, intent, Report)
    {
        Start = options.RekeyFrom is null ? StartOf(source.Partition) : null,
    };

    private Func<CancellationToken, ValueTask<long>>? StartOf(int partition) =>
        world.InputStart is { } start ? cancel => start(partition, cancel) : null;

    private IActorRef Spawn(PartitionSetting setting)
    {
        FaultMemory faults = new();
        string stage = setting.Group[(options.PipelineId.Length + 1)..];
        return Watch(world.Runtime.Spawn(
            $"{stage}/{setting.Source.Partition}",
            () => new PartitionActor(setting, options, faults, world.Time, logger),
            Supervision.Default));
    }

    private IActorRef StartChronicler(TopicPartition source, ActorIntent intent)
    {
        string table = TableOf(source);
        ChroniclerSetting setting = new(
            source, table, Group("archive"), world.Log, world.Archive, archiveCommitter, intent);
        return Watch(world.Runtime.Spawn(
            $"chronicler/{table}/{source.Partition}",
            () => new ChroniclerActor(setting, options, world.Time), Supervision.Default));
    }

    private ValueTask ReleaseAsync(TopicPartition source) => world.Archive.ReleaseAsync(
        TableOf(source), source.Partition, CancellationToken.None);

    private string TableOf(TopicPartition source) =>
        options.Topics.Archived.First(t => t.Topic == source.Topic).Table;

    private void Report(PartitionProgress now) => progress[(now.Stage, now.Partition)] = now;

    // At the end people want to know how far it came.
    private ValueTask Forget(string stage, int partition)
    {
        if (!stopping)
            progress.TryRemove((stage, partition), out _);
        return ValueTask.CompletedTask;
    }

    private IActorRef Watch(IActorRef actor)
    {
        _ = WatchAsync();
        return actor;

        async Task WatchAsync()
        {
            await Task.WhenAny(actor.Completion);
            if (actor.Completion.Exception?.InnerException is ActorParkedException fault)
                parked.TrySetResult(fault);
        }
    }

    private async Task DrainChroniclersAsync(CancellationToken cancel)
    {
        // All know before the first is told: telling one may take until its mailbox has room.
        IReadOnlyList<PartitionGroup.Member> members = archive.Members;
        foreach (PartitionGroup.Member member in members)
        {
            OffsetRange range = await world.Log.ReadRangeAsync(member.Source, cancel);
            member.Intent.DrainTo = range.End;
        }

        await Task.WhenAll(members.Select(
            member => member.Actor.TellAsync(IntentChanged.Instance, cancel).AsTask()));
    }

    private static async Task WhenAllOrFirstFault(IEnumerable<Task> tasks)
    {
        List<Task> left = [.. tasks];
        while (left.Count > 0)
        {
            Task ended = await Task.WhenAny(left);
            await ended;
            left.Remove(ended);
        }
    }
}
