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
}

/// <summary>
/// The whole path, top to bottom. Each step names the file in which it happens:
/// <list type="number">
/// <item>consume: an <see cref="ILogReader"/> feeds batches to a
/// <see cref="PartitionActor"/>;</item>
/// <item>decode, decide: <see cref="CallStage"/> (ignored, dead, late, duplicate,
/// aggregated);</item>
/// <item>join: CallJoin makes one call of its events;</item>
/// <item>combine: Combiner adds values to the cells of a <see cref="PartialTable"/>;</item>
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

    private readonly List<(IActorRef Actor, ActorIntent Intent)> stages = [];
    private readonly List<(IActorRef Actor, ActorIntent Intent, TopicPartition Source)>
        chroniclers = [];

    private Pipeline(PipelineOptions options, PipelineWorld world)
    {
        this.options = options;
        this.world = world;
        logger = world.Logs.CreateLogger("Earshot.Pipeline");
        stageCommitter = new EpochCommitter(
            world.Log, $"{options.PipelineId}.stages", world.Time, logger);
        archiveCommitter = new EpochCommitter(
            world.Log, $"{options.PipelineId}.archive", world.Time, logger);
    }

    /// <summary>How far each partition has come, call stage first.</summary>
    public IReadOnlyList<PartitionProgress> Progress =>
        [.. progress.Values.OrderByDescending(p => p.Stage).ThenBy(p => p.Partition)];

    /// <summary>The parts that are parked, with the cause; the others run on.</summary>
    public IReadOnlyList<ActorParkedException> Parked =>
        [.. stages.Select(s => s.Actor).Concat(chroniclers.Select(c => c.Actor))
            .Select(actor => actor.Completion.Exception?.InnerException)
            .OfType<ActorParkedException>()];

    /// <summary>Creates topics and starts every actor.</summary>
    public static async Task<Pipeline> StartAsync(
        PipelineOptions options, PipelineWorld world, CancellationToken cancel)
    {
        await world.Log.EnsureTopicsAsync(Topics.Written(options.Partitions), cancel);
        Pipeline pipeline = new(options, world);
        for (int partition = 0; partition < options.Partitions; partition++)
            pipeline.StartStages(partition);
        foreach ((string topic, string table) in Topics.Archived)
        {
            for (int partition = 0; partition < options.Partitions; partition++)
                pipeline.StartChronicler(new TopicPartition(topic, partition), table);
        }

        return pipeline;
    }

    /// <summary>
    /// Waits until the finite input has gone all the way into the archive. Faults with
    /// <see cref="ActorParkedException"/> when a part was parked.
    /// </summary>
    public async Task CompleteAsync(CancellationToken cancel)
    {
        await WhenAllOrFirstFault(stages.Select(s => s.Actor.Completion)).WaitAsync(cancel);
        await DrainChroniclersAsync(cancel);
        await WhenAllOrFirstFault(chroniclers.Select(c => c.Actor.Completion)).WaitAsync(cancel);
    }

    /// <summary>
    /// Finishes epochs under way, publishes, snapshots and archives, and ends. Parked parts are
    /// left as they are.
    /// </summary>
    public async Task StopAsync(CancellationToken cancel)
    {
        await Task.WhenAll(stages.Select(s => StopOneAsync(s.Actor, s.Intent, cancel)));
        await DrainChroniclersAsync(cancel);
        foreach ((IActorRef actor, _, _) in chroniclers)
            await Task.WhenAny(actor.Completion).WaitAsync(cancel);
    }

    /// <summary>Ends when a stage or a chronicler is parked; never otherwise.</summary>
    public async Task<ActorParkedException> ParkedAsync()
    {
        List<Task> all =
        [
            .. stages.Select(s => s.Actor.Completion),
            .. chroniclers.Select(c => c.Actor.Completion),
        ];
        while (all.Count > 0)
        {
            Task ended = await Task.WhenAny(all);
            if (ended.Exception?.InnerException is ActorParkedException parked)
                return parked;
            all.Remove(ended);
        }

        return await new TaskCompletionSource<ActorParkedException>().Task;
    }

    /// <summary>Ends at once: what was not committed is done again at the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await world.Runtime.DisposeAsync();
        await stageCommitter.DisposeAsync();
        await archiveCommitter.DisposeAsync();
    }

    private void StartStages(int partition)
    {
        TopicPartition input = new(Topics.Calls, partition);
        Func<CancellationToken, ValueTask<long>> begin =
            cancel => world.InputBegin(partition, cancel);
        if (options.Fused)
        {
            Spawn("fused", input, drained: false, begin,
                () => new FusedStage(options, partition, world.CreateDecoder()),
                from => world.OpenInput(partition, from));
            return;
        }

        Spawn("call", input, drained: false, begin,
            () => new CallStage(options, partition, world.CreateDecoder()),
            from => world.OpenInput(partition, from));
        TopicPartition bundles = new(Topics.Bundles, partition);
        Spawn("aggregator", bundles, drained: true,
            async cancel => (await world.Log.ReadRangeAsync(bundles, cancel)).Begin,
            () => new AggregatorStage(options),
            from => world.Log.OpenReader(bundles, from));
    }

    private void Spawn(
        string stage, TopicPartition source, bool drained,
        Func<CancellationToken, ValueTask<long>> inputBegin, Func<IStage> create,
        Func<long, ILogReader> open)
    {
        PartitionSetting setting = new(
            source, $"{options.PipelineId}.{stage}", create, open, world.Log, inputBegin,
            world.Snapshots, stageCommitter, drained, new ActorIntent(),
            now => progress[(now.Stage, now.Partition)] = now);
        FaultMemory faults = new();
        IActorRef actor = world.Runtime.Spawn(
            $"{stage}/{source.Partition}",
            () => new PartitionActor(setting, options, faults, world.Time, logger),
            Supervision.Default);
        stages.Add((actor, setting.Intent));
    }

    private void StartChronicler(TopicPartition source, string table)
    {
        ChroniclerSetting setting = new(
            source, table, $"{options.PipelineId}.archive", world.Log, world.Archive,
            archiveCommitter, new ActorIntent());
        IActorRef actor = world.Runtime.Spawn(
            $"chronicler/{table}/{source.Partition}",
            () => new ChroniclerActor(setting, options, world.Time), Supervision.Default);
        chroniclers.Add((actor, setting.Intent, source));
    }

    private async Task DrainChroniclersAsync(CancellationToken cancel)
    {
        foreach ((IActorRef actor, ActorIntent intent, TopicPartition source) in chroniclers)
        {
            intent.DrainTo = (await world.Log.ReadRangeAsync(source, cancel)).End;
            await actor.TellAsync(IntentChanged.Instance, cancel);
        }
    }

    private static async Task StopOneAsync(
        IActorRef stage, ActorIntent intent, CancellationToken cancel)
    {
        intent.Stop = true;
        await stage.TellAsync(IntentChanged.Instance, cancel);
        await Task.WhenAny(stage.Completion).WaitAsync(cancel);
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
