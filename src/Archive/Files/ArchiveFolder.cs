using System.Globalization;

namespace Earshot.Archive.Files;

/// <summary>The files under an archive folder, and which of them count.</summary>
internal static class ArchiveFolder
{
    /// <summary>Folder of unfinished files, where no glob over the tables looks.</summary>
    internal const string TemporaryName = ".tmp";

    /// <summary>The folder of a table's day.</summary>
    internal static string DayFolder(string root, string table, int daysSinceEpoch)
    {
        DateOnly day = DateOnly.FromDateTime(DateTime.UnixEpoch).AddDays(daysSinceEpoch);
        return Path.Combine(
            root, table, string.Create(CultureInfo.InvariantCulture, $"year={day.Year:D4}"),
            string.Create(CultureInfo.InvariantCulture, $"month={day.Month:D2}"),
            string.Create(CultureInfo.InvariantCulture, $"day={day.Day:D2}"));
    }

    /// <summary>All files of a table, or of one of its partitions, in no order.</summary>
    internal static IEnumerable<ArchiveFile> Files(string root, string table, int? partition = null)
    {
        string folder = Path.Combine(root, table);
        if (!Directory.Exists(folder))
            yield break;
        string prefix = partition is int one ? ArchiveFile.PartitionPrefix(one) : "";
        EnumerationOptions options = new() { RecurseSubdirectories = true };
        IEnumerable<string> paths = Directory.EnumerateFiles(
            folder, prefix + "*" + ArchiveFile.Extension, options);
        foreach (string path in paths)
        {
            if (ArchiveFile.Parse(path) is ArchiveFile file)
                yield return file;
        }
    }

    /// <summary>Deletes the files of a partition whose day ended before a time.</summary>
    /// <returns>How many.</returns>
    internal static int DeleteBefore(
        string root, string table, int partition, DateTimeOffset keepFrom)
    {
        DateOnly keptFrom = DateOnly.FromDateTime(keepFrom.UtcDateTime);
        int deleted = 0;
        foreach (ArchiveFile file in Files(root, table, partition).ToList())
        {
            if (DayOf(file.Folder) is not { } day || day >= keptFrom)
                continue;
            File.Delete(file.Path);
            deleted++;
        }

        return deleted;
    }

    /// <summary>The day a folder is for; null when its name says none.</summary>
    internal static DateOnly? DayOf(string folder)
    {
        const string Form = "'year='yyyy/'month='MM/'day='dd";
        string[] names = folder.Replace(Path.DirectorySeparatorChar, '/').Split('/');
        return DateOnly.TryParseExact(
            string.Join('/', names[^Math.Min(3, names.Length)..]), Form,
            CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day) ? day : null;
    }

    /// <summary>Files by day and partition, each group ordered by range.</summary>
    internal static IEnumerable<List<ArchiveFile>> Groups(IEnumerable<ArchiveFile> files) =>
        files.GroupBy(file => (file.Folder, file.Partition))
            .OrderBy(group => group.Key.Folder, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Partition)
            .Select(group => group
                .OrderBy(file => file.From).ThenByDescending(file => file.To).ToList());

    /// <summary>Parts a group into the files that count and those another one covers.</summary>
    internal static (List<ArchiveFile> Live, List<ArchiveFile> Covered) Part(
        List<ArchiveFile> group)
    {
        List<ArchiveFile> live = [];
        List<ArchiveFile> covered = [];
        long reached = -1;
        foreach (ArchiveFile file in group)
        {
            // Ordered by From, the wider first: what ends no later than an earlier one is in it.
            if (file.To <= reached)
            {
                covered.Add(file);
                continue;
            }

            live.Add(file);
            reached = file.To;
        }

        return (live, covered);
    }

    /// <summary>
    /// Whether ranges of a group's live files overlap, so that rows may be there twice: two owners
    /// wrote at once. Offsets tell the repeats.
    /// </summary>
    internal static bool Overlaps(List<ArchiveFile> live)
    {
        for (int i = 1; i < live.Count; i++)
        {
            if (live[i].From < live[i - 1].To)
                return true;
        }

        return false;
    }
}
