using System.Globalization;
using Earshot.Actors;
using Earshot.Log;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Bench.Keys;

/// <summary>
/// An hour in which every account makes one call: four stream reports, a minute apart, and the
/// summary. Calls begin evenly over the hour, so that all accounts are live at its end, and those
/// of the last quarter have windows open. Without ids, so that what is measured is what keys take.
/// </summary>
internal sealed class KeysInput(int accounts)
{
    /// <summary>Events of an account.</summary>
    public const int EventsEach = 5;

    private const long HourMs = 3_600_000;
    private const long ApartMs = 60_000;

    private static readonly long startMs =
        new DateTimeOffset(2025, 1, 6, 9, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private readonly TopicPartition source = new(Topics.CallsDefault, 0);
    private readonly RecordBatchBuilder builder = new();

    // Accounts that begin between two events of a call.
    private readonly int apart = Math.Max(1, (int)(accounts * ApartMs / HourMs));

    /// <summary>Event time after the last event.</summary>
    public long EndMs => TimeOf(Steps);

    /// <summary>Steps in time; at each, up to one event of each kind happens.</summary>
    public int Steps => accounts + ((EventsEach - 1) * apart);

    /// <summary>The events of some steps.</summary>
    public RecordBatch Batch(long offset, int firstStep, int steps)
    {
        long next = offset;
        for (int step = firstStep; step < Math.Min(firstStep + steps, Steps); step++)
        {
            for (int number = 0; number < EventsEach; number++)
            {
                int account = step - (number * apart);
                if (account < 0 || account >= accounts)
                    continue;
                Envelope envelope = EventOf(account, number, TimeOf(step));
                builder.Add(next++, [], envelope.ToByteArray());
            }
        }

        return builder.Build(source, offset, next, TimeOf(firstStep + steps));
    }

    /// <summary>An event for each of some accounts, at one time.</summary>
    public RecordBatch Again(long offset, int some, long timeMs)
    {
        for (int account = 0; account < some; account++)
            builder.Add(offset + account, [], EventOf(account, 0, timeMs).ToByteArray());
        return builder.Build(source, offset, offset + some, timeMs);
    }

    private long TimeOf(int step) => startMs + (HourMs * step / accounts);

    private static Envelope EventOf(int account, int number, long timeMs)
    {
        double share = (((account * 31L) + (number * 17L)) % 997) / 997.0;
        string name = "AC" + account.ToString("x32", CultureInfo.InvariantCulture);
        if (number < EventsEach - 1)
        {
            StreamReport report = new()
            {
                EventTime = timeMs,
                Jitter = 40 * share,
                Rtt = 400 * share,
                Mos = 1 + (3 * share),
                PacketLossPercentage = 8 * share,
            };
            report.Dimensions.Add("account", name);
            return new Envelope { StreamReport = report };
        }

        CallSummary summary = new()
        {
            EventTime = timeMs,
            CallState = CallState.Types.State.Completed,
            LastSipResponse = 200,
            Metrics = new CallSummary.Types.Metrics
            {
                Pdd = 5 * share,
                ConnectDuration = 300 * share,
                AvgJitter = 20 * share,
                MaxJitter = 60 * share,
                AvgLatency = 200 * share,
                MaxLatency = 400 * share,
                PacketLossPercentage = 8 * share,
            },
        };
        summary.Dimensions.Add("account", name);
        return new Envelope { CallSummary = summary };
    }
}
