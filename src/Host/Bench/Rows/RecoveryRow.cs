using System.Diagnostics;
using System.Globalization;
using Earshot.Actors;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Host.Bench.Rows;

/// <summary>
/// A partition with a million keys comes back from its snapshot: the file is opened, read, and
/// the state built. No warm-up, as after a crash; the file may be in the system's cache.
/// </summary>
internal sealed class RecoveryRow : IBenchRow
{
    private const int Keys = 1_000_000;
    private const double TargetSeconds = 5;
    private const int RoundsMax = 3;
    private const int EpochEvents = 50_000;

    private static readonly SnapshotOwner owner = new("fused", 0);

    private readonly PipelineOptions pipeline = new()
    {
        Keys = GroupingSet.ParseAll("account"),
        Windows = [WindowSpec.Parse("1d")],
        FutureLimitMs = WindowSpec.LengthMsMax,
    };

    /// <inheritdoc/>
    public string Name => "recovery";

    /// <inheritdoc/>
    public string What => "load a partition of 1,000,000 keys, seven metrics each, from its "
        + "snapshot in SQLite";

    /// <inheritdoc/>
    public double Share => 0.15;

    /// <inheritdoc/>
    public async Task<BenchResult> RunAsync(BenchScope scope, CancellationToken cancel)
    {
        string path = Path.Combine(scope.Folder, "snapshots.db");
        double heldBytes = await SaveAsync(path, cancel);
        List<LapTime> times = [];
        long begun = Stopwatch.GetTimestamp();
        int most = Math.Min(scope.Rounds, RoundsMax);
        while (times.Count == 0 || (times.Count < most
            && Stopwatch.GetElapsedTime(begun).TotalSeconds < scope.Seconds))
        {
            cancel.ThrowIfCancellationRequested();
            times.Add(await Rounds.TimeAsync(
                new Lap(Name, () => LoadAsync(path, cancel))));
        }

        if (times.Any(time => time.Count != Keys))
            throw new InvalidOperationException($"{times[0].Count} keys of {Keys} came back");
        double fileBytes = new FileInfo(path).Length;
        return new BenchResult
        {
            Name = Name,
            What = What,
            Unit = BenchUnits.Seconds,
            Value = Spread.Of(times.Select(time => time.Seconds)),
            Cores = Spread.Of(times.Select(time => time.CpuSeconds / time.Seconds)).Median,
            Target = new BenchTarget(TargetSeconds, AtMost: true),
            Notes = [string.Create(
                CultureInfo.InvariantCulture,
                $"{fileBytes / Keys:F0} B a key on disk, {heldBytes / Keys:N0} B in memory; "
                + $"{(double)times.Min(time => time.AllocatedBytes) / Keys:N0} B a key allocated "
                + $"on the way")],
        };
    }

    /// <summary>Makes the state and saves it.</summary>
    /// <returns>Managed memory the state holds, bytes.</returns>
    private async Task<long> SaveAsync(string path, CancellationToken cancel)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        FusedStage stage = new(pipeline, 0, new EnvelopeDecoder());
        EpochOutputs outputs = new(pipeline.Topics, 0);

        // Four fifths of a workload's keys are accounts, and each comes once at first.
        Workload workload = new(new WorkloadOptions { Keys = Keys / 4 * 5, StepMs = 0.01 });
        while (workload.Count < Keys)
        {
            long from = workload.Count;
            foreach (RecordBatch batch in workload.Batches(EpochEvents))
            {
                for (int i = 0; i < batch.Count; i++)
                    stage.Apply(batch, i, outputs);
            }

            stage.EndEpoch(from, workload.Count, idle: false, outputs);
        }

        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        List<SnapshotPart> parts = [];
        stage.Save(parts, whole: true);
        await using SqliteSnapshotStore store = await SqliteSnapshotStore.OpenAsync(path, cancel);
        await store.SaveAsync(new SnapshotChange(owner, workload.Count, parts), cancel);
        return held;
    }

    private async Task<long> LoadAsync(string path, CancellationToken cancel)
    {
        FusedStage stage = new(pipeline, 0, new EnvelopeDecoder());
        await using SqliteSnapshotStore store = await SqliteSnapshotStore.OpenAsync(path, cancel);
        StoredSnapshot snapshot = await store.LoadAsync(owner, cancel)
            ?? throw new InvalidOperationException("the snapshot is not there");
        stage.Load(snapshot.Parts);
        return stage.Progress.Keys;
    }
}
