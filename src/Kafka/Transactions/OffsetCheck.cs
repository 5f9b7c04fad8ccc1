using Earshot.Kafka.Groups;
using Earshot.Log;

namespace Earshot.Kafka.Transactions;

/// <summary>
/// Whether offset moves begin where the log stands: at what this producer itself committed last,
/// else at what the log says is committed. What it committed counts only while the partition is
/// owned without a break: in between, another owner may have gone on.
/// </summary>
internal sealed class OffsetCheck(Func<string, TopicPartition, Task<long?>> readCommitted)
{
    /// <summary>Of a group without a member here: only this producer moves its offsets.</summary>
    private const long Unjoined = -1;

    // What this producer committed last, or read, and since when the partition was owned then.
    private readonly Dictionary<(string Group, TopicPartition Source), (long Offset, long Since)>
        known = [];

    /// <summary>Why the moves are refused; null when they are not.</summary>
    /// <exception cref="LogException">The committed offsets cannot be read.</exception>
    public string? Refuse(
        IReadOnlyList<OffsetMove> moves, IReadOnlyDictionary<string, Membership?> members)
    {
        foreach (OffsetMove move in moves)
        {
            long since = Unjoined;
            if (members[move.Group] is { } membership
                && !membership.Owned.TryGetValue(move.Source, out since))
            {
                return $"Group {move.Group} does not own {move.Source} here (any more): another "
                    + "owner took over.";
            }
            if (move.From is { } from && RefuseStart(move, from, since) is { } reason)
                return reason;
        }
        return null;
    }

    /// <summary>Notes what was committed.</summary>
    public void Note(
        IReadOnlyList<OffsetMove> moves, IReadOnlyDictionary<string, Membership?> members)
    {
        foreach (OffsetMove move in moves)
        {
            long since = members[move.Group]?.Owned[move.Source] ?? Unjoined;
            known[(move.Group, move.Source)] = (move.To, since);
        }
    }

    /// <summary>
    /// True when none of the moves was made, certainly: each committed offset is still where its
    /// move began. False also when that cannot be told.
    /// </summary>
    public bool IsUntouched(IReadOnlyList<OffsetMove> moves)
    {
        bool tells = false;
        try
        {
            foreach (OffsetMove move in moves)
            {
                if (Read(move) != move.From)
                    return false;
                tells |= move.To != move.From;
            }
        }
        catch (LogException)
        {
            return false;
        }
        return tells;
    }

    private string? RefuseStart(OffsetMove move, long from, long since)
    {
        if (known.TryGetValue((move.Group, move.Source), out var last) && last == (from, since))
            return null;
        // The partition may have been elsewhere in between: the log decides.
        long? committed = Read(move);
        if (committed != from)
            return LogFaults.FencedOffset(move, committed);
        known[(move.Group, move.Source)] = (from, since);
        return null;
    }

    private long? Read(OffsetMove move) =>
        readCommitted(move.Group, move.Source).GetAwaiter().GetResult();
}
