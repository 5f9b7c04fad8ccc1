using Earshot.Actors;
using Earshot.Log;

namespace Earshot.Host.Service;

/// <summary>The input of a pipeline as topics of its log.</summary>
internal sealed class LogInput(ILog log, PipelineOptions options)
{
    private readonly Topics topics = options.Topics;

    /// <summary>Opens a partition of the call stage's input from an offset on.</summary>
    public ILogReader Open(int partition, long from) =>
        log.OpenReader(new TopicPartition(topics.Calls, partition), from);

    /// <summary>Smallest offset such a partition still keeps.</summary>
    public async ValueTask<long> BeginAsync(int partition, CancellationToken cancel) =>
        (await log.ReadRangeAsync(new TopicPartition(topics.Calls, partition), cancel)).Begin;

    /// <summary>Where a new pipeline begins in a partition of the live topic.</summary>
    public async ValueTask<long> StartAsync(
        int partition, bool fromLatest, CancellationToken cancel)
    {
        OffsetRange range = await log.ReadRangeAsync(
            new TopicPartition(options.InputTopic, partition), cancel);
        return fromLatest ? range.End : range.Begin;
    }
}
