using System.Text.Json;
using Earshot.Archive.DuckDb;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Tests.Integration.Archive;

/// <summary>The files as a reader sees them that shares no code with DuckDB.</summary>
public sealed class ForeignReaderTests : IDisposable
{
    private readonly ArchiveFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [ForeignReaderFact]
    public async Task AggregatesReadTheSameElsewhere()
    {
        Aggregate[] rows =
        [
            ArchiveFixture.Jitter(0, "us", [3, 1, 2, 2]),
            ArchiveFixture.Jitter(0, "日本 – Ōsaka, a long name", [0.1]),
            ArchiveFixture.Jitter(0, "", [-1e100, 1e-300], revision: 1L << 60),
        ];
        await fixture.WriteAsync("aggregates", 7, rows);
        JsonElement[] read = Read(fixture.Files("aggregates").Single());
        Assert.Equal(
            fixture.Schema["aggregates"].Columns.Select(c => c.Name),
            read[0].EnumerateObject().Select(p => p.Name));

        // A file's rows are sorted by key.
        Assert.Equal(["", "us", "日本 – Ōsaka, a long name"], read.Select(r => Text(r, "country")));
        foreach (JsonElement row in read)
        {
            long offset = row.GetProperty("log_offset").GetInt64();
            Aggregate written = rows[offset - 7];
            Assert.Equal("2024-02-29T23:55:00.000Z", Text(row, "window_start"));
            Assert.Equal("2024-03-01T00:00:00.000Z", Text(row, "window_end"));
            Assert.Equal(written.Key.Dimensions["country"], Text(row, "country"));
            Assert.Equal(JsonValueKind.Null, row.GetProperty("carrier").ValueKind);
            Assert.Equal(written.Count, row.GetProperty("count").GetInt64());
            Assert.Equal(
                [written.Min, written.Mean, written.Max, written.Sum, written.P25, written.P99],
                new[] { "min", "mean", "max", "sum", "p25", "p99" }
                    .Select(name => row.GetProperty(name).GetDouble()));
            double? stddev = row.GetProperty("stddev") is { ValueKind: JsonValueKind.Number } number
                ? number.GetDouble() : null;
            Assert.Equal(written.HasStddev ? written.Stddev : (double?)null, stddev);
            Assert.Equal(
                written.Buckets.Select(b => (b.Bucket_, b.Count)),
                row.GetProperty("buckets").EnumerateArray().Select(b =>
                    (b.GetProperty("bucket").GetDouble(), b.GetProperty("count").GetInt64())));
            Assert.Equal(written.Revision.ToString(), row.GetProperty("revision").ToString());
            Assert.True(row.GetProperty("final").GetBoolean());
        }
    }

    [ForeignReaderFact]
    public async Task DeadLettersReadTheSameElsewhere()
    {
        byte[] bytes = [0, 255, 10, 13];
        await fixture.WriteAsync(
            "dead", 0,
            new DeadLetter { Reason = "malformed", Line = 3, Record = ByteString.CopyFrom(bytes) },
            new DeadLetter
            {
                Reason = "invalid", Detail = "pdd ≥ 0", EventTime = ArchiveFixture.Start,
                Record = ByteString.CopyFromUtf8("{\"é\":1}"),
            });
        JsonElement[] read =
        [
            .. Read(fixture.Files("dead").Single())
                .OrderBy(row => row.GetProperty("log_offset").GetInt64()),
        ];
        Assert.Equal(bytes, read[0].GetProperty("record").GetBytesFromBase64());
        Assert.Null(Text(read[0], "record_text"));
        Assert.Null(Text(read[0], "event_time"));
        Assert.Equal("{\"é\":1}", Text(read[1], "record_text"));
        Assert.Equal("pdd ≥ 0", Text(read[1], "detail"));
        Assert.Equal("2024-02-29T23:55:00.000Z", Text(read[1], "event_time"));
    }

    [ForeignReaderFact]
    public async Task FilesAreZstdAndTimesAreUtc()
    {
        await fixture.WriteAsync("aggregates", 0, ArchiveFixture.Jitter(0, "us", [1, 2, 3]));
        JsonElement file = Run("--schema", fixture.Files("aggregates").Single()).Single();
        Assert.Equal("[\"ZSTD\"]", file.GetProperty("codecs").GetRawText());
        JsonElement start = file.GetProperty("columns").EnumerateArray()
            .Single(c => c.GetProperty("name").GetString() == "window_start");
        Assert.True(start.GetProperty("logical_type").GetProperty("isAdjustedToUTC").GetBoolean());
    }

    private static string? Text(JsonElement row, string name) => row.GetProperty(name).GetString();

    private static JsonElement[] Read(string file) => Run(file);

    /// <summary>What the script prints.</summary>
    internal static JsonElement[] Run(params string[] arguments) => NodeScript.Run(
        NodeScript.Beside("read-parquet.mjs"), [ForeignReaderFactAttribute.Folder, .. arguments]);
}

/// <summary>A test that needs node and the packages of tests/tools.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ForeignReaderFactAttribute : FactAttribute
{
    public ForeignReaderFactAttribute()
    {
        if (DuckDbLibrary.Find() is null)
            Skip = DuckDbLibrary.MissingMessage;
        else if (!NodeScript.IsAvailable)
            Skip = NodeScript.MissingMessage;
        else if (!Directory.Exists(Path.Combine(Folder, "node_modules", "hyparquet")))
            Skip = $"hyparquet is not in {Folder}: copy tests/tools/package*.json there, "
                + "run 'npm ci'";
    }

    /// <summary>Where the packages are installed: test-tools in the tools cache.</summary>
    public static string Folder { get; } = Path.Combine(DuckDbLibrary.ToolsFolder(), "test-tools");
}
