using Earshot.Actors.Ports;
using Earshot.Log;
using Earshot.Snapshots;

namespace Earshot.Tests.Simulation.Run;

/// <summary>What a process can own: one partition of one stage, or of one archived topic.</summary>
/// <param name="Stage">"call", "aggregator", "fused" or "archive".</param>
/// <param name="Source">What it reads.</param>
internal readonly record struct PartId(string Stage, TopicPartition Source)
{
    public string Group => "sim." + Stage;

    public override string ToString() => $"{Stage} {Source}";
}

/// <summary>
/// A part in one process: a row of incarnations, as an actor under supervision has. The next one
/// starts when nothing of the one before is under way.
/// </summary>
internal abstract class SimulatedPart(PartId id, SimulatedProcess process)
{
    private readonly List<Task> underWay = [];
    private bool started;
    private Action? released;

    public PartId Id { get; } = id;

    /// <summary>Everything is done: nothing more will come of it.</summary>
    public bool Finished { get; protected set; }

    /// <summary>True when this incarnation has ended and what it began is not over yet.</summary>
    protected bool Closing { get; private set; }

    /// <summary>True after recovery.</summary>
    protected bool Running { get; set; }

    /// <summary>True when it is to stop cleanly and then go to another process.</summary>
    protected bool Stopping => released is not null;

    protected SimulatedProcess Process { get; } = process;

    protected SimulatedRun World => Process.World;

    /// <summary>Ends this incarnation; the next one recovers.</summary>
    public void Fail() => Closing = true;

    /// <summary>Gives the part away once nothing of it is under way.</summary>
    /// <param name="cleanly">True: finishes and saves first.</param>
    /// <param name="then">What follows.</param>
    public void Release(bool cleanly, Action then)
    {
        bool first = released is null;
        released ??= then;
        if (!cleanly || !started)
            Closing = true;
        else if (first && Running)
            Stop();
    }

    public void Step(Random random)
    {
        underWay.RemoveAll(task => task.IsCompleted);
        if (Closing)
        {
            if (underWay.Count == 0)
                NextIncarnation();
        }
        else if (!started)
        {
            started = true;
            Track(GuardAsync(StartAsync()));
        }
        else if (Running)
        {
            Guard(() => Act(random));
        }
    }

    protected abstract Task StartAsync();

    protected abstract void Act(Random random);

    protected abstract void Stop();

    /// <summary>Forgets the incarnation before.</summary>
    protected abstract void Reset();

    protected void Track(Task task) => underWay.Add(task);

    /// <summary>What a supervisor would see: a failure ends the incarnation.</summary>
    protected async Task GuardAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (e is LogException or IOException or SnapshotException)
        {
            Fail();
        }
        catch (Exception e)
        {
            World.Fault(e);
        }
    }

    private void Guard(Action act)
    {
        try
        {
            act();
        }
        catch (SnapshotException)
        {
            Fail();
        }
        catch (Exception e) when (e is UnrecoverableException or Actors.Partitions
            .StageFaultException)
        {
            World.Fault(e);
        }
    }

    private void NextIncarnation()
    {
        Closing = started = Running = Finished = false;
        Reset();
        if (released is not { } then)
            return;
        released = null;
        Process.Gone(this);
        then();
    }
}
