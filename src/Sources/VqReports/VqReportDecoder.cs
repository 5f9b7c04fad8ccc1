using System.Text;
using Earshot.Schemas;
using Earshot.Sources.Csv;
using Earshot.Sources.Rows;
using Earshot.Sources.Text;

namespace Earshot.Sources.VqReports;

/// <summary>
/// A report of RFC 6035 (application/vq-rtcpxr) as one StreamReport: what arrived here
/// (LocalMetrics), with the far end's view of what arrived there (RemoteMetrics) as the remote
/// metrics. It is no CallSummary: both ends report one call, in the middle and at its end, and
/// calls that failed report nothing, so ratios made of them would be wrong.
/// </summary>
internal sealed class VqReportDecoder : IRecordDecoder
{
    private const string NoBeginning =
        "it does not begin with VQSessionReport, VQIntervalReport or VQAlertReport";

    private readonly CsvHash hash = new();
    private readonly VqMetrics local = new();
    private readonly VqMetrics remote = new();
    // Where in the record the texts of a section stand, by section.
    private readonly Range[] texts = new Range[(int)VqSection.DialogId + 1];
    private Range codec, localIp, remoteIp, localSsrc;
    private VqSection kind;

    public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into)
    {
        into.Reset();
        if (record.Length > RowReader.RowBytesMax)
            return Detail.Dead(into, Detail.TooLong);
        string? error = Read(record) ?? Check(record);
        if (error is not null)
            return Detail.Dead(into, error);
        ReadOnlySpan<byte> call = record[texts[(int)VqSection.CallId]];
        ReadOnlySpan<byte> source = record[localSsrc], end = record[texts[(int)VqSection.LocalId]];
        into.Kind = EventKind.StreamReport;
        into.EventTimeMs = TimeMs;
        into.EventId = StableHash.Of(record);
        into.SetCallId(call);
        into.SetStreamId(hash.Of(call, end, source), end, source);
        into.Codec = into.DimensionValues.InternUtf8(record[codec]);
        AddValues(into);
        AddDimensions(record, into);
        return DecodeResult.Event;
    }

    public ulong RoutingHash(ReadOnlySpan<byte> record)
    {
        ReadOnlySpan<byte> rest = record;
        while (!rest.IsEmpty)
        {
            if (VqLine.TrySection(NextLine(ref rest), out VqSection section, out var text)
                && section == VqSection.CallId && !text.IsEmpty)
            {
                return StableHash.Of(text);
            }
        }

        return StableHash.Of(record);
    }

    private long TimeMs
    {
        get
        {
            long stop = local.StopMs != 0 ? local.StopMs : remote.StopMs;
            long start = local.StartMs != 0 ? local.StartMs : remote.StartMs;
            return stop != 0 ? stop : start;
        }
    }

    private static ReadOnlySpan<byte> NextLine(ref ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return line;
    }

    // Null, or why the report is dead.
    private string? Read(ReadOnlySpan<byte> record)
    {
        Array.Clear(texts);
        codec = localIp = remoteIp = localSsrc = default;
        kind = VqSection.None;
        local.Reset();
        remote.Reset();
        VqMetrics block = local;
        VqSection section = VqSection.None;
        ReadOnlySpan<byte> rest = record;
        while (!rest.IsEmpty)
        {
            ReadOnlySpan<byte> line = NextLine(ref rest);
            bool begins = VqLine.TrySection(line, out VqSection named, out ReadOnlySpan<byte> text);
            if (begins)
                section = named;
            if (kind == VqSection.None)
            {
                if (!begins || !VqLine.IsBegin(section))
                    return NoBeginning;
                kind = section;
                continue;
            }

            string? error = null;
            if (section is VqSection.LocalMetrics or VqSection.RemoteMetrics)
            {
                block = section == VqSection.LocalMetrics ? local : remote;
                block.Present = true;
            }
            else if (section is >= VqSection.CallId and <= VqSection.RemoteGroup)
            {
                error = begins ? SetText(record, section, text) : null;
            }
            else
            {
                error = ReadParameters(record, section, block, text);
            }

            if (error is not null)
                return error;
        }

        return null;
    }

    private string? SetText(ReadOnlySpan<byte> record, VqSection section, ReadOnlySpan<byte> text)
    {
        if (texts[(int)section].End.Value != 0)
            return $"{section} comes twice: is the line that begins the second report missing?";
        texts[(int)section] = RangeOf(record, text);
        return null;
    }

    private string? ReadParameters(
        ReadOnlySpan<byte> record, VqSection section, VqMetrics block, ReadOnlySpan<byte> rest)
    {
        while (VqLine.TryParameter(ref rest, out var name, out var value))
        {
            bool isLocal = section == VqSection.LocalAddr;
            if (isLocal || section == VqSection.RemoteAddr)
            {
                if (Ascii.EqualsIgnoreCase(name, "IP"u8) && isLocal)
                    localIp = RangeOf(record, value);
                else if (Ascii.EqualsIgnoreCase(name, "IP"u8))
                    remoteIp = RangeOf(record, value);
                else if (Ascii.EqualsIgnoreCase(name, "SSRC"u8) && isLocal)
                    localSsrc = RangeOf(record, value);
            }
            else if (section == VqSection.SessionDesc)
            {
                if (Ascii.EqualsIgnoreCase(name, "PD"u8) && block == local)
                    codec = RangeOf(record, value);
            }
            else if (section >= VqSection.Timestamps
                && block.Set(section, name, value) is string error)
            {
                return error;
            }
        }

        return null;
    }

    private string? Check(ReadOnlySpan<byte> record)
    {
        if (kind == VqSection.None)
            return "an empty report";
        if (record[texts[(int)VqSection.CallId]].IsEmpty)
            return "it has no CallID";
        if (!local.Present && !remote.Present)
            return "it has neither LocalMetrics nor RemoteMetrics";
        return TimeMs == 0 ? "Timestamps: neither STOP nor START says a time" : null;
    }

    private void AddValues(EventRecord into)
    {
        double rtt = double.IsNaN(local.RoundTripMs) ? remote.RoundTripMs : local.RoundTripMs;
        Add(into, Metrics.PacketLoss, local.Loss);
        Add(into, Metrics.Jitter, local.JitterMs);
        Add(into, Metrics.Rtt, rtt);
        Add(into, Metrics.Latency, local.OneWayMs);
        Add(into, Metrics.Mos, local.Mos);
        Add(into, Metrics.BurstLossDensity, local.BurstLossDensity);
        Add(into, Metrics.BurstDuration, local.BurstMs);
        Add(into, Metrics.GapLossDensity, local.GapLossDensity);
        Add(into, Metrics.GapDuration, local.GapMs);
        Add(into, Metrics.RemotePacketLoss, remote.Loss);
        Add(into, Metrics.RemoteJitter, remote.JitterMs);
        Add(into, into.Metrics.Intern("discard_rate"), local.Discard);
        Add(into, into.Metrics.Intern("mos_cq"), local.MosConversational);
        Add(into, into.Metrics.Intern("r_lq"), local.R);
        Add(into, into.Metrics.Intern("r_cq"), local.RConversational);
        Add(into, into.Metrics.Intern("remote_mos"), remote.Mos);
    }

    private static void Add(EventRecord into, int metric, double value)
    {
        if (!double.IsNaN(value))
            into.AddValue(metric, value);
    }

    private void AddDimensions(ReadOnlySpan<byte> record, EventRecord into)
    {
        ReadOnlySpan<byte> here = record[texts[(int)VqSection.LocalId]];
        ReadOnlySpan<byte> there = record[texts[(int)VqSection.RemoteId]];
        ReadOnlySpan<byte> origin = record[texts[(int)VqSection.OrigId]];
        if (!origin.IsEmpty && !here.SequenceEqual(there))
        {
            if (origin.SequenceEqual(here))
                into.SetDimension("direction"u8, "outbound"u8);
            else if (origin.SequenceEqual(there))
                into.SetDimension("direction"u8, "inbound"u8);
        }

        Dimension(into, "local_id"u8, here);
        Dimension(into, "remote_id"u8, there);
        Dimension(into, "local_group"u8, record[texts[(int)VqSection.LocalGroup]]);
        Dimension(into, "remote_group"u8, record[texts[(int)VqSection.RemoteGroup]]);
        Dimension(into, "local_ip"u8, record[localIp]);
        Dimension(into, "remote_ip"u8, record[remoteIp]);
        Dimension(into, "codec"u8, record[codec]);
        into.SetDimension("report"u8, kind switch
        {
            VqSection.SessionReport => "session"u8,
            VqSection.IntervalReport => "interval"u8,
            _ => "alert"u8,
        });
    }

    private static void Dimension(
        EventRecord into, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
            into.SetDimension(name, value);
    }

    private static Range RangeOf(ReadOnlySpan<byte> record, ReadOnlySpan<byte> part)
    {
        if (part.IsEmpty || !record.Overlaps(part, out int start))
            return default;
        return start..(start + part.Length);
    }
}
