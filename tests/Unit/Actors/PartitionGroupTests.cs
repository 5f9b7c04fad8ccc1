using Earshot.Actors.Partitions;
using Earshot.Actors.Ports;
using Earshot.Actors.Runtime;
using Earshot.Log;
using Microsoft.Extensions.Logging.Abstractions;

namespace Earshot.Tests.Unit.Actors;

#pragma warning disable CA1001 // released in IAsyncLifetime.DisposeAsync
public sealed class PartitionGroupTests : IAsyncLifetime
{
    private static readonly TopicPartition First = new("calls", 0);
    private static readonly TopicPartition Second = new("calls", 1);

    private readonly SteppedTime time = new();
    private readonly LocalRuntime runtime;
    private readonly List<TopicPartition> forgotten = [];
    private readonly List<string> ends = [];
    private readonly PartitionGroup group;
    private bool stubborn;

    public PartitionGroupTests()
    {
        runtime = new LocalRuntime(time, NullLogger<LocalRuntime>.Instance);
        group = new PartitionGroup(
            "group", Spawn, static intent => intent.Stop = true,
            source =>
            {
                forgotten.Add(source);
                return ValueTask.CompletedTask;
            },
            TimeSpan.FromSeconds(8), time, NullLogger.Instance);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await runtime.DisposeAsync();

    [Fact]
    public async Task An_actor_lives_as_long_as_its_partition_is_owned()
    {
        await group.AssignedAsync([First, Second]);
        Assert.Equal([First, Second], Owned());
        await group.RevokedAsync([First], lost: false);
        Assert.Equal([Second], Owned());
        Assert.Equal(["calls[0] finished"], ends);
        Assert.Equal(0, group.CutShort);
        Assert.Equal([First], forgotten);
    }

    [Fact]
    public async Task What_is_lost_ends_without_finishing()
    {
        await group.AssignedAsync([First]);
        await group.RevokedAsync([First], lost: true);
        Assert.Equal(["calls[0] ended"], ends);
        Assert.Empty(Owned());
    }

    [Fact]
    public async Task A_partition_that_comes_back_gets_a_new_actor()
    {
        await group.AssignedAsync([First]);
        IActorRef before = group.Members[0].Actor;
        await group.AssignedAsync([First]);
        Assert.Same(before, group.Members[0].Actor);
        await group.RevokedAsync([First], lost: false);
        await group.AssignedAsync([First]);
        Assert.NotSame(before, group.Members[0].Actor);
    }

    [Fact]
    public async Task Who_does_not_finish_in_time_is_ended()
    {
        stubborn = true;
        await group.AssignedAsync([First]);
        Task revoked = group.RevokedAsync([First], lost: false).AsTask();
        SteppedTime.Timer patience = await time.NextAsync();
        Assert.Equal(TimeSpan.FromSeconds(8), patience.Due);
        patience.Fire();
        await revoked;
        Assert.Equal(["calls[0] ended"], ends);
        Assert.Equal(1, group.CutShort);
    }

    private IEnumerable<TopicPartition> Owned() =>
        group.Members.Select(member => member.Source).OrderBy(source => source.Partition);

    private IActorRef Spawn(TopicPartition source, ActorIntent intent) => runtime.Spawn(
        source.ToString(), () => new Worker(this, source, intent), Supervision.Default);

    /// <summary>Ends when asked to, unless it is stubborn.</summary>
    private sealed class Worker(
        PartitionGroupTests test, TopicPartition source, ActorIntent intent) : IActor
    {
        private IActorContext context = null!;
        private bool finished;

        public ValueTask StartAsync(IActorContext context)
        {
            this.context = context;
            return ValueTask.CompletedTask;
        }

        public ValueTask ReceiveAsync(object message)
        {
            if (intent.Stop && !test.stubborn)
            {
                finished = true;
                context.Complete();
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask CloseAsync()
        {
            test.ends.Add($"{source} {(finished ? "finished" : "ended")}");
            return ValueTask.CompletedTask;
        }
    }
}
