using System.Threading.Channels;

namespace Earshot.Tests.Unit.Actors;

/// <summary>A clock on which nothing passes: the test sees and fires each timer.</summary>
internal sealed class SteppedTime : TimeProvider
{
    private readonly Channel<Timer> created = Channel.CreateUnbounded<Timer>();

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(0);

    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Timer timer = new(callback, state, dueTime);
        created.Writer.TryWrite(timer);
        return timer;
    }

    /// <summary>The next timer made.</summary>
    public ValueTask<Timer> NextAsync() => created.Reader.ReadAsync();

    public sealed class Timer(TimerCallback callback, object? state, TimeSpan due) : ITimer
    {
        public TimeSpan Due => due;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
