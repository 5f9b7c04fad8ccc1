using System.Text;
using Earshot.Actors;
using Earshot.Actors.Wire;
using Earshot.Log;
using Earshot.Schemas.V1;
using Google.Protobuf;
using static Earshot.Tests.Unit.Actors.Inputs;

namespace Earshot.Tests.Unit.Actors;

/// <summary>What lies in the dead and late topics, header by header.</summary>
public sealed class SideRecordsTests
{
    private const long Offset = 7;

    [Fact]
    public void A_dead_letter_is_the_record_as_it_came_with_its_headers_and_ours()
    {
        byte[] raw = [0x0A, 0xFF, 0x00];
        (string key, byte[] value, string headers) = Assert.Single(Give(
            Topics.Default.Dead, raw, "call-1", ("content-type", ""), ("trace", "a=1"),
            ("earshot-reason", "stale"), ("earshot-line", "99")));
        Assert.Equal("0:7", key);
        Assert.Equal(raw, value);
        Assert.Equal(
            """
            content-type=
            trace=a=1
            earshot-reason=stale
            earshot-line=99
            earshot-reason=malformed
            earshot-id=earshot.calls.v1-0-7
            __connect.errors.topic=earshot.calls.v1
            __connect.errors.partition=0
            __connect.errors.offset=7
            __connect.errors.connector.name=earshot
            __connect.errors.task.id=0
            __connect.errors.stage=VALUE_CONVERTER
            __connect.errors.class.name=Earshot.Actors.Calls.CallStage
            __connect.errors.exception.class.name=malformed
            __connect.errors.exception.message=truncated
            earshot-origin=calls
            earshot-append-time=1700086200000
            earshot-key=call-1
            """, headers);
    }

    [Fact]
    public void A_late_record_says_the_watermark_it_was_held_against()
    {
        byte[] late = Metric(T0 - 1);
        (string key, byte[] value, string headers) = Assert.Single(Give(
            Topics.Default.Late, late, "", [], movesWatermark: true));
        Assert.Equal("0:7", key);
        Assert.Equal(late, value);
        Assert.StartsWith(
            "earshot-reason=late\nearshot-id=earshot.calls.v1-0-7\n", headers,
            StringComparison.Ordinal);
        Assert.EndsWith(
            $"\nearshot-event-time={T0 - 1}\nearshot-watermark={T0}", headers,
            StringComparison.Ordinal);
        Assert.DoesNotContain("earshot-key", headers);
    }

    [Fact]
    public void Both_are_read_back_as_the_rows_they_are()
    {
        DeadLetter dead = ReadOf(
            Topics.Default.Dead, SideRecords.ReadDead, Metric(AppendTimeMs * 2));
        Assert.Equal(("future", 0, Offset, "calls", 0L, AppendTimeMs * 2),
            (dead.Reason, dead.SourcePartition, dead.SourceOffset, dead.Origin, dead.Line,
                dead.EventTime));
        Assert.StartsWith("event_time 2077", dead.Detail, StringComparison.Ordinal);
        Assert.Equal(Metric(AppendTimeMs * 2), dead.Record.ToByteArray());

        LateRow late = ReadOf(Topics.Default.Late, SideRecords.ReadLate, Metric(T0 - 1));
        Assert.Equal(("late", 0, Offset, "calls", T0 - 1, T0),
            (late.Reason, late.SourcePartition, late.SourceOffset, late.Origin, late.EventTime,
                late.Watermark));
        Assert.Equal(Metric(T0 - 1), late.Record.ToByteArray());
    }

    [Fact]
    public void Rows_of_versions_before_are_still_read()
    {
        DeadLetter dead = new() { Reason = "future", SourceOffset = 3, EventTime = T0 };
        Assert.Equal(dead, SideRecords.ReadDead(Record(dead.ToByteArray(), [])));
        LateRow late = new() { Reason = "late", SourceOffset = 4, Watermark = T0 };
        Assert.Equal(late, SideRecords.ReadLate(Record(late.ToByteArray(), [])));
    }

    [Fact]
    public void A_damaged_header_is_told_of() => Assert.Contains(
        "__connect.errors.offset is \"x\"",
        Assert.Throws<FormatException>(() => SideRecords.ReadDead(Record([], new
            RecordHeadersBuilder().Add(SideHeaders.Reason, "invalid")
                .Add(SideHeaders.Offset, "x").Encoded.ToArray()))).Message);

