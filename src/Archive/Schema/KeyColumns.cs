using Earshot.Schemas;
using Earshot.Schemas.V1;

namespace Earshot.Archive.Schema;

/// <summary>The columns that say which key and window a row speaks of.</summary>
internal sealed class KeyColumns
{
    private readonly HashSet<string> dimensions;

    /// <param name="extra">Dimensions beside the standard ones.</param>
    internal KeyColumns(IEnumerable<string> extra)
    {
        Dimensions = [.. DimensionSet.Standard, .. extra.Except(DimensionSet.Standard).Distinct()];
        dimensions = [.. Dimensions];
    }

    /// <summary>All dimensions, standard ones first.</summary>
    internal IReadOnlyList<string> Dimensions { get; }

    /// <summary>Key and window: what makes two rows revisions of one.</summary>
    internal IReadOnlyList<string> Identity =>
        ["window_start", "window_end", "window", "grouping", .. Dimensions];

    /// <summary>Sorting: key first, then time.</summary>
    internal IReadOnlyList<string> Sort(params string[] afterDimensions) =>
        ["grouping", .. Dimensions, .. afterDimensions, "window_start", "window", "log_offset"];

    /// <summary>The columns, of a row whose key is found by <paramref name="key"/>.</summary>
    internal IEnumerable<TableColumn<T>> Of<T>(Func<T, RowKey?> key)
    {
        yield return TableColumns.Time<T>(
            "window_start", "start of the window, inclusive, UTC",
            row => key(row.Message)?.WindowStart);
        yield return TableColumns.Time<T>(
            "window_end", "end of the window, exclusive, UTC",
            row => key(row.Message)?.WindowEnd);
        yield return TableColumns.Text<T>(
            "window", "length of the window: 5m; 1h/5m for a sliding one",
            row => key(row.Message)?.Window);
        foreach (TableColumn<T> column in WithoutWindow(key))
            yield return column;
    }

    /// <summary>The columns of rows that are of no window.</summary>
    internal IEnumerable<TableColumn<T>> WithoutWindow<T>(Func<T, RowKey?> key)
    {
        yield return TableColumns.Text<T>(
            "grouping", "the dimensions this row is grouped by", row => key(row.Message)?.Grouping);
        foreach (string name in Dimensions)
        {
            yield return TableColumns.Text<T>(
                name, "dimension; NULL outside the grouping or where it is missing",
                row => key(row.Message)?.Dimensions.TryGetValue(name, out string? value) == true
                    ? value : null);
        }
    }

    /// <summary>As <see cref="Check"/>, for rows that are nothing without a key.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    internal void CheckPresent(RowKey? key) =>
        Check(key ?? throw new FormatException("it has no key"));

    /// <summary>Throws when a dimension has no column: rows would fall together.</summary>
    /// <exception cref="InvalidOperationException">It has.</exception>
    internal void Check(RowKey? key)
    {
        if (key is null)
            return;
        foreach (string name in key.Dimensions.Keys)
        {
            if (!dimensions.Contains(name))
                throw new InvalidOperationException(
                    $"a row is grouped by '{name}', which the archive has no column for "
                    + $"(it has {string.Join(", ", Dimensions)}): name it among the extra "
                    + "dimensions of ArchiveSchema");
        }
    }
}
