using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Actors.Wire;
using Earshot.Analytics;
using Earshot.Analytics.Quality;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Google.Protobuf;
using Aggregate = Earshot.Analytics.Aggregate;
using Row = Earshot.Schemas.V1.Aggregate;

namespace Earshot.Tests.Unit.Actors;

/// <summary>Rows are written by hand: the generated classes say whether they are right.</summary>
public sealed class RowWriterTests
{
    private const long StartMs = 1_700_000_100_000;
    private const long Revision = 300;

    private static readonly PipelineOptions options = new()
    {
        Keys = GroupingSet.ParseAll("();carrier,country"),
        Windows = [WindowSpec.Parse("5m")],
    };

    // In order of their fields.
    private static readonly AssumedInputs[] assumed =
    [
        AssumedInputs.CodecMissing, AssumedInputs.CodecUnknown, AssumedInputs.BplUnknown,
        AssumedInputs.Loss, AssumedInputs.BurstRatio, AssumedInputs.Delay, AssumedInputs.Jitter,
    ];

    private readonly SymbolTable metrics = Metrics.CreateTable();
    private readonly EpochOutputs outputs = new(options.Topics, 0);

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    public void Rows_of_a_window_are_those_of_the_generated_classes(int values)
    {
        KeyActor actor = new(new GroupingKey(1, ["télco", "DE"]));
        Cell cell = Filled(actor, values);
        new RowWriter(options, metrics).Closed(actor, actor.Open[0], Revision, outputs);

        (List<Row> rows, List<Insight> insights) = Read();
        Assert.Equal(["jitter", "mos"], rows.Select(row => row.Metric).Order());
        foreach (Row row in rows)
            AssertSame(cell[metrics.Intern(row.Metric)]!, row);
        AssertSame(cell.Counts, Assert.Single(insights));
        RowKey key = insights[0].Key;
        Assert.Equal(
            (StartMs, StartMs + 300_000, "5m", "carrier,country"),
            (key.WindowStart, key.WindowEnd, key.Window, key.Grouping));
        Assert.Equal("télco", key.Dimensions["carrier"]);
        Assert.Equal("DE", key.Dimensions["country"]);
    }

    [Fact]
    public void What_is_missing_stays_missing()
    {
        KeyActor actor = new(new GroupingKey(1, [null, ""]));
        Cell cell = actor.WindowAt(0, 0, new SpareCells(1), out _);
        cell.Add(metrics.Intern("packet_loss"), 0);
        new RowWriter(options, metrics).Changed(actor, actor.Open[0], 1, outputs);

        (List<Row> rows, List<Insight> insights) = Read();
        Row row = Assert.Single(rows);
        Assert.False(row.HasStddev);
        Assert.Equal((0, 0, false), (row.Min, row.P50, row.Final));
        Assert.Equal((0, 1L), (row.Buckets[0].Bucket_, row.Buckets[0].Count));
        Assert.Equal("", Assert.Single(row.Key.Dimensions).Value);
        Insight insight = Assert.Single(insights);
        Assert.False(insight.HasAsr || insight.HasAloc || insight.Sessions.HasSer);
        Assert.NotNull(insight.MosSources);
    }

    [Fact]
    public void Predictions_say_what_was_expected_and_what_is_next()
    {
        RowWriter writer = new(options, metrics);
        KeyActor actor = new(new GroupingKey(0, []));
        Cell cell = Filled(actor, 3);
        for (int window = 0; window < 4; window++)
            writer.Closed(actor, actor.Open[0], Revision + window, outputs);

        List<Prediction> rows = [.. Values(outputs.Take(), options.Topics.Predictions)
            .Select(bytes => Parsed(Prediction.Parser, bytes))
            .Where(row => row.Metric == "jitter")];
        Assert.Equal([0, 1, 2, 3], rows.Select(row => row.History));
        Assert.Equal([false, false, true, true], rows.Select(row => row.HasExpected));
        Assert.Equal([false, true, true, true], rows.Select(row => row.HasNextExpected));
        double mean = cell[metrics.Intern("jitter")]!.Mean;
        Assert.All(rows, row => Assert.Equal((mean, Predictor.Model), (row.Observed, row.Model)));
        Assert.Equal(rows[1].NextLow, rows[2].Low);
        Assert.Equal(rows[1].NextHigh, rows[2].High);
    }

    [Fact]
    public void A_late_partial_has_all_its_statistics()
    {
        KeyActor actor = new(new GroupingKey(1, ["a", "b"]));
        Cell cell = Filled(actor, 70);
        new RowWriter(options, metrics).LatePartial(
            new Partial(actor.Key, StartMs, cell), 0, StartMs, source: 2, StartMs + 1, Revision,
            outputs);

        List<LateRow> rows = [.. Values(outputs.Take(), options.Topics.Late)
            .Select(bytes => Parsed(LateRow.Parser, bytes))];
        Assert.Equal(3, rows.Count);
        Assert.All(rows, row => Assert.Equal(
            (2, Revision, "window_closed", StartMs, StartMs + 1, options.Topics.Bundles),
            (row.SourcePartition, row.SourceOffset, row.Reason, row.EventTime, row.Watermark,
                row.Origin)));
        AssertSame(
            cell[metrics.Intern("mos")]!,
            rows.Single(row => row.Aggregate?.Metric == "mos").Aggregate, final: false);
        AssertSame(cell.Counts, rows.Single(row => row.Insight is not null).Insight, false);
    }

