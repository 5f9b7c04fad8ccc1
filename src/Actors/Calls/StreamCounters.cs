using Earshot.Actors.Stages;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Calls;

/// <summary>What the counters of a stream add up to in the interval of a report.</summary>
/// <param name="Received">Packets received; -1 when not known.</param>
/// <param name="Sent">Packets sent; -1 when not known.</param>
/// <param name="Lost">Packets lost, not negative; -1 when not known.</param>
/// <param name="Backwards">Counters that began anew: what they say is not known.</param>
internal readonly record struct StreamInterval(long Received, long Sent, long Lost, int Backwards)
{
    /// <summary>Nothing is known.</summary>
    public static StreamInterval Unknown { get; } = new(-1, -1, -1, 0);

    /// <summary>Packet loss, %, 0 to 100; null when not known, and without packets.</summary>
    public double? LossPercent => LossOf(Received, Lost);

    /// <summary>Loss of packets lost and received, %; null where either is negative.</summary>
    public static double? LossOf(long received, long lost)
    {
        // As a double: whatever a source reports, the sum cannot wrap.
        double expected = (double)received + lost;
        return received < 0 || lost < 0 || expected == 0 ? null : 100.0 * lost / expected;
    }
}

/// <summary>
/// Turns counters that run since a stream began into the counts of an interval. A report the keep
/// time or more after the last one begins its stream anew. So it does not matter when exactly a
/// stream is forgotten: only once the watermark, which no report is behind, is past that time.
/// </summary>
internal sealed class StreamCounters(long keepMs)
{
    private const string PartKey = "stream-counters";

    /// <summary>As older versions wrote it: without packets sent.</summary>
    private const string OldPartKey = "streams";

    /// <summary>
    /// Most packets between two reports for a counter of 32 bits that wrapped: more than a stream
    /// of 100 Gbit/s has in 10 s. A counter that fell by any other way began anew.
    /// </summary>
    private const long WrappedStepMax = 1 << 24;

    private const long Wrap = 1L << 32;

    private readonly IdMap<Last> streams = new();
    private readonly List<ulong> over = [];
    private long sweepAtMs = long.MinValue;
    private bool changed;
    private bool isOldPartThere;

    /// <summary>Says that a report of a stream is taken in soon.</summary>
    public void WillTake(ulong stream) => streams.WillFind(stream);

    /// <summary>
    /// What the stream brought since its last report. Nothing is known of a report without
    /// counters, of one older than one already seen, and of counters that began anew.
    /// </summary>
    public StreamInterval Take(EventRecord report)
    {
        if (report.StreamId == 0 || (report.PacketsReceivedTotal < 0
            && report.PacketsSentTotal < 0 && report.PacketsLostTotal == long.MinValue))
            return StreamInterval.Unknown;
        ref Last known = ref streams.GetOrAdd(report.StreamId, out _);
        Last last = report.EventTimeMs >= known.TimeMs + keepMs ? default : known;
        if (report.EventTimeMs < last.TimeMs)
            return StreamInterval.Unknown;
        known = new Last(
            report.EventTimeMs,
            Known(report.PacketsReceivedTotal, last.Received),
            Known(report.PacketsSentTotal, last.Sent),
            report.PacketsLostTotal == long.MinValue ? last.Lost : report.PacketsLostTotal);
        changed = true;

        int backwards = 0;
        long received = Step(report.PacketsReceivedTotal, last.Received, ref backwards);
        long sent = Step(report.PacketsSentTotal, last.Sent, ref backwards);

        // Duplicated packets can make "lost" fall: RFC 3550 6.4.1 counts that as no loss. Where
        // packets received began anew, losses did, too.
        long lost = report.PacketsLostTotal == long.MinValue || received < 0 ? -1
            : StepUp(report.PacketsLostTotal, last.Lost);
        return new StreamInterval(received, sent, lost, backwards);
    }

    /// <summary>Forgets streams whose last report is long past.</summary>
    public void DropBefore(long watermarkMs)
    {
        if (watermarkMs < sweepAtMs)
            return;
        sweepAtMs = watermarkMs == long.MaxValue ? watermarkMs : watermarkMs + keepMs;
        foreach (ulong stream in streams.Ids)
        {
            if (streams.Find(stream).TimeMs + keepMs <= watermarkMs)
                over.Add(stream);
        }

        foreach (ulong stream in over)
            streams.Remove(stream);
        changed |= over.Count > 0;
        over.Clear();
    }

    /// <summary>Adds the counters when they changed.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        if (isOldPartThere && !whole)
            into.Add(new SnapshotPart(OldPartKey, null));
        isOldPartThere = false;
        if (!changed && !whole)
            return;
        changed = false;
        into.Add(StatePart.Write(PartKey, writer =>
        {
            writer.Write(sweepAtMs);
            writer.Write7BitEncodedInt(streams.Count);
            foreach (ulong id in streams.Ids)
            {
                Last last = streams.Find(id);
                writer.Write(id);
                writer.Write(last.TimeMs);
                writer.Write7BitEncodedInt64(last.Received);
                writer.Write7BitEncodedInt64(last.Lost);
                writer.Write7BitEncodedInt64(last.Sent);
            }
        }));
    }

    /// <summary>Takes the counters back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        StatePart.Read(parts, PartKey, reader => Load(reader, hasSent: true));
        StatePart.Read(parts, OldPartKey, reader =>
        {
            Load(reader, hasSent: false);
            (isOldPartThere, changed) = (true, true);
        });
    }

    private void Load(BinaryReader reader, bool hasSent)
    {
        sweepAtMs = reader.ReadInt64();
        int count = reader.Read7BitEncodedInt();
        for (int i = 0; i < count; i++)
        {
            ulong id = reader.ReadUInt64();
            long time = reader.ReadInt64();
            long received = reader.Read7BitEncodedInt64();
            long lost = reader.Read7BitEncodedInt64();
            long sent = hasSent ? reader.Read7BitEncodedInt64() : 0;
            streams.GetOrAdd(id, out _) = new Last(time, received, sent, lost);
        }
    }

    private static long Known(long now, long before) => now < 0 ? before : now;

    // Packets since the last report; -1 where that is not known.
    private static long Step(long now, long before, ref int backwards)
    {
        if (now < 0)
            return -1;
        if (now >= before)
            return now - before;
        long wrapped = now + Wrap - before;
        if (before < Wrap && wrapped <= WrappedStepMax)
            return wrapped;
        backwards++;
        return -1;
    }

    // Losses since the last report. They may be negative, so the difference may not fit.
    private static long StepUp(long now, long before) =>
        now <= before ? 0 : (long)Int128.Min(long.MaxValue, (Int128)now - before);

    // Of a stream that begins all counters are 0.
    private readonly record struct Last(long TimeMs, long Received, long Sent, long Lost);
}
