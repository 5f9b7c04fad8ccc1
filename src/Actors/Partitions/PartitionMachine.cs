using System.Diagnostics;
using Earshot.Actors.Ports;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas.V1;
using Earshot.Snapshots;
using Google.Protobuf;

namespace Earshot.Actors.Partitions;

/// <summary>A record made its stage throw.</summary>
public sealed class StageFaultException(TopicPartition source, long offset, Exception cause)
    : Exception($"record {source}@{offset} failed: {cause.Message}", cause)
{
    /// <summary>The record's offset.</summary>
    public long Offset { get; } = offset;
}

/// <summary>
/// The life of one partition of one stage: recover, apply, cut epochs, commit, snapshot, stop. A
/// state machine without I/O, threads or a clock of its own, so that a simulation can drive it.
/// At most one epoch is in flight; meanwhile one further epoch is built.
/// </summary>
public sealed class PartitionMachine
{
    /// <summary>Outputs of an epoch are held in memory: it is cut when they reach this.</summary>
    private const long EpochBytesMax = 16 << 20;

    private readonly IStage stage;
    private readonly PipelineOptions options;
    private readonly TopicPartition source;
    private readonly string group;
    private readonly IPartitionEffects effects;
    private readonly EpochOutputs outputs;
    private readonly SnapshotSchedule snapshots;

    private readonly HashSet<long> newSkips = [];
    private Dictionary<long, string> skips = [];
    private long? committed;
    private long recoverTo;
    private bool recovering;
    private long? endedAt;

    private long epochFrom;
    private long epochRecords;
    private EpochCommit? inFlight;

    // The epoch's time was up while the one before was in flight.
    private bool cutDue;
    private bool inputEnded;
    private bool endCut;
    private bool stopping;
    private bool finished;

    private bool activeSinceTick;
    private bool idle;
    private long lastActiveMs;

    /// <summary>Creates the machine of one partition; <see cref="Recover"/> comes next.</summary>
    /// <param name="stage">A fresh stage.</param>
    /// <param name="options">The pipeline.</param>
    /// <param name="source">Input partition.</param>
    /// <param name="group">Group the input offset is committed for.</param>
    /// <param name="effects">What it asks of the world.</param>
    public PartitionMachine(
        IStage stage, PipelineOptions options, TopicPartition source, string group,
        IPartitionEffects effects)
    {
        this.stage = stage;
        this.options = options;
        this.source = source;
        this.group = group;
        this.effects = effects;
        outputs = new EpochOutputs(options.Topics, source.Partition % options.Partitions);
        snapshots = new SnapshotSchedule(
            stage, source.Partition, options.SnapshotEvery, effects);
    }

    /// <summary>The next input offset to apply.</summary>
    public long Position { get; private set; }

    /// <summary>Epochs committed by this incarnation.</summary>
    public long Epochs { get; private set; }

    /// <summary>True while replaying what was committed before.</summary>
    public bool Recovering => recovering;

    /// <summary>The committed input offset; null before the first commit.</summary>
    public long? CommittedOffset => committed;

    /// <summary>The offset of the stored snapshot; null when there is none.</summary>
    public long? SavedOffset => snapshots.SavedOffset;

    /// <summary>Where the stored snapshot may stand, for its cold parts. Changes.</summary>
    internal IReadOnlyCollection<long> SnapshotMayStandAt => snapshots.MayStandAt;

    /// <summary>
    /// False while the epoch being built is full and the one before is still in flight: no batch
    /// may be given until <see cref="Committed"/>.
    /// </summary>
    public bool WantsInput => inFlight is null || !EpochFull;

    /// <summary>True when input was applied that no epoch cut so far has.</summary>
    internal bool HasEpoch => Position > epochFrom;

    private bool EpochFull =>
        epochRecords >= options.EpochRecordsMax || outputs.SizeBytes >= EpochBytesMax;

    private bool EndPending => inputEnded && !endCut;

