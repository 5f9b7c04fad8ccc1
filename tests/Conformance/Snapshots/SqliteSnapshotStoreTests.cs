using Earshot.Log.Sqlite;
using Earshot.Snapshots;
using Earshot.Sqlite;
using Microsoft.Data.Sqlite;

namespace Earshot.Tests.Conformance.Snapshots;

/// <summary>The SQLite snapshot store, and what can happen to its file.</summary>
public sealed class SqliteSnapshotStoreTests : SnapshotConformance
{
    private readonly ScratchFolder folder = new();

    private string FilePath => folder.File("snapshots.db");

    private protected override async ValueTask<ISnapshotStore> OpenAsync(ulong settings) =>
        await SqliteSnapshotStore.OpenAsync(FilePath, Cancel, settings: settings);

    private protected override Task ImportAsync(string path)
    {
        // The file as the older program left it, tables and all.
        foreach (string suffix in (string[])["", "-wal", "-shm"])
            File.Delete(FilePath + suffix);
        File.Copy(path, FilePath);
        return Task.CompletedTask;
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        folder.Dispose();
    }

    private protected override byte[] ReadStored(SnapshotOwner owner, string? key)
    {
        using SqliteSession session = new SqliteFile(FilePath).Open();
        using SqliteDataReader row = key is null
            ? session.Query(
                "SELECT header FROM heads WHERE stage = $1 AND partition = $2",
                owner.Stage, owner.Partition)
            : session.Query(
                "SELECT value FROM parts WHERE stage = $1 AND partition = $2 AND key = $3",
                owner.Stage, owner.Partition, key);
        Assert.True(row.Read());
        return row.GetFieldValue<byte[]>(0);
    }

    private protected override void WriteStored(SnapshotOwner owner, string? key, byte[]? value)
    {
        using SqliteSession session = new SqliteFile(FilePath).Open();
        if (key is null)
        {
            session.Execute(
                "UPDATE heads SET header = $1 WHERE stage = $2 AND partition = $3",
                value, owner.Stage, owner.Partition);
            return;
        }
        session.Execute(
            "DELETE FROM parts WHERE stage = $1 AND partition = $2 AND key = $3",
            owner.Stage, owner.Partition, key);
        if (value is not null)
        {
            session.Execute(
                "INSERT INTO parts VALUES ($1, $2, $3, $4)",
                owner.Stage, owner.Partition, key, value);
        }
    }

    [Fact]
    public async Task A_full_disk_keeps_the_old_snapshot()
    {
        await SaveAsync(10, "a=1");
        await Store.DisposeAsync();
        await using SqliteSnapshotStore small = await SqliteSnapshotStore.OpenAsync(
            FilePath, Cancel, maxFileBytes: 256 * 1024);
        SnapshotChange large = new(
            Owner, 20, [new("a", [2]), new("b", new byte[1024 * 1024])]);
        SnapshotException error = await Assert.ThrowsAsync<SnapshotException>(async () =>
            await small.SaveAsync(large, Cancel));
        Assert.Contains("No space left", error.Message, StringComparison.Ordinal);
        Assert.True(error.IsTransient);
        Assert.Equal(10, (await small.LoadAsync(Owner, Cancel))!.Offset);
        Assert.True(await small.SaveAsync(Change(20, whole: false, "b=2"), Cancel));
    }

    [Fact]
    public async Task A_file_that_another_program_holds_is_transient_trouble()
    {
        await SaveAsync(10, "a=1");
        using (SqliteSession other = new SqliteFile(FilePath).Open())
        {
            other.Execute("BEGIN IMMEDIATE");
            SnapshotException error = await Assert.ThrowsAsync<SnapshotException>(async () =>
                await Store.LoadAsync(Owner, Cancel));
            Assert.Contains("in use by another program", error.Message, StringComparison.Ordinal);
            Assert.True(error.IsTransient);
        }
        await AssertStoredAsync(10, "a=1");
    }

    [Fact]
    public async Task It_may_share_the_file_of_the_log()
    {
        SqliteLogOptions options = new(FilePath);
        await using SqliteLog log = await SqliteLog.OpenAsync(options, new ManualTime(), Cancel);
        await log.EnsureTopicsAsync([new("calls", 1)], Cancel);
        await SaveAsync(10, "a=1");
        await AssertStoredAsync(10, "a=1");
    }

    [Fact]
    public async Task Newer_tables_are_refused()
    {
        using (SqliteSession session = new SqliteFile(FilePath).Open())
            session.Execute("UPDATE meta SET value = 9 WHERE name = 'schema.snapshots'");
        SnapshotException error = await Assert.ThrowsAsync<SnapshotException>(async () =>
            await OpenAsync(0));
        Assert.Contains("version 9", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }
}
