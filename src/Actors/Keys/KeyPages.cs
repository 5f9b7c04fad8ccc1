using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Keys;

/// <summary>
/// The pages of the keys in memory, as the snapshots have them. Changed keys go into new pages; a
/// page of which half is out of date is written anew with what is left, so that writing and space
/// are at most twice what they need be.
/// </summary>
internal sealed class KeyPages(SymbolTable metrics)
{
    /// <summary>Beginning of the keys of their parts.</summary>
    public const string Prefix = "keys/";

    /// <summary>Keys in a page: enough to make parts few, too few to matter in memory.</summary>
    private const int KeysMax = 256;

    /// <summary>Pages below this are small; so many small ones are put together.</summary>
    private const int KeysFew = KeysMax / 4;
    private const int SmallPagesMax = 16;

    private readonly Dictionary<int, KeyPage> pages = [];

    // Per page the keys written into it.
    private readonly Dictionary<KeyPage, KeyActor[]> members = [];

    /// <summary>The number of the newest page of any kind.</summary>
    public int Newest { get; set; }

    /// <summary>A key's page no longer counts: it changed, or goes to a page elsewhere.</summary>
    public static void Leave(KeyActor actor)
    {
        if (actor.Page is { } page)
            page.Live--;
        actor.Page = null;
    }

    /// <summary>Forgets all pages: what follows writes every key.</summary>
    public void Clear()
    {
        foreach (KeyActor[] actors in members.Values)
        {
            foreach (KeyActor actor in actors)
                actor.Page = null;
        }

        pages.Clear();
        members.Clear();
    }

    /// <summary>Adds pages of the keys that changed, and the removal of others.</summary>
    public void Save(List<KeyActor> changed, List<SnapshotPart> into)
    {
        foreach (KeyActor actor in changed)
            Leave(actor);
        List<KeyActor> writes = [.. changed];
        foreach (KeyPage page in Wasteful())
        {
            foreach (KeyActor actor in members[page])
            {
                if (actor.Page != page)
                    continue;
                Leave(actor);
                writes.Add(actor);
            }

            pages.Remove(page.Number);
            members.Remove(page);
            into.Add(new SnapshotPart(KeyPage.PartKey(Prefix, page.Number), null));
        }

        foreach (KeyActor[] actors in writes.Chunk(KeysMax))
        {
            KeyPage page = Add(++Newest, actors);
            into.Add(new SnapshotPart(
                KeyPage.PartKey(Prefix, page.Number), KeyPage.Write(actors, metrics)));
        }
    }

    /// <summary>A page of a snapshot, with the keys of which it has the newest state.</summary>
    public void Loaded(int number, KeyActor[] newest, int total)
    {
        KeyPage page = Add(number, newest);
        page.Total = total;
    }

    private KeyPage Add(int number, KeyActor[] actors)
    {
        KeyPage page = new(number) { Total = actors.Length, Live = actors.Length };
        foreach (KeyActor actor in actors)
            actor.Page = page;
        pages.Add(number, page);
        members.Add(page, actors);
        return page;
    }

    private List<KeyPage> Wasteful()
    {
        List<KeyPage> wasteful = [], small = [];
        foreach (KeyPage page in pages.Values)
        {
            if (page.Live * 2 <= page.Total)
                wasteful.Add(page);
            else if (page.Total < KeysFew)
                small.Add(page);
        }

        if (small.Count >= SmallPagesMax)
            wasteful.AddRange(small);
        return wasteful;
    }
}
