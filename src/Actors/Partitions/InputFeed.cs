using Earshot.Actors.Ports;
using Earshot.Log;

namespace Earshot.Actors.Partitions;

/// <summary>
/// Fills an incarnation's mailbox until it ends: with its input, read ahead as far as the mailbox
/// has room, and with ticks. It sends <see cref="RecordBatch"/> and the messages below.
/// </summary>
internal static class InputFeed
{
    /// <summary>Starts it.</summary>
    /// <param name="context">The incarnation.</param>
    /// <param name="open">Opens the input; called once.</param>
    /// <param name="batchRecords">Most records per batch.</param>
    /// <param name="tickEvery">Time between two ticks.</param>
    /// <param name="time">Clock of the ticks.</param>
    /// <returns>Ends soon after the incarnation, when nothing is read any more.</returns>
    public static Task Run(
        IActorContext context, Func<ILogReader> open, int batchRecords, TimeSpan tickEvery,
        TimeProvider time) =>
        Task.WhenAll(
            Task.Run(() => PumpAsync(context, open, batchRecords)),
            Task.Run(() => TickAsync(context, tickEvery, time)));

    private static async Task PumpAsync(
        IActorContext context, Func<ILogReader> open, int batchRecords)
    {
        try
        {
            await using ILogReader reader = open();
            while (await reader.ReadAsync(batchRecords, context.Ended) is { } batch)
                await context.TellAsync(batch);
            await context.TellAsync(InputEnded.Instance);
        }
        catch (OperationCanceledException) when (context.Ended.IsCancellationRequested)
        {
            // The incarnation has ended.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            await context.TellAsync(new PumpFailed(e));
        }
    }

    private static async Task TickAsync(IActorContext context, TimeSpan every, TimeProvider time)
    {
        using PeriodicTimer timer = new(every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(context.Ended))
                await context.TellAsync(Tick.Instance);
        }
        catch (OperationCanceledException)
        {
            // The incarnation has ended.
        }
    }

    /// <summary>The finite input was read to its end.</summary>
    public sealed class InputEnded
    {
        /// <summary>The only one.</summary>
        public static readonly InputEnded Instance = new();
    }

    /// <summary>Time has passed.</summary>
    public sealed class Tick
    {
        /// <summary>The only one.</summary>
        public static readonly Tick Instance = new();
    }

    /// <summary>The input cannot be read on: nothing more comes.</summary>
    /// <param name="Cause">Why.</param>
    public sealed record PumpFailed(Exception Cause);
}
