using Earshot.Schemas.V1;

namespace Earshot.Archive.Schema;

/// <summary>The columns of warnings, after the dimensions.</summary>
internal static class WarningColumns
{
    internal static readonly TableColumn<Warning>[] All =
    [
        TableColumns.Text<Warning>(
            "call_id", "call; NULL where the report does not say", row => Said(row.Message.CallId)),
        TableColumns.Text<Warning>("stream_id", "media stream", row => row.Message.StreamId),
        TableColumns.Text<Warning>(
            "warning", "the condition: high_packet_loss, high_jitter, high_latency, low_mos, "
            + "silent, one_way_audio or ice_failure", row => row.Message.Warning_),
        TableColumns.Boolean<Warning>(
            "raised", "true: raised, false: cleared", row => row.Message.Raised),
        TableColumns.Time<Warning>(
            "event_time", "when, UTC: of the report that raised or cleared it; of a stream's end, "
            + "the keep time after its last report", row => row.Message.EventTime),
        TableColumns.Time<Warning>(
            "raised_at", "when it was raised, UTC", row => row.Message.RaisedAt),
        TableColumns.Double<Warning>(
            "duration_s", "how long it was raised, s; NULL where it is raised now",
            row => row.Message.HasDurationS ? row.Message.DurationS : null),
        TableColumns.Text<Warning>(
            "cause", "samples, or stream_ended: no report came for the keep time",
            row => row.Message.Cause),
        TableColumns.Text<Warning>(
            "input", "what value is of, as max_jitter; NULL at a stream's end",
            row => Said(row.Message.Input)),
        TableColumns.Double<Warning>(
            "value", "what the report says, in the unit of the input; NULL at a stream's end",
            row => row.Message.HasValue ? row.Message.Value : null),
        TableColumns.Double<Warning>(
            "limit", "the limit it was held against, in the same unit; NULL at a stream's end",
            row => row.Message.HasLimit ? row.Message.Limit : null),
        TableColumns.Integer<Warning>(
            "samples_crossed", "of the stream's last known samples, those across the limit",
            row => row.Message.SamplesCrossed),
        TableColumns.Integer<Warning>(
            "samples_known", "the stream's last known samples", row => row.Message.SamplesKnown),
        TableColumns.Integer<Warning>(
            "source_partition", "partition of the input", row => row.Message.SourcePartition),
        TableColumns.BigInt<Warning>(
            "source_offset", "offset in the input of the report that raised or cleared it; at a "
            + "stream's end, of the one that raised it", row => row.Message.SourceOffset),
    ];

    private static string? Said(string text) => text.Length == 0 ? null : text;
}
