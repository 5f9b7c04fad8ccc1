using Earshot.Actors.Ports;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Snapshots;
using Microsoft.Extensions.Logging;

namespace Earshot.Actors.Partitions;

/// <summary>Everything a partition actor needs of the world.</summary>
/// <param name="Source">Input partition.</param>
/// <param name="Topics">The pipeline's topics.</param>
/// <param name="Group">Group its offset is committed for.</param>
/// <param name="CreateStage">Makes a fresh stage.</param>
/// <param name="OpenInput">Opens the input from an offset on.</param>
/// <param name="Log">The log offsets and outputs live in.</param>
/// <param name="InputBegin">Smallest input offset still kept.</param>
/// <param name="Snapshots">Where snapshots are.</param>
/// <param name="Committer">Commits epochs.</param>
/// <param name="CommitWhenDrained">
/// True: commit soon after no more input waits, if no commit is under way.
/// </param>
/// <param name="Intent">What is wanted of it; outlives incarnations.</param>
/// <param name="Report">Told how far it has come, after every message.</param>
public sealed record PartitionSetting(
    TopicPartition Source, Topics Topics, string Group, Func<IStage> CreateStage,
    Func<long, ILogReader> OpenInput, ILog Log, Func<CancellationToken, ValueTask<long>> InputBegin,
    ISnapshotStore Snapshots, EpochCommitter Committer, bool CommitWhenDrained,
    ActorIntent Intent, Action<PartitionProgress> Report)
{
    /// <summary>
    /// Where a partition begins that was never committed; null: at 0, which must still be there.
    /// </summary>
    public Func<CancellationToken, ValueTask<long>>? Start { get; init; }
}

/// <summary>How far a partition has come.</summary>
/// <param name="Stage">Stage name.</param>
/// <param name="Partition">Partition number.</param>
/// <param name="Phase">"recovering", "running" or "finished".</param>
/// <param name="Position">Next input offset.</param>
/// <param name="Committed">Committed input offset; null before the first commit.</param>
/// <param name="Saved">
/// Offset of its stored snapshot: earlier input is not needed again; or null.
/// </param>
/// <param name="Epochs">Epochs committed since the last (re)start.</param>
/// <param name="Books">What it has done.</param>
public sealed record PartitionProgress(
    string Stage, int Partition, string Phase, long Position, long? Committed, long? Saved,
    long Epochs, StageProgress Books)
{
    /// <summary>The present limits of post-dial delay; empty where none are.</summary>
    public IReadOnlyList<CountryPddLimit> PddLimits { get; init; } = [];
}

/// <summary>
/// The shell around a <see cref="PartitionMachine"/>: turns mail into its calls, and its effects
/// into I/O. Errors end the incarnation; the next one recovers from the snapshot.
/// </summary>
public sealed partial class PartitionActor : IActor, IPartitionEffects
{
    /// <summary>
    /// Records per batch asked of the log: amortises a message, keeps an epoch's cut near.
    /// </summary>
    private const int BatchRecords = 4096;

    /// <summary>
    /// So long after the last input an epoch is cut: the sources commit at about the same time,
    /// and what they send is then one commit, and one update of each window.
    /// </summary>
    private const double QuietShare = 0.02;

    private readonly PartitionSetting setting;
    private readonly PipelineOptions options;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly FaultMemory faults;
    private readonly IStage stage;
    private readonly PartitionMachine machine;
    private readonly DeadLetterGuard deadLetters;
    private readonly KeyLimitAlarm keyLimit;

    private IActorContext context = null!;
    private Task<(long Number, CommitResult Result)>? commit;
    private Task snapshot = Task.CompletedTask;
    private Task feed = Task.CompletedTask;
    private Task quiet = Task.CompletedTask;
    private bool awaitsQuiet;
    private bool finished;

