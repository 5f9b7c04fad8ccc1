using System.Threading.Channels;
using Earshot.Actors.Ports;
using Microsoft.Extensions.Logging;

namespace Earshot.Actors.Runtime;

/// <summary>
/// One supervised actor. Each incarnation has a mailbox of its own, so nothing addressed to a
/// failed incarnation reaches the next.
/// </summary>
internal sealed partial class LocalActor : IActorRef
{
    /// <summary>
    /// Messages are batches: a few in the box keep an actor busy, more only cost memory.
    /// </summary>
    private const int MailboxMax = 8;

    private readonly Func<IActor> create;
    private readonly Supervision supervision;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly CancellationTokenSource end;
    private readonly CancellationToken shutdown;
    private readonly TaskCompletionSource completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The present incarnation; replaced as a whole.
    private volatile Incarnation incarnation;

    internal LocalActor(
        string name, Func<IActor> create, Supervision supervision, TimeProvider time, ILogger log,
        CancellationToken shutdown)
    {
        Name = name;
        this.create = create;
        this.supervision = supervision;
        this.time = time;
        this.log = log;
        end = CancellationTokenSource.CreateLinkedTokenSource(shutdown);
        this.shutdown = end.Token;
        incarnation = new Incarnation(this.shutdown);
    }

    public string Name { get; }

    public Task Completion => completion.Task;

    /// <summary>Ends when the actor's loop has ended, whatever became of it.</summary>
    internal Task Finished { get; private set; } = Task.CompletedTask;

    public async ValueTask TellAsync(object message, CancellationToken cancel = default)
    {
        while (true)
        {
            // Kept: meanwhile the next one may have taken its place.
            Incarnation current = incarnation;
            if (await current.TryTellAsync(message, cancel))
                return;

            // It has ended. Either the actor is done, or the next one is on its way.
            if (completion.Task.IsCompleted)
                return;
            await Task.WhenAny(current.Replaced, completion.Task).WaitAsync(cancel);
        }
    }

    public async Task<T> AskAsync<T>(
        Func<TaskCompletionSource<T>, object> message, CancellationToken cancel = default)
    {
        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await TellAsync(message(answer), cancel);
        Task ended = await Task.WhenAny(answer.Task, completion.Task).WaitAsync(cancel);
        if (ended == answer.Task || answer.Task.IsCompleted)
            return await answer.Task;
        await completion.Task;
        throw new InvalidOperationException($"{Name} has ended and did not answer");
    }

    public async Task EndAsync()
    {
        await end.CancelAsync();
        await Finished;
    }

    internal void Run() => Finished = Task.Run(SuperviseAsync, CancellationToken.None);

    private async Task SuperviseAsync()
    {
        int failures = 0;
        while (true)
        {
            Incarnation current = incarnation;
            Exception? failure = await RunOneAsync(current);
            if (failure is null || shutdown.IsCancellationRequested)
            {
                completion.TrySetResult();
                return;
            }

            failures = current.WasHealthy ? 1 : failures + 1;
            if (failure is UnrecoverableException || failures > supervision.RestartsMax)
            {
                LogParked(log, Name, failures, failure.Message, failure);
                completion.TrySetException(new ActorParkedException(Name, failure));
                return;
            }

            TimeSpan backoff = supervision.BackoffOf(failures);
            LogRestart(log, Name, backoff.TotalSeconds, failures, failure.Message, failure);
            await Task.Delay(backoff, time, shutdown).ContinueWith(
                static _ => { }, CancellationToken.None, TaskContinuationOptions.None,
                TaskScheduler.Default);
            incarnation = new Incarnation(shutdown);
            current.MarkReplaced();
        }
    }

    private async Task<Exception?> RunOneAsync(Incarnation current)
    {
        IActor? actor = null;
        Exception? failure = null;
        try
        {
            actor = create();
            await actor.StartAsync(current);
            ChannelReader<object> mail = current.Mailbox.Reader;
            while (!current.Completed)
                await actor.ReceiveAsync(await mail.ReadAsync(current.Ended));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            failure = e;
        }

        current.End();
        try
        {
            if (actor is not null)
                await actor.CloseAsync();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            failure ??= e;
        }

        return failure;
    }

    [LoggerMessage(1, LogLevel.Warning,
        "{Actor} failed and restarts from its snapshot in {Seconds} s " +
        "(failure {Count} in a row): {Error}")]
    private static partial void LogRestart(
        ILogger log, string actor, double seconds, int count, string error, Exception cause);

    [LoggerMessage(2, LogLevel.Error,
        "{Actor} is parked after {Count} failures in a row; the others run on: {Error}")]
    private static partial void LogParked(
        ILogger log, string actor, int count, string error, Exception cause);

    /// <summary>A life between two failures: mailbox and context in one.</summary>
    private sealed class Incarnation(CancellationToken shutdown) : IActorContext
    {
        private readonly CancellationTokenSource ended =
            CancellationTokenSource.CreateLinkedTokenSource(shutdown);

        private readonly TaskCompletionSource replaced =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Channel<object> Mailbox { get; } = Channel.CreateBounded<object>(
            new BoundedChannelOptions(MailboxMax) { SingleReader = true });

        public bool HasMail => Mailbox.Reader.TryPeek(out _);

        public bool Completed { get; private set; }

        public bool WasHealthy { get; private set; }

        public CancellationToken Ended => ended.Token;

        public Task Replaced => replaced.Task;

        public async ValueTask TellAsync(object message) =>
            await TryTellAsync(message, CancellationToken.None);

        public async ValueTask<bool> TryTellAsync(object message, CancellationToken cancel)
        {
            while (await Mailbox.Writer.WaitToWriteAsync(cancel))
            {
                if (Mailbox.Writer.TryWrite(message))
                    return true;
            }

            return false;
        }

        public void Complete() => Completed = true;

        public void Healthy() => WasHealthy = true;

        public void MarkReplaced() => replaced.TrySetResult();

        public void End()
        {
            Mailbox.Writer.TryComplete();
            ended.Cancel();
        }
    }
}
