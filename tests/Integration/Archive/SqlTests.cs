using System.Text;
using System.Text.Json;
using Earshot.Archive.DuckDb;
using Earshot.Archive.Sql;
using Earshot.Schemas.V1;

namespace Earshot.Tests.Integration.Archive;

public sealed class SqlTests : IDisposable
{
    private readonly ArchiveFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [DuckDbTheory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(64)]
    [InlineData(1000)]
    public async Task PercentilesMergeOverRows(int count)
    {
        Random random = new(count);
        double[] values =
            [.. Enumerable.Range(0, count).Select(_ => (double)random.Next(-20, 200))];
        Aggregate[] rows =
            [.. values.Chunk(30).Select((chunk, i) => ArchiveFixture.Jitter(i, "us", chunk))];
        await fixture.WriteAsync("aggregates", 0, rows);
        double[] sorted = [.. values.Order()];
        foreach (int percent in new[] { 0, 1, 25, 50, 75, 90, 95, 99, 100 })
        {
            object?[] row = fixture.Query(
                $"""
                SELECT percentile(buckets, {percent}), sum(bucket_count(buckets))::BIGINT
                FROM aggregates WHERE metric = 'jitter' GROUP BY country
                """).Single();
            Assert.Equal([ArchiveFixture.Percentile(sorted, percent), (long)count], row);
        }

        Assert.Equal(
            rows.Select(r => (r.P25, r.P99)),
            fixture.Query(
                """
                SELECT bucket_percentile(buckets, 25), bucket_percentile(buckets, 99)
                FROM aggregates ORDER BY log_offset
                """).Select(r => ((double)r[0]!, (double)r[1]!)));
    }

    [DuckDbFact]
    public void PercentilesTakeListsAsFunctionsMakeThem()
    {
        // A list's elements may lie anywhere in memory: filtered, cut, turned, repeated.
        Directory.CreateDirectory(fixture.Folder);
        const string Lists =
            """
            SELECT i, [{'bucket': j::DOUBLE, 'count': 1::BIGINT} FOR j IN range(i, i + 9)] AS b
            FROM range(5000) t(i)
            """;
        List<object?[]> rows = fixture.Query(
            $"""
            SELECT i, bucket_percentile(list_filter(b, lambda x: x.bucket > i + 3), 0),
                bucket_percentile(b[3:4], 100), bucket_percentile(list_reverse_sort(b), 50),
                bucket_percentile(CASE WHEN i % 2 = 0 THEN b ELSE b[1:1] END, 100),
                bucket_percentile(list_concat(b, [NULL], b[9:9]), 100),
                bucket_percentile(list_transform(b, lambda x: struct_pack(
                    bucket := x.bucket, count := CASE WHEN x.bucket = i THEN 0 ELSE 1 END)), 0),
                list_filter(b, lambda x: x.bucket > i + 7)
            FROM ({Lists}) WHERE i % 3 > 0 ORDER BY i
            """);
        Assert.Equal(3333, rows.Count);
        foreach (object?[] row in rows)
        {
            double i = (long)row[0]!;
            Assert.Equal([i + 4, i + 3, i + 4, i % 2 == 0 ? i + 8 : i, i + 8, i + 1], row[1..7]);
            object? last = ((object?[])row[7]!).Single();
            Assert.Equal(i + 8, ((KeyValuePair<string, object?>[])last!)[0].Value);
        }
    }

    [DuckDbFact]
    public void PercentilesAreRefusedBeyondAHundred()
    {
        Directory.CreateDirectory(fixture.Folder);
        const string List = "[{'bucket': 1.0, 'count': 1}]";
        Assert.Contains("not from 0 to 100", Assert.Throws<DuckDbException>(
            () => fixture.Query($"SELECT bucket_percentile({List}, 101)")).Message);
        Assert.Equal([1.0, null, null], fixture.Query(
            $"""
            SELECT bucket_percentile({List}, 99.9), bucket_percentile(NULL, 1),
                bucket_percentile([], 1)
            """).Single());
    }

