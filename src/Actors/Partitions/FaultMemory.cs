namespace Earshot.Actors.Partitions;

/// <summary>
/// Remembers across incarnations which records made a stage throw. One that does so twice is
/// skipped: it becomes a dead letter, and a control record makes every replay skip it too.
/// </summary>
public sealed class FaultMemory
{
    private readonly Dictionary<long, (int Times, string Error)> faults = [];

    /// <summary>The records that failed twice or more, with their last error.</summary>
    public IEnumerable<(long Offset, string Error)> Repeated =>
        faults.Where(f => f.Value.Times >= 2).Select(f => (f.Key, f.Value.Error));

    /// <summary>A record made its stage throw.</summary>
    public void Remember(long offset, string error)
    {
        faults.TryGetValue(offset, out (int Times, string) known);
        faults[offset] = (known.Times + 1, error);
    }
}
