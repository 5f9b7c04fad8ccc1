using Earshot.Tests.Integration.Archive;

namespace Earshot.Tests.Integration.Reference;

/// <summary>
/// A test on the public capture of VOICE.md section 7. It is skipped, saying why, where the
/// capture, DuckDB's library or Node is absent.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public class ReferenceFactAttribute : FactAttribute
{
    public ReferenceFactAttribute() => Skip = Reason;

    /// <summary>Where the capture is; null when absent.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>Why these tests cannot run; null when they can.</summary>
    internal static string? Reason => Folder is null
        ? "shared/data/onionrtc is in no folder above this one: set EARSHOT_DATA to the folder "
            + "that holds rawData.csv.gz and calls.csv.gz"
        : new DuckDbFactAttribute().Skip
            ?? (NodeScript.IsAvailable ? null : NodeScript.MissingMessage);

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("EARSHOT_DATA") is { Length: > 0 } named)
            return Holds(named) ? named : null;
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "shared", "data", "onionrtc");
            if (Holds(folder))
                return folder;
        }

        return null;
    }

    private static bool Holds(string folder) =>
        File.Exists(Path.Combine(folder, "rawData.csv.gz"))
        && File.Exists(Path.Combine(folder, "calls.csv.gz"));
}

/// <summary>As <see cref="ReferenceFactAttribute"/>, with cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReferenceTheoryAttribute : TheoryAttribute
{
    public ReferenceTheoryAttribute() => Skip = ReferenceFactAttribute.Reason;
}

/// <summary>As <see cref="ReferenceTheoryAttribute"/>, and it needs hyparquet.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReferenceForeignReaderTheoryAttribute : TheoryAttribute
{
    public ReferenceForeignReaderTheoryAttribute() =>
        Skip = ReferenceFactAttribute.Reason ?? new ForeignReaderFactAttribute().Skip;
}
