using Earshot.Actors.Ports;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Keys;

/// <summary>
/// The keys of an aggregator: those in memory, and the idle ones in the snapshot store. A key
/// without an open window that was not used for <see cref="PipelineOptions.KeyIdleMs"/> of event
/// time leaves memory with the next snapshot, and comes back, as it was, at its next use. So what
/// comes out does not depend on when snapshots are taken.
/// </summary>
internal sealed class KeyTable
{
    /// <summary>Keys that leave memory with one snapshot: so many make no long pause.</summary>
    private const int LeavingMax = 50_000;

    /// <summary>Idle keys are looked for so many times in the idle time.</summary>
    private const int SweepsInIdleTime = 8;

    /// <summary>Versions of the format before 3 had a part for each key.</summary>
    private const string SinglePrefix = "key/";

    private readonly PipelineOptions options;
    private readonly SymbolTable metrics;
    private readonly Dictionary<GroupingKey, KeyActor> keys = [];
    private readonly List<KeyActor> dirty = [];
    private readonly KeyPages pages;
    private readonly ColdKeys cold;
    private List<SnapshotPart> singles = [];
    private long sweepAtMs = long.MinValue;

    /// <summary>Creates an empty table.</summary>
    public KeyTable(PipelineOptions options, SymbolTable metrics)
    {
        this.options = options;
        this.metrics = metrics;
        pages = new KeyPages(metrics);
        cold = new ColdKeys(metrics);
    }

    /// <summary>Keys in memory.</summary>
    public IReadOnlyCollection<KeyActor> InMemory => keys.Values;

    /// <summary>Keys out of memory.</summary>
    public int OutOfMemory => cold.Count;

    /// <summary>From now on keys may leave memory.</summary>
    /// <param name="state">Where they are read again.</param>
    public void Attach(IColdState state) => cold.State = state;

    /// <summary>The key's actor, brought back or made where there is none in memory.</summary>
    /// <exception cref="SnapshotException">It cannot be read.</exception>
    public KeyActor ActorOf(GroupingKey key)
    {
        if (key.Actor is { } known && known.Table == this)
            return known;
        if (!keys.TryGetValue(key, out KeyActor? actor))
            actor = BringIn(key);
        return key.Actor = actor;
    }

    /// <summary>Must follow every change of a key.</summary>
    public void MarkDirty(KeyActor actor)
    {
        actor.Leaving = null;
        if (actor.Dirty)
            return;
        actor.Dirty = true;
        dirty.Add(actor);
    }

    /// <summary>Adds the keys that changed, all of those in memory when whole.</summary>
    public void Save(List<SnapshotPart> into, bool whole, long watermarkMs)
    {
        if (whole)
            pages.Clear();
        foreach (KeyActor[] actors in Idle(watermarkMs).Chunk(ColdKeys.KeysMax))
        {
            foreach (KeyActor actor in actors)
            {
                KeyPages.Leave(actor);
                actor.Dirty = false;
            }

            cold.Add(++pages.Newest, actors, into);
        }

        IEnumerable<KeyActor> candidates = whole ? keys.Values : dirty;
        List<KeyActor> changed = [.. candidates.Where(actor => actor.Leaving is null)];
        pages.Save(changed, into);
        cold.Save(into, whole);
        if (!whole)
            into.AddRange(singles);
        singles = [];
        foreach (KeyActor actor in changed)
            actor.Dirty = false;
        dirty.Clear();
    }

    /// <summary>What became of the last snapshot.</summary>
    /// <param name="stored">True when it is known to be stored.</param>
    public void SnapshotAnswered(bool stored)
    {
        if (!stored)
        {
            cold.NotStored();
            return;
        }

        foreach (KeyActor actor in cold.Stored())
        {
            keys.Remove(actor.Key);
            actor.Table = null;
            actor.Key.Actor = null;
        }
    }

    /// <summary>Takes the keys back from a snapshot.</summary>
    /// <param name="parts">Its parts.</param>
    /// <param name="watermarkMs">The watermark it was taken at.</param>
    public void Load(IReadOnlyDictionary<string, byte[]> parts, long watermarkMs)
    {
        pages.Newest = cold.Load(parts);
        KeyValuePair<string, byte[]>[] newestFirst = [.. parts
            .Where(part => part.Key.StartsWith(KeyPages.Prefix, StringComparison.Ordinal))
            .OrderByDescending(part => part.Key, StringComparer.Ordinal)];

        // Some are in several pages: it is an upper bound, and at most twice as many.
        keys.EnsureCapacity(newestFirst.Sum(page => KeyPage.CountOf(page.Value)));
        foreach ((string part, byte[] bytes) in newestFirst)
            LoadPage(KeyPage.NumberOf(KeyPages.Prefix, part), bytes, watermarkMs);
        cold.Loaded();
        foreach ((string part, byte[] bytes) in parts)
        {
            if (part.StartsWith(SinglePrefix, StringComparison.Ordinal))
                LoadSingle(part, bytes, watermarkMs);
        }
    }

    private KeyActor BringIn(GroupingKey key)
    {
        foreach (KeyActor revived in cold.Revive(key))
        {
            Hold(revived);
            MarkDirty(revived);
        }

        if (!keys.TryGetValue(key, out KeyActor? actor))
            Hold(actor = new KeyActor(key));
        return actor;
    }

    private void Hold(KeyActor actor)
    {
        keys.Add(actor.Key, actor);
        actor.Table = this;
    }

    // Pages come newest first: what an older one says of a key in a newer one is out of date.
    private void LoadPage(int number, byte[] bytes, long watermarkMs)
    {
        List<KeyActor> newest = [];
        int total = 0;
        bool IsNewest(GroupingKey key)
        {
            total++;
            return !keys.ContainsKey(key) && cold.IsOlderThan(key, number);
        }

        foreach (KeyActor actor in KeyPage.Read(bytes, metrics, IsNewest))
        {
            actor.IdleSinceMs = watermarkMs;
            Hold(actor);
            newest.Add(actor);
        }

        pages.Loaded(number, [.. newest], total);
        pages.Newest = Math.Max(pages.Newest, number);
    }

    private void LoadSingle(string part, byte[] bytes, long watermarkMs)
    {
        using PageReader reader = new(bytes);
        KeyActor actor = KeyActor.ReadOld(
            GroupingKey.Parse(part[SinglePrefix.Length..]), reader, metrics, watermarkMs);
        Hold(actor);
        MarkDirty(actor);
        singles.Add(new SnapshotPart(part, null));
    }

    /// <summary>The keys that are to leave memory now, when it is time to look for them.</summary>
    private List<KeyActor> Idle(long watermarkMs)
    {
        if (cold.State is null || watermarkMs is long.MinValue or long.MaxValue
            || watermarkMs < sweepAtMs)
            return [];
        long longestMs = options.Windows.Max(window => window.LengthMs);
        cold.Expire(watermarkMs - options.HistoryKeepMs - longestMs);
        List<KeyActor> idle = [.. keys.Values
            .Where(actor => actor.Open.IsEmpty
                && actor.IdleSinceMs <= watermarkMs - options.KeyIdleMs
                && !cold.Has(actor.Key.Hash))
            .Take(LeavingMax)];
        sweepAtMs = idle.Count == LeavingMax
            ? watermarkMs : watermarkMs + (options.KeyIdleMs / SweepsInIdleTime);
        return idle;
    }
}
