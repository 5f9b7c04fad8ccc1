namespace Earshot.Tests.Conformance.Postgres;

/// <summary>Where the PostgreSQL that tests use comes from.</summary>
internal static class PostgresPrograms
{
    /// <summary>
    /// Names a server to use: a connection string of a user that may make databases and roles.
    /// </summary>
    public const string ServerVariable = "EARSHOT_TEST_POSTGRES";

    /// <summary>Connection string of the server to use; null: start one.</summary>
    public static string? Server { get; } =
        Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } named ? named : null;

    /// <summary>Folder of initdb, pg_ctl and postgres, the newest there is; null: none.</summary>
    public static string? Folder { get; } = Candidates()
        .FirstOrDefault(folder => IsThere(folder, "initdb") && IsThere(folder, "pg_ctl"));

    /// <summary>Why no server can be started; null when one can.</summary>
    public static string? Missing => Folder is not null
        ? null
        : "PostgreSQL's programs were not found: install Debian's postgresql";

    // A link that leads nowhere exists, says File.Exists.
    private static bool IsThere(string folder, string program)
    {
        FileInfo file = new(Path.Combine(folder, program));
        return file.Exists && (file.ResolveLinkTarget(returnFinalTarget: true) ?? file).Exists;
    }

    private static IEnumerable<string> Candidates()
    {
        // Debian's and Homebrew's folders; the newest version first.
        string[] roots = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"];
        IEnumerable<string> versions = roots
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories)
            .Where(folder => folder.Contains("postgresql", StringComparison.Ordinal))
            .OrderByDescending(folder => folder.Length)
            .ThenByDescending(folder => folder, StringComparer.Ordinal)
            .Select(folder => Path.Combine(folder, "bin"));
        string path = Environment.GetEnvironmentVariable("PATH") ?? "";
        return versions.Concat(
            path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
    }
}
