using System.Globalization;
using System.Text;
using Earshot.Actors;
using Earshot.Actors.Wire;
using Earshot.Log;

namespace Earshot.Host.Dead;

/// <summary>What a retry did.</summary>
/// <param name="Sent">Letters sent into the input (dry run: that would be).</param>
/// <param name="Before">Letters that were meant and had been sent before.</param>
/// <param name="Missing">Ids that were named and are not there.</param>
internal sealed record RetryResult(long Sent, long Before, IReadOnlyList<string> Missing);

/// <summary>
/// Sends dead letters into the input again, each exactly once: in one transaction the record goes
/// to the end of the input partition it came from (where its call's other events go) and its id to
/// the topic of retried ones. Whoever retries at the same time is fenced by the transactional id,
/// and ids are read after that, so that none is sent twice. What is retried and dies again is a new
/// letter.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="topics">The pipeline's topics.</param>
/// <param name="pipelineId">The pipeline.</param>
internal sealed class DeadLetterRetry(ILog log, Topics topics, string pipelineId)
{
    /// <summary>Most letters in one transaction, and most of their bytes.</summary>
    private const int LettersMax = 1000, BytesMax = 4 << 20;

    /// <summary>How often a transaction of unknown fate is looked after.</summary>
    private const int AttemptsMax = 5;

    private readonly DeadLetterBox box = new(log, topics);
    private readonly RecordHeadersBuilder headers = new();
    private HashSet<string> retried = [];
    private ILogProducer? producer;

    /// <summary>Sends letters.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="dryRun">True: counts only.</param>
    /// <param name="cancel">Ends it between two transactions.</param>
    /// <exception cref="FailedException">The log refused; what was sent before stays sent.
    /// </exception>
    public async Task<RetryResult> RunAsync(
        DeadLetterFilter filter, bool dryRun, CancellationToken cancel)
    {
        try
        {
            int partitions = await log.ReadPartitionCountAsync(topics.Dead, cancel) ?? 0;
            if (partitions > 0 && !dryRun)
            {
                await log.EnsureTopicsAsync(
                    [new TopicSpec(topics.Retried, partitions)
                    {
                        Retention = Timeout.InfiniteTimeSpan,
                    }], cancel);
                producer = await OpenAsync(cancel);
            }

            retried = await box.ReadRetriedAsync(cancel);
            return await SendAsync(filter, dryRun, cancel);
        }
        finally
        {
            if (producer is not null)
                await producer.DisposeAsync();
        }
    }

    private async Task<RetryResult> SendAsync(
        DeadLetterFilter filter, bool dryRun, CancellationToken cancel)
    {
        long sent = 0, before = 0;
        HashSet<string> missing = [.. filter.Ids ?? new HashSet<string>()];
        int inputs = await log.ReadPartitionCountAsync(topics.Calls, cancel) ?? 0;
        List<DeadLetterEntry> letters = [];
        long bytes = 0;
        await foreach (DeadLetterEntry letter in box.ReadAsync(late: false, cancel))
        {
            if (!filter.Takes(letter))
                continue;
            missing.Remove(letter.Id);
            if (retried.Contains(letter.Id))
            {
                before++;
                continue;
            }

            if (letter.Partition >= inputs)
            {
                throw new FailedException(
                    $"{letter.Id} came from a partition that {topics.Calls} no longer has: it has "
                    + $"{inputs}. Was the topic made anew?");
            }

            sent++;
            if (dryRun)
                continue;
            letters.Add(letter);
            bytes += letter.Record.Length;
            if (letters.Count < LettersMax && bytes < BytesMax)
                continue;
            await CommitAsync(letters, cancel);
            letters.Clear();
            bytes = 0;
        }

        if (letters.Count > 0)
            await CommitAsync(letters, cancel);
        return new RetryResult(sent, before, [.. missing.Order(StringComparer.Ordinal)]);
    }

    private async Task CommitAsync(List<DeadLetterEntry> letters, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        LogTransaction transaction = TransactionOf(letters);
        string? error = null;
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            CommitResult result = await producer!.CommitAsync(
                transaction, CancellationToken.None);
            if (result.Outcome == CommitOutcome.Committed)
                return;
            error = result.Error;
            if (result.Outcome == CommitOutcome.Fenced)
            {
                throw new FailedException(
                    "another 'earshot dead retry' took over: let that one finish.");
            }

            if (result.Outcome != CommitOutcome.Unknown)
                break;

            // The new producer ends the old one's transaction; then the log tells.
            await producer.DisposeAsync();
            producer = await OpenAsync(cancel);
            retried = await box.ReadRetriedAsync(cancel);
            if (retried.Contains(letters[0].Id))
                return;
        }

        throw new FailedException(
            $"the log did not take the records: {error} What was sent before stays sent; the same "
            + "command goes on with the rest.");
    }

    private LogTransaction TransactionOf(List<DeadLetterEntry> letters)
    {
        List<RecordAppend> appends = [];
        foreach (IGrouping<int, DeadLetterEntry> group in letters.GroupBy(l => l.Partition))
        {
            RecordBatchBuilder records = new(), marks = new();
            foreach (DeadLetterEntry letter in group)
            {
                records.Append(letter.Key, letter.Record, HeadersOf(letter));
                marks.Append(Encoding.UTF8.GetBytes(letter.Id), []);
            }

            appends.Add(new RecordAppend(
                new TopicPartition(topics.Calls, group.Key), records.Build()));
            appends.Add(new RecordAppend(
                new TopicPartition(topics.Retried, group.Key), marks.Build()));
        }

        return new LogTransaction(appends, []);
    }

    private ReadOnlySpan<byte> HeadersOf(DeadLetterEntry letter)
    {
        headers.Clear();
        headers.AddEncoded(letter.OriginalHeaders);
        headers.Add(SideHeaders.RetryOf, letter.Id);
        headers.Add(SideHeaders.RetryCount, (letter.RetryCount + 1).ToString(
            CultureInfo.InvariantCulture));
        return headers.Encoded;
    }

    private ValueTask<ILogProducer> OpenAsync(CancellationToken cancel) =>
        log.OpenProducerAsync($"{pipelineId}.dead-retry", cancel);
}