    private Cell Filled(KeyActor actor, int values)
    {
        Cell cell = actor.WindowAt(0, StartMs, new SpareCells(1), out _);
        for (int i = 0; i < values; i++)
        {
            cell.Add(metrics.Intern("jitter"), (i * 37 % 101) - 3.5);
            cell.Add(metrics.Intern("mos"), 1 + (i % 4));
        }

        // Each field its own count, some beyond a byte and a long one beyond all.
        for (int field = 0; field < CallCounts.Width; field++)
            cell.Counts[field] = field % 7 == 0 ? 0 : 1L << (field % 62);
        return cell;
    }

    private (List<Row> Rows, List<Insight> Insights) Read()
    {
        IReadOnlyList<RecordAppend> appends = outputs.Take();
        return (
            [.. Values(appends, options.Topics.Aggregates).Select(v => Parsed(Row.Parser, v))],
            [.. Values(appends, options.Topics.Insights).Select(v => Parsed(Insight.Parser, v))]);
    }

    private static List<byte[]> Values(IReadOnlyList<RecordAppend> appends, string topic)
    {
        List<byte[]> values = [];
        foreach (RecordAppend append in appends.Where(append => append.Target.Topic == topic))
        {
            for (int i = 0; i < append.Records.Count; i++)
                values.Add(append.Records[i].Value.ToArray());
        }

        return values;
    }

    // Written again by the generated class they must be the same bytes.
    private static T Parsed<T>(MessageParser<T> parser, byte[] bytes) where T : IMessage<T>
    {
        T message = parser.ParseFrom(bytes);
        Assert.Equal(message.ToByteArray(), bytes);
        return message;
    }

    private static void AssertSame(Aggregate expected, Row row, bool final = true)
    {
        Assert.Equal(
            (expected.Count, expected.Min, expected.Mean, expected.Max, expected.Sum),
            (row.Count, row.Min, row.Mean, row.Max, row.Sum));
        Assert.Equal(expected.StandardDeviation, row.HasStddev ? row.Stddev : null);
        Assert.Equal(
            new[] { 25, 50, 75, 90, 95, 99 }.Select(expected.Quantile),
            [row.P25, row.P50, row.P75, row.P90, row.P95, row.P99]);
        List<BucketCount> buckets = [];
        expected.CopyBuckets(buckets);
        Assert.Equal(
            buckets.Select(b => (Buckets.ValueOf(b.Index), b.Count)),
            row.Buckets.Select(b => (b.Bucket_, b.Count)));
        Assert.Equal((Revision, final), (row.Revision, row.Final));
    }

    private static void AssertSame(CallCounts expected, Insight row, bool final = true)
    {
        Assert.Equal((Revision, final), (row.Revision, row.Final));
        Assert.Equal(
            (expected.Calls, expected.Attempts, expected.Answered, expected.NormalSessions,
                expected.Reports, expected.Values),
            (row.Calls, row.Attempts, row.Answered, row.NormalSessions, row.Reports, row.Values));
        Assert.Equal(
            (expected.Busy, expected.NoAnswer, expected.Failed, expected.Canceled,
                expected.ShortCalls, expected.LongCalls),
            (row.Busy, row.Noanswer, row.Failed, row.Canceled, row.ShortCalls, row.LongCalls));
        Assert.Equal(
            (expected.Rejected, expected.SipKnown, expected.DurationKnown,
                expected.ConnectedMinutes),
            (row.Rejected, row.SipKnown, row.DurationKnown, row.ConnectedMinutes));
        Assert.Equal(
            [expected.AsrPercent, expected.NerPercent, expected.AlocSeconds, expected.AbrPercent,
                expected.NormalSessionsPercent, expected.ShortCallsPercent,
                expected.LongCallsPercent],
            [Known(row.HasAsr, row.Asr), Known(row.HasNer, row.Ner), Known(row.HasAloc, row.Aloc),
                Known(row.HasAbr, row.Abr),
                Known(row.HasNormalSessionsShare, row.NormalSessionsShare),
                Known(row.HasShortCallsShare, row.ShortCallsShare),
                Known(row.HasLongCallsShare, row.LongCallsShare)]);
        Assert.Equal(
            Enumerable.Range(0, TagNames.Count)
                .Select(tag =>
                    (TagNames.All[tag], expected.TagCalls(tag), expected.TagReports(tag)))
                .Where(tag => tag.Item2 + tag.Item3 > 0),
            row.Tags.Select(tag => (tag.Tag, tag.Calls, tag.Reports)));
        AssertSame(expected, row.Sessions);
        AssertSame(expected, row.MosSources);
    }

    private static void AssertSame(CallCounts expected, Sessions row)
    {
        Assert.Equal(
            (expected.Invites, expected.Redirected, expected.Established, expected.Effective,
                expected.Ineffective, expected.Completed),
            (row.Invites, row.Redirected, row.Established, row.Effective, row.Ineffective,
                row.Completed));
        Assert.Equal(
            [expected.SerPercent, expected.SeerPercent, expected.IsaPercent, expected.ScrPercent],
            [Known(row.HasSer, row.Ser), Known(row.HasSeer, row.Seer), Known(row.HasIsa, row.Isa),
                Known(row.HasScr, row.Scr)]);
    }

    private static void AssertSame(CallCounts expected, MosSources row) => Assert.Equal(
        [expected.MosGiven, expected.MosEstimated, .. assumed.Select(expected.MosWithout)],
        [row.Given, row.Estimated, row.CodecMissing, row.CodecUnknown, row.BplUnknown,
            row.LossMissing, row.BurstRatioMissing, row.DelayMissing, row.JitterMissing]);

    private static double? Known(bool has, double value) => has ? value : null;
}
