using System.Collections.Concurrent;
using Earshot.Actors.Ports;
using Earshot.Actors.Runtime;
using Microsoft.Extensions.Logging.Abstractions;

namespace Earshot.Tests.Unit.Actors;

#pragma warning disable CA1001 // released in IAsyncLifetime.DisposeAsync
public sealed class LocalRuntimeTests : IAsyncLifetime
{
    private static readonly Supervision AtOnce = new(2, TimeSpan.Zero, TimeSpan.Zero);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SteppedTime time = new();
    private readonly LocalRuntime runtime;

    public LocalRuntimeTests() =>
        runtime = new LocalRuntime(time, NullLogger<LocalRuntime>.Instance);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await runtime.DisposeAsync();

    [Fact]
    public async Task Messages_come_in_order_and_an_answer_comes_back()
    {
        List<object> got = [];
        IActorRef actor = Spawn(new Probe { Receive = (_, message) => Answer(got, message) });
        for (int i = 0; i < 100; i++)
            await actor.TellAsync(i);
        int count = await actor.AskAsync<int>(answer => answer).WaitAsync(Patience);
        Assert.Equal(100, count);
        Assert.Equal(Enumerable.Range(0, 100).Cast<object>(), got);
    }

    [Fact]
    public async Task A_full_mailbox_makes_the_sender_wait()
    {
        TaskCompletionSource started = new(), gate = new();
        IActorRef actor = Spawn(new Probe
        {
            Receive = async (_, _) =>
            {
                started.TrySetResult();
                await gate.Task;
            },
        });
        await actor.TellAsync("taken");
        await started.Task.WaitAsync(Patience);
        for (int i = 0; i < 8; i++)
            Assert.True(actor.TellAsync(i).AsTask().IsCompletedSuccessfully);
        Task tooMany = actor.TellAsync("waits").AsTask();
        Assert.False(tooMany.IsCompleted);
        gate.SetResult();
        await tooMany.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_failing_actor_restarts_with_doubling_backoff_and_is_parked_at_the_limit()
    {
        Supervision supervision =
            new(3, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));
        int lives = 0;
        IActorRef failing = runtime.Spawn(
            "failing",
            () =>
            {
                lives++;
                return new Probe { Start = _ => throw new InvalidOperationException("boom") };
            },
            supervision);
        IActorRef other = Spawn(new Probe { Receive = (_, message) => Answer([], message) });
        foreach (int seconds in (int[])[1, 2, 3])
        {
            SteppedTime.Timer timer = await time.NextAsync().AsTask().WaitAsync(Patience);
            Assert.Equal(TimeSpan.FromSeconds(seconds), timer.Due);
            timer.Fire();
        }

        ActorParkedException parked = await Assert.ThrowsAsync<ActorParkedException>(
            () => failing.Completion.WaitAsync(Patience));
        Assert.Equal(("failing", "boom", 4), (parked.Name, parked.InnerException!.Message, lives));
        Assert.Equal(0, await other.AskAsync<int>(answer => answer).WaitAsync(Patience));
        await failing.TellAsync("nobody").AsTask().WaitAsync(Patience);
        await Assert.ThrowsAsync<ActorParkedException>(
            () => failing.AskAsync<int>(answer => answer).WaitAsync(Patience));
    }

    [Fact]
    public async Task What_no_restart_can_mend_parks_at_once()
    {
        int lives = 0;
        IActorRef actor = runtime.Spawn(
            "hopeless",
            () =>
            {
                lives++;
                throw new UnrecoverableException("restore a backup");
            },
            AtOnce);
        ActorParkedException parked = await Assert.ThrowsAsync<ActorParkedException>(
            () => actor.Completion.WaitAsync(Patience));
        Assert.Contains("restore a backup", parked.Message, StringComparison.Ordinal);
        Assert.Equal(1, lives);
    }

    [Fact]
    public async Task Progress_made_durable_forgets_earlier_failures()
    {
        int lives = 0;
        IActorRef actor = runtime.Spawn(
            "often",
            () => new Probe
            {
                Start = context =>
                {
                    if (++lives == 9)
                        context.Complete();
                    context.Healthy();
                    return lives < 9 ? throw new InvalidOperationException("boom") : default;
                },
            },
            AtOnce);
        await actor.Completion.WaitAsync(Patience);
        Assert.Equal(9, lives);
    }

