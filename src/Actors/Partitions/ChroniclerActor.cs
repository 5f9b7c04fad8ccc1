using Earshot.Actors.Ports;
using Earshot.Log;

namespace Earshot.Actors.Partitions;

/// <summary>Everything a chronicler needs of the world.</summary>
/// <param name="Source">Output partition it archives.</param>
/// <param name="Table">Table its rows go to.</param>
/// <param name="Group">Group its offset is committed for.</param>
/// <param name="Log">The log.</param>
/// <param name="Archive">The archive.</param>
/// <param name="Committer">Commits offsets.</param>
/// <param name="Intent">What is wanted of it; outlives incarnations.</param>
public sealed record ChroniclerSetting(
    TopicPartition Source, string Table, string Group, ILog Log, IArchive Archive,
    EpochCommitter Committer, ActorIntent Intent);

/// <summary>
/// The third stage: one partition of an output topic into archive files. First the file under its
/// final name, then the offset: what a crash leaves between the two is deleted at the next start
/// and written again, byte for byte the same rows.
/// </summary>
public sealed class ChroniclerActor(
    ChroniclerSetting setting, PipelineOptions options, TimeProvider time) : IActor
{
    private const int BatchRecords = 10_000;

    /// <summary>Bytes held back for one file at most.</summary>
    private const long HeldBytesMax = 64 << 20;

    private readonly List<RecordBatch> held = [];
    private IActorContext context = null!;
    private Task feed = Task.CompletedTask;
    private long? committed;
    private long position;
    private long heldRows;
    private long heldBytes;

    /// <inheritdoc/>
    public async ValueTask StartAsync(IActorContext context)
    {
        this.context = context;
        committed = await setting.Log.ReadCommittedAsync(
            setting.Group, setting.Source, context.Ended);
        position = committed ?? 0;
        await setting.Archive.RecoverAsync(
            setting.Table, setting.Source.Partition, position, context.Ended);
        feed = InputFeed.Run(
            context, () => setting.Log.OpenReader(setting.Source, position), BatchRecords,
            options.ArchiveEvery, time);
        await EndWhenDrainedAsync();
    }

    /// <inheritdoc/>
    public async ValueTask ReceiveAsync(object message)
    {
        switch (message)
        {
            case RecordBatch batch:
                Hold(batch);
                if (heldRows >= options.ArchiveRowsMax || heldBytes >= HeldBytesMax)
                    await FlushAsync();
                break;
            case InputFeed.Tick:
                await FlushAsync();
                break;
            case InputFeed.PumpFailed failure:
                throw failure.Cause;
        }

        await EndWhenDrainedAsync();
    }

    /// <inheritdoc/>
    public async ValueTask CloseAsync() => await feed;

    private async ValueTask EndWhenDrainedAsync()
    {
        long drainTo = setting.Intent.DrainTo;
        if (drainTo < 0 || position < drainTo)
            return;
        await FlushAsync();
        context.Complete();
    }

    private void Hold(RecordBatch batch)
    {
        position = batch.To;
        held.Add(batch);
        heldRows += batch.Count;
        heldBytes += batch.SizeBytes;
    }

    private async Task FlushAsync()
    {
        if (held.Count == 0)
            return;
        await setting.Archive.WriteAsync(
            setting.Table, setting.Source.Partition, held, context.Ended);
        OffsetMove move = new(setting.Group, setting.Source, committed, position);
        CommitResult result = await setting.Committer.CommitAsync(new LogTransaction([], [move]));
        if (result.Outcome != CommitOutcome.Committed)
        {
            throw new LogException(
                $"archiving {setting.Source}: the offset was not committed ({result.Outcome}): " +
                result.Error);
        }

        committed = position;
        held.Clear();
        heldRows = heldBytes = 0;
        context.Healthy();
    }
}
