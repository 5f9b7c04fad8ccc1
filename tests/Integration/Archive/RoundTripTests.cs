using Earshot.Archive.Schema;
using Earshot.Log;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Tests.Integration.Archive;

public sealed class RoundTripTests : IDisposable
{
    private readonly ArchiveFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [DuckDbFact]
    public async Task Calls_come_back_with_their_tags()
    {
        await fixture.WriteAsync(
            "calls", 0,
            new FinishedCall
            {
                Key = new RowKey { Grouping = "call", Dimensions = { ["country"] = "CH" } },
                CallId = "C1", Started = ArchiveFixture.Start, Ended = ArchiveFixture.Start + 9,
                State = "answered", ClosedBy = "signalling", Pdd = 8, PddBasis = "steps",
                PddLimit = 6, Reports = 2, PacketsIn = 4, FromReports = { "jitter", "mos" },
                Tags =
                {
                    new TagDecision
                    {
                        Tag = "high_pdd", Input = "pdd", Value = 8, Limit = 6, Basis = "steps",
                    },
                    new TagDecision
                    {
                        Tag = "a_tag_with_a_name_longer_than_a_cell", Input = "mos", Value = 1,
                        Limit = 2, Basis = "reports",
                    },
                },
            },
            new FinishedCall
            {
                Key = new RowKey { Grouping = "call" }, Ended = ArchiveFixture.Start,
                ClosedBy = "limit", State = "no_end", IceFailed = false, PddLimitHour = 3_600_000,
                PddLimitSamples = 7, SourceOffset = 5, SipResponse = 200,
            });
        List<object?[]> calls = fixture.Query(
            """
            SELECT country, call_id, epoch_ms(started), epoch_ms(ended), state, closed_by, pdd,
                pdd_basis, pdd_limit, epoch_ms(pdd_limit_hour), pdd_limit_samples, sip_response,
                packets_in, packets_out, ice_failed, from_reports, reports, source_offset,
                list_transform(tags, lambda t: t.tag || ' ' || t.input || ' ' || t."value"
                    || ' ' || t."limit" || ' ' || t.basis).array_to_string(';')
            FROM calls ORDER BY log_offset
            """);
        const long Start = ArchiveFixture.Start;
        Assert.Equal(
            [
                "CH", "C1", Start, Start + 9, "answered", "signalling", 8.0, "steps", 6.0, null,
                null, null, 4L, null, null, "jitter,mos", 2L, null,
                "high_pdd pdd 8.0 6.0 steps;"
                + "a_tag_with_a_name_longer_than_a_cell mos 1.0 2.0 reports",
            ],
            calls[0]);
        Assert.Equal(
            [
                null, null, null, Start, "no_end", "limit", null, null, null, 3_600_000L, 7L, 200L,
                null, null, false, null, 0L, 5L, "",
            ],
            calls[1]);
    }

    [DuckDbFact]
    public async Task AggregatesComeBackAsWritten()
    {
        Aggregate one = ArchiveFixture.Jitter(0, "日本 – Ōsaka, a long name", [2.5]);
        Aggregate many = ArchiveFixture.Jitter(1, "us", [3, 1, 2, 2]);
        many.Key.Dimensions.Add("carrier", "o'neil \"x\"\n");
        await fixture.WriteAsync("aggregates", 40, one, many);
        const string Name = "00000-0000000000000000040-0000000000000000042.parquet";

        Assert.Equal(
            [
                "aggregates/year=2024/month=02/day=29/" + Name,
                "aggregates/year=2024/month=03/day=01/" + Name,
            ],
            fixture.Files("aggregates").Select(f => Path.GetRelativePath(fixture.Folder, f)));
        List<object?[]> rows = fixture.Query(
            """
            SELECT window_start, window_end, "window", grouping, country, carrier, account, metric,
                "count", min, mean, max, sum, stddev, p25, p50, p75, p90, p95, p99, buckets,
                revision, final, log_partition, log_offset, year, month, day
            FROM aggregates ORDER BY log_offset
            """);
        DateTimeOffset start = DateTimeOffset.FromUnixTimeMilliseconds(ArchiveFixture.Start);
        Assert.Equal(2, rows.Count);
        Assert.Equal(
            [start, start.AddMinutes(5), "5m", "country", "日本 – Ōsaka, a long name", null, null],
            rows[0][..7]);
        Assert.Equal(
            ["jitter", 1L, 2.5, 2.5, 2.5, 2.5, null, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5], rows[0][7..20]);
        Assert.Equal([1L, true, 0, 40L, 2024, 2, 29], rows[0][21..]);
        Assert.Equal("o'neil \"x\"\n", rows[1][5]);
        Assert.Equal(Math.Sqrt(2.0 / 3), (double)rows[1][13]!, 12);
        Assert.Equal([(1.0, 1L), (2.0, 2L), (3.0, 1L)], Buckets(rows[1][20]));
        Assert.Equal([1L, true, 0, 41L, 2024, 3, 1], rows[1][21..]);
    }

