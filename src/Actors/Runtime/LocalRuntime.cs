using Earshot.Actors.Ports;
using Microsoft.Extensions.Logging;

namespace Earshot.Actors.Runtime;

/// <summary>Runs actors in this process: a bounded channel and a task each.</summary>
public sealed class LocalRuntime(TimeProvider time, ILogger<LocalRuntime> log) : IActorRuntime
{
    private readonly Lock gate = new();
    private readonly List<LocalActor> actors = [];
    private readonly CancellationTokenSource shutdown = new();

    /// <inheritdoc/>
    public IActorRef Spawn(string name, Func<IActor> create, Supervision supervision)
    {
        LocalActor actor = new(name, create, supervision, time, log, shutdown.Token);
        lock (gate)
        {
            actors.Add(actor);
            actor.Run();
        }

        return actor;
    }

    /// <summary>Ends every actor as a crash would: nothing is finished or saved.</summary>
    public async ValueTask DisposeAsync()
    {
        await shutdown.CancelAsync();
        LocalActor[] all;
        lock (gate)
            all = [.. actors];
        foreach (LocalActor actor in all)
            await actor.Finished;
        shutdown.Dispose();
    }
}
