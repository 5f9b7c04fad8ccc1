using System.Security.Cryptography;
using Earshot.Actors;
using Earshot.Actors.Ports;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Snapshots;
using static Earshot.Tests.Unit.Actors.Inputs;

namespace Earshot.Tests.Unit.Actors;

/// <summary>
/// A stage whose idle keys leave memory gives out what one does that keeps all, whatever becomes
/// of its snapshots.
/// </summary>
public sealed class EvictionTests
{
    private const int Rounds = 120;

    private static readonly PipelineOptions Some = Options with
    {
        Keys = GroupingSet.ParseAll("carrier"),
        LatenessMs = 10_000,
        KeyIdleMs = 60_000,
        HistoryKeepMs = 1_800_000,
    };

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void With_and_without_eviction_the_rows_are_the_same(int seed)
    {
        Random random = new(seed);
        ColdStore store = new();
        Subject plain = new(null), subject = new(store);
        List<RecordBatch> log = [];
        long now = T0, offset = 0, outOfMemory = 0;
        for (int round = 0; round < Rounds; round++)
        {
            RecordBatch batch = Batch(offset, Records(random, ref now));
            offset = batch.To;
            log.Add(batch);
            Assert.Equal(plain.Run(batch), subject.Run(batch));
            outOfMemory = Math.Max(outOfMemory, subject.Stage.Progress.KeysOutOfMemory);
            if (random.Next(3) == 0)
                subject.Save(log.Count);
            if (random.Next(2) == 0)
                subject.Answer(written: random.Next(4) != 0, answered: random.Next(4) != 0);
            if (random.Next(20) != 0 || store.StandsAt == 0)
                continue;
            subject = new Subject(store);
            foreach (RecordBatch again in log[store.StandsAt..])
                subject.Run(again);
        }

        Assert.InRange(outOfMemory, 5, 40);
        Assert.True(store.Reads > 5, $"{store.Reads} cold reads");
        Assert.Equal(plain.End(offset), subject.End(offset));
    }

    [Fact]
    public void A_history_begins_anew_after_its_time_in_memory_and_out_of_it()
    {
        foreach (ColdStore? store in (ColdStore?[])[null, new ColdStore()])
        {
            Subject subject = new(store);
            long offset = 0;
            void Window(long at)
            {
                subject.Run(Batch(offset++, [Metric(at, carrier: "a")]));
                subject.Run(Batch(offset++, [Metric(at + 80_000, carrier: "clock")]));
                subject.SaveAndStore();
            }

            Window(T0);
            Window(T0 + Some.HistoryKeepMs);
            Window(T0 + (2 * Some.HistoryKeepMs) + 60_000);
            Assert.Equal([0L, 1L, 0L], subject.HistoriesOf("a"));
        }
    }

    [Fact]
    public void Pages_of_histories_past_their_time_are_removed_from_the_store()
    {
        ColdStore store = new();
        Subject subject = new(store);
        long offset = 0;
        void Give(long at, string carrier) =>
            subject.Run(Batch(offset++, [Metric(at, carrier: carrier)]));

        Give(T0, "a");
        foreach (long at in (long[])[100_000, 200_000])
        {
            Give(T0 + at, "clock");
            subject.SaveAndStore();
        }

        Assert.Equal((1, 1L), (store.ColdParts, subject.Stage.Progress.KeysOutOfMemory));
        Give(T0 + Some.HistoryKeepMs + 300_000, "clock");
        subject.SaveAndStore();
        Assert.Equal(0, subject.Stage.Progress.KeysOutOfMemory);
        subject.SaveAndStore();
        Assert.Equal(0, store.ColdParts);
    }

    // Carriers come in flocks, so that others are idle meanwhile; at times the clock leaps.
    private static byte[][] Records(Random random, ref long now)
    {
        int flock = random.Next(8);
        byte[][] records = new byte[random.Next(1, 12)][];
        for (int i = 0; i < records.Length; i++)
        {
            now += random.Next(100) == 0 ? random.Next(2_400_000) : random.Next(6_000);
            records[i] = Metric(
                now - random.Next(9_000), random.Next(100), metric: "m" + random.Next(3),
                carrier: $"t{(flock * 5) + random.Next(5)}");
        }

        return records;
    }

