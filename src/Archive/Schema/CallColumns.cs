using System.Text;
using Earshot.Archive.DuckDb;
using Earshot.Schemas.V1;

namespace Earshot.Archive.Schema;

/// <summary>The columns of calls, after the dimensions.</summary>
internal static class CallColumns
{
    internal const string TagsType =
        "STRUCT(tag VARCHAR, input VARCHAR, \"value\" DOUBLE, \"limit\" DOUBLE, basis VARCHAR)[]";

    internal static readonly TableColumn<FinishedCall>[] All =
    [
        TableColumns.Text<FinishedCall>(
            "call_id", "the call; NULL where its summary does not say",
            row => Said(row.Message.CallId)),
        TableColumns.Time<FinishedCall>(
            "started", "the attempt, else the far end's first sign, UTC; NULL where not known",
            row => row.Message.HasStarted ? row.Message.Started : null),
        TableColumns.Time<FinishedCall>(
            "ended", "its end, UTC; of a call given up, call-limit after its first step",
            row => row.Message.Ended),
        TableColumns.Text<FinishedCall>(
            "state", "answered, dropped, busy, noanswer, rejected, failed or canceled; NULL where "
            + "not known; of a call given up no_end, no_answer or no_start",
            row => Said(row.Message.State)),
        TableColumns.Text<FinishedCall>(
            "closed_by", "complete_summary, partial_summary, signalling or limit",
            row => row.Message.ClosedBy),
        Double("connect_duration", "connected time, s",
            call => call.HasConnectDuration ? call.ConnectDuration : null),
        Double("pdd", "post-dial delay, s", call => call.HasPdd ? call.Pdd : null),
        TableColumns.Text<FinishedCall>(
            "pdd_basis", "where pdd is from: summary, steps or event",
            row => Said(row.Message.PddBasis)),
        Double("pdd_limit", "what pdd was held against, s",
            call => call.HasPddLimit ? call.PddLimit : null),
        TableColumns.Time<FinishedCall>(
            "pdd_limit_hour", "where the hours end that this limit was learned from, UTC; NULL for "
            + "a configured limit",
            row => row.Message.HasPddLimitHour ? row.Message.PddLimitHour : null),
        TableColumns.BigInt<FinishedCall>(
            "pdd_limit_samples", "delays it was learned from; NULL for a configured limit",
            row => row.Message.HasPddLimitSamples ? row.Message.PddLimitSamples : null),
        BigInt("sip_response", "last SIP response",
            call => call.HasSipResponse ? call.SipResponse : null),
        Double("score", "score, 0 to 1", call => call.HasScore ? call.Score : null),
        Double("packet_loss", "packet loss, %",
            call => call.HasPacketLoss ? call.PacketLoss : null),
        Double("jitter", "mean jitter, ms", call => call.HasJitter ? call.Jitter : null),
        Double("max_jitter", "greatest jitter, ms",
            call => call.HasMaxJitter ? call.MaxJitter : null),
        Double("delayed_packets", "packets late by 200 ms or more, %",
            call => call.HasDelayedPackets ? call.DelayedPackets : null),
        Double("latency", "mean latency, ms", call => call.HasLatency ? call.Latency : null),
        Double("rtt", "mean round trip, ms", call => call.HasRtt ? call.Rtt : null),
        Double("mos", "mean opinion score", call => call.HasMos ? call.Mos : null),
        BigInt("packets_in", "packets received, of all reports",
            call => call.HasPacketsIn ? call.PacketsIn : null),
        BigInt("packets_out", "packets sent, of all reports",
            call => call.HasPacketsOut ? call.PacketsOut : null),
        Double("audio_level_in", "the loudest level received, 0 to 1",
            call => call.HasAudioLevelIn ? call.AudioLevelIn : null),
        Double("audio_level_out", "the loudest level sent, 0 to 1",
            call => call.HasAudioLevelOut ? call.AudioLevelOut : null),
        TableColumns.Boolean<FinishedCall>(
            "ice_failed", "a report says that ICE failed; NULL where none tells of ICE",
            row => row.Message.HasIceFailed ? row.Message.IceFailed : null),
        TableColumns.Text<FinishedCall>(
            "from_reports", "which of packet_loss to mos come from its stream reports, by commas",
            row => Said(string.Join(',', row.Message.FromReports))),
        BigInt("reports", "stream reports joined", call => call.Reports),
        new(
            new("tags", TagsType, "the tags it carries, and why: the input that decided, its "
                + "value, the limit, where the value is from (summary, steps, event, reports)"),
            FillTags),
        TableColumns.Integer<FinishedCall>(
            "source_partition", "partition of the input", row => row.Message.SourcePartition),
        BigInt("source_offset", "offset in the input of its complete summary",
            call => call.HasSourceOffset ? call.SourceOffset : null),
    ];

    private static TableColumn<FinishedCall> Double(
        string name, string description, Func<FinishedCall, double?> value) =>
        TableColumns.Double<FinishedCall>(
            name, description + "; NULL where not known", row => value(row.Message));

    private static TableColumn<FinishedCall> BigInt(
        string name, string description, Func<FinishedCall, long?> value) =>
        TableColumns.BigInt<FinishedCall>(
            name, description + "; NULL where not known", row => value(row.Message));

    private static string? Said(string text) => text.Length == 0 ? null : text;

    private static void FillTags(
        DuckDbVector vector, ReadOnlySpan<ArchiveRow<FinishedCall>> rows)
    {
        int total = 0;
        foreach (ArchiveRow<FinishedCall> row in rows)
            total += row.Message.Tags.Count;
        vector.ResizeList(total);
        DuckDbVector tags = vector.ListChild;
        int at = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            vector.Set(
                i, new DuckDbVector.ListEntry((ulong)at, (ulong)rows[i].Message.Tags.Count));
            foreach (TagDecision tag in rows[i].Message.Tags)
                FillTag(tags, at++, tag);
        }
    }

    private static void FillTag(DuckDbVector tags, int at, TagDecision tag)
    {
        tags.Field(0).SetBytes(at, Encoding.UTF8.GetBytes(tag.Tag));
        tags.Field(1).SetBytes(at, Encoding.UTF8.GetBytes(tag.Input));
        tags.Field(2).Set(at, tag.Value);
        tags.Field(3).Set(at, tag.Limit);
        tags.Field(4).SetBytes(at, Encoding.UTF8.GetBytes(tag.Basis));
    }
}
