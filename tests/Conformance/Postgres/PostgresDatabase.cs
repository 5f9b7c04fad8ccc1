using Npgsql;

namespace Earshot.Tests.Conformance.Postgres;

/// <summary>A database of one test, gone afterwards.</summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    private readonly string server;
    private readonly NpgsqlConnection connection;

    private PostgresDatabase(string server)
    {
        this.server = server;
        Name = $"earshot_test_{Guid.NewGuid():n}";
        Settings = new NpgsqlConnectionStringBuilder(server) { Database = Name, Pooling = false };
        connection = new NpgsqlConnection(Settings.ConnectionString);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its address, for the tests' superuser.</summary>
    public NpgsqlConnectionStringBuilder Settings { get; }

    public static async Task<PostgresDatabase> CreateAsync(string server)
    {
        PostgresDatabase database = new(server);
        await AskServerAsync(server, $"CREATE DATABASE {database.Name}");
        await database.connection.OpenAsync();
        return database;
    }

    /// <summary>Runs a statement in it.</summary>
    public async Task ExecuteAsync(string sql, params object?[] values)
    {
        await using NpgsqlCommand command = CreateCommand(connection, sql, values);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of the first row; null for none.</summary>
    public object? Read(string sql, params object?[] values)
    {
        using NpgsqlCommand command = CreateCommand(connection, sql, values);
        return command.ExecuteScalar();
    }

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        await AskServerAsync(server, $"DROP DATABASE {Name} WITH (FORCE)");
    }

    private static async Task AskServerAsync(string server, string sql)
    {
        NpgsqlConnectionStringBuilder unpooled = new(server) { Pooling = false };
        await using NpgsqlConnection connection = new(unpooled.ConnectionString);
        await connection.OpenAsync();
        await using NpgsqlCommand command = CreateCommand(connection, sql, []);
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
