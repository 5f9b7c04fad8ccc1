using Npgsql;

namespace Earshot.Tests.Conformance.Postgres;

/// <summary>
/// The server that all tests of PostgreSQL share: the one of EARSHOT_TEST_POSTGRES, or a private
/// one. Each test has a database of its own on it.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private PostgresCluster? cluster;
    private string address = "";

    public async Task InitializeAsync()
    {
        // Without either, every test that would use it is skipped.
        if (PostgresPrograms.Server is { } named)
        {
            address = named;
        }
        else if (PostgresPrograms.Missing is null)
        {
            cluster = await PostgresCluster.StartAsync();
            address = cluster.ConnectionString;
        }
    }

    public async Task DisposeAsync()
    {
        if (cluster is not null)
            await cluster.DisposeAsync();
    }

    /// <summary>Makes a database.</summary>
    internal Task<PostgresDatabase> CreateDatabaseAsync() =>
        PostgresDatabase.CreateAsync(address);
}

/// <summary>The tests that share the server, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresTestGroup : ICollectionFixture<PostgresServer>
{
    public const string Name = "PostgreSQL";
}

/// <summary>A database of one test, gone afterwards.</summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    private readonly string server;
    private readonly string name;

    private PostgresDatabase(string server, string name)
    {
        this.server = server;
        this.name = name;
        Settings = new NpgsqlConnectionStringBuilder(server) { Database = name, Pooling = false };
    }

    /// <summary>Its address.</summary>
    public NpgsqlConnectionStringBuilder Settings { get; }

    public static async Task<PostgresDatabase> CreateAsync(string server)
    {
        PostgresDatabase database = new(server, $"earshot_test_{Guid.NewGuid():n}");
        await ExecuteAsync(database.server, $"CREATE DATABASE {database.name}");
        return database;
    }

    /// <summary>Runs a statement in it.</summary>
    public Task ExecuteAsync(string sql, params object?[] values) =>
        ExecuteAsync(Settings.ConnectionString, sql, values);

    /// <summary>The first column of the first row; null for none.</summary>
    public object? Read(string sql, params object?[] values)
    {
        using NpgsqlConnection connection = new(Settings.ConnectionString);
        connection.Open();
        using NpgsqlCommand command = CreateCommand(connection, sql, values);
        return command.ExecuteScalar();
    }

    public async ValueTask DisposeAsync() =>
        await ExecuteAsync(server, $"DROP DATABASE {name} WITH (FORCE)");

    private static async Task ExecuteAsync(string address, string sql, params object?[] values)
    {
        NpgsqlConnectionStringBuilder unpooled = new(address) { Pooling = false };
        await using NpgsqlConnection connection = new(unpooled.ConnectionString);
        await connection.OpenAsync();
        await using NpgsqlCommand command = CreateCommand(connection, sql, values);
        await command.ExecuteNonQueryAsync();
    }

    private static NpgsqlCommand CreateCommand(
        NpgsqlConnection connection, string sql, object?[] values)
    {
        // Constants of the tests.
#pragma warning disable CA2100
        NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
        foreach (object? value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        return command;
    }
}