    [DuckDbFact]
    public async Task InsightsKnowTagsAndMissingRatios()
    {
        Insight none = new()
        {
            Key = ArchiveFixture.Key(0, ("country", "us")), Reports = 7, Revision = 3,
            Tags = { new TagCount { Tag = "low_mos", Reports = 2 } },
        };
        Insight some = new()
        {
            Key = ArchiveFixture.Key(0, ("country", "de")), Calls = 8, Attempts = 8, Answered = 6,
            Asr = 75, Ner = 87.5, Aloc = 60.25, ConnectedMinutes = 6.025, NormalSessions = 6,
            NormalSessionsShare = 75, Busy = 1, Noanswer = 2, Failed = 3, Canceled = 4,
            ShortCalls = 5, LongCalls = 6, Values = 99, Revision = 4, Final = true,
            Tags = { new TagCount { Tag = "high_pdd", Calls = 2, Reports = 1 } },
        };
        await fixture.WriteAsync("insights", 0, none, some);
        List<object?[]> rows = fixture.Query(
            """
            SELECT country, calls, attempts, answered, asr, ner, aloc, connected_minutes,
                normal_sessions, normal_sessions_share, busy, noanswer, failed, canceled,
                short_calls, long_calls, reports, "values", high_pdd, high_pdd_share,
                high_pdd_reports, low_mos, low_mos_share, low_mos_reports, revision, final
            FROM insights ORDER BY log_offset
            """);
        Assert.Equal(
            ["us", 0L, 0L, 0L, null, null, null, 0.0, 0L, null], rows[0][..10]);
        Assert.Equal([7L, 0L, 0L, null, 0L, 0L, null, 2L, 3L, false], rows[0][16..]);
        Assert.Equal(["de", 8L, 8L, 6L, 75.0, 87.5, 60.25, 6.025, 6L, 75.0], rows[1][..10]);
        Assert.Equal([1L, 2L, 3L, 4L, 5L, 6L, 0L, 99L], rows[1][10..18]);
        Assert.Equal([2L, 25.0, 1L, 0L, 0.0, 0L, 4L, true], rows[1][18..]);
    }

    [DuckDbFact]
    public async Task SessionsOfAnInsightComeBackAndAreNullWhereTheyWereNotCounted()
    {
        Insight before = new()
        {
            Key = ArchiveFixture.Key(0, ("country", "us")), Calls = 8, NormalSessions = 6,
        };
        Insight some = new()
        {
            Key = ArchiveFixture.Key(0, ("country", "de")), Calls = 8, Rejected = 1, SipKnown = 2,
            DurationKnown = 3, Abr = 62.5, ShortCallsShare = 12.5,
            Sessions = new Sessions
            {
                Invites = 20, Redirected = 4, Established = 5, Effective = 6, Ineffective = 7,
                Completed = 8, Ser = 31.25, Seer = 37.5, Isa = 35,
            },
        };
        await fixture.WriteAsync("insights", 0, before, some);
        List<object?[]> rows = fixture.Query(
            """
            SELECT rejected, sip_known, duration_known, invites, redirected, established,
                effective, ineffective, completed, abr, ser, seer, isa, scr, short_calls_share,
                long_calls_share
            FROM insights ORDER BY log_offset
            """);
        Assert.All(rows[0], Assert.Null);
        Assert.Equal(
            [
                1L, 2L, 3L, 20L, 4L, 5L, 6L, 7L, 8L, 62.5, 31.25, 37.5, 35.0, null, 12.5, null,
            ],
            rows[1]);
    }

