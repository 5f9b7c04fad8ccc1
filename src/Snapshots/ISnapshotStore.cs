namespace Earshot.Snapshots;

/// <summary>Whose state it is: one partition of one stage of one pipeline.</summary>
/// <param name="Stage">Stage name ("call", "aggregator", "fused").</param>
/// <param name="Partition">Partition number.</param>
public readonly record struct SnapshotOwner(string Stage, int Partition);

/// <summary>One part of a state, under a key of the stage's own choosing.</summary>
/// <param name="Key">Part name; sorts bytewise.</param>
/// <param name="Value">The bytes of the part; null removes it.</param>
public readonly record struct SnapshotPart(string Key, byte[]? Value)
{
    /// <summary>
    /// Parts whose keys begin with this are cold: a load leaves them in the store, where they are
    /// read one by one when they are needed.
    /// </summary>
    public const string ColdPrefix = "cold/";

    /// <summary>True when it is cold.</summary>
    public bool IsCold => Key.StartsWith(ColdPrefix, StringComparison.Ordinal);
}

/// <summary>
/// The change of a state up to an input offset: only the parts that differ from the snapshot
/// before.
/// </summary>
/// <param name="Owner">Whose state.</param>
/// <param name="Offset">Every input record before this offset is in the state, none after.</param>
/// <param name="Parts">Parts changed or removed since the last snapshot.</param>
/// <param name="Base">
/// Offset of the snapshot the change is made to; null: the parts are the whole state, and
/// everything else is removed.
/// </param>
public sealed record SnapshotChange(
    SnapshotOwner Owner, long Offset, IReadOnlyList<SnapshotPart> Parts, long? Base = null)
{
    /// <summary>
    /// For a whole state that goes on with the cold parts in the store: the offsets at which the
    /// stored snapshot may stand so that they are the ones meant. They stay, but for those that
    /// the change names. Null: none is needed, and all are removed.
    /// </summary>
    public IReadOnlyList<long>? ColdOf { get; init; }
}

/// <summary>A stored state.</summary>
/// <param name="Offset">The input offset it stands at.</param>
/// <param name="Parts">All its parts but the cold ones.</param>
public sealed record StoredSnapshot(long Offset, IReadOnlyDictionary<string, byte[]> Parts);

/// <summary>Keeps the newest snapshot per owner, in SQL.</summary>
public interface ISnapshotStore : IAsyncDisposable
{
    /// <summary>The stored snapshot, or null when there is none.</summary>
    /// <exception cref="SnapshotException">
    /// It was written by a newer version or under other settings, its bytes are damaged (magic,
    /// version, checksum), or the store cannot be reached (transient).
    /// </exception>
    ValueTask<StoredSnapshot?> LoadAsync(SnapshotOwner owner, CancellationToken cancel);

    /// <summary>Reads a cold part; the caller waits.</summary>
    /// <param name="owner">Whose.</param>
    /// <param name="key">The part's key.</param>
    /// <param name="offsets">
    /// Where the stored snapshot may stand: elsewhere it is another one, whose cold parts are not
    /// those of the caller's state.
    /// </param>
    /// <exception cref="SnapshotException">
    /// The snapshot stands elsewhere or there is none, or no such part in it (transient: whoever
    /// loads again finds the right ones); the part is damaged; the store cannot be reached.
    /// </exception>
    byte[] ReadCold(SnapshotOwner owner, string key, IReadOnlyCollection<long> offsets);

    /// <summary>
    /// Applies a change in one SQL transaction, only if its offset is greater than the stored
    /// one, and only to the snapshot it was made from: a slow old owner can neither overwrite a
    /// newer state nor mix its changes into it.
    /// </summary>
    /// <returns>
    /// True when it is on disk. False when nothing was written: the stored offset is not smaller,
    /// or not <see cref="SnapshotChange.Base"/>, or not one of
    /// <see cref="SnapshotChange.ColdOf"/>.
    /// </returns>
    /// <exception cref="SnapshotException">
    /// It could not be written, or what became of it is not known; the message says which.
    /// </exception>
    ValueTask<bool> SaveAsync(SnapshotChange change, CancellationToken cancel);
}

/// <summary>A snapshot cannot be used; the message says what to do.</summary>
public sealed class SnapshotException : Exception
{
    /// <summary>Creates one.</summary>
    public SnapshotException(string message) : base(message)
    {
    }

    /// <summary>Creates one with its cause.</summary>
    public SnapshotException(string message, Exception inner) : base(message, inner)
    {
    }

    /// <summary>
    /// True when the same may succeed later with nothing done to the snapshot: the store is busy,
    /// out of reach or out of room. False when a person has to decide.
    /// </summary>
    public bool IsTransient { get; init; }
}