    [Fact]
    public void A_large_record_is_kept_whole()
    {
        byte[] large = new byte[5_000_000];
        large[0] = 0xFF;
        Assert.Equal(large, Assert.Single(Give(Topics.Default.Dead, large, "")).Value);
    }

    [Fact]
    public void The_id_of_a_row_is_the_hash_of_what_identifies_it()
    {
        RowIds ids = new();
        ids.Begin("carrier,country", "telco\u001fus", "5m", T0);
        ids.Add("aggregates", "jitter", null);
        ids.Add("aggregates", "jitter", 5);
        ids.Add("aggregates", "jitter", 6);
        ids.Add("predictions", "jitter", null);
        ids.Add("aggregates", "mos", null);
        ids.AddLate("jitter", 5, 0, T0);
        ids.AddLate("jitter", 5, 1, T0);
        ids.Make();
        string[] made = [.. Enumerable.Range(0, 7)
            .Select(row => Text(Record([], ids.HeadersOf(row).Encoded.ToArray()).Headers))];
        string expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(
            Encoding.UTF8.GetBytes(
                $"aggregates\ncarrier,country\ntelco\u001fus\n5m\n{T0}\njitter\nfinal"))[..16]);
        Assert.Equal($"earshot-id={expected}", made[0]);
        Assert.Equal(made.Length, made.Distinct().Count());

        // The same, made once more among others.
        ids.Clear();
        ids.Add("aggregates", "mos", null);
        ids.Add("aggregates", "jitter", null);
        ids.Make();
        Assert.Equal(made[0], Text(Record([], ids.HeadersOf(1).Encoded.ToArray()).Headers));
    }

    [Fact]
    public void Topics_of_messages_have_a_format_and_side_topics_none()
    {
        var formats = TopicFormats.Of(Topics.Default);
        Assert.Equal(
            [("content-type", "application/x-protobuf; messageType=earshot.v1.Aggregate"),
                ("earshot-schema-version", "1")],
            formats[Topics.Default.Aggregates]);
        Assert.Equal(7, formats.Count);
        Assert.DoesNotContain(Topics.Default.Dead, formats.Keys);
        Assert.DoesNotContain(Topics.Default.Late, formats.Keys);
    }

    private static T ReadOf<T>(string topic, RecordReader<T> read, byte[] record) =>
        Assert.Single(BenchWith(record, "", [], movesWatermark: true).Of(topic, read));

    private static List<(string Key, byte[] Value, string Headers)> Give(
        string topic, byte[] record, string key, params (string, string)[] headers) =>
        Give(topic, record, key, headers, movesWatermark: false);

    private static List<(string Key, byte[] Value, string Headers)> Give(
        string topic, byte[] record, string key, (string, string)[] headers,
        bool movesWatermark) =>
        BenchWith(record, key, headers, movesWatermark).Of(topic, static given => (
            Encoding.UTF8.GetString(given.Key), given.Value.ToArray(), Text(given.Headers)));

    private static CallBench BenchWith(
        byte[] record, string key, (string Name, string Value)[] headers, bool movesWatermark)
    {
        CallBench bench = new();
        if (movesWatermark)
            bench.MoveWatermarkTo(T0);
        RecordHeadersBuilder encoded = new();
        foreach ((string name, string value) in headers)
            encoded.Add(Encoding.UTF8.GetBytes(name), value);
        RecordBatchBuilder builder = new();
        builder.Add(Offset, Encoding.UTF8.GetBytes(key), record, encoded.Encoded);
        bench.Apply(builder.Build(
            new TopicPartition(Topics.Default.Calls, 0), Offset, Offset + 1, AppendTimeMs,
            "calls"));
        return bench;
    }

    private static LogRecord Record(byte[] value, byte[] headers)
    {
        RecordBatchBuilder builder = new();
        builder.Append([], value, headers);
        return builder.Build()[0];
    }

    private static string Text(RecordHeaders headers)
    {
        List<string> lines = [];
        foreach (RecordHeader header in headers)
        {
            lines.Add(Encoding.UTF8.GetString(header.Name) + "="
                + Encoding.UTF8.GetString(header.Value));
        }

        return string.Join('\n', lines);
    }
}
