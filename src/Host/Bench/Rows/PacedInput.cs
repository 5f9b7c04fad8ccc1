using System.Diagnostics;
using Earshot.Actors;
using Earshot.Log;
using Earshot.Log.Memory;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Host.Bench.Rows;

/// <summary>
/// Appends a workload at a steady rate, and a probe at each tick. Its events are made before: that
/// takes as long as counting them, and is not what is measured.
/// </summary>
internal sealed class PacedInput(
    MemoryLog log, PipelineOptions pipeline, Workload workload, double eventsPerSecond,
    int tickMs)
{
    /// <summary>Runs until the last probe.</summary>
    /// <returns>How many events were appended, probes not counted.</returns>
    public async Task<long> RunAsync(Probes probes, CancellationToken cancel)
    {
        SpreadRecords spread = new(log, pipeline);
        long first = workload.Count, appended = 0;
        RecordBatch[] batches =
            workload.Batches((int)(eventsPerSecond * tickMs * probes.Count / 1000) + 1);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(tickMs));
        long begun = Stopwatch.GetTimestamp();
        for (int tick = 0; tick < probes.Count;)
        {
            await timer.WaitForNextTickAsync(cancel);

            // A tick that was missed is made up for; its probe was due then all the same.
            double nowMs = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
            for (; tick < probes.Count && (tick + 1) * tickMs <= nowMs; tick++)
            {
                double dueMs = (tick + 1) * tickMs;
                for (; appended < (long)(eventsPerSecond * dueMs / 1000); appended++)
                {
                    LogRecord record = batches[appended / Workload.BatchRecords][
                        (int)(appended % Workload.BatchRecords)];
                    spread.Add(record.Key, record.Value);
                }

                long timeMs = workload.TimeMsOf(first + appended);
                probes.Due(tick, begun + (long)(dueMs / 1000 * Stopwatch.Frequency));
                byte[] id = System.Text.Encoding.UTF8.GetBytes(Probes.AccountOf(tick));
                spread.Add(id, ProbeOf(tick, timeMs));
                spread.Flush(timeMs);
            }
        }

        return appended;
    }

    private static byte[] ProbeOf(int tick, long timeMs) => new Envelope
    {
        CallSummary = new CallSummary
        {
            EventTime = timeMs,
            Dimensions = { ["account"] = Probes.AccountOf(tick) },
            Metrics = new CallSummary.Types.Metrics { Pdd = 1 },
        },
    }.ToByteArray();
}
