using Earshot.Archive.DuckDb;
using Earshot.Archive.Schema;
using Earshot.Archive.Sql;
using Earshot.Schemas.V1;

namespace Earshot.Tests.Integration.Archive;

public sealed class ViewTests : IDisposable
{
    private readonly ArchiveFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [DuckDbFact]
    public async Task TheNewestRevisionCounts()
    {
        // "a" is revised twice and closed; "b" is still open; "c" is of a day that is all closed.
        await fixture.WriteAsync(
            "aggregates", 0,
            ArchiveFixture.Jitter(0, "a", [1], revision: 1, final: false),
            ArchiveFixture.Jitter(0, "b", [1], revision: 1, final: false),
            ArchiveFixture.Jitter(1, "c", [1], revision: 2));
        await fixture.WriteAsync(
            "aggregates", 3,
            ArchiveFixture.Jitter(0, "a", [1, 2], revision: 10, final: false),
            ArchiveFixture.Jitter(0, "b", [1, 2], revision: 9, final: false));
        await fixture.WriteAsync(
            "aggregates", 5, ArchiveFixture.Jitter(0, "a", [1, 2, 3], revision: 11));
        Assert.Equal(
            [("a", 3L, true), ("b", 2L, false), ("c", 1L, true)],
            fixture.Query("SELECT country, \"count\", final FROM aggregates ORDER BY country")
                .Select(row => ((string)row[0]!, (long)row[1]!, (bool)row[2]!)));
        Assert.Equal([6L], fixture.Query("SELECT count(*) FROM aggregates_all").Single());
    }

    [DuckDbFact]
    public async Task KeysThatDifferInNullOnlyAreTwoRows()
    {
        Insight whole = new()
        {
            Key = ArchiveFixture.Key(0), Calls = 2, Revision = 1,
        };
        Insight unknown = new()
        {
            Key = ArchiveFixture.Key(0), Calls = 1, Revision = 1,
        };
        unknown.Key.Grouping = "country";
        await fixture.WriteAsync("insights", 0, whole, unknown);
        Assert.Equal([2L], fixture.Query("SELECT count(*) FROM insights").Single());
    }

    [DuckDbFact]
    public async Task PredictionsAreNewestToo()
    {
        Prediction first = new()
        {
            Key = ArchiveFixture.Key(0, ("country", "us")), Metric = "mos", Observed = 4,
            Revision = 1,
        };
        Prediction second = first.Clone();
        second.Observed = 3;
        second.Revision = 2;
        await fixture.WriteAsync("predictions", 0, first, second);
        Assert.Equal([3.0], fixture.Query("SELECT observed FROM predictions").Single());
        Assert.Equal([2L], fixture.Query("SELECT count(*) FROM predictions_all").Single());
    }

    [DuckDbFact]
    public void EmptyTablesHaveTheirColumns()
    {
        Directory.CreateDirectory(fixture.Folder);
        using ArchiveSql sql = fixture.Sql();
        foreach (ArchiveTable table in fixture.Schema.Tables)
        {
            using SqlResult result = sql.Query($"SELECT * FROM {table.Name}");
            Assert.Equal(
                [.. table.Columns.Select(c => c.Name), "year", "month", "day"],
                result.Columns.Select(c => c.Name));
            Assert.Equal(
                table.Columns.Select(c => c.Type.Replace("\"", "")),
                result.Columns.SkipLast(3).Select(c => c.Type));
            Assert.Empty(result.Rows());
        }
    }

    [DuckDbFact]
    public void AMissingArchiveIsAClearError()
    {
        DirectoryNotFoundException error =
            Assert.Throws<DirectoryNotFoundException>(() => fixture.Sql().Dispose());
        Assert.Contains(fixture.Folder, error.Message);
        Assert.Contains("earshot run", error.Message);
    }