    [DuckDbFact]
    public async Task PercentilesOfNothingAreMissing()
    {
        Aggregate empty = ArchiveFixture.Jitter(0, "us", [1]);
        empty.Buckets.Clear();
        LateRow late = new() { EventTime = ArchiveFixture.Start };
        await fixture.WriteAsync("aggregates", 0, empty);
        await fixture.WriteAsync("late", 0, late);
        foreach (string table in new[] { "aggregates", "late" })
        {
            Assert.Equal(
                [null, 0L],
                fixture.Query(
                    $"SELECT bucket_percentile(buckets, 50), bucket_count(buckets) FROM {table}")
                    .Single());
            Assert.Equal(
                [null], fixture.Query($"SELECT percentile(buckets, 50) FROM {table}").Single());
        }

        Assert.Equal([null], fixture.Query(
            "SELECT percentile(buckets, 50) FROM aggregates WHERE metric = 'mos'").Single());
    }

    [DuckDbFact]
    public async Task TablesAreAligned()
    {
        await fixture.WriteAsync(
            "aggregates", 0,
            ArchiveFixture.Jitter(0, "us", [1.5]), ArchiveFixture.Jitter(0, "日本", [10, 20]));
        const string Query =
            "SELECT country, mean, stddev IS NULL AS one, window_start FROM aggregates ORDER BY 1";
        Assert.Equal(
            """
            country | mean | one   | window_start
            --------+------+-------+--------------------
            us      |  1.5 | true  | 2024-02-29 23:55:00
            日本      |   15 | false | 2024-02-29 23:55:00
            (2 rows)

            """,
            Print(Query, SqlFormat.Table));
        Assert.Equal("country | mean…", Print(Query, SqlFormat.Table, 15).Split('\n')[0]);
        string hostile = Print("SELECT E'a\nb\x1b[2J'", SqlFormat.Table);
        Assert.Equal("a\\nb\\x1b[2J", hostile.Split('\n')[2]);
    }

    [DuckDbFact]
    public void CsvIsQuotedWhereItMustBe()
    {
        Directory.CreateDirectory(fixture.Folder);
        Assert.Equal(
            "a,\"b,c\",d,e,f\r\n\"x \"\"y\"\"\",,\"\",2024-01-02T03:04:05.5Z,\"[1,null]\"\r\n",
            Print(
                """
                SELECT 'x "y"' AS a, NULL AS "b,c", '' AS d,
                    TIMESTAMPTZ '2024-01-02 03:04:05.5+00' AS e, [1, NULL] AS f
                """,
                SqlFormat.Csv));
    }

    [DuckDbFact]
    public void JsonHasEveryType()
    {
        Directory.CreateDirectory(fixture.Folder);
        string json = Print(
            """
            SELECT NULL AS n, true AS b, 1::TINYINT AS t, 5000000000 AS big, sum(2::BIGINT) AS huge,
                1.50::DECIMAL(9,2) AS dec, 1.5::FLOAT AS f, 'NaN'::DOUBLE AS nan, 'é"' AS s,
                'ab'::BLOB AS blob, DATE '2024-02-29' AS d, TIME '01:02:03' AS time,
                TIMESTAMP '2024-02-29 01:02:03' AS ts, INTERVAL 90 MINUTE AS i, [[1], []] AS l,
                {'x': 1, 'y': 'z'} AS st, MAP {'k': 2} AS m, 'a'::ENUM('a', 'b') AS en,
                '00000000-0000-0000-0000-00000000000a'::UUID AS u, 1 AS n,
                -2.5::DECIMAL(30,1) AS wide
            """,
            SqlFormat.Json);
        string expected = string.Concat(
            """{"n":null,"b":true,"t":1,"big":5000000000,"huge":2,"dec":1.50,""",
            """ "f":1.5,"nan":"NaN","s":"é\"","blob":"YWI=","d":"2024-02-29","time":"01:02:03",""",
            """ "ts":"2024-02-29T01:02:03","i":"01:30:00","l":[[1],[]],""",
            """ "st":{"x":1,"y":"z"},"m":{"k":2},"en":"a",""",
            """ "u":"00000000-0000-0000-0000-00000000000a","n_1":1,"wide":"-2.5"}""");
        Assert.Equal("[\n" + expected.Replace(" ", "") + "\n]\n", json);
        Assert.Equal("[\n]\n", Print("SELECT 1 WHERE false", SqlFormat.Json));
    }

