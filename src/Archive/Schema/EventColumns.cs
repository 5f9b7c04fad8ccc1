using System.Text;
using System.Text.Unicode;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Archive.Schema;

/// <summary>The columns of rows about one record: late ones and dead letters.</summary>
internal static class EventColumns
{
    private const string EventTime = "when it happened, UTC; NULL where it is not known";
    private const string Record = "the record as it came";
    private const string RecordText = "the record as text; NULL where it is not plain text";

    internal static readonly TableColumn<LateRow>[] OfLate =
    [
        TableColumns.Integer<LateRow>(
            "source_partition", "partition of the input", row => row.Message.SourcePartition),
        TableColumns.BigInt<LateRow>(
            "source_offset", "offset in the input", row => row.Message.SourceOffset),
        TableColumns.Text<LateRow>(
            "reason", "late, call_counted or window_closed", row => row.Message.Reason),
        TableColumns.Time<LateRow>("event_time", EventTime, row => row.Message.EventTime),
        TableColumns.Time<LateRow>(
            "watermark", "the watermark it was held against, UTC", row => row.Message.Watermark),
        TableColumns.Text<LateRow>("origin", "file name, or topic", row => row.Message.Origin),
        TableColumns.Blob<LateRow>(
            "record", Record + "; empty for a partial aggregate", row => row.Message.Record),
        TableColumns.Text<LateRow>("record_text", RecordText, row => Readable(row.Message.Record)),
    ];

    internal static readonly TableColumn<DeadLetter>[] OfDead =
    [
        TableColumns.Integer<DeadLetter>(
            "source_partition", "partition of the input", row => row.Message.SourcePartition),
        TableColumns.BigInt<DeadLetter>(
            "source_offset", "offset in the input", row => row.Message.SourceOffset),
        TableColumns.Text<DeadLetter>(
            "reason", "malformed, invalid, future or failed", row => row.Message.Reason),
        TableColumns.Text<DeadLetter>("detail", "what was wrong", row => row.Message.Detail),
        TableColumns.Text<DeadLetter>("origin", "file name, or topic", row => row.Message.Origin),
        TableColumns.BigInt<DeadLetter>(
            "line", "line or record number in that file, from 1; 0 for a topic",
            row => row.Message.Line),
        TableColumns.Time<DeadLetter>(
            "event_time", EventTime,
            row => row.Message.HasEventTime ? row.Message.EventTime : null),
        TableColumns.Blob<DeadLetter>("record", Record, row => row.Message.Record),
        TableColumns.Text<DeadLetter>(
            "record_text", RecordText, row => Readable(row.Message.Record)),
    ];

    /// <summary>Bytes as text when they are that: UTF-8 without a control character.</summary>
    private static string? Readable(ByteString record)
    {
        if (record.IsEmpty || !Utf8.IsValid(record.Span))
            return null;
        string text = Encoding.UTF8.GetString(record.Span);
        return text.Any(char.IsControl) ? null : text;
    }
}
