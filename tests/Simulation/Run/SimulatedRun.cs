using System.Runtime.ExceptionServices;
using Earshot.Actors;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Tests.Simulation.World;

namespace Earshot.Tests.Simulation.Run;

/// <summary>
/// A whole pipeline in several processes on a simulated world, every interleaving and every
/// mishap decided by one seed, on one thread.
/// </summary>
internal sealed class SimulatedRun
{
    private const int StepsMax = 300_000;

    private readonly List<SimulatedProcess> processes = [];

    // Who owns each part by the group's word; null: nobody yet.
    private readonly Dictionary<PartId, SimulatedProcess?> owners = [];
    private readonly Weather storm;
    private ExceptionDispatchInfo? fault;
    private long steps;

    public SimulatedRun(
        Shape shape, Weather weather, IReadOnlyList<byte[]> input, int seed, Bug bug)
    {
        Shape = shape;
        storm = Weather = weather;
        Bug = bug;
        Random = new Random(seed);
        Time = new SimulatedTime();
        Network = new Network(Random) { PutOffOneIn = weather.PutOffOneIn };
        Broker = new Broker(shape.Kafka, Random)
        {
            AppendTimeMs = Events.AppendTimeMs,
            Partitions = shape.Options.Partitions,
            DuplicateBundles = weather.Duplicates,
        };
        Fill(input, new Random(seed));
        bug.Prepare(this);
        for (int process = 0; process < shape.Processes; process++)
            processes.Add(new SimulatedProcess(this, process));
        foreach (PartId part in PartsOf(Options))
            owners.Add(part, null);
    }

    public Shape Shape { get; }

    public PipelineOptions Options => Shape.Options;

    public Weather Weather { get; private set; }

    public Bug Bug { get; }

    public Random Random { get; }

    public SimulatedTime Time { get; }

    public Network Network { get; }

    public Broker Broker { get; }

    public SnapshotTable Snapshots { get; } = new();

    public ArchiveFolder Archive { get; } = new();

    /// <summary>True when nothing more will come out of the stages.</summary>
    public bool Draining { get; private set; }

    public long Steps => steps;

    /// <summary>The books of all stages.</summary>
    public StageProgress Books => owners
        .Select(o => o.Value?.Part(o.Key)).OfType<SimulatedStage>()
        .Select(stage => stage.Books).OfType<StageProgress>().Aggregate((a, b) => a + b);

    /// <summary>Runs to the end of the input.</summary>
    public void Go()
    {
        for (; !IsOver(); steps++)
        {
            if (steps == StepsMax)
                throw new InvalidOperationException("the run does not come to its end: " + this);
            Time.Advance(Random.Next(30));
            if (steps == storm.Steps)
                Clear();
            if (steps < storm.Steps)
                Happen();
            if (steps % 16 == 0)
                Coordinate();
            Act();
            fault?.Throw();
        }
    }

    public string TableOf(TopicPartition source) =>
        Options.Topics.Archived.First(t => t.Topic == source.Topic).Table;

    public bool DiskFails() => Random.Next(1000) < Weather.DiskFaults;

    /// <summary>True while a snapshot of a slow process takes longer.</summary>
    public bool Dawdles(Life life) =>
        Random.Next(Math.Min(life.SnapshotsTake, Weather.SnapshotsTake)) != 0;

    /// <summary>A fault that no restart mends ends the run.</summary>
    public void Fault(Exception e) => fault ??= ExceptionDispatchInfo.Capture(e);