    [Fact]
    public async Task Messages_of_an_old_incarnation_never_reach_the_new_one()
    {
        ConcurrentQueue<string> got = [];
        List<IActorContext> lives = [];
        TaskCompletionSource born = new(), reborn = new();
        IActorRef actor = runtime.Spawn(
            "reborn",
            () => new Probe
            {
                Start = async context =>
                {
                    lives.Add(context);
                    await context.TellAsync($"from {lives.Count}");
                    born.TrySetResult();
                    if (lives.Count == 2)
                        reborn.SetResult();
                },
                Receive = (context, message) =>
                {
                    if (message is TaskCompletionSource<int> answer)
                        answer.SetResult(0);
                    else
                        got.Enqueue($"{lives.Count}: {message}");
                    return message is "fail" ? throw new InvalidOperationException() : default;
                },
            },
            AtOnce);
        await born.Task.WaitAsync(Patience);
        await actor.TellAsync("fail");
        await reborn.Task.WaitAsync(Patience);
        await lives[0].TellAsync("late mail of 1");
        Assert.True(lives[0].Ended.IsCancellationRequested);
        await actor.AskAsync<int>(answer => answer).WaitAsync(Patience);
        Assert.Equal(["1: from 1", "1: fail", "2: from 2"], got);
    }

    [Fact]
    public async Task An_actor_may_complete_while_it_starts()
    {
        bool closed = false;
        IActorRef actor = Spawn(new Probe
        {
            Start = context =>
            {
                context.Complete();
                return default;
            },
            Close = () => closed = true,
        });
        await actor.Completion.WaitAsync(Patience);
        Assert.True(closed);
        await actor.TellAsync("nobody").AsTask().WaitAsync(Patience);
    }

    [Fact]
    public async Task A_sender_that_met_an_ended_incarnation_reaches_the_next_one()
    {
        // The sender's own steps are held back until the next incarnation is there already.
        HeldContext held = new();
        TaskCompletionSource reborn = new(), delivered = new();
        int lives = 0;
        IActorRef actor = runtime.Spawn(
            "reborn",
            () => new Probe
            {
                Start = _ =>
                {
                    if (++lives == 2)
                        reborn.SetResult();
                    return default;
                },
                Receive = async (_, message) =>
                {
                    if (message is "from outside")
                        delivered.SetResult();
                    else if (message is TaskCompletionSource gate)
                        await gate.Task;
                    if (lives == 1)
                        throw new InvalidOperationException("boom");
                },
            },
            AtOnce);
        TaskCompletionSource fail = new();
        await actor.TellAsync(fail);
        List<Task> senders = [];
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(held);
        try
        {
            for (int i = 0; i < 10; i++)
                senders.Add(actor.TellAsync(i == 9 ? "from outside" : "fills").AsTask());
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        fail.SetResult();
        await reborn.Task.WaitAsync(Patience);
        held.Release();
        await delivered.Task.WaitAsync(Patience);
    }

    private static ValueTask Answer(List<object> got, object message)
    {
        if (message is TaskCompletionSource<int> answer)
            answer.SetResult(got.Count);
        else
            got.Add(message);
        return default;
    }

    private IActorRef Spawn(Probe probe) => runtime.Spawn("probe", () => probe, AtOnce);

    private sealed class Probe : IActor
    {
        private IActorContext context = null!;

        public Func<IActorContext, ValueTask> Start { get; init; } = _ => default;

        public Func<IActorContext, object, ValueTask> Receive { get; init; } = (_, _) => default;

        public Action Close { get; init; } = () => { };

        public ValueTask StartAsync(IActorContext context)
        {
            this.context = context;
            return Start(context);
        }

        public ValueTask ReceiveAsync(object message) => Receive(context, message);

        public ValueTask CloseAsync()
        {
            Close();
            return default;
        }
    }

    /// <summary>Holds continuations back until released, then runs them on the pool.</summary>
    private sealed class HeldContext : SynchronizationContext
    {
        private readonly TaskCompletionSource released =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => released.SetResult();

        public override void Post(SendOrPostCallback d, object? state) =>
            released.Task.ContinueWith(_ => d(state), TaskScheduler.Default);
    }
}
