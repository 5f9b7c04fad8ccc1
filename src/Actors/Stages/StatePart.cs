using Earshot.Snapshots;

namespace Earshot.Actors.Stages;

/// <summary>Writes and reads one part of a snapshot.</summary>
internal static class StatePart
{
    /// <summary>A part with what <paramref name="write"/> writes.</summary>
    public static SnapshotPart Write(string key, Action<BinaryWriter> write)
    {
        using MemoryStream stream = new();
        using (BinaryWriter writer = new(stream))
            write(writer);
        return new SnapshotPart(key, stream.ToArray());
    }

    /// <summary>Reads a part; nothing happens when it is not there.</summary>
    public static void Read(
        IReadOnlyDictionary<string, byte[]> parts, string key, Action<BinaryReader> read)
    {
        if (!parts.TryGetValue(key, out byte[]? bytes))
            return;
        using BinaryReader reader = new(new MemoryStream(bytes));
        read(reader);
    }
}