    /// <summary>What a snapshot store keeps of one owner.</summary>
    private sealed class ColdStore : IColdState
    {
        private Dictionary<string, byte[]> parts = [];

        public int Reads { get; private set; }

        /// <summary>Batches in the stored state; 0: there is none.</summary>
        public int StandsAt { get; private set; }

        public int ColdParts => parts.Keys.Count(IsCold);

        public IReadOnlyDictionary<string, byte[]> Loaded => parts
            .Where(part => !IsCold(part.Key)).ToDictionary(part => part.Key, part => part.Value);

        public byte[] Read(string key)
        {
            Reads++;
            return parts[key];
        }

        public void Apply(Snapshot change)
        {
            if (change.Whole)
            {
                parts = parts.Where(part => change.KeepsCold && IsCold(part.Key))
                    .ToDictionary(part => part.Key, part => part.Value);
            }

            foreach ((string key, byte[]? value) in change.Parts)
            {
                if (value is null)
                    parts.Remove(key);
                else
                    parts[key] = value;
            }

            StandsAt = change.StandsAt;
        }

        private static bool IsCold(string key) => new SnapshotPart(key, null).IsCold;
    }

    private sealed record Snapshot(
        List<SnapshotPart> Parts, bool Whole, bool KeepsCold, int StandsAt);

    private sealed class Subject
    {
        private readonly EpochOutputs outputs = new(Topics.Default, 0);
        private readonly List<(string Carrier, long History)> histories = [];
        private Snapshot? pending;
        private bool nextIsWhole = true;

        public Subject(ColdStore? store)
        {
            Store = store;
            Stage = new FusedStage(Some, 0, new EnvelopeDecoder());
            if (store is null)
                return;
            Stage.Attach(store);
            if (store.StandsAt == 0)
                return;
            Stage.Load(store.Loaded);
            nextIsWhole = false;
        }

        public ColdStore? Store { get; }

        public FusedStage Stage { get; }

        public IEnumerable<long> HistoriesOf(string carrier) =>
            histories.Where(row => row.Carrier == carrier).Select(row => row.History);

        public List<string> Run(RecordBatch batch)
        {
            for (int i = 0; i < batch.Count; i++)
                Stage.Apply(batch, i, outputs);
            Stage.EndEpoch(batch.From, batch.To, idle: false, outputs);
            return Taken();
        }

        public List<string> End(long offset)
        {
            Stage.EndInput(outputs);
            Stage.EndEpoch(offset, offset, idle: false, outputs);
            return Taken();
        }

        /// <summary>Takes a snapshot, unless one is under way.</summary>
        public void Save(int standsAt)
        {
            if (pending is not null)
                return;
            List<SnapshotPart> parts = [];
            Stage.Save(parts, nextIsWhole);
            pending = new Snapshot(parts, nextIsWhole, Stage.NeedsColdParts, standsAt);
        }

        /// <summary>What becomes of the snapshot under way.</summary>
        /// <param name="written">True when the store has it.</param>
        /// <param name="answered">True when the stage comes to know.</param>
        public void Answer(bool written, bool answered)
        {
            if (pending is not { } snapshot)
                return;
            if (written)
                Store!.Apply(snapshot);
            Stage.SnapshotAnswered(written && answered);
            nextIsWhole = !(written && answered);
            pending = null;
        }

        public void SaveAndStore()
        {
            if (Store is null)
                return;
            Save(1);
            Answer(written: true, answered: true);
        }

        private List<string> Taken()
        {
            List<string> rows = [];
            foreach (RecordAppend append in outputs.Take())
            {
                for (int i = 0; i < append.Records.Count; i++)
                {
                    ReadOnlySpan<byte> value = append.Records[i].Value;
                    rows.Add(append.Target + Convert.ToHexString(SHA256.HashData(value)));
                    if (append.Target.Topic != Topics.Default.Predictions)
                        continue;
                    var row = Earshot.Schemas.V1.Prediction.Parser.ParseFrom(value);
                    histories.Add((row.Key.Dimensions["carrier"], row.History));
                }
            }

            rows.Sort(StringComparer.Ordinal);
            return rows;
        }
    }
}
