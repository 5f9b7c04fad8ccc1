namespace Earshot.Tests.Unit.Style;

/// <summary>The repository these tests were built from, read as text.</summary>
internal static class Repository
{
    private static readonly string[] SkippedFolders =
        ["bin", "obj", "artifacts", "node_modules", "TestResults", "earshot-data", ".git", ".vs"];

    private static readonly string[] TextSuffixes =
        [".cs", ".csproj", ".props", ".targets", ".slnx", ".proto", ".md", ".sh", ".mjs", ".js",
         ".css", ".html", ".json", ".yml", ".yaml", ".cake"];

    /// <summary>The folder that holds Earshot.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>C# files under src, tests and bench.</summary>
    public static IReadOnlyList<SourceFile> Sources { get; } =
        [.. Files().Where(IsCode).Select(path => new SourceFile(Relative(path), path))];

    /// <summary>Every project file, by path relative to the root.</summary>
    public static IReadOnlyList<string> Projects { get; } =
        [.. Files().Where(path => path.EndsWith(".csproj", StringComparison.Ordinal))
            .Select(Relative)];

    /// <summary>Every file people write, scripts without a suffix among them.</summary>
    public static IEnumerable<string> TextFiles() => Files().Where(path =>
        Path.GetExtension(path) is "" || TextSuffixes.Contains(Path.GetExtension(path)));

    /// <summary>A path relative to the root, with slashes.</summary>
    public static string Relative(string path) =>
        Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static bool IsCode(string path) =>
        path.EndsWith(".cs", StringComparison.Ordinal)
        && Relative(path).Split('/')[0] is "src" or "tests" or "bench";

    private static IEnumerable<string> Files()
    {
        Stack<string> folders = new([Root]);
        while (folders.TryPop(out string? folder))
        {
            foreach (string file in Directory.EnumerateFiles(folder))
                yield return file;
            foreach (string inner in Directory.EnumerateDirectories(folder))
            {
                if (!SkippedFolders.Contains(Path.GetFileName(inner)))
                    folders.Push(inner);
            }
        }
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Earshot.slnx")))
            folder = folder.Parent;
        return folder?.FullName
            ?? throw new DirectoryNotFoundException("no folder above the tests has Earshot.slnx");
    }
}

/// <summary>One C# file: as it is written, and with comments and strings blanked.</summary>
internal sealed class SourceFile(string name, string path)
{
    /// <summary>The path relative to the root.</summary>
    public string Name { get; } = name;

    /// <summary>The folder under src, tests or bench that the file belongs to.</summary>
    public string Project { get; } = string.Join('/', name.Split('/').Take(2));

    /// <summary>The lines as they are written.</summary>
    public IReadOnlyList<string> Lines { get; } = File.ReadAllLines(path);

    /// <summary>The lines with comments, strings and characters turned into spaces.</summary>
    public IReadOnlyList<string> Code => field ??= CodeText.Blank(File.ReadAllText(path));
}