    /// <summary>Creates an incarnation.</summary>
    /// <param name="setting">Its world.</param>
    /// <param name="options">The pipeline.</param>
    /// <param name="faults">What failed in earlier incarnations.</param>
    /// <param name="time">Clock for epochs and snapshots.</param>
    /// <param name="log">For people.</param>
    public PartitionActor(
        PartitionSetting setting, PipelineOptions options, FaultMemory faults, TimeProvider time,
        ILogger log)
    {
        this.setting = setting;
        this.options = options;
        this.faults = faults;
        this.time = time;
        this.log = log;
        stage = setting.CreateStage();
        deadLetters = new DeadLetterGuard(setting.Source, options, time);
        keyLimit = new KeyLimitAlarm(setting.Source, options, log);
        machine = new PartitionMachine(
            stage, options, setting.Source, setting.Group, this);
        stage.Attach(new ColdParts(
            setting.Snapshots, new SnapshotOwner(stage.Name, setting.Source.Partition),
            machine.SnapshotMayStandAt));
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public async ValueTask StartAsync(IActorContext context)
    {
        this.context = context;
        RecoveryPoint point = await RecoveryReader.ReadAsync(setting, stage.Name, context.Ended);
        machine.Recover(point, NowMs);
        deadLetters.StartFrom(stage.Progress.Read);
        keyLimit.StartFrom(stage.Progress);
        foreach ((long offset, string error) in faults.Repeated)
            machine.SkipRecord(offset, error);
        if (setting.Intent.Stop && !finished)
            machine.Stop();
        Report();
        if (finished)
            return;
        LogStarted(log, setting.Source, machine.Position, point.Committed ?? 0);
        feed = InputFeed.Run(
            context, () => setting.OpenInput(machine.Position), BatchRecords,
            options.EpochLength, time);
    }

    /// <inheritdoc/>
    public async ValueTask ReceiveAsync(object message)
    {
        if (finished)
            return;
        switch (message)
        {
            case RecordBatch batch:
                // The epoch is full and the one before not yet committed: wait, and with us the
                // feed.
                while (!machine.WantsInput)
                    Answer(await commit!);
                ApplyBatch(batch);
                break;
            case InputFeed.InputEnded:
                machine.EndInput();
                break;
            case InputFeed.Tick:
                machine.Tick(NowMs);
                break;
            case CommitAnswered:
                if (commit is { IsCompleted: true })
                    Answer(await commit);
                break;
            case SnapshotAnswered answer:
                machine.SnapshotSaved(answer.Offset, answer.Fate == SaveFate.Saved);
                RequireColdParts(answer);
                break;
            case QuietPassed:
                awaitsQuiet = false;
                if (!context.HasMail)
                    machine.Drained();
                break;
            case InputFeed.PumpFailed failure:
                throw failure.Cause;
            case IntentChanged when setting.Intent.Stop:
                machine.Stop();
                break;
        }

        if (setting.CommitWhenDrained && machine.HasEpoch && !awaitsQuiet && !context.HasMail
            && message is not QuietPassed)
        {
            awaitsQuiet = true;
            quiet = TellWhenQuietAsync();
        }

        Report();
    }

    /// <inheritdoc/>
    public async ValueTask CloseAsync()
    {
        // A commit under way must be known before the next incarnation reads the offset.
        if (commit is not null)
            await commit;
        await snapshot;
        await feed;
        await quiet;
    }

    void IPartitionEffects.Commit(EpochCommit epoch)
    {
        deadLetters.Require(epoch.Transaction, stage.Progress.Read);
        commit = CommitAsync(epoch);
        _ = TellWhenDoneAsync(commit);
    }

    void IPartitionEffects.SaveSnapshot(SnapshotChange change) =>
        snapshot = Task.Run(() => SaveAsync(change));

    void IPartitionEffects.Finished()
    {
        finished = true;
        context.Complete();
    }

    private void ApplyBatch(RecordBatch batch)
    {
        // What is only replayed was judged before.
        if (machine.Recovering)
            deadLetters.StartFrom(stage.Progress.Read);
        try
        {
            machine.Apply(batch);
            batch.Release();
        }
        catch (StageFaultException fault)
        {
            faults.Remember(fault.Offset, fault.InnerException!.Message);
            throw;
        }
    }

    private void Answer((long Number, CommitResult Result) answer)
    {
        if (answer.Result.Outcome != CommitOutcome.Committed)
        {
            throw new LogException(
                $"{setting.Source}: an epoch was not committed ({answer.Result.Outcome}): " +
                answer.Result.Error);
        }

        context.Healthy();
        machine.Committed(answer.Number);
    }

    private async Task<(long, CommitResult)> CommitAsync(EpochCommit epoch) =>
        (epoch.Number, await setting.Committer.CommitAsync(epoch.Transaction));

    private async Task TellWhenDoneAsync(Task done)
    {
        await done;
        await context.TellAsync(CommitAnswered.Instance);
    }

    private async Task TellWhenQuietAsync()
    {
        await Task.Delay(options.EpochLength * QuietShare, time, context.Ended)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await context.TellAsync(QuietPassed.Instance);
    }

    private async Task SaveAsync(SnapshotChange change)
    {
        SaveFate fate = SaveFate.Failed;
        try
        {
            bool saved = await setting.Snapshots.SaveAsync(change, CancellationToken.None);
            fate = saved ? SaveFate.Saved : SaveFate.Refused;
            if (!saved)
                LogSnapshotStale(log, setting.Source, change.Offset);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogSnapshotFailed(log, setting.Source, change.Offset, e.Message, e);
        }

        await context.TellAsync(new SnapshotAnswered(change.Offset, fate));
    }

    /// <summary>
    /// A refused snapshot means that the stored one is another's, or gone: parts of the state that
    /// are only there are to be had by loading it anew.
    /// </summary>
    private void RequireColdParts(SnapshotAnswered answer)
    {
        if (answer.Fate != SaveFate.Refused || !stage.NeedsColdParts)
            return;
        throw new SnapshotException(
            $"{setting.Source}: the stored snapshot is not the one that has the idle keys of "
            + "this state; it is loaded anew.")
        {
            IsTransient = true,
        };
    }

    private void Report()
    {
        StageProgress books = stage.Progress;
        if (machine.Recovering)
            keyLimit.StartFrom(books);
        else
            keyLimit.Look(books);
        setting.Report(new PartitionProgress(
            stage.Name, setting.Source.Partition,
            finished ? "finished" : machine.Recovering ? "recovering" : "running",
            machine.Position, machine.CommittedOffset, machine.SavedOffset, machine.Epochs,
            books)
        {
            PddLimits = stage.PddLimits,
        });
    }

    [LoggerMessage(20, LogLevel.Information,
        "{Source} starts at {Position}, committed up to {Committed}")]
    private static partial void LogStarted(
        ILogger log, TopicPartition source, long position, long committed);

    [LoggerMessage(21, LogLevel.Warning,
        "{Source}: a snapshot at {Offset} is not newer than the stored one and was not written")]
    private static partial void LogSnapshotStale(ILogger log, TopicPartition source, long offset);

    [LoggerMessage(22, LogLevel.Error,
        "{Source}: the snapshot at {Offset} could not be saved; recovery would take longer: " +
        "{Error}")]
    private static partial void LogSnapshotFailed(
        ILogger log, TopicPartition source, long offset, string error, Exception cause);

    private sealed class CommitAnswered
    {
        public static readonly CommitAnswered Instance = new();
    }

    private sealed class QuietPassed
    {
        public static readonly QuietPassed Instance = new();
    }

    private enum SaveFate
    {
        Saved,

        /// <summary>The stored one is not the one it was made from.</summary>
        Refused,

        /// <summary>What became of it may not be known.</summary>
        Failed,
    }

    private sealed record SnapshotAnswered(long Offset, SaveFate Fate);
}
