namespace Earshot.Host.Service;

/// <summary>How fast a count rises, over the last few seconds. One caller at a time.</summary>
/// <param name="span">The time looked back.</param>
/// <param name="time">Clock.</param>
internal sealed class RateWindow(TimeSpan span, TimeProvider time)
{
    private readonly Queue<(long At, long Count)> samples = [];

    /// <summary>Per second, between the oldest and the newest sample.</summary>
    public double PerSecond { get; private set; }

    /// <summary>Takes the count as it is now.</summary>
    public void Add(long count)
    {
        long now = time.GetTimestamp();
        samples.Enqueue((now, count));
        while (samples.Count > 2 && time.GetElapsedTime(samples.Peek().At, now) > span)
            samples.Dequeue();
        (long at, long first) = samples.Peek();
        double seconds = time.GetElapsedTime(at, now).TotalSeconds;
        PerSecond = seconds > 0 ? (count - first) / seconds : 0;
    }
}
