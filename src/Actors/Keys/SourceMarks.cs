namespace Earshot.Actors.Keys;

/// <summary>
/// How far each source partition has come, and the watermark that follows: the minimum over the
/// sources that are not idle. A source that has said nothing yet holds it back.
/// </summary>
internal sealed class SourceMarks
{
    private readonly SortedDictionary<int, Mark> marks = [];
    private int expected = 1;

    /// <summary>Windows that end at or before this are closed. Never goes back.</summary>
    public long WatermarkMs { get; private set; } = long.MinValue;

    /// <summary>True when every source has ended.</summary>
    public bool AllEnded => marks.Count >= expected && marks.Values.All(mark => mark.Ended);

    /// <summary>True when a source has ended: whatever comes of it is a repeat.</summary>
    public bool HasEnded(int source) => marks.TryGetValue(source, out Mark? mark) && mark.Ended;

    /// <summary>
    /// The source offset the next bundle should begin at; null before the first one.
    /// </summary>
    public long? NextOf(int source) =>
        marks.TryGetValue(source, out Mark? mark) ? mark.To : null;

    /// <summary>Takes in the mark of a source's epoch.</summary>
    /// <returns>True when the watermark moved.</returns>
    public bool Advance(int source, int sources, long to, long watermarkMs, bool idle, bool ended)
    {
        expected = Math.Max(expected, sources);
        marks[source] = new Mark(to, watermarkMs, idle, ended);
        if (marks.Count < expected || marks.Values.All(mark => mark.LeftOut))
            return false;
        long least = marks.Values.Where(mark => !mark.LeftOut).Min(mark => mark.WatermarkMs);
        if (least <= WatermarkMs)
            return false;
        WatermarkMs = least;
        return true;
    }

    /// <summary>Writes it for a snapshot.</summary>
    public void Write(BinaryWriter writer)
    {
        writer.Write(WatermarkMs);
        writer.Write7BitEncodedInt(expected);
        writer.Write7BitEncodedInt(marks.Count);
        foreach ((int source, Mark mark) in marks)
        {
            writer.Write7BitEncodedInt(source);
            writer.Write(mark.To);
            writer.Write(mark.WatermarkMs);
            writer.Write(mark.Idle);
            writer.Write(mark.Ended);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public void Load(BinaryReader reader)
    {
        WatermarkMs = reader.ReadInt64();
        expected = reader.Read7BitEncodedInt();
        int count = reader.Read7BitEncodedInt();
        for (int i = 0; i < count; i++)
        {
            int source = reader.Read7BitEncodedInt();
            long to = reader.ReadInt64();
            long watermark = reader.ReadInt64();
            bool idle = reader.ReadBoolean();
            marks.Add(source, new Mark(to, watermark, idle, reader.ReadBoolean()));
        }
    }

    private sealed record Mark(long To, long WatermarkMs, bool Idle, bool Ended)
    {
        /// <summary>An ended source is past everything, so it counts also when idle.</summary>
        public bool LeftOut => Idle && !Ended;
    }
}
