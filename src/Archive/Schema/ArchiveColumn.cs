namespace Earshot.Archive.Schema;

/// <summary>One column of an archive table.</summary>
/// <param name="Name">Column name.</param>
/// <param name="Type">DuckDB type, as SQL.</param>
/// <param name="Description">What it holds, with unit, and what NULL means.</param>
public sealed record ArchiveColumn(string Name, string Type, string Description)
{
    /// <summary>The name as SQL: quoted, as some names ("window") are words of SQL.</summary>
    public string Quoted => Quote(Name);

    /// <summary>A name as SQL.</summary>
    internal static string Quote(string name) => '"' + name.Replace("\"", "\"\"") + '"';
}
