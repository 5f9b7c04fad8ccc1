using Earshot.Actors;
using Earshot.Analytics;
using Earshot.Tests.Simulation.World;

namespace Earshot.Tests.Simulation.Run;

/// <summary>What is run, as a seed chose it.</summary>
/// <param name="Options">The pipeline.</param>
/// <param name="Processes">How many processes share it.</param>
/// <param name="Kafka">True: the log has Kafka's rules, false: the embedded logs'.</param>
/// <param name="Calls">Calls in the input.</param>
/// <param name="DisorderMs">How far an event may arrive behind later ones.</param>
/// <param name="Dirt">True: broken, late and repeated records too.</param>
internal sealed record Shape(
    PipelineOptions Options, int Processes, bool Kafka, int Calls, long DisorderMs, bool Dirt)
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
            SnapshotEvery = TimeSpan.FromMilliseconds(random.Next(100, 3000)),
            IdleAfter = random.Next(6) == 0
                ? TimeSpan.FromMilliseconds(random.Next(200, 3000)) : TimeSpan.FromHours(10),
            CallLimitMs = random.Next(2) == 0 ? 200_000 : 600_000,
            ArchiveRowsMax = random.Next(20, 400),
        };
        bool kafka = random.Next(4) != 0;
        int processes = kafka ? random.Next(1, Math.Min(3, partitions + 1) + 1) : 1;
        long disorderMs = Math.Min(latenessMs * 2, random.Next(1, 60_000));
        return new Shape(
            options, processes, kafka, random.Next(4, 13), disorderMs, Dirt: random.Next(4) != 0);
    }

    public override string ToString() =>
        $"{(Options.Fused ? "fused" : $"{Options.Partitions} partitions")}, {Options.Mode}, " +
        $"{Processes} processes, {(Kafka ? "Kafka" : "embedded")}, {Calls} calls, windows " +
        $"{string.Join(',', Options.Windows)}, lateness {Options.LatenessMs / 1000} s" +
        (Idles ? ", idle marks" : "");

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];
}

/// <summary>What happens to it, each as a chance in 1,000 per step, until the weather clears.
/// </summary>
/// <param name="Steps">Steps until it clears: every run comes to its end.</param>
/// <param name="Kills">A process is killed.</param>
/// <param name="PartCrashes">A part fails.</param>
/// <param name="Moves">A part goes to another process, cleanly.</param>
/// <param name="Evictions">A process is taken for dead and does not know.</param>
/// <param name="SnapshotLosses">All snapshots are lost.</param>
/// <param name="TimeOuts">The server gives up an open transaction.</param>
/// <param name="DiskFaults">A snapshot or a file cannot be written.</param>
/// <param name="Duplicates">A bundle is written twice.</param>
/// <param name="Commits">What happens to commits.</param>
/// <param name="PutOffOneIn">One call in so many is put off.</param>
/// <param name="NetworkOneIn">One step in so many carries a call that was put off.</param>
/// <param name="SnapshotsTake">At most so many tries until a snapshot is written.</param>
/// <param name="DecideOneIn">How slowly the server decides what nobody ends.</param>
internal sealed record Weather(
    int Steps, int Kills, int PartCrashes, int Moves, int Evictions, int SnapshotLosses,
    int TimeOuts, int DiskFaults, int Duplicates, CommitFaults Commits, int PutOffOneIn,
    int NetworkOneIn, int SnapshotsTake, int DecideOneIn)
{
    public static readonly Weather Calm = new(0, 0, 0, 0, 0, 0, 0, 0, 0, CommitFaults.None, 10, 3, 1, 1);

    public static Weather Of(Random random)
    {
        int Chance(int max) => random.Next(3) == 0 ? 0 : random.Next(1, max + 1);
        return new Weather(
            random.Next(300, 3000), Chance(8), Chance(15), Chance(20), Chance(12),
            random.Next(4) == 0 ? 3 : 0, Chance(20), Chance(100), Chance(60),
            new CommitFaults(Chance(100), Chance(30), Chance(80), random.Next(1, 12)), random.Next(1, 8),
            random.Next(2, 8), random.Next(2) == 0 ? 100 : 1,
            random.Next(1, 20));
    }
}
