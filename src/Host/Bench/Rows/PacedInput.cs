using System.Diagnostics;
using Earshot.Actors;
using Earshot.Log;
using Earshot.Log.Memory;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Host.Bench.Rows;

/// <summary>Appends a workload at a steady rate, and a probe at each tick.</summary>
internal sealed class PacedInput(
    MemoryLog log, PipelineOptions pipeline, Workload workload, double eventsPerSecond,
    int tickMs)
{
    /// <summary>Runs until the last probe.</summary>
    /// <returns>How many events were appended, probes not counted.</returns>
    public async Task<long> RunAsync(Probes probes, CancellationToken cancel)
    {
        SpreadRecords spread = new(log, pipeline);
        RecordBatchBuilder builder = new();
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(tickMs));
        long first = workload.Count;
        long begun = Stopwatch.GetTimestamp();
        for (int tick = 0; tick < probes.Count;)
        {
            await timer.WaitForNextTickAsync(cancel);

            // A tick that was missed is made up for; its probe was due then all the same.
            double nowMs = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
            for (; tick < probes.Count && (tick + 1) * tickMs <= nowMs; tick++)
            {
                double dueMs = (tick + 1) * tickMs;
                long wanted = first + (long)(eventsPerSecond * dueMs / 1000);
                int count = (int)(wanted - workload.Count);
                for (int i = 0; i < count; i++)
                    workload.Append(builder);
                if (count > 0)
                    spread.Append(builder.Build(), workload.NowMs);
                probes.Due(tick, begun + (long)(dueMs / 1000 * Stopwatch.Frequency));
                byte[] id = System.Text.Encoding.UTF8.GetBytes(Probes.AccountOf(tick));
                spread.Add(id, ProbeOf(tick));
                spread.Flush(workload.NowMs);
            }
        }

        return workload.Count - first;
    }

    private byte[] ProbeOf(int tick) => new Envelope
    {
        CallSummary = new CallSummary
        {
            EventTime = workload.NowMs,
            Dimensions = { ["account"] = Probes.AccountOf(tick) },
            Metrics = new CallSummary.Types.Metrics { Pdd = 1 },
        },
    }.ToByteArray();
}
