using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Earshot.Sqlite;

/// <summary>
/// One connection and its prepared statements. One caller at a time. SQL is written with
/// parameters $1, $2, …; every statement is prepared once and kept.
/// </summary>
public sealed class SqliteSession : IDisposable
{
    // Statements of a program are constants: reaching this means SQL is being put together.
    private const int StatementsMax = 64;

    private readonly SqliteConnection connection;
    private readonly Dictionary<string, SqliteCommand> statements = [];

    internal SqliteSession(SqliteConnection connection) => this.connection = connection;

    /// <summary>Runs a statement that returns no rows.</summary>
    /// <returns>How many rows it changed.</returns>
    public int Execute(string sql, params ReadOnlySpan<object?> values) =>
        Bind(sql, values).ExecuteNonQuery();

    /// <summary>Runs a query. Dispose what it returns before the next statement.</summary>
    public SqliteDataReader Query(string sql, params ReadOnlySpan<object?> values) =>
        Bind(sql, values).ExecuteReader();

    /// <summary>The first column of the first row as a number; null without rows, or for NULL.</summary>
    public long? ReadLong(string sql, params ReadOnlySpan<object?> values) =>
        Bind(sql, values).ExecuteScalar() is { } found and not DBNull
            ? Convert.ToInt64(found, CultureInfo.InvariantCulture)
            : null;

    /// <summary>Runs several statements once, unprepared and without parameters.</summary>
    public void Script(string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        // Scripts are constants and numbers of ours, never a caller's text.
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    /// <summary>
    /// Gives up to <paramref name="pagesMax"/> free pages back to the file system.
    /// </summary>
    public void ReleasePages(int pagesMax)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100
        command.CommandText = string.Create(
            CultureInfo.InvariantCulture, $"PRAGMA incremental_vacuum({pagesMax})");
#pragma warning restore CA2100
        using SqliteDataReader steps = command.ExecuteReader();
        // Every step frees one page; a reader closed early stops the work.
        while (steps.Read())
        {
        }
    }

    /// <summary>Closes the connection; an open transaction is rolled back.</summary>
    public void Dispose()
    {
        foreach (SqliteCommand command in statements.Values)
            command.Dispose();
        statements.Clear();
        connection.Dispose();
    }

    private SqliteCommand Bind(string sql, ReadOnlySpan<object?> values)
    {
        if (!statements.TryGetValue(sql, out SqliteCommand? command))
            command = Prepare(sql, values.Length);
        for (int index = 0; index < values.Length; index++)
            command.Parameters[index].Value = values[index] ?? DBNull.Value;
        return command;
    }

    private SqliteCommand Prepare(string sql, int parameterCount)
    {
        if (statements.Count == StatementsMax)
            throw new InvalidOperationException($"More than {StatementsMax} statements: {sql}");
        SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        for (int index = 1; index <= parameterCount; index++)
        {
            SqliteParameter parameter = command.CreateParameter();
            parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"${index}");
            parameter.Value = DBNull.Value;
            command.Parameters.Add(parameter);
        }
        command.Prepare();
        statements.Add(sql, command);
        return command;
    }
}
