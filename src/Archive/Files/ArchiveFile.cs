using System.Globalization;

namespace Earshot.Archive.Files;

/// <summary>
/// A file of the archive: TABLE/year=YYYY/month=MM/day=DD/PARTITION-FROM-TO.parquet holds that
/// day's rows of the log range [From, To).
/// </summary>
/// <param name="Folder">The day's folder, full path.</param>
/// <param name="Partition">Partition of the output topic.</param>
/// <param name="From">First offset covered.</param>
/// <param name="To">The offset after the last one covered.</param>
internal sealed record ArchiveFile(string Folder, int Partition, long From, long To)
{
    internal const string Extension = ".parquet";

    /// <summary>Full path.</summary>
    internal string Path => System.IO.Path.Combine(Folder, Name);

    /// <summary>File name; padded, so that names sort as ranges do.</summary>
    internal string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"{PartitionPrefix(Partition)}{From:D19}-{To:D19}{Extension}");

    /// <summary>What the names of a partition's files begin with.</summary>
    internal static string PartitionPrefix(int partition) =>
        string.Create(CultureInfo.InvariantCulture, $"{partition:D5}-");

    /// <summary>Whether all of this file's rows are in the other one too.</summary>
    internal bool IsWithin(ArchiveFile other) =>
        other.Folder == Folder && other.Partition == Partition
        && other.From <= From && other.To >= To;

    /// <summary>Reads a path; null when it is no file of the archive.</summary>
    internal static ArchiveFile? Parse(string path)
    {
        string[] parts = System.IO.Path.GetFileNameWithoutExtension(path).Split('-');
        if (parts.Length != 3
            || !TryNumber(parts[0], out long partition) || partition > int.MaxValue
            || !TryNumber(parts[1], out long from)
            || !TryNumber(parts[2], out long to))
            return null;
        string folder = System.IO.Path.GetDirectoryName(path) ?? "";
        ArchiveFile file = new(folder, (int)partition, from, to);
        return file.Path == path ? file : null;
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
