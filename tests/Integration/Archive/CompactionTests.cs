namespace Earshot.Tests.Integration.Archive;

public sealed class CompactionTests : IDisposable
{
    // All but where a row lies.
    private const string AllRows =
        "SELECT * FROM aggregates_all ORDER BY log_partition, log_offset";

    private readonly ArchiveFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [DuckDbFact]
    public async Task RowsStayExactlyAsTheyWere()
    {
        await FillAsync(12);
        List<object?[]> before = fixture.Query(AllRows);
        Assert.Equal(60, before.Count);

        // Each of the 12 ranges has rows of both days; the last one is not known to be committed.
        Assert.Equal(24, fixture.Files("aggregates").Length);
        await fixture.Archive.CompactAsync(default);
        Assert.Equal(26, fixture.Files("aggregates").Length);
        Assert.Equal(before, fixture.Query(AllRows));
        Assert.Equal(2, fixture.Files("aggregates").Count(
            f => Path.GetFileName(f) == "00000-0000000000000000000-0000000000000000055.parquet"));
        Assert.Empty(Directory.GetFiles(Path.Combine(fixture.Folder, ".tmp")));
    }

    [DuckDbFact]
    public async Task ReplacedFilesGoAfterAMinute()
    {
        await FillAsync(12);
        List<object?[]> before = fixture.Query(AllRows);
        await fixture.Archive.CompactAsync(default);
        fixture.Time.Advance(TimeSpan.FromSeconds(59));
        await fixture.Archive.CompactAsync(default);
        Assert.Equal(26, fixture.Files("aggregates").Length);
        fixture.Time.Advance(TimeSpan.FromSeconds(1));
        await fixture.Archive.CompactAsync(default);
        Assert.Equal(4, fixture.Files("aggregates").Length);
        Assert.Equal(before, fixture.Query(AllRows));
    }

    [DuckDbFact]
    public async Task ReplacedFilesGoAtRecovery()
    {
        await FillAsync(12);
        List<object?[]> before = fixture.Query(AllRows);
        await fixture.Archive.CompactAsync(default);
        await fixture.Archive.RecoverAsync("aggregates", 0, 60, default);
        Assert.Equal(4, fixture.Files("aggregates").Length);
        Assert.Equal(before, fixture.Query(AllRows));
    }

    [DuckDbFact]
    public async Task WhatIsNotCommittedIsNotMerged()
    {
        await FillAsync(12);
        await fixture.Archive.CompactAsync(default);

        // Back to the last commit: only the range after it goes, the merged file stays whole.
        await fixture.Archive.RecoverAsync("aggregates", 0, 55, default);
        Assert.Equal(2, fixture.Files("aggregates").Length);
        Assert.Equal(
            [55L, 54L],
            fixture.Query("SELECT count(*), max(log_offset) FROM aggregates_all").Single());
    }

    [DuckDbFact]
    public async Task AFewFilesAreLeftAlone()
    {
        await FillAsync(9);
        await fixture.Archive.CompactAsync(default);
        Assert.Equal(18, fixture.Files("aggregates").Length);
    }

    [DuckDbFact]
    public async Task APartitionNotRecoveredHereIsLeftAlone()
    {
        for (int i = 0; i < 12; i++)
            await fixture.WriteAsync("aggregates", 5 * i, RecoveryTests.Rows(5 * i, 5));
        await fixture.Archive.CompactAsync(default);
        Assert.Equal(24, fixture.Files("aggregates").Length);
    }

    [DuckDbFact]
    public async Task RangesWithoutRowsOfTheDayAreCovered()
    {
        await fixture.Archive.RecoverAsync("aggregates", 0, 0, default);
        for (int i = 0; i < 24; i++)
        {
            // Even ranges hold rows of the first day, odd ones of the second.
            await fixture.WriteAsync("aggregates", i, ArchiveFixture.Jitter(i % 2, "c" + i, [i]));
        }

        List<object?[]> before = fixture.Query(AllRows);
        await fixture.Archive.CompactAsync(default);
        await fixture.Archive.RecoverAsync("aggregates", 0, 24, default);
        Assert.Equal(
            [
                "00000-0000000000000000000-0000000000000000023.parquet",
                "00000-0000000000000000001-0000000000000000022.parquet",
                "00000-0000000000000000023-0000000000000000024.parquet",
            ],
            fixture.Files("aggregates").Select(file => Path.GetFileName(file)).Order());
        Assert.Equal(before, fixture.Query(AllRows));
    }

    [DuckDbFact]
    public async Task OverlappingRangesAreMergedToEveryRowOnce()
    {
        await fixture.Archive.RecoverAsync("aggregates", 0, 0, default);
        for (int i = 0; i < 12; i++)
            await fixture.WriteAsync("aggregates", 5 * i, RecoveryTests.Rows(5 * i, 7));
        List<object?[]> before = fixture.Query(AllRows);
        Assert.Equal(62, before.Count);
        await fixture.Archive.CompactAsync(default);
        Assert.Equal(before, fixture.Query(AllRows));
        await fixture.Archive.RecoverAsync("aggregates", 0, 60, default);
        Assert.Equal(before, fixture.Query(AllRows));
    }

    private async Task FillAsync(int ranges)
    {
        await fixture.Archive.RecoverAsync("aggregates", 0, 0, default);
        for (int i = 0; i < ranges; i++)
            await fixture.WriteAsync("aggregates", 5 * i, RecoveryTests.Rows(5 * i, 5));
    }
}
