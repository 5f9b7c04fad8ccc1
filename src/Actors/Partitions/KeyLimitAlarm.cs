using Earshot.Actors.Stages;
using Earshot.Log;
using Microsoft.Extensions.Logging;

namespace Earshot.Actors.Partitions;

/// <summary>
/// Says that keys found no room, once for each period of the key limit in which it happens: a
/// source may be sending nonsense, or the limit is too small.
/// </summary>
internal sealed partial class KeyLimitAlarm(
    TopicPartition source, PipelineOptions options, ILogger log)
{
    private long said;

    /// <summary>What is known of that already: from a snapshot, or in a replay.</summary>
    public void StartFrom(StageProgress progress) => said = progress.KeyLimitPeriods;

    /// <summary>Looks at what the partition has come to.</summary>
    public void Look(StageProgress progress)
    {
        if (progress.KeyLimitPeriods == said)
            return;
        said = progress.KeyLimitPeriods;
        LogKeysRefused(log, source, options.KeysMax, progress.KeysRefused);
    }

    [LoggerMessage(23, LogLevel.Warning,
        "{Source}: more than {KeysMax} keys of a set are live; further ones are counted under "
        + "'other' ({Refused} times so far). Look for a source that sends ever new values, or set "
        + "keys-max higher")]
    private static partial void LogKeysRefused(
        ILogger log, TopicPartition source, int keysMax, long refused);
}
