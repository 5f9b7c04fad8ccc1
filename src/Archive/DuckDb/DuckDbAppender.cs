namespace Earshot.Archive.DuckDb;

/// <summary>Appends rows to a table, one chunk of columns at a time.</summary>
internal sealed unsafe class DuckDbAppender : IDisposable
{
    private readonly AppenderHandle appender;
    private nint chunk;

    /// <summary>Opens an appender on an existing table of the in-memory database.</summary>
    internal DuckDbAppender(DuckDbConnection connection, string table)
    {
        int state = DuckDbNative.CreateAppender(connection.Handle, null, table, out appender);
        if (state != 0)
            throw Failed();
        ColumnCount = (int)DuckDbNative.AppenderColumnCount(appender);
        chunk = CreateChunk();
    }

    /// <summary>Most rows of one chunk.</summary>
    internal static int ChunkRowsMax { get; } = (int)DuckDbNative.VectorSize();

    /// <summary>Columns of the table.</summary>
    internal int ColumnCount { get; }

    public void Dispose()
    {
        DuckDbNative.DestroyChunk(ref chunk);
        appender.Dispose();
    }

    /// <summary>A column of the current chunk, to fill.</summary>
    internal DuckDbVector Column(int index) =>
        DuckDbVector.ForWriting(DuckDbNative.ChunkVector(chunk, (ulong)index));

    /// <summary>Appends the filled chunk and starts an empty one.</summary>
    internal void Append(int rows)
    {
        DuckDbNative.SetChunkSize(chunk, (ulong)rows);
        if (DuckDbNative.AppendChunk(appender, chunk) != 0)
            throw Failed();
        DuckDbNative.ResetChunk(chunk);
    }

    /// <summary>Makes all rows visible in the table.</summary>
    internal void Finish()
    {
        if (DuckDbNative.FlushAppender(appender) != 0)
            throw Failed();
    }

    private nint CreateChunk()
    {
        LogicalTypeHandle[] types = new LogicalTypeHandle[ColumnCount];
        nint[] pointers = new nint[ColumnCount];
        for (int i = 0; i < ColumnCount; i++)
        {
            types[i] = DuckDbNative.AppenderColumnType(appender, (ulong)i);
            pointers[i] = types[i].DangerousGetHandle();
        }

        nint created;
        fixed (nint* first = pointers)
            created = DuckDbNative.CreateChunk(first, (ulong)ColumnCount);
        foreach (LogicalTypeHandle type in types)
            type.Dispose();
        return created;
    }

    private DuckDbException Failed()
    {
        string error = DuckDbNative.Text(DuckDbNative.AppenderError(appender));
        appender.Dispose();
        return new DuckDbException(error);
    }
}
