using Earshot.Archive;
using Earshot.Log;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Tests.Integration.Archive;

public sealed class RecoveryTests : IDisposable
{
    private readonly ArchiveFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [DuckDbFact]
    public async Task TheSameRangeTwiceGivesTheSameFiles()
    {
        IMessage[] rows = Rows(0, 20);
        await fixture.WriteAsync("aggregates", 5, rows);
        string[] files = fixture.Files("aggregates");
        byte[][] before = [.. files.Select(File.ReadAllBytes)];
        await fixture.WriteAsync("aggregates", 5, rows);
        Assert.Equal(files, fixture.Files("aggregates"));
        Assert.Equal(before, files.Select(File.ReadAllBytes));
    }

    [DuckDbFact]
    public async Task WhatWasNeverCommittedGoesAtRecovery()
    {
        await fixture.WriteAsync("aggregates", 0, Rows(0, 10));
        await fixture.WriteAsync("aggregates", 10, Rows(10, 10));
        await fixture.Archive.WriteAsync(
            "aggregates", 1, [ArchiveFixture.Batch(10, Rows(10, 10))], default);

        // The crash came between the rename of [10, 20) and its commit.
        using ParquetArchive next = fixture.Open();
        await next.RecoverAsync("aggregates", 0, 10, default);
        Assert.Equal(
            [(0, 10L), (1, 10L)],
            fixture.Query("""
                SELECT log_partition, count(*) FROM aggregates
                GROUP BY log_partition ORDER BY log_partition
                """).Select(row => ((int)row[0]!, (long)row[1]!)));

        // The second attempt cuts its ranges otherwise.
        await next.WriteAsync("aggregates", 0, [ArchiveFixture.Batch(10, Rows(10, 3))], default);
        await next.WriteAsync("aggregates", 0, [ArchiveFixture.Batch(13, Rows(13, 7))], default);
        Assert.Equal(
            [20L, 20L],
            fixture.Query("""
                SELECT count(*), count(DISTINCT log_offset) FROM aggregates_all
                WHERE log_partition = 0
                """).Single());
    }

    [DuckDbFact]
    public async Task ASlowOldOwnerRemovesNothingOfASharedFolder()
    {
        using ParquetArchive slow = fixture.Open(shared: true);
        using ParquetArchive next = fixture.Open(shared: true);
        await next.RecoverAsync("aggregates", 0, 0, default);
        await next.WriteAsync("aggregates", 0, [ArchiveFixture.Batch(0, Rows(0, 10))], default);

        // It read its offset before the new owner committed 10.
        await slow.RecoverAsync("aggregates", 0, 0, default);
        await slow.WriteAsync("aggregates", 0, [ArchiveFixture.Batch(0, Rows(0, 4))], default);
        await slow.WriteAsync("aggregates", 0, [ArchiveFixture.Batch(4, Rows(4, 9))], default);
        Assert.Equal(
            [13L, 13L],
            fixture.Query("SELECT count(*), count(DISTINCT log_offset) FROM aggregates_all")
                .Single());
    }

    [DuckDbFact]
    public async Task UnfinishedFilesOfThatPartitionGoAtRecovery()
    {
        string temporary = Path.Combine(fixture.Folder, ".tmp");
        await fixture.WriteAsync("aggregates", 0, Rows(0, 1));
        Assert.Empty(Directory.GetFiles(temporary));
        string mine = Path.Combine(temporary, "aggregates-00000-5-6-x");
        string other = Path.Combine(temporary, "aggregates-00001-5-6-x");
        await File.WriteAllTextAsync(mine, "x");
        await File.WriteAllTextAsync(other, "x");
        await fixture.Archive.RecoverAsync("aggregates", 0, 1, default);
        Assert.False(File.Exists(mine));
        Assert.True(File.Exists(other));
        Assert.Single(fixture.Files("aggregates"));
    }

    [DuckDbFact]
    public async Task TwoOwnersAtOnceGiveEveryRowOnce()
    {
        await fixture.WriteAsync("aggregates", 0, Rows(0, 10));
        await fixture.WriteAsync("aggregates", 0, Rows(0, 6));
        await fixture.WriteAsync("aggregates", 6, Rows(6, 10));
        Assert.Equal(
            [16L, 16L],
            fixture.Query("SELECT count(*), count(DISTINCT log_offset) FROM aggregates_all")
                .Single());
        Assert.Equal([16L], fixture.Query("SELECT count(*) FROM aggregates").Single());
    }

    [DuckDbFact]
    public async Task ARecordOfAnotherTableIsRefusedAndNothingIsWritten()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => fixture.Archive.WriteAsync(
            "aggregates", 0,
            [ArchiveFixture.Batch(0, [.. Rows(0, 2), new DeadLetter { Reason = "no aggregate" }])],
            default).AsTask());
        Assert.Empty(fixture.Files("aggregates"));
        Assert.Empty(Directory.GetFiles(Path.Combine(fixture.Folder, ".tmp")));
    }

    [DuckDbFact]
    public async Task UnknownTablesAndBackwardRangesAreRefused()
    {
        await Assert.ThrowsAsync<ArgumentException>(
            () => fixture.WriteAsync("no_table", 0, Rows(0, 1)).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => fixture.Archive.WriteAsync(
            "aggregates", 0,
            [ArchiveFixture.Batch(5, Rows(5, 1)), ArchiveFixture.Batch(0, Rows(0, 1))],
            default).AsTask());
    }

    [DuckDbFact]
    public async Task GivingUpLeavesNothing()
    {
        using CancellationTokenSource cancel = new();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fixture.Archive.WriteAsync(
            "aggregates", 0, [ArchiveFixture.Batch(0, Rows(0, 10))], cancel.Token).AsTask());
        Assert.Empty(fixture.Files("aggregates"));
    }

    [DuckDbFact]
    public async Task ATurnThatIsGivenUpLeavesNothingAndTheSameMayBeWrittenLater()
    {
        using CancellationTokenSource turn = new();
        await turn.CancelAsync();
        IReadOnlyList<RecordBatch> batches = [ArchiveFixture.Batch(0, Rows(0, 10))];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fixture.Archive.WriteAsync(
            "aggregates", 0, batches, turn.Token, CancellationToken.None).AsTask());
        Assert.Empty(fixture.Files("aggregates"));
        await fixture.Archive.WriteAsync("aggregates", 0, batches, CancellationToken.None);
        Assert.NotEmpty(fixture.Files("aggregates"));
    }

    internal static IMessage[] Rows(int from, int count) =>
    [
        .. Enumerable.Range(from, count).Select(i => ArchiveFixture.Jitter(
            i % 3, "c" + (i / 3), [i, i + 0.5], revision: i)),
    ];
}
