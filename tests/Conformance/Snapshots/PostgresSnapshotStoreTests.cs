using System.Text;
using Earshot.Snapshots;
using Earshot.Sqlite;
using Earshot.Tests.Conformance.Postgres;
using Microsoft.Data.Sqlite;

namespace Earshot.Tests.Conformance.Snapshots;

/// <summary>The PostgreSQL snapshot store, and its start on a server.</summary>
[NeedsPostgres]
[Collection(PostgresTestGroup.Name)]
public sealed class PostgresSnapshotStoreTests(PostgresServer server) : SnapshotConformance
{
    private const string Pipeline = "test";

    private PostgresDatabase database = null!;

    private string Address => database.Settings.ConnectionString;

    public override async Task InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await database.DisposeAsync();
    }

    private protected override async ValueTask<ISnapshotStore> OpenAsync(ulong settings) =>
        await PostgresSnapshotStore.OpenAsync(Address, Pipeline, Cancel, settings);

    private protected override byte[] ReadStored(SnapshotOwner owner, string? key) =>
        (byte[])(key is null
            ? database.Read(
                """
                SELECT header FROM earshot.snapshot_heads
                WHERE pipeline = $1 AND stage = $2 AND partition = $3
                """,
                Pipeline, owner.Stage, owner.Partition)
            : database.Read(
                """
                SELECT value FROM earshot.snapshot_parts
                WHERE pipeline = $1 AND stage = $2 AND partition = $3 AND key = $4
                """,
                Pipeline, owner.Stage, owner.Partition, Encoding.UTF8.GetBytes(key)))!;

    private protected override void WriteStored(SnapshotOwner owner, string? key, byte[]? value) =>
        WriteAsync(owner, key, value).GetAwaiter().GetResult();

    private protected override async Task ImportAsync(string path)
    {
        using ScratchFolder folder = new();
        string copy = folder.File("copy.db");
        File.Copy(path, copy);
        using SqliteSession session = new SqliteFile(copy).Open();
        using (SqliteDataReader head = session.Query("SELECT * FROM heads"))
        {
            while (head.Read())
            {
                await database.ExecuteAsync(
                    "INSERT INTO earshot.snapshot_heads VALUES ($1, $2, $3, $4, $5, $6)",
                    Pipeline, head.GetString(0), head.GetInt32(1), head.GetInt64(2),
                    head.GetFieldValue<byte[]>(3), Guid.NewGuid());
            }
        }
        using SqliteDataReader part = session.Query("SELECT * FROM parts");
        while (part.Read())
        {
            await WriteAsync(
                new(part.GetString(0), part.GetInt32(1)), part.GetString(2),
                part.GetFieldValue<byte[]>(3));
        }
    }

    private async Task WriteAsync(SnapshotOwner owner, string? key, byte[]? value)
    {
        if (key is null)
        {
            await database.ExecuteAsync(
                """
                UPDATE earshot.snapshot_heads SET header = $4
                WHERE pipeline = $1 AND stage = $2 AND partition = $3
                """,
                Pipeline, owner.Stage, owner.Partition, value);
            return;
        }

        byte[] name = Encoding.UTF8.GetBytes(key);
        await database.ExecuteAsync(
            """
            DELETE FROM earshot.snapshot_parts
            WHERE pipeline = $1 AND stage = $2 AND partition = $3 AND key = $4
            """,
            Pipeline, owner.Stage, owner.Partition, name);
        if (value is not null)
        {
            await database.ExecuteAsync(
                """
                INSERT INTO earshot.snapshot_parts(pipeline, stage, partition, key, value)
                VALUES ($1, $2, $3, $4, $5)
                """,
                Pipeline, owner.Stage, owner.Partition, name, value);
        }
    }

    [StoreFact]
    public async Task Pipelines_do_not_meet()
    {
        await SaveAsync(10, "a=1");
        await using PostgresSnapshotStore other =
            await PostgresSnapshotStore.OpenAsync(Address, "test2", Cancel, settings: 5);
        Assert.Null(await other.LoadAsync(Owner, Cancel));
        Assert.True(await other.SaveAsync(Change(5, whole: true, "a=other"), Cancel));
        await AssertStoredAsync(10, "a=1");
    }

    [StoreFact]
    public async Task Several_that_start_at_once_make_the_tables_once()
    {
        await Store.DisposeAsync();
        await database.ExecuteAsync("DROP SCHEMA earshot CASCADE");
        ISnapshotStore[] stores = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ =>
            Task.Run(async () => await OpenAsync(0))));
        Store = stores[0];
        Assert.True(await SaveAsync(10, "a=1"));
        foreach (ISnapshotStore store in stores.Skip(1))
        {
            Assert.Equal(10, (await store.LoadAsync(Owner, Cancel))!.Offset);
            await store.DisposeAsync();
        }
    }

    [StoreFact]
    public async Task Newer_tables_are_refused()
    {
        await database.ExecuteAsync(
            "UPDATE earshot.meta SET value = 9 WHERE name = 'schema.snapshots'");
        SnapshotException error = await Assert.ThrowsAsync<SnapshotException>(async () =>
            await OpenAsync(0));
        Assert.Contains("version 9", error.Message, StringComparison.Ordinal);
        Assert.Contains("knows version 1", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [StoreFact]
    public async Task A_server_that_answers_commits_too_early_is_told_not_to()
    {
        await database.ExecuteAsync(
            $"ALTER DATABASE {database.Name} SET synchronous_commit = off");
        await Store.DisposeAsync();
        Store = await OpenAsync(0);
        await database.ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF current_setting('synchronous_commit') <> 'on' THEN
                    RAISE 'not durable';
                END IF;
                RETURN NEW;
            END $$
            """);
        await database.ExecuteAsync(
            """
            CREATE TRIGGER durable BEFORE INSERT ON earshot.snapshot_heads
            FOR EACH ROW EXECUTE FUNCTION refuse()
            """);
        Assert.True(await SaveAsync(10, "a=1"));
    }
}