    [DuckDbFact]
    public async Task PredictionsAndWarningsComeBack()
    {
        await fixture.WriteAsync(
            "predictions", 0,
            new Prediction
            {
                Key = ArchiveFixture.Key(0, ("country", "us")), Metric = "mos", Observed = 4.1,
                Expected = 4, Low = 3.5, NextHigh = 4.4, History = 12, Model = "ewma/1",
                Revision = 5,
            });
        await fixture.WriteAsync(
            "warnings", 0,
            new Warning
            {
                Key = ArchiveFixture.Key(0, ("edge", "sdk")), CallId = "C1", StreamId = "S1",
                Warning_ = "high_jitter", Raised = true, EventTime = ArchiveFixture.Start,
                Value = 31, Limit = 30, RaisedAt = ArchiveFixture.Start, Cause = "samples",
                Input = "max_jitter", SamplesCrossed = 3, SamplesKnown = 4, SourcePartition = 1,
                SourceOffset = 77,
            },
            new Warning
            {
                Key = new RowKey { Grouping = "stream" }, StreamId = "S2", Warning_ = "silent",
                EventTime = ArchiveFixture.Start + 1500, RaisedAt = ArchiveFixture.Start,
                DurationS = 1.5, Cause = "stream_ended",
            });
        object?[] prediction = Assert.Single(fixture.Query(
            """
            SELECT metric, expected, low, high, observed, next_expected, next_low, next_high,
                history, model, revision FROM predictions
            """));
        Assert.Equal(
            ["mos", 4.0, 3.5, null, 4.1, null, null, 4.4, 12L, "ewma/1", 5L], prediction);
        List<object?[]> warnings = fixture.Query(
            """
            SELECT edge, call_id, stream_id, warning, raised, epoch_ms(event_time), value, "limit",
                epoch_ms(raised_at), duration_s, cause, input, samples_crossed, samples_known,
                source_partition, source_offset
            FROM warnings ORDER BY log_offset
            """);
        const long Start = ArchiveFixture.Start;
        Assert.Equal(
            [
                "sdk", "C1", "S1", "high_jitter", true, Start, 31.0, 30.0, Start, null, "samples",
                "max_jitter", 3, 4, 1, 77L,
            ],
            warnings[0]);
        Assert.Equal(
            [
                null, null, "S2", "silent", false, Start + 1500, null, null, Start, 1.5,
                "stream_ended", null, 0, 0, 0, 0L,
            ],
            warnings[1]);
    }

    [DuckDbFact]
    public async Task LateRowsKeepRecordsAndStatistics()
    {
        await fixture.WriteAsync(
            "late", 0,
            new LateRow
            {
                SourcePartition = 2, SourceOffset = 77, Reason = "late", Origin = "a.json",
                EventTime = ArchiveFixture.Start, Watermark = ArchiveFixture.Start + 1000,
                Record = ByteString.CopyFromUtf8("{\"ü\":1}"),
            },
            new LateRow
            {
                Reason = "window_closed", EventTime = ArchiveFixture.Start,
                Aggregate = ArchiveFixture.Jitter(-1, "us", [1, 2]),
            },
            new LateRow
            {
                Reason = "window_closed", EventTime = ArchiveFixture.Start,
                Insight = new Insight
                {
                    Key = ArchiveFixture.Key(-2, ("country", "fr")), Calls = 3,
                },
            });
        List<object?[]> rows = fixture.Query(
            """
            SELECT reason, source_partition, source_offset, origin, record, record_text, country,
                metric, "count", buckets, calls, low_mos FROM late ORDER BY log_offset
            """);
        byte[] record = "{\"ü\":1}"u8.ToArray();
        Assert.Equal(
            ["late", 2, 77L, "a.json", record, "{\"ü\":1}", null, null, null, null, null, null],
            rows[0]);
        Assert.Equal(["us", "jitter", 2L], rows[1][6..9]);
        Assert.Equal([(1.0, 1L), (2.0, 1L)], Buckets(rows[1][9]));
        Assert.Equal([Array.Empty<byte>(), null, "fr", null, null, null, 3L, 0L], rows[2][4..]);
    }

    [DuckDbFact]
    public async Task DeadLettersLieUnderADayThatIsReal()
    {
        await fixture.WriteAsync(
            "dead", 0,
            Dead("malformed", null, [0x0a, 0xff]),
            Dead("future", long.MaxValue, "plain text"u8.ToArray()),
            Dead("future", ArchiveFixture.Start + 864_000_000, "tab\t"u8.ToArray()),
            Dead("invalid", ArchiveFixture.Start - 86_400_000, "é"u8.ToArray()));
        List<object?[]> rows = fixture.Query(
            """
            SELECT event_time, record_text, day, octet_length(record)
            FROM dead ORDER BY log_offset
            """);
        DateTimeOffset start = DateTimeOffset.FromUnixTimeMilliseconds(ArchiveFixture.Start);
        Assert.Equal([null, null, 29, 2L], rows[0]);
        Assert.Equal([null, "plain text", 29, 10L], rows[1]);
        Assert.Equal([start.AddDays(10), null, 29, 4L], rows[2]);
        Assert.Equal([start.AddDays(-1), "é", 28, 2L], rows[3]);
    }

