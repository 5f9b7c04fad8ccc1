using System.Security.Cryptography;
using Earshot.Actors;
using Earshot.Actors.Calls;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Earshot.Snapshots;
using static Earshot.Tests.Unit.Actors.Inputs;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Actors;

/// <summary>
/// After random operations, a stage restored from the parts its snapshots wrote goes on like the
/// one that wrote them: same rows, same books.
/// </summary>
public sealed class StateRoundTripTests
{
    private const int Rounds = 12;
    private const int RecordsPerRound = 60;

    private static readonly PipelineOptions Some = Options with
    {
        Keys = GroupingSet.ParseAll("carrier;()"),
        LatenessMs = 20_000,
        SeenEventsMax = 150,
        CallLimitMs = 50_000,
        Mode = OutputMode.Update,
        KeysMax = 2,
        KeyIdleMs = 3_000,
        ArchiveCalls = true,
    };

    public static TheoryData<string, int> Cases()
    {
        TheoryData<string, int> cases = [];
        foreach (string stage in (string[])["call", "fused", "aggregator"])
        {
            for (int seed = 1; seed <= 8; seed++)
                cases.Add(stage, seed);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Restored_from_its_parts_a_stage_goes_on_as_before(string name, int seed)
    {
        Random random = new(seed);
        IStage original = Create(name), restored = Create(name);
        CallStage? feeder = name == "aggregator"
            ? new CallStage(Some, 0, new EnvelopeDecoder()) : null;
        Dictionary<string, byte[]> stored = [];
        long offset = 0, now = T0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[][] records = Records(random, ref now);
            RecordBatch batch = feeder is null
                ? Batch(offset, records) : Bundles(feeder, Batch(offset, records), offset);
            Assert.Equal(Go(original, batch), Go(restored, batch));
            Assert.Equal(original.Progress, restored.Progress);
            offset = Math.Max(batch.To, offset + records.Length);
            bool whole = random.Next(5) == 0;
            if (random.Next(4) != 0)
            {
                Store(original, stored, whole);
                restored = Create(name);
                restored.Load(new Dictionary<string, byte[]>(stored));
            }
        }

        Dictionary<string, byte[]> everything = [];
        Store(restored, everything, whole: true);
        IStage fromWhole = Create(name);
        fromWhole.Load(everything);
        Assert.Equal(original.Progress, fromWhole.Progress);
    }

    private static IStage Create(string name) => name switch
    {
        "call" => new CallStage(Some, 0, new EnvelopeDecoder()),
        "fused" => new FusedStage(Some, 0, new EnvelopeDecoder()),
        _ => new AggregatorStage(Some),
    };

    private static void Store(IStage stage, Dictionary<string, byte[]> stored, bool whole)
    {
        List<SnapshotPart> parts = [];
        stage.Save(parts, whole);
        if (whole)
            stored.Clear();
        foreach ((string key, byte[]? value) in parts)
        {
            if (value is null)
                stored.Remove(key);
            else
                stored[key] = value;
        }
    }

    /// <summary>What an epoch gives out: digests, in no order.</summary>
    private static List<string> Go(IStage stage, RecordBatch batch)
    {
        EpochOutputs outputs = new(Topics.Default, 0);
        for (int i = 0; i < batch.Count; i++)
            stage.Apply(batch, i, outputs);
        stage.EndEpoch(batch.From, batch.To, idle: false, outputs);
        List<string> rows = [];
        foreach (RecordAppend append in outputs.Take())
        {
            for (int i = 0; i < append.Records.Count; i++)
            {
                rows.Add(append.Target + " " +
                    Convert.ToHexString(SHA256.HashData(append.Records[i].Value)));
            }
        }

        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    private static RecordBatch Bundles(CallStage feeder, RecordBatch input, long offset)
    {
        EpochOutputs outputs = new(Topics.Default, 0);
        for (int i = 0; i < input.Count; i++)
            feeder.Apply(input, i, outputs);
        feeder.EndEpoch(input.From, input.To, idle: false, outputs);
        RecordBatch sent = outputs.Take()
            .Single(append => append.Target.Topic == Topics.Default.Bundles).Records;
        return Batch(
            offset, [.. Enumerable.Range(0, sent.Count).Select(i => sent[i].Value.ToArray())]);
    }

    private static byte[][] Records(Random random, ref long now)
    {
        byte[][] records = new byte[random.Next(1, RecordsPerRound)][];
        for (int i = 0; i < records.Length; i++)
        {
            now += random.Next(400);
            long at = now - random.Next(22_000);
            string call = "c" + random.Next(40), carrier = "t" + random.Next(3);
            string id = random.Next(3) == 0 ? "" : "e" + random.Next(400);
            records[i] = random.Next(10) switch
            {
                0 => Metric(
                    at, random.Next(1, 5), id, random.Next(2) == 0 ? "mos" : "jitter", carrier),
                1 => Summary(call, at, partial: true, mos: 3, id: id, carrier: carrier),
                2 => Summary(call, at, pdd: random.Next(-1, 9), id: id, carrier: carrier),
                3 => Pdd(call, at, random.Next(9)),
                4 => Step(call, State.Completed, at, id, sip: 200, carrier: carrier),
                5 => Report("s" + random.Next(9), at, random.Next(1000), random.Next(50)),
                6 => Loss(
                    at, random.Next(3) == 0 ? 1 : 9, "s" + random.Next(4), call, id, carrier),
                7 => Media(call, at, r => Say(r, random), "m" + random.Next(9)),
                _ => Step(call, (State)random.Next(1, 11), at, id, carrier: carrier),
            };
        }

        return records;
    }

    private static void Say(StreamReport report, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                (report.Jitter, report.Rtt, report.Latency) = (random.Next(9), 500, 200);
                break;
            case 1:
                report.PacketsReceivedTotal = random.Next(1000);
                report.PacketsSentTotal = random.Next(1000);
                report.PacketsLostTotal = random.Next(100);
                break;
            case 2:
                (report.AudioLevelIn, report.AudioLevelOut) = (random.Next(2), random.Next(2));
                report.IceState = random.Next(2) == 0 ? "failed" : "connected";
                break;
            default:
                (report.Mos, report.DelayedPacketsPercentage) = (3, random.Next(3));
                report.PacketLossPercentage = random.Next(9);
                break;
        }
    }
}
