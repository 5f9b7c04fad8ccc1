using System.Buffers.Text;
using System.Diagnostics;

namespace Earshot.Host.Bench.Rows;

/// <summary>Events that are timed: when each was due, and when its first row was seen.</summary>
internal sealed class Probes(int count)
{
    /// <summary>What their accounts begin with.</summary>
    private static ReadOnlySpan<byte> Prefix => "probe-"u8;

    private readonly long[] due = new long[count];
    private readonly double[] latenciesMs = new double[count];
    private readonly TaskCompletionSource allSeen =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int left = count;

    /// <summary>How many there are.</summary>
    public int Count => due.Length;

    /// <summary>Ends when all were seen.</summary>
    public Task AllSeen => allSeen.Task;

    /// <summary>The time each took, ms.</summary>
    public IReadOnlyList<double> LatenciesMs => latenciesMs;

    /// <summary>The account of a probe.</summary>
    public static string AccountOf(int probe) => $"probe-{probe}";

    /// <summary>A probe is due now; called before it is appended.</summary>
    public void Due(int probe, long timestamp) => Volatile.Write(ref due[probe], timestamp);

    /// <summary>A row with this key was seen.</summary>
    public void Seen(ReadOnlySpan<byte> key, long timestamp)
    {
        int at = key.IndexOf(Prefix);
        if (at < 0 || !Utf8Parser.TryParse(key[(at + Prefix.Length)..], out int probe, out _))
            return;
        double ms = Stopwatch.GetElapsedTime(Volatile.Read(ref due[probe]), timestamp)
            .TotalMilliseconds;

        // Later rows of the account are later revisions.
        if (Interlocked.CompareExchange(ref latenciesMs[probe], ms, 0) == 0
            && Interlocked.Decrement(ref left) == 0)
            allSeen.TrySetResult();
    }
}
