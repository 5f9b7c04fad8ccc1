using Earshot.Kafka;
using Earshot.Log;
using Earshot.Tests.Conformance.Kafka;

namespace Earshot.Tests.Conformance.Logs;

/// <summary>The log on a real broker.</summary>
[NeedsBroker]
public sealed class KafkaLogTests : LogConformance
{
    private readonly KafkaLogScratch scratch = new();

    private protected override bool HasGaps => true;

    private protected override string Name(string name) => scratch.Name(name);

    private protected override async ValueTask<ILog> OpenAsync(TimeProvider time) =>
        await KafkaLogScratch.OpenAsync(time, Cancel);

    private protected override async ValueTask TrimAsync(
        ILog log, TopicPartition target, long keepFrom) =>
        await scratch.TrimAsync(target, keepFrom);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await scratch.DisposeAsync();
    }

    /// <summary>Kafka keeps offsets of its own topics only, and says so before it writes.</summary>
    [SuiteFact]
    public override async Task Offsets_of_a_source_outside_this_log_can_be_kept()
    {
        TopicPartition file = new(Name("calls.csv.gz"), 3);
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        LogException error = await Assert.ThrowsAsync<LogException>(async () =>
            await producer.CommitAsync(LogRecords.Move(Name("g"), file, null, 12), Cancel));
        Assert.Contains(file.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Null(await Log.ReadCommittedAsync(Name("g"), file, Cancel));
    }

    /// <summary>
    /// A broker does not compare offsets: what keeps owners apart is the group. So the owners are
    /// members of it, and the partitions move between them.
    /// </summary>
    [SuiteFact]
    public override async Task Two_owners_racing_for_a_partition_do_every_step_once()
    {
        const int Steps = 60;
        await using (ILogProducer first = await Log.OpenProducerAsync(Name("first"), Cancel))
        {
            await LogRecords.CommitAsync(
                first, LogRecords.Move(Name("g"), Calls, null, 0), Cancel);
            await LogRecords.CommitAsync(
                first, LogRecords.Move(Name("g"), OtherCalls, null, 0), Cancel);
        }
        await using SteppingOwner one = new(this, "owner-1");
        await one.StartAsync();
        for (int round = 0; round < 3; round++)
        {
            await one.MadeStepsAsync(3);
            await using SteppingOwner two = new(this, "owner-2");
            await two.StartAsync();
            await two.MadeStepsAsync(3);
        }
        await one.ReachedAsync(Steps);
        await one.DisposeAsync();
        int all = 0;
        foreach (TopicPartition source in new[] { Calls, OtherCalls })
            all += (int)(await Log.ReadCommittedAsync(Name("g"), source, Cancel))!.Value;
        await WaitVisibleAsync(Results, all);
        foreach (TopicPartition source in new[] { Calls, OtherCalls })
        {
            long done = (await Log.ReadCommittedAsync(Name("g"), source, Cancel))!.Value;
            Assert.InRange(done, Steps, long.MaxValue);
            List<string> results = await LogRecords.ReadAllAsync(Log, Results, Cancel);
            Assert.Equal(
                Enumerable.Range(0, (int)done).Select(step => $"{source.Partition}={step}"),
                results.Select(LogRecords.TextIn).Where(text => text.StartsWith(
                    $"{source.Partition}=", StringComparison.Ordinal)));
        }
    }

    /// <summary>
    /// Steps on with whatever it owns, and believes in its offsets until it is refused. Its
    /// revocations return at once, while a step may be under way: the slow old owner.
    /// </summary>
    private sealed class SteppingOwner(KafkaLogTests suite, string name) : IAsyncDisposable
    {
        private readonly RecordingListener listener = new();
        private readonly CancellationTokenSource stop = new();
        private readonly SemaphoreSlim stepped = new(0);
        private KafkaLog log = null!;
        private ILogGroup member = null!;
        private Task stepping = null!;
        private long reached;

        public async Task StartAsync()
        {
            log = await KafkaLogScratch.OpenAsync(suite.Time, suite.Cancel);
            member = await log.JoinGroupAsync(
                suite.Name("g"), [suite.Spec("calls", 2)], listener, suite.Cancel);
            stepping = Task.Run(StepAsync);
        }

        /// <summary>Waits for so many more steps.</summary>
        public async Task MadeStepsAsync(int count)
        {
            for (int step = 0; step < count; step++)
                await stepped.WaitAsync(suite.Cancel);
        }

        /// <summary>Waits until every partition came so far.</summary>
        public async Task ReachedAsync(long steps)
        {
            while (Volatile.Read(ref reached) < steps)
                await stepped.WaitAsync(suite.Cancel);
        }

        public async ValueTask DisposeAsync()
        {
            if (stop.IsCancellationRequested)
                return;
            await stop.CancelAsync();
            await stepping;
            await member.DisposeAsync();
            await log.DisposeAsync();
        }

        private async Task StepAsync()
        {
            string group = suite.Name("g");
            await using ILogProducer producer =
                await log.OpenProducerAsync(suite.Name(name), suite.Cancel);
            Dictionary<TopicPartition, long> at = [];
            while (!stop.IsCancellationRequested)
            {
                suite.Cancel.ThrowIfCancellationRequested();
                foreach (TopicPartition source in listener.Owned)
                {
                    if (!at.TryGetValue(source, out long from))
                        from = (await log.ReadCommittedAsync(group, source, suite.Cancel))!.Value;
                    at.Remove(source);
                    RecordAppend result = new(
                        suite.Results, LogRecords.Of($"{source.Partition}={from}"));
                    CommitResult answer = await producer.CommitAsync(
                        LogRecords.Move(group, source, from, from + 1, result), suite.Cancel);
                    Assert.NotEqual(CommitOutcome.Unknown, answer.Outcome);
                    if (answer.Outcome != CommitOutcome.Committed)
                        continue;
                    at[source] = from + 1;
                    stepped.Release();
                }
                if (listener.Owned.Count == 2 && at.Count == 2)
                    Volatile.Write(ref reached, at.Values.Min());
            }
        }
    }
}
