using System.Globalization;
using System.Runtime.InteropServices;
using Earshot.Snapshots;

namespace Earshot.Actors.Keys;

/// <summary>
/// The live keys of one grouping set, by hash: those used in this period, and those used in the
/// one before and not yet again. Snapshots are added to as keys come; a period's parts go as a
/// whole.
/// </summary>
internal sealed class LiveKeys(int grouping, int max)
{
    private readonly string prefix =
        string.Create(CultureInfo.InvariantCulture, $"live-keys/{grouping}/");

    private readonly List<SnapshotPart> removed = [];
    private PeriodKeys current = new(long.MinValue);
    private PeriodKeys previous = new(long.MinValue);

    /// <summary>Keys live.</summary>
    public int Count => current.Hashes.Count + previous.Hashes.Count;

    /// <summary>A key is used: false when it is not live and there is no room.</summary>
    public bool Admit(ulong hash)
    {
        if (current.Hashes.Contains(hash))
            return true;
        if (!previous.Hashes.Remove(hash) && Count >= max)
            return false;
        current.Hashes.Add(hash);
        current.Unsaved.Add(hash);
        return true;
    }

    /// <summary>A period begins; only keys of the one right before it stay live.</summary>
    public void Turn(long period)
    {
        Drop(previous);
        previous = current;
        if (previous.Period != period - 1)
        {
            Drop(previous);
            previous = new PeriodKeys(period - 1);
        }

        current = new PeriodKeys(period);
    }

    /// <summary>Adds the keys that came since the last call, and the removal of others.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        if (!whole)
            into.AddRange(removed);
        removed.Clear();
        Save(previous, into, whole);
        Save(current, into, whole);
    }

    /// <summary>Takes the keys back from a snapshot.</summary>
    /// <param name="parts">Its parts.</param>
    /// <param name="period">The period it was taken in.</param>
    public void Load(IReadOnlyDictionary<string, byte[]> parts, long period)
    {
        if (period == long.MinValue)
            return;
        (previous, current) = (new PeriodKeys(period - 1), new PeriodKeys(period));
        foreach ((string key, byte[] value) in parts)
        {
            if (!key.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            string[] fields = key.Split('/');
            long of = long.Parse(fields[^2], CultureInfo.InvariantCulture);
            int part = int.Parse(fields[^1], CultureInfo.InvariantCulture);
            PeriodKeys keys = of == period ? current : previous;
            keys.Hashes.UnionWith(MemoryMarshal.Cast<byte, ulong>(value).ToArray());
            keys.Parts = Math.Max(keys.Parts, part + 1);
        }

        // Parts of the period before name all its keys, those used again since among them.
        previous.Hashes.ExceptWith(current.Hashes);
    }

    private void Save(PeriodKeys keys, List<SnapshotPart> into, bool whole)
    {
        if (whole)
            keys.Parts = 0;
        ulong[] hashes = whole ? [.. keys.Hashes] : [.. keys.Unsaved];
        keys.Unsaved.Clear();
        if (hashes.Length == 0)
            return;
        into.Add(new SnapshotPart(
            KeyOf(keys.Period, keys.Parts++), MemoryMarshal.AsBytes<ulong>(hashes).ToArray()));
    }

    private void Drop(PeriodKeys keys)
    {
        for (int part = 0; part < keys.Parts; part++)
            removed.Add(new SnapshotPart(KeyOf(keys.Period, part), null));
    }

    private string KeyOf(long period, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}{period}/{part}");

    private sealed class PeriodKeys(long period)
    {
        public readonly HashSet<ulong> Hashes = [];

        // Those that are in no snapshot yet, and in how many parts the others are.
        public readonly List<ulong> Unsaved = [];
        public int Parts;

        public long Period => period;
    }
}
