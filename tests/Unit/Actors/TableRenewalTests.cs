using System.Globalization;
using Earshot.Actors;
using Earshot.Actors.Calls;
using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Google.Protobuf;
using static Earshot.Tests.Unit.Actors.Inputs;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Actors;

/// <summary>A stage that forgets its tables at every chance gives out the same.</summary>
public sealed class TableRenewalTests
{
    private const int Epochs = 40;
    private static readonly string[] Codecs = ["PCMU", "GSM", "G729", "a", "b", "c"];

    private static readonly PipelineOptions Some = Options with
    {
        Keys = GroupingSet.ParseAll("carrier;carrier,country;()"),
        KeysMax = 5,
    };

    [Fact]
    public void What_comes_out_does_not_depend_on_when_the_tables_were_renewed()
    {
        // A period of a second turns with nearly every epoch, one of a day never; neither is
        // reached by the limit, so the periods decide nothing else.
        PipelineOptions free = Some with { KeysMax = 1_000_000 };
        CallBench often = new(free with { KeyIdleMs = 1_000 });
        CallBench never = new(free with { KeyIdleMs = 86_400_000 });
        Random random = new(4);
        for (int epoch = 0; epoch < Epochs; epoch++)
        {
            byte[][] records = Records(random, T0 + (epoch * 3_000));
            Assert.Equal(Run(never, records), Run(often, records));
        }
    }

    [Fact]
    public void A_source_of_ever_new_values_does_not_fill_the_tables()
    {
        SymbolTable values = new(), metrics = Metrics.CreateTable();
        KeyLimit keys = new(Some);
        PddBaselines baselines = new(Some, values);
        Combiner combiner = new(
            Some, Some.Dimensions, values, metrics, keys, new Books(), baselines);
        CallJoin calls = new(
            Some, combiner, Some.Dimensions.Count, values, metrics, new Books(), finished: null,
            new GivenUpCalls(Some.Tags, Some.Dimensions, combiner, baselines));
        TableRenewal renewal = new(
            values, metrics, combiner.Partials, keys, calls, baselines, combiner.Estimates);
        keys.Advance(T0);
        int[] dimensions = new int[Some.Dimensions.Count];
        for (int i = 0; i < 450_000; i++)
        {
            dimensions[Some.Dimensions.OrdinalOf("carrier"u8)] =
                values.InternForUse(i.ToString("x8", CultureInfo.InvariantCulture));
            combiner.Partials.Add(dimensions, T0, [], default);
            if (i % 1000 != 0)
                continue;
            combiner.Partials.Flush();
            combiner.Partials.Clear();
            renewal.AfterEpoch();
        }

        Assert.InRange(combiner.Partials.KeysHeld, 0, Some.KeysMax + 1);
        Assert.InRange(values.Held, 1, 202_000);
    }

    private static byte[][] Records(Random random, long now) =>
        [.. Enumerable.Range(0, 30).Select(_ =>
        {
            long at = now - random.Next(20_000);
            string call = "c" + random.Next(30), carrier = "t" + random.Next(9);
            return random.Next(5) switch
            {
                4 => Report(at, Codecs[random.Next(Codecs.Length)], random.Next(9)),
                0 => Metric(at, random.Next(9), metric: "m" + random.Next(4), carrier: carrier),
                1 => Summary(call, at, partial: true, mos: 3, carrier: carrier),
                _ => Step(call, (State)random.Next(1, 11), at, carrier: carrier),
            };
        })];

    private static byte[] Report(long at, string codec, double lossPercent) =>
        new Envelope
        {
            StreamReport = new StreamReport
            {
                EventTime = at,
                Codec = codec,
                PacketLossPercentage = lossPercent,
            },
        }.ToByteArray();

    private static List<string> Run(CallBench bench, byte[][] records)
    {
        bench.Give(records);
        List<string> partials = [];
        foreach (Partial partial in bench.Partials)
        {
            double sum = Enumerable.Range(1, partial.Cell.MetricEnd - 1)
                .Sum(metric => partial.Cell[metric]?.Sum ?? 0);
            string counts = string.Join(',', partial.Cell.Counts.Fields);
            partials.Add($"{partial.Key} {partial.PaneMs} {sum} {counts}");
        }

        partials.Sort(StringComparer.Ordinal);
        bench.Stage.ReleaseBundle();
        return partials;
    }
}
