using System.Globalization;
using Earshot.Batch;
using Earshot.Schemas.V1;

namespace Earshot.Host.Verify;

/// <summary>Holds the archived rows of calls against the recomputed ones.</summary>
internal static class CallComparison
{
    private const string Dimensions = "dimensions";

    // The last one is made of several of the archive.
    private static readonly RowColumn<FinishedCall>[] columns =
    [
        new("started", c => c.HasStarted ? c.Started : null),
        new("state", c => c.State.Length > 0 ? c.State : null),
        new("connect_duration", c => c.HasConnectDuration ? c.ConnectDuration : null),
        new("pdd", c => c.HasPdd ? c.Pdd : null),
        new("pdd_basis", c => c.PddBasis.Length > 0 ? c.PddBasis : null),
        new("pdd_limit", c => c.HasPddLimit ? c.PddLimit : null),
        new("pdd_limit_hour", c => c.HasPddLimitHour ? c.PddLimitHour : null),
        new("pdd_limit_samples", c => c.HasPddLimitSamples ? c.PddLimitSamples : null),
        new("sip_response", c => c.HasSipResponse ? (long)c.SipResponse : null),
        new("score", c => c.HasScore ? c.Score : null),
        new("packet_loss", c => c.HasPacketLoss ? c.PacketLoss : null),
        new("jitter", c => c.HasJitter ? c.Jitter : null),
        new("max_jitter", c => c.HasMaxJitter ? c.MaxJitter : null),
        new("delayed_packets", c => c.HasDelayedPackets ? c.DelayedPackets : null),
        new("latency", c => c.HasLatency ? c.Latency : null),
        new("rtt", c => c.HasRtt ? c.Rtt : null),
        new("mos", c => c.HasMos ? c.Mos : null),
        new("packets_in", c => c.HasPacketsIn ? c.PacketsIn : null),
        new("packets_out", c => c.HasPacketsOut ? c.PacketsOut : null),
        new("audio_level_in", c => c.HasAudioLevelIn ? c.AudioLevelIn : null),
        new("audio_level_out", c => c.HasAudioLevelOut ? c.AudioLevelOut : null),
        new("ice_failed", c => c.HasIceFailed ? c.IceFailed : null),
        new("from_reports",
            c => c.FromReports.Count > 0 ? string.Join(',', c.FromReports) : null),
        new("reports", c => c.Reports),
        new("tags", c => TextOf(c.Tags.Select(
            tag => (tag.Tag, tag.Input, tag.Value, tag.Limit, tag.Basis)))),
        new("source_offset", c => c.HasSourceOffset ? c.SourceOffset : null),
        new(Dimensions, c => RowId.TextOf(c.Key.Dimensions)),
    ];

    /// <summary>Tags as one text, as they are compared and shown.</summary>
    public static string TextOf(
        IEnumerable<(string Tag, string Input, double Value, double Limit, string Basis)> tags) =>
        string.Join(' ', tags.Select(tag => string.Create(
            CultureInfo.InvariantCulture,
            $"{tag.Tag}:{tag.Input}={tag.Value:R}/{tag.Limit:R}({tag.Basis})")));

    /// <summary>Compares them.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="expected">The recomputed rows.</param>
    /// <param name="settled">True when all that follows from the input is archived.</param>
    /// <param name="result">Takes what came of it.</param>
    public static TableResult Compare(
        ArchiveReader archive, IReadOnlyDictionary<FinishedId, FinishedCall> expected,
        bool settled, TableResult result)
    {
        HashSet<FinishedId> found = [];
        string[] names = [.. columns.Select(column => column.Name).Where(n => n != Dimensions)];
        foreach ((FinishedId id, object?[] values) in archive.Calls(names))
        {
            if (!found.Add(id))
                result.AddRepeated(id.ToString());
            else if (!expected.TryGetValue(id, out FinishedCall? row))
                result.AddExtra(id.ToString());
            else if (RowComparison.Differing(columns, row, values) is { Count: > 0 } differing)
                result.AddDifferent(id.ToString(), differing);
            else
                result.Equal++;
        }

        // A call may be counted long after its end: only when all is in, what lacks is missing.
        foreach (FinishedId id in expected.Keys.Where(id => !found.Contains(id)))
        {
            if (settled)
                result.AddMissing(id.ToString());
            else
                result.Pending++;
        }

        return result;
    }
}
