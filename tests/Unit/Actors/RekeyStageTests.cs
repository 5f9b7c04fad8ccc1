using Earshot.Actors;
using Earshot.Actors.Calls;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Earshot.Snapshots;
using Google.Protobuf;
using static Earshot.Tests.Unit.Actors.Inputs;

namespace Earshot.Tests.Unit.Actors;

public sealed class RekeyStageTests
{
    private const int Targets = 3;

    private static readonly PipelineOptions Rekeyed = new()
    {
        Rekey = true,
        InputTopic = "by-account",
        RekeyPartitions = 2,
        Partitions = Targets,
    };

    private readonly EpochOutputs outputs = new(Rekeyed.Topics, 0);

    [Fact]
    public void Records_go_as_they_are_to_the_partition_of_their_call()
    {
        RekeyStage stage = Stage(partition: 1);
        byte[][] records = [.. Enumerable.Range(0, 40).Select(i => Call($"call-{i % 7}", i))];
        Apply(stage, Batch(0, records));
        Dictionary<int, List<(byte[] Value, SourceLink Link)>> sent = Sent();
        EnvelopeDecoder decoder = new();
        foreach ((int target, List<(byte[] Value, SourceLink)> there) in sent)
        {
            Assert.All(there, record => Assert.Equal(
                (ulong)target, decoder.RoutingHash(record.Value) % Targets));
        }

        Assert.Equal(
            records.Select(Convert.ToHexString).Order(),
            sent.Values.SelectMany(v => v).Select(v => Convert.ToHexString(v.Value)).Order());
    }

    [Fact]
    public void Links_make_a_chain_per_target()
    {
        RekeyStage stage = Stage(partition: 1);
        Apply(stage, Batch(5, [.. Enumerable.Range(0, 40).Select(i => Call($"call-{i}", i))]));
        foreach (List<(byte[] Value, SourceLink Link)> there in Sent().Values)
        {
            long before = -1;
            foreach ((_, SourceLink link) in there)
            {
                Assert.Equal((1, before), (link.Partition, link.Previous));
                Assert.True(link.Offset > before);
                before = link.Offset;
            }
        }
    }

    [Fact]
    public void A_chain_goes_on_after_a_snapshot()
    {
        RekeyStage first = Stage(0);
        Apply(first, Batch(0, Call("a", 0)));
        List<SnapshotPart> parts = [];
        first.Save(parts, whole: true);
        RekeyStage second = Stage(0);
        second.Load(parts.ToDictionary(part => part.Key, part => part.Value!));
        Sent();
        Apply(second, Batch(1, Call("a", 1)));
        Assert.Equal(0, Sent().Values.Single().Single().Link.Previous);
    }

    [Fact]
    public void Headers_come_along()
    {
        RecordHeadersBuilder headers = new();
        headers.Add("content-type"u8, "application/x-protobuf").Add("trace"u8, "t1");
        RecordBatchBuilder builder = new();
        builder.Add(0, "account-1"u8, Call("a", 0), headers.Encoded);
        Apply(Stage(0), builder.Build(new TopicPartition("by-account", 0), 0, 1, T0));
        RecordAppend append = Assert.Single(outputs.Take());
        LogRecord record = append.Records[0];
        Assert.Equal("t1", record.Headers.TextOf("trace"u8));
        Assert.True(record.Key.SequenceEqual("account-1"u8));
        Assert.Equal("earshot.rekeyed.v1", append.Target.Topic);
    }

    [Fact]
    public void The_call_stage_drops_what_came_before_and_counts_what_is_missing()
    {
        CallBench bench = new();
        bench.Apply(Linked(0, (0, -1), (4, 0), (4, 0), (0, -1), (9, 4)));
        Assert.Equal((5, 3, 2), (
            bench.Books.Read, bench.Books.Aggregated, bench.Books.Duplicate));
        Assert.Equal(0, bench.Books.BundleGaps);
        bench.Apply(Linked(5, (20, 15)));
        Assert.Equal(1, bench.Books.BundleGaps);
        Assert.Equal(4, bench.Books.Aggregated);
    }

    private static RekeyStage Stage(int partition) =>
        new(Rekeyed, partition, new EnvelopeDecoder());

    private static byte[] Call(string call, int second) =>
        new Envelope
        {
            CallMetric = new CallMetric
            {
                EventTime = T0 + (second * 1000L), CallId = call, Metric = "depth", Value = 1,
            },
        }.ToByteArray();

    private static RecordBatch Linked(long from, params (long Offset, long Previous)[] links)
    {
        RecordBatchBuilder builder = new();
        RecordHeadersBuilder headers = new();
        long offset = from;
        foreach ((long source, long previous) in links)
        {
            new SourceLink(7, source, previous).AddTo(headers.Clear());
            builder.Add(offset++, [], Metric(T0 + source), headers.Encoded);
        }

        return builder.Build(new TopicPartition("rekeyed", 0), from, offset, T0);
    }

    private void Apply(RekeyStage stage, RecordBatch batch)
    {
        for (int i = 0; i < batch.Count; i++)
            stage.Apply(batch, i, outputs);
    }

    private Dictionary<int, List<(byte[] Value, SourceLink Link)>> Sent()
    {
        Dictionary<int, List<(byte[], SourceLink)>> sent = [];
        foreach (RecordAppend append in outputs.Take())
        {
            List<(byte[], SourceLink)> there = sent[append.Target.Partition] = [];
            for (int i = 0; i < append.Records.Count; i++)
            {
                LogRecord record = append.Records[i];
                Assert.True(SourceLink.TryRead(record.Headers, out SourceLink link));
                there.Add((record.Value.ToArray(), link));
            }
        }

        return sent;
    }
}
