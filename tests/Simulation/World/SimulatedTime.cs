namespace Earshot.Tests.Simulation.World;

/// <summary>Time that moves only when the run says so. One thread.</summary>
internal sealed class SimulatedTime : TimeProvider
{
    private const long StartMs = 1_750_000_000_000;

    private readonly List<Timer> timers = [];
    private long nextDueMs = long.MaxValue;

    /// <summary>Ms since the run began.</summary>
    public long NowMs { get; private set; }

    public override DateTimeOffset GetUtcNow() =>
        DateTimeOffset.FromUnixTimeMilliseconds(StartMs + NowMs);

    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Timer timer = new(this, callback, state);
        timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Lets time pass and fires what falls due, each timer once.</summary>
    public void Advance(long byMs)
    {
        NowMs += byMs;
        if (NowMs < nextDueMs)
            return;
        Timer[] due = [.. timers.Where(timer => timer.DueMs <= NowMs)];
        timers.RemoveAll(timer => timer.DueMs <= NowMs);
        nextDueMs = timers.Count == 0 ? long.MaxValue : timers.Min(timer => timer.DueMs);
        foreach (Timer timer in due)
            timer.Fire();
    }

    private sealed class Timer(SimulatedTime owner, TimerCallback callback, object? state) : ITimer
    {
        public long DueMs { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Assert.Equal(Timeout.InfiniteTimeSpan, period);
            DueMs = dueTime == Timeout.InfiniteTimeSpan
                ? long.MaxValue : owner.NowMs + (long)dueTime.TotalMilliseconds;
            owner.nextDueMs = Math.Min(owner.nextDueMs, DueMs);
            return true;
        }

        public void Fire()
        {
            DueMs = long.MaxValue;
            callback(state);
        }

        public void Dispose() => owner.timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
