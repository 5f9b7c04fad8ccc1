using Earshot.Snapshots;
using Earshot.Tests.Conformance.Postgres;
using Earshot.Tests.Conformance.Snapshots.Golden;

namespace Earshot.Tests.Conformance.Snapshots;

/// <summary>Older and newer formats, and other settings.</summary>
public abstract partial class SnapshotConformance
{
    public static TheoryData<int> GoldenVersions() => [.. GoldenFiles.Versions];

    [StoreTheory]
    [MemberData(nameof(GoldenVersions))]
    public async Task From_a_golden_state_the_pipeline_goes_on_like_an_undisturbed_one(int version)
    {
        await ImportGoldenAsync(version);
        GoldenRun run = await GoldenRun.LoadAsync(Store, Cancel);
        run.RunToEnd();
        AssertEndsUndisturbed(run, version);
    }

    [StoreTheory]
    [MemberData(nameof(GoldenVersions))]
    public async Task A_golden_state_becomes_the_present_version_at_the_next_save(int version)
    {
        await ImportGoldenAsync(version);
        Assert.Equal(version, VersionOf(GoldenRun.FusedOwner));
        GoldenRun run = await GoldenRun.LoadAsync(Store, Cancel);
        run.RunTo(GoldenRun.GoldenOffset + GoldenRun.EpochRecords);
        await run.SaveAsync(Store, Cancel);
        Assert.Equal(GoldenFiles.Versions[^1], VersionOf(GoldenRun.FusedOwner));
        GoldenRun next = await GoldenRun.LoadAsync(Store, Cancel);
        run.RunToEnd();
        AssertEndsUndisturbed(run, version);
        run.TakeRows();

        // What was saved is the same state, though its parts are of both versions.
        GoldenRun undisturbed = new();
        undisturbed.RunTo(
            GoldenRun.GoldenOffset, joinReports: version >= GoldenRun.FirstThatJoinedReports);
        undisturbed.RunTo(GoldenRun.GoldenOffset + GoldenRun.EpochRecords);
        undisturbed.TakeRows();
        undisturbed.RunToEnd();
        next.RunToEnd();
        Assert.Equal(undisturbed.TakeRows(), next.TakeRows());

        // From now on it is known which settings it is of.
        await Store.DisposeAsync();
        Store = await OpenAsync(GoldenRun.Settings + 1);
        await AssertOfOtherSettingsAsync(GoldenRun.FusedOwner);
    }

    [StoreTheory]
    [InlineData(null, 4)]
    [InlineData("a", 0)]
    public async Task A_newer_format_is_refused_and_not_overwritten(string? key, int versionAt)
    {
        await SaveAsync(10, "a=1");
        byte[] stored = ReadStored(Owner, key);
        Assert.Equal(3, stored[versionAt]);
        stored[versionAt] = 4;
        WriteStored(Owner, key, stored);
        SnapshotException error = await AssertRefusedAsync("version 4");
        Assert.Contains("reads versions up to 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("Run the newer program", error.Message, StringComparison.Ordinal);
        if (key is not null)
            return;
        foreach (bool whole in (bool[])[false, true])
        {
            await Assert.ThrowsAsync<SnapshotException>(async () =>
                await Store.SaveAsync(Change(20, whole, "a=2"), Cancel));
        }
        Assert.Equal(stored, ReadStored(Owner, key));
    }

    [StoreFact]
    public async Task A_snapshot_of_other_settings_is_neither_loaded_nor_overwritten()
    {
        await using ISnapshotStore one = await OpenAsync(settings: 1);
        await using ISnapshotStore other = await OpenAsync(settings: 2);
        Assert.True(await one.SaveAsync(Change(10, whole: true, "a=1"), Cancel));
        SnapshotException error = await Assert.ThrowsAsync<SnapshotException>(async () =>
            await other.LoadAsync(Owner, Cancel));
        AssertOtherSettings(error);
        SnapshotChange[] changes =
        [
            Change(20, whole: true, "a=2"),
            Change(20, whole: false, "a=2") with { Base = 10 },
        ];
        foreach (SnapshotChange change in changes)
        {
            AssertOtherSettings(await Assert.ThrowsAsync<SnapshotException>(async () =>
                await other.SaveAsync(change, Cancel)));
        }
        Assert.Equal(10, (await one.LoadAsync(Owner, Cancel))!.Offset);
    }

    [StoreTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Unknown_settings_match_any_and_keep_the_known_ones(bool whole)
    {
        // Not known: any may go on from it, and from then on it is known.
        await SaveAsync(10, "a=1");
        await using ISnapshotStore one = await OpenAsync(settings: 1);
        Assert.NotNull(await one.LoadAsync(Owner, Cancel));
        Assert.True(await one.SaveAsync(Change(20, whole, "a=2"), Cancel));
        savedAt = 20;

        // Not known to the store that saves next: what was known stays.
        Assert.True(await Store.SaveAsync(Change(30, whole, "a=3"), Cancel));
        Assert.Equal(30, (await one.LoadAsync(Owner, Cancel))!.Offset);
        await Store.DisposeAsync();
        Store = await OpenAsync(settings: 2);
        await AssertOfOtherSettingsAsync(Owner);
    }

    private async Task ImportGoldenAsync(int version)
    {
        await Store.DisposeAsync();
        await ImportAsync(GoldenFiles.SnapshotOf(version));
        Store = await OpenAsync(GoldenRun.Settings);
    }

    private int VersionOf(SnapshotOwner owner) =>
        BitConverter.ToUInt16(ReadStored(owner, null), 4);

    private static void AssertEndsUndisturbed(GoldenRun run, int version)
    {
        GoldenRun undisturbed = new();
        undisturbed.RunTo(
            GoldenRun.GoldenOffset, joinReports: version >= GoldenRun.FirstThatJoinedReports);
        Assert.NotEmpty(undisturbed.TakeRows());
        undisturbed.RunToEnd();
        IReadOnlyList<string> rows = undisturbed.TakeRows();
        Assert.NotEmpty(rows);
        Assert.Equal(rows, run.TakeRows());
        Assert.Equal(undisturbed.Books, run.Books);
    }

    private async Task AssertOfOtherSettingsAsync(SnapshotOwner owner) =>
        AssertOtherSettings(await Assert.ThrowsAsync<SnapshotException>(async () =>
            await Store.LoadAsync(owner, Cancel)));

    private static void AssertOtherSettings(SnapshotException error)
    {
        Assert.Contains("made with other settings", error.Message, StringComparison.Ordinal);
        Assert.Contains(
            "new pipeline id or data folder", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }
}
