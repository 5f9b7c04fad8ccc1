namespace Earshot.Archive.DuckDb;

/// <summary>
/// An in-memory DuckDB database and a connection to it. One caller at a time, except
/// <see cref="Interrupt"/>.
/// </summary>
internal sealed class DuckDbConnection : IDisposable
{
    private readonly DatabaseHandle database;
    private readonly ConnectionHandle connection;

    /// <summary>Opens an empty database with the given DuckDB settings.</summary>
    /// <exception cref="DllNotFoundException">DuckDB's library is missing.</exception>
    /// <exception cref="DuckDbException">A setting is refused.</exception>
    internal DuckDbConnection(IReadOnlyList<(string Name, string Value)> settings)
    {
        database = OpenDatabase(settings);
        if (DuckDbNative.Connect(database, out connection) != 0)
        {
            database.Dispose();
            throw new DuckDbException("DuckDB gave no connection to its in-memory database");
        }
    }

    /// <summary>The native connection, for appenders.</summary>
    internal ConnectionHandle Handle => connection;

    public void Dispose()
    {
        connection.Dispose();
        database.Dispose();
    }

    /// <summary>Makes the running statement fail with "interrupted". From any thread.</summary>
    internal void Interrupt() => DuckDbNative.Interrupt(connection);

    /// <summary>Runs statements for their effect.</summary>
    /// <returns>The first value of the last statement if it is a count, else 0.</returns>
    /// <exception cref="DuckDbException">DuckDB refused one.</exception>
    internal long Execute(string sql) => Finish(Query(sql));

    /// <summary>
    /// Runs all statements; the last one's rows come as they are made. The result must be read
    /// or disposed before the next statement.
    /// </summary>
    /// <exception cref="DuckDbException">DuckDB refused one.</exception>
    internal DuckDbResult Query(string sql)
    {
        ulong count = DuckDbNative.ExtractStatements(connection, sql, out ExtractedHandle all);
        using (all)
        {
            if (count == 0)
                throw NoStatements(all);
            for (ulong i = 0; i + 1 < count; i++)
                Finish(Run(all, i));
            return Run(all, count - 1);
        }
    }

    // A result is read to its end: else its transaction stays open, and is rolled back by the next.
    private static long Finish(DuckDbResult result)
    {
        using (result)
        {
            long count = 0;
            foreach (object?[] row in result.Rows())
                count = row is [long value, ..] ? value : 0;
            return count;
        }
    }

    private static unsafe DuckDbException NoStatements(ExtractedHandle all)
    {
        string error = DuckDbNative.Text(DuckDbNative.ExtractError(all));
        return new DuckDbException(error.Length == 0 ? "There is no SQL statement." : error);
    }

    private unsafe DuckDbResult Run(ExtractedHandle all, ulong index)
    {
        int state = DuckDbNative.PrepareExtracted(
            connection, all, index, out StatementHandle statement);
        using (statement)
        {
            if (state != 0)
                throw new DuckDbException(
                    DuckDbNative.Text(DuckDbNative.PrepareError(statement)));
            state = DuckDbNative.PendingStreaming(statement, out PendingHandle pending);
            using (pending)
            {
                if (state != 0)
                    throw new DuckDbException(
                        DuckDbNative.Text(DuckDbNative.PendingError(pending)));
                return new DuckDbResult(pending);
            }
        }
    }

    private static DatabaseHandle OpenDatabase(IReadOnlyList<(string Name, string Value)> settings)
    {
        if (DuckDbNative.CreateConfig(out nint config) != 0)
            throw new DuckDbException("DuckDB gave no configuration");
        try
        {
            foreach ((string name, string value) in settings)
            {
                if (DuckDbNative.SetConfig(config, name, value) != 0)
                    throw new DuckDbException($"DuckDB refuses the setting {name} = '{value}'");
            }

            int state = DuckDbNative.Open(
                ":memory:", out DatabaseHandle opened, config, out nint error);
            if (state == 0)
                return opened;
            opened.Dispose();
            throw new DuckDbException(DuckDbNative.TakeText(error));
        }
        finally
        {
            DuckDbNative.DestroyConfig(ref config);
        }
    }
}
