using Earshot.Actors.Stages;

namespace Earshot.Actors.Calls;

/// <summary>What became of the records of a source partition. Part of its state.</summary>
internal sealed class Books
{
    public long Read;
    public long Aggregated;
    public long Duplicate;
    public long Late;
    public long Dead;
    public long Ignored;
    public long SetAside;
    public long UnresolvedCalls;

    public void Write(BinaryWriter writer)
    {
        foreach (long count in (ReadOnlySpan<long>)[
            Read, Aggregated, Duplicate, Late, Dead, Ignored, SetAside, UnresolvedCalls])
            writer.Write(count);
    }

    public void Load(BinaryReader reader)
    {
        Read = reader.ReadInt64();
        Aggregated = reader.ReadInt64();
        Duplicate = reader.ReadInt64();
        Late = reader.ReadInt64();
        Dead = reader.ReadInt64();
        Ignored = reader.ReadInt64();
        SetAside = reader.ReadInt64();
        UnresolvedCalls = reader.ReadInt64();
    }

    public StageProgress ToProgress() => new()
    {
        Read = Read,
        Aggregated = Aggregated,
        Duplicate = Duplicate,
        Late = Late,
        Dead = Dead,
        Ignored = Ignored,
        SetAside = SetAside,
        UnresolvedCalls = UnresolvedCalls,
    };
}
