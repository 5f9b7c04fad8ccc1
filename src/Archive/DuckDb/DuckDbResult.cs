namespace Earshot.Archive.DuckDb;

/// <summary>The rows of one statement, fetched a chunk at a time.</summary>
internal sealed unsafe class DuckDbResult : IDisposable
{
    private DuckDbNative.ResultStruct native;
    private bool disposed;

    /// <summary>Runs what is pending.</summary>
    /// <exception cref="DuckDbException">DuckDB refused it.</exception>
    internal DuckDbResult(PendingHandle pending)
    {
        fixed (DuckDbNative.ResultStruct* result = &native)
        {
            if (DuckDbNative.ExecutePending(pending, result) != 0)
                throw Failed(result);
            int count = (int)DuckDbNative.ColumnCount(result);
            string[] names = new string[count];
            DuckDbType[] types = new DuckDbType[count];
            for (int i = 0; i < count; i++)
            {
                names[i] = DuckDbNative.Text(DuckDbNative.ColumnName(result, (ulong)i));
                using LogicalTypeHandle type = DuckDbNative.ColumnType(result, (ulong)i);
                types[i] = DuckDbType.Of(type);
            }

            Names = names;
            Types = types;
        }
    }

    /// <summary>Column names.</summary>
    internal IReadOnlyList<string> Names { get; }

    /// <summary>Column types.</summary>
    internal IReadOnlyList<DuckDbType> Types { get; }

    public void Dispose()
    {
        if (disposed)
            return;
        disposed = true;
        fixed (DuckDbNative.ResultStruct* result = &native)
            DuckDbNative.DestroyResult(result);
    }

    /// <summary>The rows, once; see <see cref="DuckDbValues"/> for what the values are.</summary>
    /// <exception cref="DuckDbException">It failed on the way, or was stopped.</exception>
    internal IEnumerable<object?[]> Rows()
    {
        for (List<object?[]>? rows = NextChunk(); rows is not null; rows = NextChunk())
        {
            foreach (object?[] row in rows)
                yield return row;
        }
    }

    /// <summary>A column's native type, to declare functions with.</summary>
    internal LogicalTypeHandle NativeType(int column)
    {
        fixed (DuckDbNative.ResultStruct* result = &native)
            return DuckDbNative.ColumnType(result, (ulong)column);
    }

    private DuckDbException Failed(DuckDbNative.ResultStruct* result)
    {
        string error = DuckDbNative.Text(DuckDbNative.ResultError(result));
        DuckDbNative.DestroyResult(result);
        disposed = true;
        return new DuckDbException(error);
    }

    private List<object?[]>? NextChunk()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        nint chunk = DuckDbNative.FetchChunk(native);
        if (chunk == 0)
        {
            fixed (DuckDbNative.ResultStruct* result = &native)
            {
                string error = DuckDbNative.Text(DuckDbNative.ResultError(result));
                return error.Length == 0 ? null : throw new DuckDbException(error);
            }
        }

        try
        {
            return ReadRows(chunk);
        }
        finally
        {
            DuckDbNative.DestroyChunk(ref chunk);
        }
    }

    private List<object?[]>? ReadRows(nint chunk)
    {
        int size = (int)DuckDbNative.ChunkSize(chunk);
        if (size == 0)
            return null;
        List<object?[]> rows = new(size);
        for (int row = 0; row < size; row++)
            rows.Add(new object?[Types.Count]);
        for (int column = 0; column < Types.Count; column++)
        {
            DuckDbVector vector = new(DuckDbNative.ChunkVector(chunk, (ulong)column));
            for (int row = 0; row < size; row++)
                rows[row][column] = DuckDbValues.Read(Types[column], vector, row);
        }

        return rows;
    }
}
