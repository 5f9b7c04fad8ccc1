using Earshot.Actors;
using Earshot.Actors.Partitions;
using Microsoft.Extensions.Hosting;

namespace Earshot.Host.Service;

/// <summary>
/// Ends the service where it cannot go on, or going on would do harm: its place in the consumer
/// groups is lost for good, or there are too many dead letters. Other parked parts leave it
/// running without them.
/// </summary>
/// <param name="lifetime">The host.</param>
internal sealed class ServiceEnd(IHostApplicationLifetime lifetime)
{
    private static readonly TimeSpan every = TimeSpan.FromMilliseconds(500);

    private volatile Exception? cause;
    private volatile bool cutShort;

    /// <summary>Why it ended; null when it was asked to.</summary>
    public Exception? Cause => cause;

    /// <summary>
    /// True when the end took too long and was cut short: what was not committed by then is done
    /// again at the next start, and the archive may lack rows that the log has.
    /// </summary>
    public bool CutShort
    {
        get => cutShort;
        set => cutShort = value;
    }

    /// <summary>Watches until cancelled.</summary>
    public async Task WatchAsync(Pipeline pipeline, CancellationToken cancel)
    {
        Task membership = pipeline.MembershipFailedAsync();
        using PeriodicTimer timer = new(every);
        while (await timer.WaitForNextTickAsync(cancel))
        {
            cause = membership.Exception?.InnerException ?? pipeline.Parked
                .Select(parked => parked.InnerException)
                .OfType<DeadLetterLimitException>()
                .FirstOrDefault();
            if (cause is null)
                continue;
            lifetime.StopApplication();
            return;
        }
    }
}
