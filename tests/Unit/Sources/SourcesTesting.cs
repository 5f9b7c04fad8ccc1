using System.IO.Compression;
using System.Text;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Sources;

namespace Earshot.Tests.Unit.Sources;

/// <summary>What the tests of the sources share.</summary>
internal static class SourcesTesting
{
    public const string Topic = "calls";

    public static readonly DateTimeOffset Now =
        DateTimeOffset.FromUnixTimeMilliseconds(1_671_700_000_000);

    public static TimeProvider Time { get; } = new FixedTime();

    /// <summary>A record that keeps the standard dimensions and isp.</summary>
    public static EventRecord NewRecord() =>
        new(new DimensionSet([.. DimensionSet.Standard, "isp"]), new SymbolTable(),
            Metrics.CreateTable());

    /// <summary>The text of a dimension; null when missing.</summary>
    public static string? Dimension(this EventRecord record, string name)
    {
        int symbol = record.Dimensions[record.DimensionSet.OrdinalOf(Encoding.UTF8.GetBytes(name))];
        return symbol == 0 ? null : record.DimensionValues[symbol];
    }

    public static ulong Hash(string text) => StableHash.Of(Encoding.UTF8.GetBytes(text));

    public static DecodeResult Decode(this IRecordDecoder decoder, string row, EventRecord into) =>
        decoder.Decode(Encoding.UTF8.GetBytes(row), into);

    public static byte[] Gzip(byte[] bytes)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    public static FileLog Open(
        string format, int partitions, params IReadOnlyList<string> files) =>
        new(files, InputFormat.Parse(format), Topic, partitions, Time);

    /// <summary>Reads a partition to its end, and checks that the batches are contiguous.</summary>
    public static async Task<List<ReadRow>> ReadAllAsync(
        FileLog log, int partition = 0, long from = 0, int maxRecords = 7)
    {
        List<ReadRow> rows = [];
        TopicPartition source = new(Topic, partition);
        await using FileLogReader reader = log.OpenReader(source, from);
        long position = from;
        while (await reader.ReadAsync(maxRecords, CancellationToken.None) is { } batch)
        {
            Assert.Equal(source, batch.Source);
            Assert.Equal(position, batch.From);
            Assert.True(batch.To > batch.From);
            Assert.InRange(batch.Count, 0, maxRecords);
            Assert.Equal(Now.ToUnixTimeMilliseconds(), batch.AppendTimeMs);
            for (int i = 0; i < batch.Count; i++)
            {
                Assert.InRange(batch[i].Offset, batch.From, batch.To - 1);
                rows.Add(new ReadRow(
                    batch[i].Offset, Encoding.UTF8.GetString(batch[i].Value),
                    batch.Origin, batch.LineOf(batch[i].Offset)));
            }

            position = batch.To;
        }

        Assert.Null(await reader.ReadAsync(maxRecords, CancellationToken.None));
        Assert.Equal(log.BytesTotal, reader.BytesRead);
        OffsetRange range = await log.ReadRangeAsync(source, CancellationToken.None);
        Assert.Equal(0, range.Begin);
        Assert.Equal(Math.Max(range.End, from), position);
        return rows;
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}

/// <summary>A record as it was read.</summary>
internal readonly record struct ReadRow(long Offset, string Text, string Origin, long Line);

/// <summary>A folder that is gone after the test.</summary>
public sealed class TempFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("earshot-sources-");

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        string path = PathOf(name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public string PathOf(string name) => Path.Combine(folder.FullName, name);

    public void Dispose() => folder.Delete(recursive: true);
}
