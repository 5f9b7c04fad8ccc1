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
/// The third stage: one partition of an output topic into archive files. The shell around a
/// <see cref="ChroniclerMachine"/>: feeds it, and ends when it is drained.
/// </summary>
public sealed class ChroniclerActor(
    ChroniclerSetting setting, PipelineOptions options, TimeProvider time) : IActor
{
    private const int BatchRecords = 10_000;

    private readonly ChroniclerMachine machine = new(
        setting.Source, setting.Table, setting.Group, setting.Archive,
        setting.Committer.CommitAsync, options.ArchiveRowsMax);

    private IActorContext context = null!;
    private Task feed = Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask StartAsync(IActorContext context)
    {
        this.context = context;
        await setting.Committer.SettleAsync(context.Ended);
        long? committed = await setting.Log.ReadCommittedAsync(
            setting.Group, setting.Source, context.Ended);
        await machine.RecoverAsync(committed, context.Ended);
        feed = InputFeed.Run(
            context, () => setting.Log.OpenReader(setting.Source, machine.Position), BatchRecords,
            options.ArchiveEvery, time);
        await EndWhenDrainedAsync();
    }

    /// <inheritdoc/>
    public async ValueTask ReceiveAsync(object message)
    {
        switch (message)
        {
            case RecordBatch batch:
                machine.Hold(batch);
                if (machine.Full)
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
        if (drainTo < 0 || machine.Position < drainTo)
            return;
        await FlushAsync();
        context.Complete();
    }

    private async Task FlushAsync()
    {
        if (await machine.FlushAsync(context.Ended))
            context.Healthy();
    }
}
