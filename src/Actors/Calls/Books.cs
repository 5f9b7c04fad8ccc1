using Earshot.Actors.Stages;

namespace Earshot.Actors.Calls;

/// <summary>Why a value cannot be true. Their order is part of snapshots: add at the end.</summary>
internal enum SetAsideCause
{
    NotANumber,
    NegativePdd,
    PddOverADay,
    DurationOutOfRange,
    LossOutOfRange,
    DelayOutOfRange,
    MosOutOfRange,
    ScoreOutOfRange,
    BurstOutOfRange,
    CounterBackwards,
    Count,
}

/// <summary>Why a call has no end. Their order is part of snapshots: add at the end.</summary>
internal enum UnresolvedReason
{
    NoEnd,
    NoAnswer,
    NoStart,
    Count,
}

/// <summary>What became of the records of a source partition. Part of its state.</summary>
internal sealed class Books
{
    public long Read;
    public long Aggregated;
    public long Duplicate;
    public long Late;
    public long Dead;
    public long Ignored;

    private readonly long[] causes = new long[(int)SetAsideCause.Count];
    private readonly long[] reasons = new long[(int)UnresolvedReason.Count];
    private long setAside;
    private long unresolved;

    /// <summary>Values were left out.</summary>
    public void SetAside(SetAsideCause cause, int values = 1)
    {
        setAside += values;
        causes[(int)cause] += values;
    }

    /// <summary>A call was given up.</summary>
    public void GiveUp(UnresolvedReason reason)
    {
        unresolved++;
        reasons[(int)reason]++;
    }

    public void Write(BinaryWriter writer)
    {
        foreach (long count in (ReadOnlySpan<long>)[
            Read, Aggregated, Duplicate, Late, Dead, Ignored, setAside, unresolved])
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
        setAside = reader.ReadInt64();
        unresolved = reader.ReadInt64();
    }

    /// <summary>Writes causes and reasons: a part of its own, which older states do not have.
    /// </summary>
    public void WriteCauses(BinaryWriter writer)
    {
        Write(writer, causes);
        Write(writer, reasons);
    }

    /// <summary>Reads what <see cref="WriteCauses"/> wrote.</summary>
    public void LoadCauses(BinaryReader reader)
    {
        Load(reader, causes);
        Load(reader, reasons);
    }

    public StageProgress ToProgress() => new()
    {
        Read = Read,
        Aggregated = Aggregated,
        Duplicate = Duplicate,
        Late = Late,
        Dead = Dead,
        Ignored = Ignored,
        SetAside = setAside,
        SetAsideBy = new SetAsideCounts
        {
            NotANumber = causes[(int)SetAsideCause.NotANumber],
            NegativePdd = causes[(int)SetAsideCause.NegativePdd],
            PddOverADay = causes[(int)SetAsideCause.PddOverADay],
            DurationOutOfRange = causes[(int)SetAsideCause.DurationOutOfRange],
            LossOutOfRange = causes[(int)SetAsideCause.LossOutOfRange],
            DelayOutOfRange = causes[(int)SetAsideCause.DelayOutOfRange],
            MosOutOfRange = causes[(int)SetAsideCause.MosOutOfRange],
            ScoreOutOfRange = causes[(int)SetAsideCause.ScoreOutOfRange],
            BurstOutOfRange = causes[(int)SetAsideCause.BurstOutOfRange],
            CounterBackwards = causes[(int)SetAsideCause.CounterBackwards],
        },
        UnresolvedCalls = unresolved,
        UnresolvedBy = new UnresolvedCounts
        {
            NoEnd = reasons[(int)UnresolvedReason.NoEnd],
            NoAnswer = reasons[(int)UnresolvedReason.NoAnswer],
            NoStart = reasons[(int)UnresolvedReason.NoStart],
        },
    };

    private static void Write(BinaryWriter writer, long[] counts)
    {
        writer.Write7BitEncodedInt(counts.Length);
        foreach (long count in counts)
            writer.Write7BitEncodedInt64(count);
    }

    // A state may be of a version that knew fewer.
    private static void Load(BinaryReader reader, long[] counts)
    {
        int known = reader.Read7BitEncodedInt();
        for (int i = 0; i < known; i++)
            counts[i] = reader.Read7BitEncodedInt64();
    }
}
