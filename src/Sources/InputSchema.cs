using System.Text;
using Earshot.Sources.Csv;

namespace Earshot.Sources;

/// <summary>The columns of an input, as its CSV header names them.</summary>
public sealed class InputSchema
{
    private readonly string[] columns;

    /// <summary>Creates a schema of the given columns, in order.</summary>
    public InputSchema(IEnumerable<string> columns) => this.columns = [.. columns];

    /// <summary>The schema of formats without a header.</summary>
    public static InputSchema None { get; } = new([]);

    /// <summary>Column names in file order; empty for formats without a header.</summary>
    public IReadOnlyList<string> Columns => columns;

    /// <summary>Reads a CSV header row (without its line end).</summary>
    /// <param name="header">The row.</param>
    /// <param name="delimiter">What stands between its fields.</param>
    /// <exception cref="ArgumentException">The row is no header.</exception>
    public static InputSchema ParseCsvHeader(ReadOnlySpan<byte> header, char delimiter = ',')
    {
        List<string> names = [];
        string? error = CsvRow.SplitInto(header, names, (byte)delimiter);
        if (error is not null)
            throw new ArgumentException($"the header cannot be read: {error}");
        return new InputSchema(names);
    }

    /// <summary>The index of a column, from 0.</summary>
    /// <exception cref="ArgumentException">It is not there, or there twice.</exception>
    public int Require(string column)
    {
        int index = Array.IndexOf(columns, column);
        if (index < 0)
        {
            throw new ArgumentException(
                $"the header has no column '{column}'; it has: {string.Join(", ", columns)}");
        }

        if (Array.LastIndexOf(columns, column) != index)
            throw new ArgumentException($"the header has the column '{column}' twice");
        return index;
    }

    /// <summary>Whether both have the same columns in the same order.</summary>
    public bool SameAs(InputSchema other) => columns.AsSpan().SequenceEqual(other.columns);

    /// <summary>The columns as a header row.</summary>
    public string ToHeader(char delimiter) => string.Join(delimiter, columns);

    /// <inheritdoc/>
    public override string ToString() => new StringBuilder().AppendJoin(',', columns).ToString();
}
