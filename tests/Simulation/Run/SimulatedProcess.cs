using Earshot.Actors.Calls;
using Earshot.Actors.Keys;
using Earshot.Actors.Partitions;
using Earshot.Actors.Ports;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Snapshots;
using Earshot.Tests.Simulation.World;
using Microsoft.Extensions.Logging.Abstractions;

namespace Earshot.Tests.Simulation.Run;

/// <summary>A process: what it owns, and its two committers. It may die and start again.</summary>
internal sealed class SimulatedProcess
{
    /// <summary>Longest wait for an answer of the log.</summary>
    private static readonly TimeSpan limit = TimeSpan.FromSeconds(3);

    private readonly int index;
    private readonly Dictionary<PartId, SimulatedPart> parts = [];
    private int lives;

    public SimulatedProcess(SimulatedRun world, int index)
    {
        World = world;
        this.index = index;
        Start();
    }

    public SimulatedRun World { get; }

    public Life Life { get; private set; } = null!;

    public bool Dead => Life.Dead;

    /// <summary>Taken for dead by the group, and not aware of it.</summary>
    public bool Evicted { get; set; }

    /// <summary>True when it can be given parts.</summary>
    public bool IsMember => !Dead && !Evicted;

    public IReadOnlyCollection<SimulatedPart> Parts => parts.Values;

    public ILog Log { get; private set; } = null!;

    public ISnapshotStore Snapshots { get; private set; } = null!;

    public IArchive Archive { get; private set; } = null!;

    public SimulatedCommitter StageCommitter { get; private set; } = null!;

    public SimulatedCommitter ArchiveCommitter { get; private set; } = null!;

    public SimulatedPart? Part(PartId id) => parts.GetValueOrDefault(id);

    /// <summary>Begins a life, owning nothing.</summary>
    public void Start()
    {
        parts.Clear();
        Evicted = false;
        Life = new Life(index, ++lives)
        {
            Generation = World.Broker.Generation,
            SnapshotsTake = World.Random.Next(2) == 0 ? 1 : World.Random.Next(2, 40),
        };
        Log = World.Bug.Wrap(
            new ProcessLog(World.Broker, World.Network, Life, () => World.Weather.Commits), Life,
            World);
        Snapshots = World.Bug.Wrap(
            new ProcessSnapshots(World.Snapshots, World.Network, Life, World.DiskFails,
                () => World.Dawdles(Life)),
            Life, World);
        Archive = World.Bug.Wrap(
            new ProcessArchive(
                World.Archive, World.Network, Life, World.DiskFails, shared: World.Broker.Kafka),
            Life, World);
        StageCommitter = Committer("stages");
        ArchiveCommitter = Committer("archive");
    }

    /// <summary>Kills it. What it has sent may arrive.</summary>
    public void Kill()
    {
        Life.Dead = true;
        World.Network.Abandon(Life);
        parts.Clear();
    }

    public void Own(PartId id)
    {
        Life.Owned.Add((id.Group, id.Source));
        parts.Add(id, id.Stage == "archive"
            ? new SimulatedChronicler(id, World.TableOf(id.Source), this)
            : new SimulatedStage(id, this));
    }

    public void Gone(SimulatedPart part)
    {
        parts.Remove(part.Id);
        Life.Owned.Remove((part.Id.Group, part.Id.Source));
    }

    public async Task<RecoveryPoint> ReadRecoveryAsync(PartId id, string stage)
    {
        await StageCommitter.SettleAsync();
        RecoveryReader reader = new(Log, Snapshots, World.Options.Topics, limit, World.Time);
        return await reader.ReadAsync(
            new RecoverySource(
                stage, id.Group, id.Source, static _ => ValueTask.FromResult(0L), Start: null),
            CancellationToken.None);
    }

    public IStage CreateStage(PartId id)
    {
        int partition = id.Source.Partition;
        IStage stage = id.Stage switch
        {
            "fused" => new FusedStage(World.Options, partition, Decoder()),
            "call" => new CallStage(World.Options, partition, Decoder()),
            _ => new AggregatorStage(World.Options),
        };
        return World.Bug.Wrap(stage, id, World);
    }

    public override string ToString() => $"{Life}{(Evicted ? " (evicted)" : "")}";

    private IRecordDecoder Decoder() => World.Bug.Wrap(new EnvelopeDecoder());

    private SimulatedCommitter Committer(string what) => new(
        new CommitResolver(
            Log, $"earshot.{what}.{index}", limit, World.Time, NullLogger.Instance),
        World.Random);
}
