using Earshot.Tests.Simulation.Bugs;
using Earshot.Tests.Simulation.Run;
using Xunit.Abstractions;

namespace Earshot.Tests.Simulation;

/// <summary>
/// Shows that the simulation bites: each of these faults, put in alone, must be found within a few
/// hundred seeds. Which seed caught it is in the test's output.
/// </summary>
public sealed class BugTests(ITestOutputHelper output)
{
    private const int SeedsMax = 500;

    private static readonly Dictionary<string, Bug> bugs = new()
    {
        ["offset committed before the output"] = new OffsetBeforeOutput(),
        ["sent again after a lost answer, though written"] = new BlindResend(),
        ["offset read while a transaction is undecided"] = new UnstableOffset(),
        ["old generation may commit"] = new OldGeneration(),
        ["snapshot written before its commit is known"] = new SnapshotBeforeCommit(),
        ["snapshot of a slow old owner overwrites"] = new SnapshotOverwritten(),
        ["snapshot leaves out a change"] = new ChangeNotSaved(),
        ["learned limits left out of snapshots"] = new PartsNotSaved("pdd/"),
        ["snapshot leaves out raised warnings"] = new PartsNotSaved("warnings/"),
        ["keys that have room left out of snapshots"] = new PartsNotSaved("live-keys/"),
        ["snapshot leaves out live calls"] = new PartsNotSaved("live-call"),
        ["snapshot leaves out the ids of live calls"] = new PartsNotSaved("live-call-ids/"),
        ["snapshot leaves out stream counters"] = new PartsNotSaved("stream-counters"),
        ["idle key comes back without its history"] = new IdleKeyForgotten(),
        ["idle keys read from the snapshot of another"] = new ColdPartsOfAnyone(),
        ["window takes in its end"] = new WindowEndIncluded(),
        ["repeated bundle accepted"] = new RepeatAccepted(),
        ["chronicler commits before the file is durable"] = new FileNotDurable(),
        ["starting chronicler deletes files of others"] = new FilesOfOthersDeleted(),
    };

    public static TheoryData<string> Names() => [.. bugs.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Is_caught(string bug)
    {
        SeedFailedException? caught = await Task.Run(() => FirstCaught(bugs[bug]));
        Assert.True(caught is not null, $"{bug}: not caught by {SeedsMax} seeds");
        string found = caught.InnerException!.Message.ReplaceLineEndings(" ");
        output.WriteLine(found);
        output.WriteLine($"= bug put in, \"{bug}\": caught by seed {caught.Seed}");
    }

    private static SeedFailedException? FirstCaught(Bug bug)
    {
        for (int seed = 1; seed <= SeedsMax; seed++)
        {
            try
            {
                Seed.Run(seed, bug);
            }
            catch (SeedFailedException failure)
            {
                return failure;
            }
        }

        return null;
    }
}