    [DuckDbFact]
    public async Task RecordsWithHeadersGiveTheSameRowsAsMessages()
    {
        byte[] record = "{broken"u8.ToArray();
        DeadLetter letter = Dead("malformed", ArchiveFixture.Start, record);
        (letter.SourcePartition, letter.SourceOffset, letter.Detail) = (3, 77, "why");
        (letter.Origin, letter.Line) = ("a.json", 12);
        LateRow late = new()
        {
            SourcePartition = 3, SourceOffset = 77, Reason = "late", Origin = "a.json",
            EventTime = ArchiveFixture.Start, Watermark = ArchiveFixture.Start + 5,
            Record = ByteString.CopyFrom(record),
        };
        RecordHeadersBuilder headers = new();
        byte[] HeadersOf(string reason) => headers.Clear()
            .Add("earshot-line"u8, "of the record itself")
            .Add("earshot-reason"u8, reason)
            .Add("__connect.errors.partition"u8, "3")
            .Add("__connect.errors.offset"u8, "77")
            .Add("__connect.errors.exception.message"u8, "why")
            .Add("earshot-origin"u8, "a.json")
            .Add("earshot-line"u8, "12")
            .Add("earshot-event-time"u8, $"{ArchiveFixture.Start}")
            .Add("earshot-watermark"u8, $"{ArchiveFixture.Start + 5}").Encoded.ToArray();
        await WriteBothAsync("dead", letter, record, HeadersOf("malformed"));
        await WriteBothAsync("late", late, record, HeadersOf("late"));
        foreach (string table in (string[])["dead", "late"])
        {
            List<object?[]> rows = fixture.Query(
                $"SELECT * EXCLUDE (log_offset) FROM {table} ORDER BY log_offset");
            Assert.Equal(2, rows.Count);
            Assert.Equal(rows[0], rows[1]);
        }
    }

    [DuckDbFact]
    public async Task ManyRowsFillManyChunks()
    {
        Aggregate[] rows = [.. Enumerable.Range(0, 5000).Select(i =>
            ArchiveFixture.Jitter(
                0, $"country {i}", [.. Enumerable.Range(1, 1 + (i % 7)).Select(v => (double)v)]))];
        await fixture.WriteAsync("aggregates", 0, rows);
        List<object?[]> read = fixture.Query(
            "SELECT log_offset, country, stddev, buckets FROM aggregates ORDER BY log_offset");
        Assert.Equal(rows.Length, read.Count);
        for (int i = 0; i < rows.Length; i++)
        {
            Assert.Equal([(long)i, rows[i].Key.Dimensions["country"]], read[i][..2]);
            Assert.Equal(rows[i].HasStddev ? rows[i].Stddev : null, read[i][2]);
            Assert.Equal(rows[i].Buckets.Select(b => (b.Bucket_, b.Count)), Buckets(read[i][3]));
        }
    }

    [DuckDbFact]
    public async Task NaNIsMissing()
    {
        Aggregate row = ArchiveFixture.Jitter(0, "us", [1]);
        row.Stddev = double.NaN;
        await fixture.WriteAsync("aggregates", 0, row);
        Assert.Equal([null], fixture.Query("SELECT stddev FROM aggregates").Single());
    }

    [DuckDbFact]
    public async Task ADimensionWithoutAColumnIsRefused()
    {
        Aggregate row = ArchiveFixture.Jitter(0, "us", [1]);
        row.Key.Dimensions.Add("codec", "opus");
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => fixture.WriteAsync("aggregates", 0, row).AsTask());
        Assert.Contains("codec", refused.Message);
        Assert.Empty(fixture.Files("aggregates"));

        using ArchiveFixture wider = new(null, new ArchiveSchema(["codec"]));
        await wider.WriteAsync("aggregates", 0, row);
        Assert.Equal(["opus"], wider.Query("SELECT codec FROM aggregates").Single());
    }

    // As a version before headers wrote it, and as it is written now.
    private async Task WriteBothAsync(string table, IMessage old, byte[] value, byte[] headers)
    {
        RecordBatchBuilder builder = new();
        builder.Append([], old.ToByteArray());
        builder.Append([], value, headers);
        TopicPartition source = new("test", 0);
        await fixture.Archive.WriteAsync(
            table, 0, [builder.Build(source, 0, 2, ArchiveFixture.Start)], default);
    }

    private static DeadLetter Dead(string reason, long? eventTime, byte[] record)
    {
        DeadLetter row = new() { Reason = reason, Record = ByteString.CopyFrom(record) };
        if (eventTime is long time)
            row.EventTime = time;
        return row;
    }

    private static IEnumerable<(double, long)> Buckets(object? value) =>
        ((object?[])value!).Cast<KeyValuePair<string, object?>[]>()
            .Select(bucket => ((double)bucket[0].Value!, (long)bucket[1].Value!));
}
