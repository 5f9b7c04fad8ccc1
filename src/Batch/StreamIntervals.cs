namespace Earshot.Batch;

/// <summary>The packets of each report's interval, from counters that run on.</summary>
internal sealed class StreamIntervals(long togetherMs, BatchBooks books)
{
    private readonly Dictionary<ulong, Event> lastReports = [];

    /// <summary>
    /// A report with the packets of its interval: as it says, else what its counters say, which run
    /// since the stream began. After a long silence they begin anew, and nothing was sent before.
    /// </summary>
    public Event WithInterval(Event e)
    {
        bool counts = e.PacketsReceivedTotal is not null || e.PacketsSentTotal is not null
            || e.PacketsLostTotal is not null;
        if (e.StreamId == 0 || !counts)
            return e;
        Event? last = lastReports.GetValueOrDefault(e.StreamId);
        if (last is not null && e.TimeMs - last.TimeMs >= togetherMs)
            last = null;
        if (e.TimeMs < last?.TimeMs)
            return e;
        lastReports[e.StreamId] = e with
        {
            PacketsReceivedTotal = e.PacketsReceivedTotal ?? last?.PacketsReceivedTotal,
            PacketsSentTotal = e.PacketsSentTotal ?? last?.PacketsSentTotal,
            PacketsLostTotal = e.PacketsLostTotal ?? last?.PacketsLostTotal,
        };
        long? received = Step(e.PacketsReceivedTotal, last?.PacketsReceivedTotal);
        long? sent = Step(e.PacketsSentTotal, last?.PacketsSentTotal);
        Int128? lost = received is null
            ? null : (Int128?)e.PacketsLostTotal - (last?.PacketsLostTotal ?? 0);
        return e with
        {
            PacketsReceived = e.PacketsReceived ?? received,
            PacketsSent = e.PacketsSent ?? sent,
            PacketsLost = e.PacketsLost ?? (lost is { } some
                ? (long)Int128.Clamp(some, 0, long.MaxValue) : null),
        };
    }

    /// <summary>
    /// Packets between two states of a counter. One of 32 bits may wrap, by at most 2^24 packets;
    /// else one that runs backwards begins anew, and what it counted is not known.
    /// </summary>
    private long? Step(long? now, long? last)
    {
        long before = last ?? 0;
        if (now is null || now >= before)
            return now - before;
        long wrapped = now.Value + (1L << 32) - before;
        if (before < 1L << 32 && wrapped <= 1 << 24)
            return wrapped;
        BatchBooks.Count(books.SetAside, "counter_backwards");
        return null;
    }
}