    /// <summary>Loads the state and decides where to read from (<see cref="Position"/>).</summary>
    /// <exception cref="UnrecoverableException">State and log do not fit together.</exception>
    public void Recover(RecoveryPoint point, long nowMs)
    {
        lastActiveMs = nowMs;
        snapshots.Start(nowMs);
        skips = new Dictionary<long, string>(point.Skips);
        committed = point.Committed;
        endedAt = point.EndedAt;
        recoverTo = point.ReplayTo;
        long start = point.StartOf(source, options.AcceptIncompleteState);
        if (point.Snapshot is { } snapshot)
        {
            stage.Load(snapshot.Parts);
            snapshots.Loaded(snapshot.Offset);
        }

        Position = epochFrom = start;
        recovering = true;
        outputs.Suppressed = true;
        if (Position >= recoverTo)
            EndRecovery();
        if (point.NewAt is not null)
            Begin();
        TryFinish();
    }

    /// <summary>Skips a record that has failed before, now and in every replay.</summary>
    public void SkipRecord(long offset, string error)
    {
        if (skips.ContainsKey(offset))
            return;
        if (offset < recoverTo)
        {
            throw new UnrecoverableException(
                $"record {source}@{offset} was processed before and now fails: {error}. This is " +
                "a fault of the program: report it, and go on with the version that wrote the " +
                "state.");
        }

        newSkips.Add(offset);
        skips[offset] = error;
    }

    /// <summary>Applies a batch. Records before <see cref="Position"/> are passed over.</summary>
    /// <exception cref="StageFaultException">A record failed; the state is undefined.</exception>
    public void Apply(RecordBatch batch)
    {
        Debug.Assert(WantsInput && !finished);
        // What comes after the wish to stop is read again by the next start.
        if (stopping)
            return;
        if (batch.Count > 0)
            (activeSinceTick, idle) = (true, false);
        for (int i = 0; i < batch.Count; i++)
        {
            long offset = batch.OffsetOf(i);
            if (offset < Position)
                continue;
            if (recovering && offset >= recoverTo)
                EndRecovery();
            ApplyOne(batch, i, offset);
            Position = offset + 1;
            epochRecords++;
        }

        Position = Math.Max(Position, batch.To);
        if (recovering && Position >= recoverTo)
            EndRecovery();
        if (recovering && epochRecords >= options.EpochRecordsMax)
            EndSuppressedEpoch(Position);
        if (!recovering && (EpochFull || stage.Complete))
            TryCut();
        TryFinish();
    }

    /// <summary>No more input waits: an epoch need not wait for its time.</summary>
    public void Drained()
    {
        if (!recovering && !finished)
            TryCut();
    }

    /// <summary>The finite input has ended at <see cref="Position"/>.</summary>
    /// <exception cref="UnrecoverableException">It ended before what was committed.</exception>
    public void EndInput()
    {
        if (recovering)
        {
            throw new UnrecoverableException(
                $"{source} ends at {Position}, before the committed offset {recoverTo}: the " +
                "input is shorter than when it was read before. Restore it, or use a new data " +
                "folder.");
        }

        if (inputEnded || stopping || stage.Complete)
        {
            TryFinish();
            return;
        }

        inputEnded = true;
        idle = false;
        stage.EndInput(outputs);
        Write(new Control { AtOffset = Position, Ended = new Control.Types.Ended() });
        TryCut();
    }

    /// <summary>Time passes: epochs end, snapshots fall due, sources become idle.</summary>
    public void Tick(long nowMs)
    {
        if (recovering || finished)
            return;
        if (activeSinceTick)
            (activeSinceTick, lastActiveMs) = (false, nowMs);
        snapshots.Tick(nowMs);
        bool nowIdle = !idle && options.Partitions > 1 && !HasEpoch && !stopping
            && nowMs - lastActiveMs >= options.IdleAfter.TotalMilliseconds;
        if (nowIdle && inFlight is null)
        {
            idle = true;
            Cut();
        }
        else
        {
            cutDue = inFlight is not null;
            TryCut();
        }
    }

