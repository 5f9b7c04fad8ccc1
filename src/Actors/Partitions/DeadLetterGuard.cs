using System.Globalization;
using Earshot.Actors.Ports;
using Earshot.Actors.Wire;
using Earshot.Log;
using Earshot.Schemas.V1;

namespace Earshot.Actors.Partitions;

/// <summary>
/// Too many records of a partition are dead: this is the wrong topic or format. The epoch in which
/// that was found is not committed, and no restart would help.
/// </summary>
public sealed class DeadLetterLimitException(string message) : UnrecoverableException(message);

/// <summary>
/// Watches the share of dead letters among the records one partition has read in the last minute
/// of the clock, epoch by epoch, before each commit. It decides only whether to go on, never what
/// a record becomes, so the clock may enter here.
/// </summary>
/// <param name="source">The input partition.</param>
/// <param name="options">The limits.</param>
/// <param name="time">Clock of the minute.</param>
internal sealed class DeadLetterGuard(
    TopicPartition source, PipelineOptions options, TimeProvider time)
{
    /// <summary>The minute is kept as seconds, so that it can slide.</summary>
    private const int Seconds = 60;

    /// <summary>Reasons told of, the most frequent ones.</summary>
    private const int ReasonsMax = 3;

    private const int DetailCharsMax = 200;

    // By second of the clock, modulo the minute.
    private readonly (long Second, long Read, long Dead)[] counts =
        new (long, long, long)[Seconds];

    private readonly string deadTopic = options.Topics.Dead;
    private long readBefore;

    /// <summary>Records up to here are not counted.</summary>
    /// <param name="read">Records the stage has read so far, as its books say.</param>
    public void StartFrom(long read) => readBefore = read;

    /// <summary>Counts an epoch that is about to be committed.</summary>
    /// <param name="epoch">Its outputs and offset.</param>
    /// <param name="read">Records the stage has read so far, this epoch included.</param>
    /// <exception cref="DeadLetterLimitException">It must not be committed.</exception>
    public void Require(LogTransaction epoch, long read)
    {
        long dead = 0;
        foreach (RecordAppend append in epoch.Appends)
            dead += append.Target.Topic == deadTopic ? append.Records.Count : 0;
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        ref (long Second, long Read, long Dead) slot = ref counts[now % Seconds];
        if (slot.Second != now)
            slot = (now, 0, 0);
        slot.Read += read - readBefore;
        slot.Dead += dead;
        readBefore = read;
        if (dead == 0 || options.DeadLetterLimit >= 1)
            return;
        (long readOfMinute, long deadOfMinute) = (0, 0);
        foreach ((long second, long records, long letters) in counts)
        {
            if (second > now - Seconds)
                (readOfMinute, deadOfMinute) = (readOfMinute + records, deadOfMinute + letters);
        }

        if (readOfMinute >= options.DeadLetterMin
            && deadOfMinute > options.DeadLetterLimit * readOfMinute)
            throw new DeadLetterLimitException(Explain(epoch, readOfMinute, deadOfMinute));
    }

    private string Explain(LogTransaction epoch, long read, long dead)
    {
        long next = epoch.Offsets.Count > 0 ? epoch.Offsets[0].From ?? 0 : 0;
        double share = 100.0 * dead / read, limit = 100 * options.DeadLetterLimit;
        string reasons = string.Join('\n', Reasons(epoch));
        return string.Create(CultureInfo.InvariantCulture,
            $"{dead:N0} of the {read:N0} records read from {source} within a minute are dead "
            + $"letters ({share:F1} %; the limit is {limit:0.##} %). Of the last ones:\n{reasons}\n"
            + $"Is this the right input, and is its format the one expected? If so, raise "
            + $"dead-letter-limit (1: never stop). Nothing is lost: these records are not "
            + $"committed, the next start goes on from offset {next}.");
    }

    private IEnumerable<string> Reasons(LogTransaction epoch)
    {
        Dictionary<string, (int Count, DeadLetter Example)> reasons = [];
        foreach (RecordAppend append in epoch.Appends)
        {
            if (append.Target.Topic != deadTopic)
                continue;
            for (int i = 0; i < append.Records.Count; i++)
            {
                DeadLetter letter = SideRecords.ReadDead(append.Records[i]);
                bool known = reasons.TryGetValue(letter.Reason, out var before);
                reasons[letter.Reason] =
                    (before.Count + 1, known ? before.Example : letter);
            }
        }

        return reasons.OrderByDescending(reason => reason.Value.Count).Take(ReasonsMax)
            .Select(reason => string.Create(
                CultureInfo.InvariantCulture,
                $"  {reason.Key}: {reason.Value.Count:N0}, as {Place(reason.Value.Example)}: "
                + $"{Cut(reason.Value.Example.Detail)}"));
    }

    private static string Place(DeadLetter letter) => letter.Line > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{letter.Origin} line {letter.Line}")
        : string.Create(CultureInfo.InvariantCulture, $"offset {letter.SourceOffset}");

    private static string Cut(string detail) =>
        detail.Length <= DetailCharsMax ? detail : detail[..DetailCharsMax] + "…";
}
