using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// Fetches what the keys to come lead to: actor, windows, cell, rows. Each is found by the one
/// before, so a key goes one step of the way with each two of those that follow it, and by its turn
/// all has come.
/// </summary>
internal sealed class KeysAhead
{
    /// <summary>So many turns before its own a key is told of.</summary>
    public const int Distance = 8;

    // Those told of last, in turn.
    private readonly KeyActor?[] actors = new KeyActor?[Distance];
    private int next;

    /// <summary>Tells of a key.</summary>
    /// <param name="actor">The one whose turn comes <see cref="Distance"/> later; null: there is
    /// none, or it is not known.</param>
    public void Tell(KeyActor? actor)
    {
        CacheLine.FetchObject(actor);
        actors[next] = actor;
        Told(2)?.WillUse();
        Told(4)?.WillUseFirst();
        Told(6)?.WillAddToFirst();
        next = (next + 1) % Distance;
    }

    /// <summary>The same of a key in a list, by the place whose turn it is.</summary>
    public void Tell(List<KeyActor> all, int turn) =>
        Tell(turn + Distance < all.Count ? all[turn + Distance] : null);

    private KeyActor? Told(int turnsBefore) => actors[(next - turnsBefore + Distance) % Distance];
}
