using System.Diagnostics;
using System.Globalization;
using Earshot.Actors;
using Earshot.Actors.Ports;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Bench.Keys;

/// <summary>
/// Very many live keys through the fused stage, with snapshots in SQLite: what they take of
/// memory, time and disk, how long it takes to save and load them, and what is left in memory
/// when they are idle. <c>keys fill</c> and <c>keys load</c> are processes of their own, so that
/// each one's peak memory is its own.
/// </summary>
internal static class KeysRun
{
    private const int BatchSteps = 200;
    private const int EpochEvents = 100_000;
    private const int Snapshots = 40;
    private const int BackMax = 20_000;

    // So many windows are open at most, and some more.
    private const int WindowsClosing = 8;

    private static readonly SnapshotOwner owner = new("fused", 0);

    private static readonly PipelineOptions options = new()
    {
        Keys = GroupingSet.ParseAll("account"),
        KeysMax = 100_000_000,
        FutureLimitMs = WindowSpec.LengthMsMax,
    };

    /// <summary>Runs <c>keys fill|load KEYS FILE</c>.</summary>
    public static async Task<int> RunAsync(string what, int keys, string path)
    {
        await using SqliteSnapshotStore store =
            await SqliteSnapshotStore.OpenAsync(path, CancellationToken.None);
        if (what == "fill")
            await FillAsync(new Subject(store), keys, path);
        else
            await LoadAsync(new Subject(store), keys);
        return 0;
    }

    private static async Task FillAsync(Subject subject, int keys, string path)
    {
        KeysInput input = new(keys);
        double seconds = 0, longestSave = 0, longestStill = 0;
        int part = (input.Steps / Snapshots) + 1;
        for (int first = 0; first < input.Steps; first += part)
        {
            seconds += subject.Run(input, first, part);
            (double save, double still) = await subject.SaveAsync();
            longestSave = Math.Max(longestSave, save);
            longestStill = Math.Max(longestStill, still);
        }

        Say("events per second", (double)KeysInput.EventsEach * keys / seconds);
        Say("longest of the snapshots, s", longestSave);
        Say("    of these, the stage stands still", longestStill);
        SayMemory(subject.Stage, keys);
        Say("snapshot file, bytes per key", new FileInfo(path).Length / (double)keys);
        (double whole, double wholeStill) = await subject.SaveAsync(whole: true);
        Say("a whole snapshot, s", whole);
        Say("    of these, the stage stands still", wholeStill);
        Say("peak memory of the process with it, MiB", PeakMemoryBytes() / 1048576.0);
    }

    private static async Task LoadAsync(Subject subject, int keys)
    {
        long began = Stopwatch.GetTimestamp();
        await subject.LoadAsync();
        Say("recovery, s", Stopwatch.GetElapsedTime(began).TotalSeconds);

        // Off the stack of the store's answer, which holds the parts it has read.
        await Task.Yield();
        SayMemory(subject.Stage, keys);
        KeysInput input = new(keys);

        // An hour and more in which only one account has events: the others are idle.
        long now = input.EndMs;
        for (int steps = 0; subject.Stage.Progress.KeysOutOfMemory < keys - 1; steps++)
        {
            // Windows close one after the other, as they do in life; then time may leap.
            now += steps < WindowsClosing ? options.Windows[0].LengthMs : options.KeyIdleMs / 4;
            subject.Give(input, 1, now);
            await subject.SaveAsync();
            if (steps > (keys / 10_000) + 10)
                throw new InvalidOperationException("idle keys stay in memory");
        }

        SayMemory(subject.Stage, keys);
        int back = Math.Min(keys, BackMax);
        Say("idle keys brought back per second", back / subject.Give(input, back, now));
    }

    private static void SayMemory(FusedStage stage, int keys)
    {
        Say("keys", stage.Progress.Keys);
        Say("keys out of memory", stage.Progress.KeysOutOfMemory);
        Say("open windows", stage.Progress.OpenWindows);
        Say("peak memory of the process so far, MiB", PeakMemoryBytes() / 1048576.0);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Say("live heap, MiB", GC.GetTotalMemory(false) / 1048576.0);
        Say("live heap, bytes per key", GC.GetTotalMemory(false) / (double)keys);
        GC.KeepAlive(stage);
    }