    public override string ToString() =>
        $"{string.Join("; ", processes.Select(
            p => $"{p}: {string.Join("; ", p.Parts.Where(part => !part.Finished))}"))}; under " +
        $"way: {Network}; open transactions: {Broker.OpenTransactions}";

    private static IEnumerable<PartId> PartsOf(PipelineOptions options)
    {
        for (int partition = 0; partition < options.Partitions; partition++)
        {
            TopicPartition calls = new(options.Topics.Calls, partition);
            yield return new PartId(options.Fused ? "fused" : "call", calls);
            if (!options.Fused)
            {
                yield return new PartId(
                    "aggregator", new TopicPartition(options.Topics.Bundles, partition));
            }

            foreach ((string topic, _) in options.Topics.Archived)
                yield return new PartId("archive", new TopicPartition(topic, partition));
        }
    }

    /// <summary>The input is the same whatever the weather, its gaps too.</summary>
    private void Fill(IReadOnlyList<byte[]> input, Random random)
    {
        EnvelopeDecoder router = new();
        foreach (byte[] record in input)
        {
            int partition = (int)(router.RoutingHash(record) % (ulong)Options.Partitions);
            int markers = Broker.Kafka && random.Next(20) == 0 ? random.Next(1, 4) : 0;
            TopicPartition source = new(Options.Topics.Calls, partition);
            Broker.AppendInput(source, record, markers);
        }
    }

    private bool IsOver()
    {
        if (steps % 16 != 0 || steps < storm.Steps)
            return false;
        bool calm = Broker.OpenTransactions == 0 && processes.TrueForAll(p => p.IsMember);
        Draining = calm && AllFinished(part => part.Stage != "archive");
        return Draining && AllFinished(part => part.Stage == "archive");
    }

    private bool AllFinished(Func<PartId, bool> which) => owners.All(
        o => !which(o.Key) || o.Value is { Dead: false } owner
            && owner.Part(o.Key) is { Finished: true });

    private void Clear() => Weather = Weather.Calm with { Steps = storm.Steps };

    private void Act()
    {
        if (Network.Count > 0 && Random.Next(Weather.NetworkOneIn) == 0)
        {
            Network.Step();
            return;
        }

        SimulatedProcess process = processes[Random.Next(processes.Count)];
        if (process.Dead || process.Parts.Count == 0)
            return;
        SimulatedPart part = process.Parts.ElementAt(Random.Next(process.Parts.Count));

        // There are five chroniclers to a stage, and less for them to do.
        if (part is SimulatedChronicler && Random.Next(2) == 0)
            part = process.Parts.ElementAt(Random.Next(process.Parts.Count));
        part.Step(Random);
    }

    private bool Chance(int inThousand) => Random.Next(1000) < inThousand;

    private void Happen()
    {
        SimulatedProcess process = processes[Random.Next(processes.Count)];
        if (Chance(Weather.Kills))
            Kill(process);
        if (Chance(Weather.Evictions) && Broker.Kafka && process.IsMember)
            Evict(process);
        if (Chance(Weather.SnapshotLosses))
            Snapshots.Lose();
        if (process.Parts.Count == 0)
            return;
        SimulatedPart part = process.Parts.ElementAt(Random.Next(process.Parts.Count));
        if (Chance(Weather.PartCrashes))
            part.Fail();
        if (Chance(Weather.Moves) && process.IsMember && processes.Count > 1)
            Move(part, process);
    }

    /// <summary>The group's own work, and the server's: slow, but never forgotten.</summary>
    private void Coordinate()
    {
        if (Random.Next(Weather.DecideOneIn) == 0)
            Broker.DecideSome(timeOut: Chance(Weather.TimeOuts + 50));
        foreach (SimulatedProcess process in processes)
        {
            if (process.Dead && Random.Next(8) == 0)
                Restart(process);
            else if (process.Evicted && Random.Next(12) == 0)
                Notice(process);
        }

        if (owners.Any(o => o.Value is null) && processes.Any(p => p.IsMember))
            Assign();
    }

    private void Kill(SimulatedProcess process)
    {
        if (process.Dead)
            return;
        process.Kill();

        // The group finds out at once, or not before it is back.
        if (Random.Next(2) == 0)
            Disown(process);
    }

    private void Restart(SimulatedProcess process)
    {
        Disown(process);
        process.Start();
    }

    private void Evict(SimulatedProcess process)
    {
        process.Evicted = true;
        Disown(process);
        NextGeneration();
    }

    /// <summary>A slow process learns that it was evicted: it gives all up, then joins again.
    /// </summary>
    private void Notice(SimulatedProcess process)
    {
        foreach (SimulatedPart part in process.Parts)
            part.Release(cleanly: false, static () => { });
        if (process.Parts.Count > 0)
            return;
        process.Evicted = false;
        NextGeneration();
    }

    private void Move(SimulatedPart part, SimulatedProcess process) =>
        part.Release(Random.Next(3) != 0, () =>
        {
            if (owners[part.Id] == process)
                owners[part.Id] = null;
        });

    private void Disown(SimulatedProcess process)
    {
        foreach (PartId part in owners.Keys.ToArray())
        {
            if (owners[part] == process)
                owners[part] = null;
        }
    }

    private void Assign()
    {
        NextGeneration();
        SimulatedProcess[] members = [.. processes.Where(p => p.IsMember)];
        foreach (PartId part in owners.Keys.ToArray())
        {
            if (owners[part] is not null)
                continue;
            SimulatedProcess owner = members[Random.Next(members.Length)];
            if (owner.Part(part) is not null)
                continue;
            owners[part] = owner;
            owner.Own(part);
        }
    }

    /// <summary>Every member but those evicted hears of the new generation.</summary>
    private void NextGeneration()
    {
        Broker.Generation++;
        foreach (SimulatedProcess process in processes.Where(p => p.IsMember))
            process.Life.Generation = Broker.Generation;
    }
}
