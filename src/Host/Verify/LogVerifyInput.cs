using Earshot.Actors;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Sources.Wire;

namespace Earshot.Host.Verify;

/// <summary>The input topic in a log.</summary>
internal sealed class LogVerifyInput(ILog log, PipelineOptions options) : IVerifyInput
{
    /// <inheritdoc/>
    public string Title => $"topic {options.Topics.Calls}";

    /// <inheritdoc/>
    public IRecordDecoder CreateDecoder() => new WireDecoder();

    /// <inheritdoc/>
    public async ValueTask<long> ReadBeginAsync(int partition, CancellationToken cancel) =>
        (await log.ReadRangeAsync(Source(partition), cancel)).Begin;

    /// <inheritdoc/>
    public ILogReader OpenReader(int partition, long from) =>
        log.OpenReader(Source(partition), from);

    private TopicPartition Source(int partition) => new(options.Topics.Calls, partition);
}
