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
/// <see cref="ChroniclerMachine"/>: feeds it, and ends when it is drained. Many of them share one
/// archive, each with its turn: on a busy machine a file may wait longer than a stop may take. So
/// from the wish to drain on, each writes what is left in one file, and one that has waited for its
/// turn with less gives that up.
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
            case InputFeed.Tick when !Draining:
                await FlushAsync();
                break;
            case InputFeed.PumpFailed failure:
                throw failure.Cause;
        }

        await EndWhenDrainedAsync();
    }

    /// <inheritdoc/>
    public async ValueTask CloseAsync() => await feed;

    private bool Draining => setting.Intent.DrainTo >= 0;

    private async ValueTask EndWhenDrainedAsync()
    {
        if (!Draining || machine.Position < setting.Intent.DrainTo)
            return;
        await FlushAsync();
        context.Complete();
    }

    private async Task FlushAsync()
    {
        bool draining = Draining;
        CancellationToken turn = draining ? CancellationToken.None : setting.Intent.DrainWanted;
        try
        {
            if (await machine.FlushAsync(turn, context.Ended))
                context.Healthy();
        }
        catch (OperationCanceledException) when (
            !draining && !context.Ended.IsCancellationRequested)
        {
            // Nothing is written; what is held goes with the rest.
        }
    }
}
