using System.Collections.Concurrent;
using Earshot.Actors;
using Earshot.Actors.Partitions;
using Earshot.Actors.Ports;
using Earshot.Actors.Runtime;
using Earshot.Actors.Stages;
using Earshot.Actors.Wire;
using Earshot.Log;
using Earshot.Log.Memory;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Earshot.Snapshots;
using Microsoft.Extensions.Logging.Abstractions;
using static Earshot.Tests.Unit.Actors.Inputs;

namespace Earshot.Tests.Unit.Actors;

#pragma warning disable CA1001 // released in IAsyncLifetime.DisposeAsync
/// <summary>The shell, on the in-memory log: a finite input from its begin to its end.</summary>
public sealed class PartitionActorTests : IAsyncLifetime
{
    private static readonly TopicPartition Source = new(Topics.Default.Calls, 0);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SteppedTime time = new();
    private readonly MemoryLog log;
    private readonly LocalRuntime runtime;
    private readonly EpochCommitter committer;
    private readonly MemorySnapshots snapshots = new();
    private readonly ActorIntent intent = new();
    private readonly ConcurrentQueue<PartitionProgress> progress = [];

    public PartitionActorTests()
    {
        log = new MemoryLog(time);
        runtime = new LocalRuntime(time, NullLogger<LocalRuntime>.Instance);
        committer = new EpochCommitter(log, "id", TimeProvider.System, NullLogger.Instance);
    }

    public async Task InitializeAsync() => await log.EnsureTopicsAsync(
        [.. Topics.Default.Written(1), new TopicSpec(Topics.CallsDefault, 1)],
            CancellationToken.None);

    public async Task DisposeAsync()
    {
        await runtime.DisposeAsync();
        await committer.DisposeAsync();
    }

    [Fact]
    public async Task A_record_that_throws_twice_becomes_a_dead_letter_and_the_rest_counts()
    {
        FillInput(10);
        await Spawn(poison: 4).Completion.WaitAsync(Patience);
        DeadLetter dead = Assert.Single(await DeadAsync());
        Assert.Equal(("failed", 4L, "boom"), (dead.Reason, dead.SourceOffset, dead.Detail));
        List<Control> controls = await Read(
            Topics.Default.Control, row => Control.Parser.ParseFrom(row.Value));
        Assert.Equal(
            [Control.WhatOneofCase.Skip, Control.WhatOneofCase.Ended],
            controls.Select(control => control.WhatCase));
        Assert.Equal(4, controls[0].AtOffset);
        Aggregate row = Assert.Single(await RowsAsync());
        Assert.Equal((9L, 41.0), (row.Count, row.Sum));
        StageProgress books = progress.Last().Books;
        Assert.True(books is { Read: 10, Aggregated: 9, Dead: 1, Balanced: true });
        Assert.Equal(3, progress.Count(now => now.Phase == "running" && now.Position == 0));
    }

    [Fact]
    public async Task Started_again_after_its_end_it_completes_and_gives_nothing_out_twice()
    {
        FillInput(10);
        await Spawn(poison: 4).Completion.WaitAsync(Patience);
        foreach (bool withSnapshot in (bool[])[true, false])
        {
            if (!withSnapshot)
                snapshots.Forget();
            await Spawn(poison: 4).Completion.WaitAsync(Patience);
            Assert.Single(await RowsAsync());
            Assert.Single(await DeadAsync());
        }
    }

    [Fact]
    public async Task A_snapshot_store_that_throws_hinders_neither_stop_nor_end()
    {
        snapshots.Fails = true;
        FillInput(10);
        await Spawn(poison: -1).Completion.WaitAsync(Patience);
        Assert.Single(await RowsAsync());
        Assert.Null(progress.Last().Saved);
    }

