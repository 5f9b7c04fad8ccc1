using Earshot.Kafka.Groups;
using Earshot.Log;

namespace Earshot.Kafka.Transactions;

/// <summary>
/// Whether offset moves begin where the log stands: at what this producer itself committed last,
/// else at what the log says is committed.
/// </summary>
internal sealed class OffsetCheck(
    IMemberships memberships, Func<string, TopicPartition, Task<long?>> readCommitted)
{
    // What this producer committed last, or read.
    private readonly Dictionary<(string Group, TopicPartition Source), long> known = [];

    /// <summary>Why the moves are refused; null when they are not.</summary>
    /// <exception cref="LogException">The committed offsets cannot be read.</exception>
    public string? Refuse(IReadOnlyList<OffsetMove> moves)
    {
        foreach (OffsetMove move in moves)
        {
            if (memberships.Find(move.Group) is { } membership
                && !membership.Owned.ContainsKey(move.Source))
            {
                return $"Group {move.Group} does not own {move.Source} here (any more): another "
                    + "owner took over.";
            }
            if (move.From is { } from && RefuseStart(move, from) is { } reason)
                return reason;
        }
        return null;
    }

    /// <summary>Notes what was committed.</summary>
    public void Note(IReadOnlyList<OffsetMove> moves)
    {
        foreach (OffsetMove move in moves)
            known[(move.Group, move.Source)] = move.To;
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

    private string? RefuseStart(OffsetMove move, long from)
    {
        if (known.TryGetValue((move.Group, move.Source), out long last) && last == from)
            return null;
        // The partition may have been elsewhere in between: the log decides.
        long? committed = Read(move);
        if (committed != from)
            return LogFaults.FencedOffset(move, committed);
        known[(move.Group, move.Source)] = from;
        return null;
    }

    private long? Read(OffsetMove move) =>
        readCommitted(move.Group, move.Source).GetAwaiter().GetResult();
}
