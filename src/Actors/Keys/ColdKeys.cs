using System.Runtime.InteropServices;
using Earshot.Actors.Ports;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Keys;

/// <summary>
/// Idle keys out of memory: of each there is its hash here, and its state in a cold page of the
/// stored snapshot, beside which a small part names the page's hashes. A key leaves memory only
/// when the snapshot with its cold page is known to be stored. (Of two idle keys with one hash
/// one stays in memory.)
/// </summary>
internal sealed class ColdKeys(SymbolTable metrics)
{
    /// <summary>Keys in a page: the whole page is read for one of them.</summary>
    public const int KeysMax = 64;

    private const string IndexPrefix = "cold-index/";

    private readonly Dictionary<ulong, ColdPage> byHash = [];
    private readonly Dictionary<int, ColdPage> pages = [];

    // Written by the snapshot under way, with the keys that leave memory once it is stored.
    private readonly List<(ColdPage Page, KeyActor[] Actors)> pending = [];

    // Pages to remove. A whole state leaves cold parts alone, so each is named until it is known
    // to be gone; the first `named` of them by the snapshot under way.
    private readonly List<int> removals = [];
    private int named;

    // The page read last: keys that were put away together often come back together.
    private (int Number, byte[] Bytes) read = (-1, []);

    /// <summary>Where cold pages are read; null: no key may leave memory.</summary>
    public IColdState? State { get; set; }

    /// <summary>Keys out of memory.</summary>
    public int Count => byHash.Count;

    /// <summary>True when a key of this hash is out of memory.</summary>
    public bool Has(ulong hash) => byHash.ContainsKey(hash);

    /// <summary>Puts keys into a page of the snapshot being made. They stay in memory until
    /// <see cref="Stored"/>.</summary>
    public void Add(int number, KeyActor[] actors, List<SnapshotPart> into)
    {
        ColdPage page = new(number)
        {
            Total = actors.Length,
            LastMs = actors.Max(actor => actor.LastMs),
        };
        foreach (KeyActor actor in actors)
            actor.Leaving = page;
        into.Add(new SnapshotPart(
            KeyPage.PartKey(SnapshotPart.ColdPrefix, number), KeyPage.Write(actors, metrics)));
        into.Add(Index(page, [.. actors.Select(actor => actor.Key.Hash)]));
        pending.Add((page, actors));
    }

    /// <summary>Adds what belongs into every snapshot, and into a whole one.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        named = removals.Count;
        foreach (int number in removals)
        {
            into.Add(new SnapshotPart(KeyPage.PartKey(SnapshotPart.ColdPrefix, number), null));
            into.Add(new SnapshotPart(KeyPage.PartKey(IndexPrefix, number), null));
        }