    // VmHWM, which is the kernel's own; the runtime's figure is of the present.
    private static long PeakMemoryBytes()
    {
        string line = File.ReadLines("/proc/self/status").First(
            line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        string kilobytes = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return 1024 * long.Parse(kilobytes.Trim(), CultureInfo.InvariantCulture);
    }

    private static void Say(string what, double value) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{what,-48}{value,14:N1}"));

    /// <summary>The stage, its outputs thrown away, its snapshots stored.</summary>
    private sealed class Subject : IColdState
    {
        private readonly EpochOutputs outputs = new(Topics.Default, 0);
        private readonly SqliteSnapshotStore store;
        private long? saved;
        private long position;

        // An offset must be greater than that of the snapshot before, also without input.
        private int saves;

        public Subject(SqliteSnapshotStore store)
        {
            this.store = store;
            Stage = new FusedStage(options, 0, new EnvelopeDecoder());
            Stage.Attach(this);
        }

        public FusedStage Stage { get; }

        public byte[] Read(string key) => store.ReadCold(owner, key, [saved!.Value]);

        /// <summary>Some steps of the input.</summary>
        /// <returns>Seconds the stage took.</returns>
        public double Run(KeysInput input, int first, int steps)
        {
            long ticks = 0, epochFrom = position;
            for (int step = first; step < first + steps; step += BatchSteps)
            {
                RecordBatch batch = input.Batch(
                    position, step, Math.Min(BatchSteps, first + steps - step));
                long began = Stopwatch.GetTimestamp();
                Apply(batch);
                if (position - epochFrom >= EpochEvents || step + BatchSteps >= first + steps)
                {
                    EndEpoch();
                    epochFrom = position;
                }

                ticks += Stopwatch.GetTimestamp() - began;
                batch.Release();
            }

            return ticks / (double)Stopwatch.Frequency;
        }

        /// <summary>An event for each of some accounts, in an epoch.</summary>
        /// <returns>Seconds the stage took.</returns>
        public double Give(KeysInput input, int accounts, long timeMs)
        {
            RecordBatch batch = input.Again(position, accounts, timeMs);
            long began = Stopwatch.GetTimestamp();
            Apply(batch);
            EndEpoch();
            return Stopwatch.GetElapsedTime(began).TotalSeconds;
        }

        /// <summary>Takes and stores a snapshot.</summary>
        /// <returns>Seconds of all, and of these while nothing else can be done.</returns>
        public async Task<(double All, double Still)> SaveAsync(bool whole = false)
        {
            whole |= saved is null;
            long began = Stopwatch.GetTimestamp();
            List<SnapshotPart> parts = [];
            Stage.Save(parts, whole);
            double still = Stopwatch.GetElapsedTime(began).TotalSeconds;
            SnapshotChange change = new(owner, position + saves++, parts, whole ? null : saved);
            if (!await store.SaveAsync(change, CancellationToken.None))
                throw new InvalidOperationException("the snapshot was refused");
            saved = change.Offset;
            Stage.SnapshotAnswered(stored: true);
            return (Stopwatch.GetElapsedTime(began).TotalSeconds, still);
        }

        public async Task LoadAsync()
        {
            StoredSnapshot stored = await store.LoadAsync(owner, CancellationToken.None)
                ?? throw new InvalidOperationException("there is no snapshot: fill first");
            Stage.Load(stored.Parts);
            saved = position = stored.Offset;
        }

        private void Apply(RecordBatch batch)
        {
            for (int i = 0; i < batch.Count; i++)
                Stage.Apply(batch, i, outputs);
            position += batch.Count;
        }

        private void EndEpoch()
        {
            Stage.EndEpoch(position, position, idle: false, outputs);
            RecordAppend.Release(outputs.Take());
        }
    }
}
