using Earshot.Kafka.Native;
using Microsoft.Extensions.Logging;

namespace Earshot.Kafka;

/// <summary>
/// Passes on what the native client says. It keeps trying when brokers are away and would say so
/// each time: the first warning is told, and that it goes on.
/// </summary>
internal sealed partial class KafkaClientLog(ILogger logger) : IClientLog
{
    // 1 from the first warning until records come again.
    private int warned;

    /// <inheritdoc/>
    public void Write(ClientLogLevel level, string facility, string text)
    {
        if (level <= ClientLogLevel.Critical)
            ReportFailure(logger, facility, text);
        else if (level > ClientLogLevel.Warning || Interlocked.Exchange(ref warned, 1) == 1)
            ReportDetail(logger, facility, text);
        else
            ReportTrouble(logger, facility, text);
    }

    /// <inheritdoc/>
    public void ReportProgress()
    {
        if (Volatile.Read(ref warned) == 1 && Interlocked.Exchange(ref warned, 0) == 1)
            ReportRecovery(logger);
    }

    [LoggerMessage(
        EventId = 700, Level = LogLevel.Error, Message = "Kafka reader: {Facility}: {Text}")]
    private static partial void ReportFailure(ILogger logger, string facility, string text);

    [LoggerMessage(
        EventId = 701, Level = LogLevel.Warning,
        Message = "Kafka reader: {Facility}: {Text} (it tries again; more of these go unsaid)")]
    private static partial void ReportTrouble(ILogger logger, string facility, string text);

    [LoggerMessage(
        EventId = 702, Level = LogLevel.Debug, Message = "Kafka reader: {Facility}: {Text}")]
    private static partial void ReportDetail(ILogger logger, string facility, string text);

    [LoggerMessage(
        EventId = 703, Level = LogLevel.Information, Message = "Kafka reader: records come again")]
    private static partial void ReportRecovery(ILogger logger);
}
