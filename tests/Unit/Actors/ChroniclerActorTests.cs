using Earshot.Actors;
using Earshot.Actors.Partitions;
using Earshot.Actors.Ports;
using Earshot.Actors.Runtime;
using Earshot.Log;
using Earshot.Log.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using static Earshot.Tests.Unit.Actors.Inputs;

namespace Earshot.Tests.Unit.Actors;

#pragma warning disable CA1001 // released in IAsyncLifetime.DisposeAsync
/// <summary>The third stage on the in-memory log, where the archive is busy with others.</summary>
public sealed class ChroniclerActorTests : IAsyncLifetime
{
    private static readonly TopicPartition Source = new(Topics.Default.Aggregates, 0);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SteppedTime time = new();
    private readonly MemoryLog log;
    private readonly LocalRuntime runtime;
    private readonly EpochCommitter committer;
    private readonly ActorIntent intent = new();
    private readonly BusyArchive archive = new();

    public ChroniclerActorTests()
    {
        log = new MemoryLog(time);
        runtime = new LocalRuntime(time, NullLogger<LocalRuntime>.Instance);
        committer = new EpochCommitter(log, "id", TimeProvider.System, NullLogger.Instance);
    }

    public async Task InitializeAsync() => await log.EnsureTopicsAsync(
        Topics.Default.Written(1), CancellationToken.None);

    public async Task DisposeAsync()
    {
        await runtime.DisposeAsync();
        await committer.DisposeAsync();
    }

    // It is time for a file, which waits for its turn and never gets it.
    [Fact]
    public async Task Asked_to_end_it_waits_no_longer_and_writes_all_that_is_left_at_once()
    {
        for (int i = 0; i < 3; i++)
            Append(i);
        IActorRef actor = Spawn();
        SteppedTime.Timer timer = await time.NextAsync();
        while (!archive.Waiting.IsCompleted)
        {
            timer.Fire();
            await Task.Yield();
        }

        Append(3);
        Append(4);
        intent.DrainTo = 5;
        await actor.TellAsync(IntentChanged.Instance);
        await actor.Completion.WaitAsync(Patience);
        Assert.Equal([(0L, 5L)], archive.Written);
        Assert.Equal(5, await log.ReadCommittedAsync("group", Source, CancellationToken.None));
    }

    private void Append(int i) => log.Append(Source, Batch(i, Metric(T0 + i)), AppendTimeMs);

    private IActorRef Spawn() => runtime.Spawn(
        "chronicler",
        () => new ChroniclerActor(
            new ChroniclerSetting(
                Source, "aggregates", "group", log, archive, committer, intent),
            Options, time),
        new Supervision(0, TimeSpan.Zero, TimeSpan.Zero));

    /// <summary>The first to write never gets a turn; from the second on everyone does.</summary>
    private sealed class BusyArchive : IArchive
    {
        private readonly TaskCompletionSource waiting =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Waiting => waiting.Task;

        public List<(long From, long To)> Written { get; } = [];

        public ValueTask RecoverAsync(
            string table, int partition, long committed, CancellationToken cancel) =>
            ValueTask.CompletedTask;

        public ValueTask WriteAsync(
            string table, int partition, IReadOnlyList<RecordBatch> batches,
            CancellationToken cancel) =>
            WriteAsync(table, partition, batches, CancellationToken.None, cancel);

        public async ValueTask WriteAsync(
            string table, int partition, IReadOnlyList<RecordBatch> batches,
            CancellationToken turn, CancellationToken cancel)
        {
            if (waiting.TrySetResult())
                await new TaskCompletionSource().Task.WaitAsync(turn);
            Written.Add((batches[0].From, batches[^1].To));
        }

        public ValueTask ReleaseAsync(string table, int partition, CancellationToken cancel) =>
            ValueTask.CompletedTask;

        public ValueTask CompactAsync(CancellationToken cancel) => ValueTask.CompletedTask;
    }
}