    [Fact]
    public async Task A_store_out_of_reach_at_the_start_is_tried_again()
    {
        snapshots.LoadErrors.Enqueue(new("no answer") { IsTransient = true });
        snapshots.LoadErrors.Enqueue(new("starting") { IsTransient = true });
        FillInput(10);
        await Spawn(poison: -1).Completion.WaitAsync(Patience);
        Assert.Empty(snapshots.LoadErrors);
        Assert.Single(await RowsAsync());
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_used_parks_it_at_once()
    {
        snapshots.LoadErrors.Enqueue(new("newer"));
        snapshots.LoadErrors.Enqueue(new("not asked again"));
        FillInput(10);
        ActorParkedException parked = await Assert.ThrowsAsync<ActorParkedException>(() =>
            Spawn(poison: -1).Completion.WaitAsync(Patience));
        Assert.Contains("newer", parked.Message, StringComparison.Ordinal);
        Assert.Single(snapshots.LoadErrors);
    }

    [Fact]
    public async Task Stopped_it_commits_and_saves_what_it_has_taken_in()
    {
        FillInput(10, complete: false);
        IActorRef actor = Spawn(poison: -1);
        await ReadUpToAsync(10);
        intent.Stop = true;
        await actor.TellAsync(IntentChanged.Instance);
        await actor.Completion.WaitAsync(Patience);
        Assert.Equal(10, await log.ReadCommittedAsync("group", Source, CancellationToken.None));
        StoredSnapshot? stored = await snapshots.LoadAsync(
            new SnapshotOwner("fused", 0), CancellationToken.None);
        Assert.Equal(10, stored!.Offset);
        Assert.Empty(await RowsAsync());

        // Still to be stopped when it starts: it ends at once.
        await Spawn(poison: -1).Completion.WaitAsync(Patience);
    }

    [Fact]
    public async Task Too_many_dead_letters_park_it_and_nothing_of_them_is_committed()
    {
        for (int i = 0; i < 10; i++)
            log.Append(Source, Batch(i, i < 4 ? Metric(T0 + i) : Metric(0)), AppendTimeMs);
        log.Complete(Source);
        PipelineOptions strict = Options with { DeadLetterMin = 10, EpochRecordsMax = 100 };
        ActorParkedException parked = await Assert.ThrowsAsync<ActorParkedException>(
            () => Spawn(poison: -1, strict).Completion.WaitAsync(Patience));
        Assert.IsType<DeadLetterLimitException>(parked.InnerException);
        Assert.Contains("goes on from offset 0", parked.Message);
        Assert.Null(await log.ReadCommittedAsync("group", Source, CancellationToken.None));
        Assert.Empty(await DeadAsync());

        // Raised, the next start takes them all.
        await Spawn(poison: -1, strict with { DeadLetterLimit = 1 }).Completion
            .WaitAsync(Patience);
        Assert.Equal(6, (await DeadAsync()).Count);
    }

    [Fact]
    public async Task What_comes_soon_after_one_another_is_committed_together()
    {
        Spawn(poison: -1, commitWhenDrained: true);
        FillInput(5, complete: false);
        SteppedTime.Timer quiet;
        do
            quiet = await time.NextAsync();
        while (quiet.Due == Options.EpochLength);
        Assert.Equal(TimeSpan.FromMilliseconds(10), quiet.Due);
        await ReadUpToAsync(5);
        FillInput(10, complete: false, from: 5);
        await ReadUpToAsync(10);
        Assert.Null(progress.Last().Committed);
        quiet.Fire();
        while (progress.Last().Committed != 10)
            await Task.Yield();
        Assert.Equal(1, progress.Last().Epochs);
    }

    private async Task ReadUpToAsync(long position)
    {
        while (progress.LastOrDefault()?.Position != position)
            await Task.Yield();
    }

    private void FillInput(int records, bool complete = true, int from = 0)
    {
        for (int i = from; i < records; i++)
            log.Append(Source, Batch(i, Metric(T0 + i, value: i)), AppendTimeMs);
        if (complete)
            log.Complete(Source);
    }

    private IActorRef Spawn(
        int poison, PipelineOptions? options = null, bool commitWhenDrained = false)
    {
        PartitionSetting setting = new(
            Source, Topics.Default, "group",
            () => new FusedStage(Options, 0, new PoisonedDecoder(poison)),
            from => log.OpenReader(Source, from), log, _ => ValueTask.FromResult(0L), snapshots,
            committer, commitWhenDrained, intent, progress.Enqueue);
        FaultMemory faults = new();
        return runtime.Spawn(
            "fused/0",
            () => new PartitionActor(
                setting, options ?? Options, faults, time, NullLogger.Instance),
            new Supervision(5, TimeSpan.Zero, TimeSpan.Zero));
    }

    private Task<List<DeadLetter>> DeadAsync() =>
        Read(Topics.Default.Dead, SideRecords.ReadDead);

    private Task<List<Aggregate>> RowsAsync() => Read(
        Topics.Default.Aggregates, row => Aggregate.Parser.ParseFrom(row.Value));

    private async Task<List<T>> Read<T>(string topic, RecordReader<T> parse)
    {
        TopicPartition source = new(topic, 0);
        OffsetRange range = await log.ReadRangeAsync(source, CancellationToken.None);
        await using ILogReader reader = log.OpenReader(source, 0);
        List<T> rows = [];
        while (rows.Count < range.End)
        {
            RecordBatch batch = (await reader.ReadAsync(1000, CancellationToken.None))!;
            for (int i = 0; i < batch.Count; i++)
                rows.Add(parse(batch[i]));
        }

        return rows;
    }

    /// <summary>Throws on the event whose time says so.</summary>
    private sealed class PoisonedDecoder(int poison) : IRecordDecoder
    {
        private readonly EnvelopeDecoder inner = new();

        public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into)
        {
            DecodeResult result = inner.Decode(record, into);
            return into.EventTimeMs == T0 + poison
                ? throw new InvalidOperationException("boom") : result;
        }

        public ulong RoutingHash(ReadOnlySpan<byte> record) => inner.RoutingHash(record);
    }

    private sealed class MemorySnapshots : ISnapshotStore
    {
        private readonly Lock guard = new();
        private readonly Dictionary<string, byte[]> parts = [];
        private long offset = -1;

        public bool Fails { get; set; }

        public Queue<SnapshotException> LoadErrors { get; } = [];

        public void Forget()
        {
            lock (guard)
                offset = -1;
        }

        public ValueTask<StoredSnapshot?> LoadAsync(SnapshotOwner owner, CancellationToken cancel)
        {
            lock (guard)
            {
                if (LoadErrors.TryDequeue(out SnapshotException? error))
                    throw error;
                return ValueTask.FromResult(offset < 0
                    ? null : new StoredSnapshot(offset, new Dictionary<string, byte[]>(parts)));
            }
        }

        public ValueTask<bool> SaveAsync(SnapshotChange change, CancellationToken cancel)
        {
            if (Fails)
                throw new IOException("the disk is gone");
            lock (guard)
            {
                if (change.Offset <= offset)
                    return ValueTask.FromResult(false);
                if (change.Base is null || offset < 0)
                    parts.Clear();
                foreach ((string key, byte[]? value) in change.Parts)
                {
                    if (value is null)
                        parts.Remove(key);
                    else
                        parts[key] = value;
                }

                offset = change.Offset;
                return ValueTask.FromResult(true);
            }
        }

        public byte[] ReadCold(
            SnapshotOwner owner, string key, IReadOnlyCollection<long> offsets) =>
            throw new SnapshotException("nothing here is cold");

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
