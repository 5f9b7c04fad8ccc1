using System.Globalization;
using Earshot.Actors.Calls;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Analytics.Warnings;
using Earshot.Snapshots;

namespace Earshot.Actors.Warnings;

/// <summary>
/// The live streams of a partition and their raised warnings. Snapshots hold them in shards, so
/// that only shards that changed are written again.
/// </summary>
/// <param name="dimensions">Dimensions of a report.</param>
internal sealed class LiveStreams(int dimensions)
{
    private const string Prefix = "warnings/";
    private const int Shards = 256;

    private readonly IdMap<StreamWarnings> streams = new();
    private readonly List<ulong> over = [];
    private readonly Dictionary<(ulong Stream, int Condition), RaisedWarning> raised = [];
    private readonly bool[] dirty = new bool[Shards];

    /// <summary>Streams held.</summary>
    public int Count => streams.Count;

    /// <summary>Warnings raised.</summary>
    public int RaisedCount => raised.Count;

    /// <summary>The streams with a raised warning.</summary>
    public IEnumerable<ulong> WithRaised => raised.Keys.Select(key => key.Stream).Distinct();

    /// <summary>Says that a stream is changed soon.</summary>
    public void WillChange(ulong id) => streams.WillFind(id);

    /// <summary>
    /// The state of a stream, made when it is new, to be changed in place before any other call.
    /// </summary>
    public ref StreamWarnings Change(ulong id)
    {
        dirty[ShardOf(id)] = true;
        return ref streams.GetOrAdd(id, out _);
    }

    /// <summary>Keeps a warning that is raised now.</summary>
    public void Raise(ulong id, int condition, RaisedWarning warning) =>
        raised.Add((id, condition), warning);

    /// <summary>Takes a raised warning out.</summary>
    public RaisedWarning Clear(ulong id, int condition)
    {
        raised.Remove((id, condition), out RaisedWarning? warning);
        return warning ?? throw new InvalidOperationException(
            $"stream {id:x16} has no raised warning of {WarningRule.Conditions[condition]}");
    }

    /// <summary>The raised warning of a stream and condition.</summary>
    public RaisedWarning RaisedOf(ulong id, int condition) => raised[(id, condition)];

    /// <summary>Forgets the streams whose last report was at this time or before.</summary>
    public void DropUpTo(long lastMs)
    {
        foreach (ulong id in streams.Ids)
        {
            if (streams.Find(id).LastMs <= lastMs)
                over.Add(id);
        }

        foreach (ulong id in over)
        {
            streams.Remove(id);
            dirty[ShardOf(id)] = true;
        }

        over.Clear();
    }

    /// <summary>Adds the shards that changed.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        List<ulong>?[] byShard = new List<ulong>?[Shards];
        foreach (ulong id in streams.Ids)
        {
            int shard = ShardOf(id);
            if (whole || dirty[shard])
                (byShard[shard] ??= []).Add(id);
        }

        for (int shard = 0; shard < Shards; shard++)
        {
            if (byShard[shard] is { } ids)
                into.Add(StatePart.Write(PartKey(shard), writer => Write(writer, ids)));
            else if (!whole && dirty[shard])
                into.Add(new SnapshotPart(PartKey(shard), null));
        }

        Array.Clear(dirty);
    }

    /// <summary>Takes the streams back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        foreach (string key in parts.Keys)
        {
            if (key.StartsWith(Prefix, StringComparison.Ordinal))
                StatePart.Read(parts, key, Read);
        }
    }

    private static int ShardOf(ulong id) => (int)(id % Shards);

    private static string PartKey(int shard) =>
        Prefix + shard.ToString("d3", CultureInfo.InvariantCulture);

    private void Write(BinaryWriter writer, List<ulong> ids)
    {
        writer.Write7BitEncodedInt(ids.Count);
        foreach (ulong id in ids)
        {
            StreamWarnings stream = streams.Find(id);
            writer.Write(id);
            writer.Write(stream.LastMs);
            writer.Write((ushort)TagsOf(condition => stream.Windows[condition].Known > 0));
            foreach (WarningWindow window in stream.Windows)
            {
                if (window.Known > 0)
                    writer.Write(window.Packed);
            }

            writer.Write((ushort)TagsOf(stream.IsRaised));
            for (int condition = 0; condition < WarningRule.ConditionCount; condition++)
            {
                if (stream.IsRaised(condition))
                    Write(writer, raised[(id, condition)]);
            }
        }
    }

    private void Read(BinaryReader reader)
    {
        int count = reader.Read7BitEncodedInt();
        for (int i = 0; i < count; i++)
        {
            ulong id = reader.ReadUInt64();
            StreamWarnings stream = new() { LastMs = reader.ReadInt64() };
            foreach (int condition in ConditionsOf(reader.ReadUInt16()))
                stream.Windows[condition] = WarningWindow.Unpack(reader.ReadUInt16());
            foreach (int condition in ConditionsOf(reader.ReadUInt16()))
            {
                stream.Raised |= (byte)(1 << condition);
                raised.Add((id, condition), ReadRaised(reader));
            }

            streams.GetOrAdd(id, out _) = stream;
        }
    }

    // By the bits of tags, which never change, not by the place in the list of conditions.
    private static Tags TagsOf(Func<int, bool> has)
    {
        Tags tags = Tags.None;
        for (int condition = 0; condition < WarningRule.ConditionCount; condition++)
        {
            if (has(condition))
                tags |= WarningRule.Conditions[condition];
        }

        return tags;
    }

    private static IEnumerable<int> ConditionsOf(ushort tags) =>
        Enumerable.Range(0, WarningRule.ConditionCount)
            .Where(condition => (tags & (int)WarningRule.Conditions[condition]) != 0);

    private static void Write(BinaryWriter writer, RaisedWarning warning)
    {
        writer.Write(warning.RaisedMs);
        writer.Write(warning.Offset);
        writer.Write(warning.CallId);
        writer.Write(warning.StreamId);
        foreach (string value in warning.Dimensions)
            writer.Write(value);
    }

    private RaisedWarning ReadRaised(BinaryReader reader)
    {
        long raisedMs = reader.ReadInt64(), offset = reader.ReadInt64();
        string callId = reader.ReadString(), streamId = reader.ReadString();
        string[] values = new string[dimensions];
        for (int i = 0; i < dimensions; i++)
            values[i] = reader.ReadString();
        return new RaisedWarning(raisedMs, offset, callId, streamId, values);
    }
}
