using Earshot.Tests.Simulation.World;

namespace Earshot.Tests.Simulation.Run;

/// <summary>
/// What happens to a run until the weather clears, so that every run comes to its end. Chances are
/// in 1,000 per step.
/// </summary>
internal sealed record Weather
{
    /// <summary>Nothing happens, and all goes quickly.</summary>
    public static readonly Weather Calm = new();

    /// <summary>Steps until it clears.</summary>
    public int Steps { get; init; }

    /// <summary>Chance that a process is killed.</summary>
    public int Kills { get; init; }

    /// <summary>Chance that a part fails.</summary>
    public int PartCrashes { get; init; }

    /// <summary>Chance that a part goes to another process.</summary>
    public int Moves { get; init; }

    /// <summary>Chance that a process is taken for dead and does not know.</summary>
    public int Evictions { get; init; }

    /// <summary>Chance that all snapshots are lost.</summary>
    public int SnapshotLosses { get; init; }

    /// <summary>Chance that the server gives up an open transaction.</summary>
    public int TimeOuts { get; init; }

    /// <summary>Chance that a snapshot or a file cannot be written.</summary>
    public int DiskFaults { get; init; }

    /// <summary>Chance that a bundle is written twice.</summary>
    public int Duplicates { get; init; }

    /// <summary>What happens to commits.</summary>
    public CommitFaults Commits { get; init; } = CommitFaults.None;

    /// <summary>One call in so many is put off.</summary>
    public int PutOffOneIn { get; init; } = 10;

    /// <summary>One step in so many carries a call that was put off.</summary>
    public int NetworkOneIn { get; init; } = 3;

    /// <summary>At most so many tries until a snapshot is written.</summary>
    public int SnapshotsTake { get; init; } = 1;

    /// <summary>Most records a stage reads at once.</summary>
    public int FeedMax { get; init; } = 60;

    /// <summary>How slowly the server decides what nobody ends.</summary>
    public int DecideOneIn { get; init; } = 1;

    public static Weather Of(Random random)
    {
        int Chance(int max) => random.Next(3) == 0 ? 0 : random.Next(1, max + 1);
        return new Weather
        {
            Steps = random.Next(300, 4000),
            Kills = Chance(8),
            PartCrashes = Chance(15),
            Moves = Chance(20),
            Evictions = Chance(12),
            SnapshotLosses = random.Next(4) == 0 ? 3 : 0,
            TimeOuts = Chance(20),
            DiskFaults = Chance(100),
            Duplicates = Chance(60),
            Commits = new CommitFaults(Chance(100), Chance(30), Chance(80), random.Next(1, 12)),
            PutOffOneIn = random.Next(1, 8),
            NetworkOneIn = random.Next(2, 8),
            SnapshotsTake = random.Next(2) == 0 ? 100 : 1,
            FeedMax = random.Next(2) == 0 ? random.Next(2, 10) : random.Next(10, 60),
            DecideOneIn = random.Next(1, 20),
        };
    }
}
