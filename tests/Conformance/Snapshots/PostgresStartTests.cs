using System.Net;
using System.Net.Sockets;
using Earshot.Snapshots;
using Earshot.Tests.Conformance.Postgres;
using Npgsql;

namespace Earshot.Tests.Conformance.Snapshots;

/// <summary>
/// Everything that can be wrong at the start is named, with what to do, and without a password.
/// </summary>
[NeedsPostgres]
[Collection(PostgresTestGroup.Name)]
public sealed class PostgresStartTests(PostgresServer server) : IAsyncLifetime
{
    private const string Secret = "s3cret;'word";

    private readonly CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
    private readonly string role = $"earshot_role_{Guid.NewGuid():n}";
    private PostgresDatabase database = null!;

    private NpgsqlConnectionStringBuilder AsRole => new(database.Settings.ConnectionString)
    {
        Username = role,
        Password = Secret,
    };

    public async Task InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
        string quoted = Secret.Replace("'", "''", StringComparison.Ordinal);
        await database.ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD '{quoted}'");
    }

    public async Task DisposeAsync()
    {
        await database.ExecuteAsync($"DROP OWNED BY {role}");
        await database.ExecuteAsync($"DROP ROLE {role}");
        await database.DisposeAsync();
        limit.Dispose();
    }

    [StoreFact]
    public async Task A_server_that_is_not_there()
    {
        // A port that was free a moment ago.
        using TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        int port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        NpgsqlConnectionStringBuilder settings = AsRole;
        settings.Host = "127.0.0.1";
        settings.Port = port;
        await AssertRefusedAsync(
            settings, transient: true, $"No PostgreSQL answers at 127.0.0.1:{port}",
            "check Host and Port");
    }

    [StoreFact]
    public async Task A_host_without_a_name()
    {
        NpgsqlConnectionStringBuilder settings = AsRole;
        settings.Host = "no-such-host.invalid";
        await AssertRefusedAsync(
            settings, transient: true, "no-such-host.invalid", "check Host");
    }

    [StoreTheory]
    [InlineData("Wrong.Passw0rd", "does not let user")]
    [InlineData(null, "none is given")]
    public async Task A_wrong_or_missing_password(string? password, string expected)
    {
        NpgsqlConnectionStringBuilder settings = AsRole;
        settings.Password = password;
        await AssertRefusedAsync(settings, transient: false, expected, role, "PGPASSWORD");
    }

    [StoreFact]
    public async Task A_database_that_is_not_there()
    {
        NpgsqlConnectionStringBuilder settings = AsRole;
        settings.Database = "no_such_database";
        await AssertRefusedAsync(
            settings, transient: false, "has no database no_such_database", "CREATE DATABASE");
    }

    [StoreFact]
    public async Task No_right_to_make_the_tables_then_none_to_use_them_then_both()
    {
        await AssertRefusedAsync(
            AsRole, transient: false, "lacks a right", $"AUTHORIZATION \"{role}\"");
        await using (await OpenAsync(database.Settings))
        {
        }
        await AssertRefusedAsync(AsRole, transient: false, "lacks a right", "GRANT USAGE");
        await database.ExecuteAsync($"GRANT USAGE ON SCHEMA earshot TO {role}");
        await AssertRefusedAsync(AsRole, transient: false, "lacks a right", "GRANT SELECT");
        await database.ExecuteAsync($"GRANT SELECT ON ALL TABLES IN SCHEMA earshot TO {role}");
        await AssertRefusedAsync(AsRole, transient: false, "may not read and write", "GRANT");
        await database.ExecuteAsync(
            $"GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA earshot TO {role}");
        await using PostgresSnapshotStore store = await OpenAsync(AsRole);
        SnapshotChange change = new(new("call", 0), 10, [new("a", [1])]);
        Assert.True(await store.SaveAsync(change, limit.Token));
    }

    [StoreFact]
    public async Task A_user_that_owns_the_schema_needs_no_right_on_the_database()
    {
        await database.ExecuteAsync($"CREATE SCHEMA earshot AUTHORIZATION {role}");
        await using PostgresSnapshotStore store = await OpenAsync(AsRole);
        Assert.Null(await store.LoadAsync(new("call", 0), limit.Token));
    }

    [StoreFact]
    public async Task A_server_that_may_only_be_read()
    {
        await using (await OpenAsync(database.Settings))
        {
        }
        await database.ExecuteAsync(
            $"ALTER DATABASE {database.Name} SET default_transaction_read_only = on");
        await AssertRefusedAsync(
            database.Settings, transient: true, "read-only", "name the primary");
    }

    [StoreTheory]
    [InlineData("Host=db;Passwort=s3cret", "cannot be read")]
    [InlineData("Host=db;Password=se;s3cret", "cannot be read")]
    [InlineData("Host=db;Port=s3cret", "cannot be read")]
    [InlineData("postgresql://u:s3cret@db/x", "cannot be read")]
    [InlineData("Password=s3cret", "names no Host")]
    public async Task A_connection_string_that_is_none(string text, string expected)
    {
        SnapshotException error = await Assert.ThrowsAsync<SnapshotException>(async () =>
            await PostgresSnapshotStore.OpenAsync(text, "test", limit.Token));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.ToString(), StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    private async Task AssertRefusedAsync(
        NpgsqlConnectionStringBuilder settings, bool transient, params string[] expected)
    {
        SnapshotException error = await Assert.ThrowsAsync<SnapshotException>(async () =>
            await OpenAsync(settings));
        foreach (string text in expected)
            Assert.Contains(text, error.Message, StringComparison.Ordinal);
        Assert.Equal(transient, error.IsTransient);
        // Neither the message nor its causes.
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Passw0rd", error.ToString(), StringComparison.Ordinal);
    }

    private async Task<PostgresSnapshotStore> OpenAsync(NpgsqlConnectionStringBuilder settings) =>
        await PostgresSnapshotStore.OpenAsync(
            settings.ConnectionString, "test", limit.Token,
            patience: TimeSpan.FromMilliseconds(150));
}