    /// <summary>
    /// Epoch <paramref name="number"/> is written; answers for older ones are passed over.
    /// </summary>
    public void Committed(long number)
    {
        if (inFlight?.Number != number)
            return;
        committed = inFlight.Transaction.Offsets[0].To;
        inFlight = null;
        Epochs++;
        snapshots.EpochCommitted();
        if (cutDue || EpochFull || stopping || inputEnded || stage.Complete)
            TryCut();
        TryFinish();
    }

    /// <summary>The answer to a snapshot.</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="saved">False when it failed or was not newer than the stored one.</param>
    public void SnapshotSaved(long offset, bool saved)
    {
        snapshots.Answered(offset, saved);
        TryFinish();
    }

    /// <summary>Finish the epoch, commit, save, and say so.</summary>
    public void Stop()
    {
        if (finished)
            return;
        stopping = true;
        if (recovering)
        {
            // Nothing new has been applied: the stored state is as good as any.
            finished = true;
            effects.Finished();
            return;
        }

        TryCut();
        TryFinish();
    }

    private void ApplyOne(RecordBatch batch, int index, long offset)
    {
        if (skips.Count > 0 && skips.TryGetValue(offset, out string? error))
        {
            stage.Skip(batch, index, error, outputs);
            if (newSkips.Contains(offset))
            {
                Write(new Control
                {
                    AtOffset = offset,
                    Skip = new Control.Types.Skip { Error = error },
                });
            }

            return;
        }

        try
        {
            stage.Apply(batch, index, outputs);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or SnapshotException))
        {
            throw new StageFaultException(source, offset, e);
        }
    }

    /// <summary>
    /// Where a new pipeline began is committed at once: a restart must not begin anew elsewhere.
    /// </summary>
    private void Begin()
    {
        Write(new Control { AtOffset = Position, Started = new Control.Types.Started() });
        Cut();
    }

    private void Write(Control control)
    {
        control.Partition = source.Partition;
        control.Stage = Controls.StageOf(stage.Name);
        outputs.Add(options.Topics.Control, [], control.ToByteArray());
    }

    private void EndSuppressedEpoch(long to)
    {
        stage.EndEpoch(epochFrom, to, idle: false, outputs);
        epochFrom = to;
        epochRecords = 0;
    }

    private void EndRecovery()
    {
        Position = Math.Max(Position, recoverTo);
        if (endedAt is { } end && end <= recoverTo && !stage.Complete)
            stage.EndInput(outputs);
        if (recoverTo > epochFrom || endedAt is not null)
            EndSuppressedEpoch(Math.Max(recoverTo, epochFrom));
        recovering = false;
        outputs.Suppressed = false;
        snapshots.Replayed(recoverTo);
    }

    private void TryCut()
    {
        if (inFlight is null && !recovering && !finished && (HasEpoch || EndPending))
            Cut();
    }

    private void Cut()
    {
        long to = Position;
        stage.EndEpoch(epochFrom, to, idle, outputs);
        endCut |= inputEnded;
        LogTransaction transaction = new(
            outputs.Take(), [new OffsetMove(group, source, committed, to)]);
        inFlight = new EpochCommit(Epochs + 1, transaction);
        epochFrom = to;
        epochRecords = 0;
        cutDue = false;
        snapshots.EpochCut(to);
        effects.Commit(inFlight);
    }

    private void TryFinish()
    {
        bool done = stopping || (stage.Complete && !EndPending);
        if (finished || recovering || !done || inFlight is not null || snapshots.UnderWay)
            return;
        if (HasEpoch || EndPending)
        {
            TryCut();
            return;
        }

        // Only what is committed: a start may have been beyond that (--accept-incomplete-state).
        if (snapshots.IsBeyondNewest(Position) && Position == committed)
        {
            snapshots.SaveNow(Position);
            return;
        }

        finished = true;
        effects.Finished();
    }
}
