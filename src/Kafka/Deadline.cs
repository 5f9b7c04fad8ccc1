using System.Diagnostics;

namespace Earshot.Kafka;

/// <summary>The end of the time a call has.</summary>
internal readonly struct Deadline
{
    // Retries follow each other at this distance.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    // The least a call of librdkafka gets.
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(10);

    private readonly long start;
    private readonly TimeSpan span;

    public Deadline(TimeSpan span)
    {
        start = Stopwatch.GetTimestamp();
        this.span = span;
    }

    public bool IsOver => Stopwatch.GetElapsedTime(start) >= span;

    /// <summary>What is left, and never nothing: for the timeout of one call.</summary>
    public TimeSpan Left
    {
        get
        {
            TimeSpan left = span - Stopwatch.GetElapsedTime(start);
            return left > Least ? left : Least;
        }
    }

    /// <summary>What is left, or less.</summary>
    public TimeSpan AtMost(TimeSpan most) => Left < most ? Left : most;

    /// <summary>Waits a little on a thread that may block.</summary>
    public static void WaitALittle()
    {
        using ManualResetEventSlim never = new();
        never.Wait(Pause);
    }
}