    [DuckDbFact]
    public async Task ParquetGoesToAStream()
    {
        await fixture.WriteAsync("aggregates", 0, RecoveryTests.Rows(0, 9));
        string file = Path.Combine(fixture.Folder, "out.parquet");
        using ArchiveSql sql = fixture.Sql();
        using (FileStream output = File.Create(file))
        {
            Assert.Equal(9, sql.Print(
                "FROM aggregates ORDER BY log_offset; ", SqlFormat.Parquet, output));
        }

        Assert.Equal(
            fixture.Query("FROM aggregates ORDER BY log_offset"), fixture.Query($"FROM '{file}'"));
    }

    [DuckDbFact]
    public async Task DescribeTellsTheShape()
    {
        Aggregate row = ArchiveFixture.Jitter(0, "us", [1, 2, 3, 4]);
        await fixture.WriteAsync("aggregates", 0, row, ArchiveFixture.Jitter(1, "de", [9]));
        List<JsonElement> columns = Describe("aggregates");
        Assert.Equal(
            fixture.Schema["aggregates"].Columns.Select(c => c.Name)
                .Concat(["year", "month", "day"]),
            columns.Select(c => c.GetProperty("column").GetString()));
        JsonElement stddev = columns.Single(c => c.GetProperty("column").GetString() == "stddev");
        Assert.Equal(
            [
                "column", "type", "description", "count", "distinct", "missing", "min", "max",
                "p25", "p50", "p75",
            ],
            stddev.EnumerateObject().Select(p => p.Name));
        Assert.Equal(1, stddev.GetProperty("missing").GetInt64());
        Assert.Equal(2, stddev.GetProperty("count").GetInt64());
        Assert.Equal("DOUBLE", stddev.GetProperty("type").GetString());
        Assert.Contains("standard deviation", stddev.GetProperty("description").GetString());
        JsonElement country = columns.Single(c => c.GetProperty("column").GetString() == "country");
        Assert.Equal("de", country.GetProperty("min").GetString());

        List<JsonElement> ofFile = Describe(fixture.Files("aggregates")[0]);
        Assert.Equal(columns.Count - 3, ofFile.Count);
        Assert.Equal(1, ofFile[0].GetProperty("count").GetInt64());
        Assert.Equal(columns.Count, Describe("aggregates_all").Count);
        Assert.NotEmpty(Describe("dead"));
    }

    [DuckDbFact]
    public async Task DescribeListsTheTables()
    {
        await fixture.WriteAsync("aggregates", 0, RecoveryTests.Rows(0, 9));
        List<JsonElement> tables = Describe(null);
        Assert.Equal(
            fixture.Schema.Tables.Select(t => t.Name),
            tables.Select(t => t.GetProperty("table").GetString()));
        Assert.Equal(9, tables[0].GetProperty("rows").GetInt64());
        Assert.Equal(2, tables[0].GetProperty("files").GetInt64());
        Assert.Equal("2024-02-29T23:55:00Z", tables[0].GetProperty("from").GetString());
        Assert.Equal(JsonValueKind.Null, tables[1].GetProperty("from").ValueKind);
    }

    [DuckDbFact]
    public void DescribeRefusesWhatIsNotThere()
    {
        Directory.CreateDirectory(fixture.Folder);
        using ArchiveSql sql = fixture.Sql();
        ArgumentException unknown =
            Assert.Throws<ArgumentException>(() => sql.DescribeStatement("no_table"));
        Assert.Contains("aggregates", unknown.Message);
        Assert.Throws<ArgumentException>(() => sql.DescribeStatement("x.parquet"));
        using ArchiveSql none = new(new ArchiveSqlOptions());
        Assert.Throws<ArgumentException>(() => none.DescribeStatement("aggregates"));
    }

    private List<JsonElement> Describe(string? target)
    {
        using ArchiveSql sql = fixture.Sql();
        using MemoryStream output = new();
        sql.Print(sql.DescribeStatement(target), SqlFormat.Json, output);
        using JsonDocument json = JsonDocument.Parse(output.ToArray());
        return [.. json.RootElement.Clone().EnumerateArray()];
    }

    private string Print(string query, SqlFormat format, int? widthMax = null)
    {
        using ArchiveSql sql = fixture.Sql();
        using MemoryStream output = new();
        sql.Print(query, format, output, widthMax);
        return Encoding.UTF8.GetString(output.ToArray());
    }
}