    [DuckDbFact]
    public async Task DimensionsOfTheFilesAreFound()
    {
        using ArchiveFixture wider = new(fixture.Folder, new ArchiveSchema(["codec"]));
        Aggregate opus = ArchiveFixture.Jitter(0, "us", [1], revision: 1, final: false);
        opus.Key.Dimensions.Add("codec", "opus");
        Aggregate pcmu = ArchiveFixture.Jitter(0, "us", [2], revision: 2, final: false);
        pcmu.Key.Dimensions.Add("codec", "pcmu");
        await wider.WriteAsync("aggregates", 0, opus, pcmu);
        await fixture.WriteAsync("aggregates", 2, ArchiveFixture.Jitter(0, "us", [3], revision: 3));
        Assert.Equal(
            [("opus", 1.0), ("pcmu", 2.0), (null, 3.0)],
            fixture.Query("SELECT codec, mean FROM aggregates ORDER BY codec")
                .Select(row => ((string?)row[0], (double)row[1]!)));
    }

    [DuckDbFact]
    public async Task DaysPruneFilesAndFiltersReachThem()
    {
        await fixture.WriteAsync(
            "aggregates", 0,
            ArchiveFixture.Jitter(0, "a", [1]), ArchiveFixture.Jitter(1, "b", [1]));
        string plan = string.Join('\n', fixture.Query(
            "EXPLAIN SELECT mean FROM aggregates WHERE day = 1 AND country = 'b'")
            .Select(row => row[1]));
        Assert.Contains("1/2", plan);
        Assert.DoesNotContain("WINDOW", plan);
        Assert.DoesNotContain("buckets", plan);
    }

    [DuckDbFact]
    public async Task AFolderNamedLikeAPatternIsRead()
    {
        string parent = Path.Combine(Path.GetTempPath(), $"earshot-{Guid.NewGuid():N}");
        try
        {
            using ArchiveFixture odd = new(Path.Combine(parent, "it's [1] *x?"));
            await odd.WriteAsync("aggregates", 0, ArchiveFixture.Jitter(0, "a", [1]));
            Assert.Equal(
                [1L, 29], odd.Query("SELECT count(*), any_value(day) FROM aggregates").Single());
        }
        finally
        {
            Directory.Delete(parent, recursive: true);
        }
    }

    [DuckDbFact]
    public async Task NewFilesAreSeenAfterRefresh()
    {
        await fixture.WriteAsync("aggregates", 0, ArchiveFixture.Jitter(0, "a", [1]));
        using ArchiveSql sql = fixture.Sql();
        await fixture.WriteAsync("aggregates", 1, ArchiveFixture.Jitter(0, "b", [1]));
        Assert.Equal(1L, Single(sql, "SELECT count(*) FROM aggregates"));
        sql.Refresh();
        Assert.Equal(2L, Single(sql, "SELECT count(*) FROM aggregates"));
    }

    [DuckDbFact]
    public void ErrorsCarryDuckDbsMessage()
    {
        Directory.CreateDirectory(fixture.Folder);
        using ArchiveSql sql = fixture.Sql();
        Assert.Contains("nonsense", Assert.Throws<DuckDbException>(
            () => sql.Query("SELECT nonsense FROM aggregates").Dispose()).Message);
        Assert.Throws<DuckDbException>(() => sql.Query("SELEC").Dispose());
        Assert.Throws<DuckDbException>(() => sql.Query("").Dispose());
        using SqlResult late = sql.Query(
            """
            SELECT CASE WHEN i = 900000 THEN error('too far') ELSE i END
            FROM range(1000000) t(i)
            """);
        DuckDbException far = Assert.Throws<DuckDbException>(() => late.Rows().Count());
        Assert.Contains("too far", far.Message);
        Assert.Throws<DuckDbException>(
            () => sql.Query("SELECT error('first'); SELECT 1").Dispose());
        Assert.Equal(3L, Single(sql, "CREATE TABLE t AS SELECT 3::BIGINT AS x; SELECT x FROM t;"));
    }

    [DuckDbFact]
    public async Task AQueryCanBeGivenUp()
    {
        Directory.CreateDirectory(fixture.Folder);
        using ArchiveSql sql = fixture.Sql();
        using CancellationTokenSource cancel = new(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Run(() =>
        {
            using SqlResult result = sql.Query(
                "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b",
                cancel.Token);
            return result.Rows().Count();
        }));
        Assert.Equal(1L, Single(sql, "SELECT 1::BIGINT"));
    }

    private static object? Single(ArchiveSql sql, string query)
    {
        using SqlResult result = sql.Query(query);
        return result.Rows().Single().Single();
    }
}