        if (!whole)
            return;
        foreach (IGrouping<ColdPage, ulong> page in byHash.GroupBy(k => k.Value, k => k.Key))
            into.Add(Index(page.Key, [.. page]));
    }

    /// <summary>The snapshot under way is stored.</summary>
    /// <returns>The keys that leave memory.</returns>
    public List<KeyActor> Stored()
    {
        List<KeyActor> gone = [];
        foreach ((ColdPage page, KeyActor[] actors) in pending)
        {
            foreach (KeyActor actor in actors)
            {
                // Used meanwhile, or twice of one hash: it stays.
                if (actor.Leaving != page || !byHash.TryAdd(actor.Key.Hash, page))
                    continue;
                page.Live++;
                gone.Add(actor);
            }

            Keep(page);
        }

        pending.Clear();
        removals.RemoveRange(0, named);
        named = 0;
        return gone;
    }

    /// <summary>The snapshot under way is not known to be stored: nothing leaves memory.</summary>
    public void NotStored()
    {
        foreach ((ColdPage page, KeyActor[] actors) in pending)
        {
            removals.Add(page.Number);
            foreach (KeyActor actor in actors)
                actor.Leaving = null;
        }

        pending.Clear();
        named = 0;
    }

    /// <summary>
    /// Brings a key back, and with it the rest of its page when few are left there.
    /// </summary>
    /// <returns>The keys brought back; without the one asked for when there was none.</returns>
    /// <exception cref="SnapshotException">Its page cannot be read.</exception>
    public List<KeyActor> Revive(GroupingKey key)
    {
        if (!byHash.TryGetValue(key.Hash, out ColdPage? page))
            return [];
        bool all = (page.Live - 1) * 4 <= page.Total;
        List<KeyActor> revived = [.. KeyPage.Read(
            Read(page.Number), metrics,
            other => byHash.GetValueOrDefault(other.Hash) == page && (all || other.Equals(key)))];
        foreach (KeyActor actor in revived)
        {
            byHash.Remove(actor.Key.Hash);
            page.Live--;
        }

        RemoveIfEmpty(page);
        return revived;
    }

    /// <summary>Removes the pages whose histories all began anew by now.</summary>
    /// <param name="beforeMs">Windows that began before this are no longer remembered.</param>
    public void Expire(long beforeMs)
    {
        ColdPage[] expired = [.. pages.Values.Where(page => page.LastMs < beforeMs)];
        if (expired.Length == 0)
            return;
        foreach ((ulong hash, ColdPage page) in byHash)
        {
            if (page.LastMs >= beforeMs)
                continue;
            byHash.Remove(hash);
            page.Live--;
        }

        foreach (ColdPage page in expired)
            RemoveIfEmpty(page);
    }

    /// <summary>Takes the hashes back from a snapshot.</summary>
    /// <returns>The greatest number of a page; 0 for none.</returns>
    public int Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        foreach ((string key, byte[] value) in parts.Where(
            part => part.Key.StartsWith(IndexPrefix, StringComparison.Ordinal)))
        {
            int number = KeyPage.NumberOf(IndexPrefix, key);
            ReadOnlySpan<byte> hashes = value.AsSpan(sizeof(long));
            ColdPage page = new(number)
            {
                LastMs = BitConverter.ToInt64(value),
                Total = hashes.Length / sizeof(ulong),
            };
            pages.Add(number, page);
            foreach (ulong hash in MemoryMarshal.Cast<byte, ulong>(hashes))
            {
                if (byHash.GetValueOrDefault(hash) is { } other && other.Number > number)
                    continue;
                if (byHash.TryGetValue(hash, out ColdPage? older))
                    older.Live--;
                byHash[hash] = page;
                page.Live++;
            }
        }

        return pages.Count == 0 ? 0 : pages.Keys.Max();
    }

    /// <summary>
    /// A snapshot has this key in a page of keys in memory: which one counts?
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="number">That page.</param>
    /// <returns>True when it is that one.</returns>
    public bool IsOlderThan(GroupingKey key, int number)
    {
        if (!byHash.TryGetValue(key.Hash, out ColdPage? page))
            return true;
        if (page.Number > number)
            return false;
        byHash.Remove(key.Hash);
        page.Live--;
        return true;
    }

    /// <summary>Everything is loaded: pages of which nothing counts can go.</summary>
    public void Loaded()
    {
        foreach (ColdPage page in pages.Values.ToArray())
            RemoveIfEmpty(page);
    }

    private byte[] Read(int number)
    {
        if (read.Number != number)
            read = (number, State!.Read(KeyPage.PartKey(SnapshotPart.ColdPrefix, number)));
        return read.Bytes;
    }

    private void Keep(ColdPage page)
    {
        pages.Add(page.Number, page);
        RemoveIfEmpty(page);
    }

    private void RemoveIfEmpty(ColdPage page)
    {
        if (page.Live > 0)
            return;
        pages.Remove(page.Number);
        removals.Add(page.Number);
        if (read.Number == page.Number)
            read = (-1, []);
    }

    private static SnapshotPart Index(ColdPage page, ReadOnlySpan<ulong> hashes)
    {
        byte[] value = new byte[sizeof(long) + (hashes.Length * sizeof(ulong))];
        BitConverter.TryWriteBytes(value, page.LastMs);
        MemoryMarshal.AsBytes(hashes).CopyTo(value.AsSpan(sizeof(long)));
        return new SnapshotPart(KeyPage.PartKey(IndexPrefix, page.Number), value);
    }
}

/// <summary>A page of idle keys.</summary>
internal sealed class ColdPage(int number)
{
    /// <summary>Its number, from the same row as those of other pages.</summary>
    public int Number => number;

    /// <summary>Keys it was written with.</summary>
    public int Total { get; init; }

    /// <summary>Of these, how many are still out of memory.</summary>
    public int Live { get; set; }

    /// <summary>Start of the last window that any of its keys remembers, ms.</summary>
    public long LastMs { get; init; }
}
