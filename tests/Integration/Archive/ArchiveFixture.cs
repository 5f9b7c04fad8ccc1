using Earshot.Archive;
using Earshot.Archive.Schema;
using Earshot.Archive.Sql;
using Earshot.Log;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Tests.Integration.Archive;

/// <summary>An archive in a folder of its own, and rows to fill it with.</summary>
public sealed class ArchiveFixture : IDisposable
{
    /// <summary>2024-02-29T23:55:00Z: five minutes before a month's end.</summary>
    public const long Start = 1_709_250_900_000;

    public const long Minutes5 = 300_000;

    private readonly bool ownsFolder;
    private ParquetArchive? archive;

    public ArchiveFixture(string? folder = null, ArchiveSchema? schema = null)
    {
        ownsFolder = folder is null;
        Folder = folder
            ?? Path.Combine(Path.GetTempPath(), $"earshot-archive-{Guid.NewGuid():N}");
        Schema = schema ?? new ArchiveSchema();
    }

    public string Folder { get; }

    public ArchiveSchema Schema { get; }

    public FakeTime Time { get; } = new();

    public ParquetArchive Archive => archive ??= Open();

    public void Dispose()
    {
        archive?.Dispose();
        if (ownsFolder && Directory.Exists(Folder))
            Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Another process on the same folder.</summary>
    public ParquetArchive Open(bool shared = false) =>
        new(new ArchiveOptions { Folder = Folder, Schema = Schema, Shared = shared }, Time);

    public ArchiveSql Sql() =>
        new(new ArchiveSqlOptions { Folder = Folder, Schema = Schema });

    public ValueTask WriteAsync(
        string table, long from, params IReadOnlyList<IMessage> rows) =>
        Archive.WriteAsync(table, 0, [Batch(from, rows)], default);

    public List<object?[]> Query(string sql)
    {
        using ArchiveSql archiveSql = Sql();
        using SqlResult result = archiveSql.Query(sql);
        return [.. result.Rows()];
    }

    public string[] Files(string table) =>
        Directory.Exists(Path.Combine(Folder, table))
            ? [.. Directory.GetFiles(
                Path.Combine(Folder, table), "*", SearchOption.AllDirectories).Order()]
            : [];

    public static RecordBatch Batch(long from, IReadOnlyList<IMessage> rows)
    {
        RecordBatchBuilder builder = new();
        for (int i = 0; i < rows.Count; i++)
            builder.Add(from + i, [], rows[i].ToByteArray());
        TopicPartition source = new("test", 0);
        return builder.Build(source, from, from + rows.Count, Start);
    }

    public static RowKey Key(int window, params (string Name, string Value)[] dimensions)
    {
        RowKey key = new()
        {
            WindowStart = Start + (window * Minutes5),
            WindowEnd = Start + ((window + 1) * Minutes5),
            Window = "5m",
            Grouping = string.Join(',', dimensions.Select(d => d.Name)),
        };
        foreach ((string name, string value) in dimensions)
            key.Dimensions.Add(name, value);
        return key;
    }

    public static Aggregate Jitter(
        int window, string country, IReadOnlyList<double> values, long revision = 1,
        bool final = true)
    {
        double[] sorted = [.. values.Order()];
        Aggregate row = new()
        {
            Key = Key(window, ("country", country)),
            Metric = "jitter",
            Count = sorted.Length,
            Min = sorted[0],
            Mean = sorted.Average(),
            Max = sorted[^1],
            Sum = sorted.Sum(),
            P25 = Percentile(sorted, 25),
            P50 = Percentile(sorted, 50),
            P75 = Percentile(sorted, 75),
            P90 = Percentile(sorted, 90),
            P95 = Percentile(sorted, 95),
            P99 = Percentile(sorted, 99),
            Revision = revision,
            Final = final,
        };
        if (sorted.Length > 1)
            row.Stddev = Math.Sqrt(
                sorted.Sum(v => (v - row.Mean) * (v - row.Mean)) / (sorted.Length - 1));
        foreach (IGrouping<double, double> bucket in sorted.GroupBy(v => v))
            row.Buckets.Add(new Bucket { Bucket_ = bucket.Key, Count = bucket.Count() });
        return row;
    }

    /// <summary>The project's rank rule.</summary>
    public static double Percentile(double[] sorted, int percent) =>
        sorted[Math.Min(sorted.Length * percent / 100, sorted.Length - 1)];
}

/// <summary>A clock that goes when told to.</summary>
public sealed class FakeTime : TimeProvider
{
    private DateTimeOffset now = DateTimeOffset.UnixEpoch.AddMilliseconds(ArchiveFixture.Start);

    public override DateTimeOffset GetUtcNow() => now;

    public void Advance(TimeSpan by) => now += by;
}
