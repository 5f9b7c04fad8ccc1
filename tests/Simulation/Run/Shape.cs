using Earshot.Actors;
using Earshot.Analytics;

namespace Earshot.Tests.Simulation.Run;

/// <summary>What is run, as a seed chose it.</summary>
/// <param name="Options">The pipeline.</param>
/// <param name="Processes">How many processes share it.</param>
/// <param name="Kafka">True: the log has Kafka's rules, false: the embedded logs'.</param>
/// <param name="Calls">Calls in the input.</param>
/// <param name="GapMs">From one call to the next: in some seeds the input spans hours.</param>
/// <param name="DisorderMs">How far an event may arrive behind later ones.</param>
/// <param name="Dirt">True: broken, late and repeated records too.</param>
internal sealed record Shape(
    PipelineOptions Options, int Processes, bool Kafka, int Calls, long GapMs, long DisorderMs,
    bool Dirt)
{
    private static readonly string[] windowSets =
        ["1m", "5m/1m", "1m,1h", "30s,5m/1m", "2m,24h", "1m,90s/30s"];

    private static readonly string[] keySets =
        ["carrier", "carrier;carrier,country", "country;carrier", "carrier,country"];

    private static readonly long[] latenesses = [5_000, 20_000, 60_000, 120_000];

    /// <summary>True when silent partitions stop holding the watermark back.</summary>
    public bool Idles => Options.Partitions > 1 && Options.IdleAfter < TimeSpan.FromMinutes(1);

    public static Shape Of(Random random)
    {
        int partitions = Math.Max(1, random.Next(-1, 5));
        long latenessMs = Pick(random, latenesses);
        PipelineOptions options = new()
        {
            PipelineId = "earshot",
            Windows = [.. Pick(random, windowSets).Split(',').Select(WindowSpec.Parse)],
            Keys = GroupingSet.ParseAll(Pick(random, keySets)),
            LatenessMs = latenessMs,
            Partitions = partitions,
            Shuffled = partitions == 1 && random.Next(2) == 0,
            Mode = random.Next(3) == 0 ? OutputMode.Update : OutputMode.Append,
            EpochRecordsMax = random.Next(10, 150),
            SnapshotEvery = TimeSpan.FromMilliseconds(
                random.Next(3) == 0 ? random.Next(100, 3000) : random.Next(1, 200)),
            IdleAfter = random.Next(6) == 0
                ? TimeSpan.FromMilliseconds(random.Next(200, 3000)) : TimeSpan.FromHours(10),
            CallLimitMs = random.Next(2) == 0 ? 200_000 : 600_000,
            ArchiveRowsMax = random.Next(20, 400),
            Mos = new MosOptions { Estimate = random.Next(4) != 0 },
            PddHistoryMs = random.Next(1, 4) * PddHours.HourMs,
            PddSamplesMin = random.Next(1, 4),
            KeysMax = random.Next(2) == 0 ? random.Next(1, 5) : 1_000_000,
        };
        long keyIdleMs = random.Next(2) == 0 ? random.Next(1_000, 60_000) : 3_600_000;
        options = options with
        {
            KeyIdleMs = keyIdleMs,
            HistoryKeepMs = keyIdleMs % 2 == 1 ? 5 * keyIdleMs : options.HistoryKeepMs,
            ArchiveCalls = random.Next(2) == 0,
        };
        bool kafka = random.Next(4) != 0;
        int processes = kafka ? random.Next(1, Math.Min(3, partitions + 1) + 1) : 1;
        long disorderMs = Math.Min(latenessMs * 2, random.Next(1, 60_000));
        long gapMs = random.Next(3) == 0 ? random.Next(300_000, 2_400_000) : 700;
        return new Shape(
            options, processes, kafka, random.Next(4, 13), gapMs, disorderMs,
            Dirt: random.Next(4) != 0);
    }

    public override string ToString() =>
        $"{(Options.Fused ? "fused" : $"{Options.Partitions} partitions")}, {Options.Mode}, " +
        $"{Processes} processes, {(Kafka ? "Kafka" : "embedded")}, {Calls} calls, windows " +
        $"{string.Join(',', Options.Windows)}, lateness {Options.LatenessMs / 1000} s" +
        (Idles ? ", idle marks" : "") +
        (Options.KeysMax < 1000 ? $", {Options.KeysMax} keys" : "") +
        $", keys idle {Options.KeyIdleMs / 1000} s";

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];
}
