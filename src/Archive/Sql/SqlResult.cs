using Earshot.Archive.DuckDb;

namespace Earshot.Archive.Sql;

/// <summary>A column of a result.</summary>
/// <param name="Name">Name, as the query gives it; may be there twice.</param>
/// <param name="Type">DuckDB type, as SQL.</param>
/// <param name="IsNumber">Values are numbers.</param>
public sealed record SqlColumn(string Name, string Type, bool IsNumber);

/// <summary>
/// The rows of a query, made as they are read. Read or dispose it before the next query.
/// </summary>
public sealed class SqlResult : IDisposable
{
    private readonly DuckDbResult result;
    private readonly CancellationToken cancel;
    private readonly CancellationTokenRegistration interrupt;

    internal SqlResult(
        DuckDbResult result, CancellationTokenRegistration interrupt, CancellationToken cancel)
    {
        this.result = result;
        this.interrupt = interrupt;
        this.cancel = cancel;
        Columns =
        [
            .. result.Names.Select((name, i) =>
                new SqlColumn(name, result.Types[i].ToString(), result.Types[i].IsNumber)),
        ];
    }

    /// <summary>The columns.</summary>
    public IReadOnlyList<SqlColumn> Columns { get; }

    /// <summary>
    /// The rows, once. Values: null; bool; integers as their own kind (Int128 for HUGEINT);
    /// float, double, decimal (text past 28 digits); string; byte[]; Guid; DateTimeOffset in UTC
    /// (TIMESTAMPTZ), DateTime (TIMESTAMP), DateOnly, TimeSpan (TIME); INTERVAL as text;
    /// object?[] (lists); KeyValuePair&lt;string, object?&gt;[] (structs, maps).
    /// </summary>
    /// <exception cref="DuckDbException">The query failed on the way.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public IEnumerable<object?[]> Rows()
    {
        using IEnumerator<object?[]> rows = result.Rows().GetEnumerator();
        while (Next(rows))
            yield return rows.Current;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        interrupt.Dispose();
        result.Dispose();
    }

    private bool Next(IEnumerator<object?[]> rows)
    {
        try
        {
            return rows.MoveNext();
        }
        catch (DuckDbException e) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(e.Message, e, cancel);
        }
    }
}
