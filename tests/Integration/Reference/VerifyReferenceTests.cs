using Earshot.Tests.Integration.Host;

namespace Earshot.Tests.Integration.Reference;

/// <summary>Replays of the public capture, verified.</summary>
public sealed class VerifyReferenceTests(ReferenceReplays replays) : ReferenceTests(replays)
{
    [ReferenceTheory]
    [InlineData(ReferenceReplays.GetStats)]
    [InlineData(ReferenceReplays.GetStats, "--shuffle")]
    [InlineData(ReferenceReplays.GetStats, "--partitions", "3")]
    [InlineData(ReferenceReplays.Signalling)]
    [InlineData(ReferenceReplays.Signalling, "--config", ReferenceReplays.ShortEpochs)]
    [InlineData(ReferenceReplays.Signalling, "--partitions", "3")]
    [InlineData(ReferenceReplays.Signalling, "--mode", "update")]
    public async Task The_archive_is_as_recomputed(string file, params string[] form)
    {
        ReferenceReplay replay = await Replays.OfAsync(file, form);
        CommandResult verified = await CommandLine.RunAsync(
            "verify", Path.Combine(ReferenceFactAttribute.Folder!, file), "--data",
            replay.DataFolder);
        Assert.True(verified.Code == 0, verified.Error + verified.Output);
        string books = FormattableString.Invariant(
            $"records: {replay.Count("rows read"):N0} read = {replay.Count("aggregated"):N0} ");
        Assert.Contains(books, verified.Output);
    }
}
