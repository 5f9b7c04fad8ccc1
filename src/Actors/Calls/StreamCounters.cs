using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Calls;

/// <summary>
/// Turns counters that run since a stream began into the counts of an interval. A report the keep
/// time or more after the last one begins its stream anew. So it does not matter when exactly a
/// stream is forgotten: only once the watermark, which no report is behind, is past that time.
/// </summary>
internal sealed class StreamCounters(long keepMs)
{
    private const string PartKey = "streams";

    private readonly Dictionary<ulong, Last> streams = [];
    private long sweepAtMs = long.MinValue;
    private bool changed;

    /// <summary>
    /// Packet loss of the interval that ends with this report, %, 0 to 100. Null when the report
    /// has no counters, is older than one already seen, or brings no new packets. Counters that
    /// run backwards begin anew.
    /// </summary>
    public double? IntervalLossPercent(EventRecord report)
    {
        if (report.StreamId == 0 || report.PacketsReceivedTotal < 0
            || report.PacketsLostTotal == long.MinValue)
            return null;
        if (streams.TryGetValue(report.StreamId, out Last last)
            && report.EventTimeMs >= last.TimeMs + keepMs)
            last = default;
        if (report.EventTimeMs < last.TimeMs)
            return null;
        streams[report.StreamId] =
            new Last(report.EventTimeMs, report.PacketsReceivedTotal, report.PacketsLostTotal);
        changed = true;

        // As doubles: whatever a source reports, the differences cannot wrap.
        double received = (double)report.PacketsReceivedTotal - last.Received;
        if (received < 0)
            return null;

        // Duplicated packets can make "lost" fall: RFC 3550 6.4.1 counts that as no loss.
        double lost = Math.Max(0, (double)report.PacketsLostTotal - last.Lost);
        double expected = received + lost;
        return expected == 0 ? null : 100.0 * lost / expected;
    }

    /// <summary>Forgets streams whose last report is long past.</summary>
    public void DropBefore(long watermarkMs)
    {
        if (watermarkMs < sweepAtMs)
            return;
        sweepAtMs = watermarkMs == long.MaxValue ? watermarkMs : watermarkMs + keepMs;
        foreach ((ulong stream, Last last) in streams)
        {
            if (last.TimeMs + keepMs <= watermarkMs)
            {
                streams.Remove(stream);
                changed = true;
            }
        }
    }

    /// <summary>Adds the counters when they changed.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        if (!changed && !whole)
            return;
        changed = false;
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write(sweepAtMs);
        writer.Write7BitEncodedInt(streams.Count);
        foreach ((ulong id, Last last) in streams)
        {
            writer.Write(id);
            writer.Write(last.TimeMs);
            writer.Write7BitEncodedInt64(last.Received);
            writer.Write7BitEncodedInt64(last.Lost);
        }

        into.Add(new SnapshotPart(PartKey, stream.ToArray()));
    }

    /// <summary>Takes the counters back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        if (!parts.TryGetValue(PartKey, out byte[]? bytes))
            return;
        using BinaryReader reader = new(new MemoryStream(bytes));
        sweepAtMs = reader.ReadInt64();
        int count = reader.Read7BitEncodedInt();
        for (int i = 0; i < count; i++)
        {
            ulong id = reader.ReadUInt64();
            long time = reader.ReadInt64();
            long received = reader.Read7BitEncodedInt64();
            streams.Add(id, new Last(time, received, reader.Read7BitEncodedInt64()));
        }
    }

    private readonly record struct Last(long TimeMs, long Received, long Lost);
}
