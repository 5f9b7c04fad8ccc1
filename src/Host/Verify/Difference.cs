using System.Globalization;

namespace Earshot.Host.Verify;

/// <summary>A row that is not as it should be.</summary>
/// <param name="Kind">different, missing, extra or repeated.</param>
/// <param name="Table">The table.</param>
/// <param name="Row">Key, window and metric; or partition and offset of a record.</param>
/// <param name="Columns">The columns that differ.</param>
internal sealed record Difference(
    string Kind, string Table, string Row, IReadOnlyList<ColumnDifference> Columns);

/// <summary>A value that is not as it should be.</summary>
/// <param name="Name">The column.</param>
/// <param name="Archived">The archive's value.</param>
/// <param name="Recomputed">What it should be.</param>
internal readonly record struct ColumnDifference(string Name, object? Archived, object? Recomputed)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Name}: archive {TextOf(Archived)}, recomputed {TextOf(Recomputed)}";

    private static string TextOf(object? value) => value switch
    {
        null => "NULL",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}

/// <summary>What the comparison of one table came to, and the first differences of all.</summary>
/// <param name="table">The table.</param>
/// <param name="into">Takes differences, up to a limit.</param>
/// <param name="limit">Most differences kept.</param>
internal sealed class TableResult(string table, List<Difference> into, int limit)
{
    /// <summary>The table.</summary>
    public string Table { get; } = table;

    /// <summary>Rows of the archive held against recomputed ones.</summary>
    public long Compared => Equal + Different + Explained;

    /// <summary>Of these, the ones that are the same.</summary>
    public long Equal { get; set; }

    /// <summary>Of these, the ones that are not.</summary>
    public long Different { get; private set; }

    /// <summary>
    /// Rows that differ, or are missing, by just what the late table has of them.
    /// </summary>
    public long Explained { get; set; }

    /// <summary>Recomputed rows the archive should have and has not.</summary>
    public long Missing { get; private set; }

    /// <summary>Rows of the archive that should not be there.</summary>
    public long Extra { get; private set; }

    /// <summary>Rows that are there more than once.</summary>
    public long Repeated { get; private set; }

    /// <summary>Recomputed rows that the pipeline has not archived yet.</summary>
    public long Pending { get; set; }

    /// <summary>True when nothing differs.</summary>
    public bool Same => Different + Missing + Extra + Repeated == 0;

    /// <summary>A row holds other values.</summary>
    public void AddDifferent(string row, IReadOnlyList<ColumnDifference> columns)
    {
        Different++;
        Keep("different", row, columns);
    }

    /// <summary>A row is not there.</summary>
    public void AddMissing(string row)
    {
        Missing++;
        Keep("missing", row, []);
    }

    /// <summary>A row should not be there.</summary>
    public void AddExtra(string row)
    {
        Extra++;
        Keep("extra", row, []);
    }

    /// <summary>A row is there more than once.</summary>
    public void AddRepeated(string row)
    {
        Repeated++;
        Keep("repeated", row, []);
    }

    private void Keep(string kind, string row, IReadOnlyList<ColumnDifference> columns)
    {
        if (into.Count < limit)
            into.Add(new Difference(kind, Table, row, columns));
    }
}
