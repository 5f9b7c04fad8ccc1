using Earshot.Actors;
using Earshot.Actors.Partitions;
using Earshot.Actors.Ports;
using Microsoft.Extensions.Hosting;

namespace Earshot.Host.Service;

/// <summary>
/// Ends the service where going on would do harm: too many dead letters. Other parked parts leave
/// it running without them.
/// </summary>
/// <param name="lifetime">The host.</param>
internal sealed class ServiceEnd(IHostApplicationLifetime lifetime)
{
    private static readonly TimeSpan every = TimeSpan.FromMilliseconds(500);

    private volatile DeadLetterLimitException? cause;

    /// <summary>Why it ended; null when it was asked to.</summary>
    public DeadLetterLimitException? Cause => cause;

    /// <summary>Watches until cancelled.</summary>
    public async Task WatchAsync(Pipeline pipeline, CancellationToken cancel)
    {
        using PeriodicTimer timer = new(every);
        while (await timer.WaitForNextTickAsync(cancel))
        {
            foreach (ActorParkedException parked in pipeline.Parked)
            {
                if (parked.InnerException is not DeadLetterLimitException limit)
                    continue;
                cause = limit;
                lifetime.StopApplication();
                return;
            }
        }
    }
}
