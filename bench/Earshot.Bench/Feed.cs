using Earshot.Actors;
using Earshot.Log;
using Earshot.Sources.Traffic;

namespace Earshot.Bench;

/// <summary>Generated traffic in memory: the same bytes in every run.</summary>
internal static class Feed
{
    /// <summary>About 2,500 events a second, and some 20,000 live calls.</summary>
    public const double CallsPerSecond = 100;

    /// <summary>Events in a batch, as a reader would hand them out.</summary>
    public const int BatchEvents = 1_000;

    /// <summary>When the traffic begins: by day, so that the load is near its mean.</summary>
    private static readonly DateTimeOffset start = new(2025, 1, 6, 9, 0, 0, TimeSpan.Zero);

    /// <summary>Events in order of arrival, none of them broken.</summary>
    public static byte[][] Events(int count)
    {
        TrafficGenerator generator = new(Options with { BrokenShare = 0 });
        byte[][] events = new byte[count][];
        for (int i = 0; i < count; i++)
            events[i] = generator.Next().Bytes.ToArray();
        return events;
    }

    /// <summary>Batches of partition 0 of the calls topic, offsets from 0 on.</summary>
    /// <param name="count">How many.</param>
    public static RecordBatch[] Batches(int count)
    {
        TrafficGenerator generator = new(Options);
        RecordBatchBuilder builder = new();
        RecordBatch[] batches = new RecordBatch[count];
        long offset = 0;
        for (int i = 0; i < count; i++)
        {
            long from = offset, arrivalMs = 0;
            while (builder.Count < BatchEvents)
            {
                TrafficEvent next = generator.Next();
                builder.Add(offset++, next.Key.Span, next.Bytes.Span);
                arrivalMs = next.ArrivalTimeMs;
            }

            batches[i] = builder.Build(
                new TopicPartition(Topics.CallsDefault, 0), from, offset, arrivalMs,
                Topics.CallsDefault);
        }

        return batches;
    }

    private static TrafficOptions Options => new()
    {
        Start = start,
        CallsPerSecond = CallsPerSecond,
    };
}
