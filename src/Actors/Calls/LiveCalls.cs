using System.Collections;
using System.Globalization;
using Earshot.Actors.Stages;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Calls;

/// <summary>
/// The call actors of a partition and their timers. Snapshots hold them in shards, so that only
/// shards that changed are written again.
/// </summary>
internal sealed class LiveCalls(
    CallLimits limits, int dimensions, SymbolTable dimensionValues, SymbolTable metrics,
    bool keepIds = false)
{
    private const string Prefix = "live-calls/";

    /// <summary>Their ids as they came: parts that are there only with rows of calls.</summary>
    private const string IdsPrefix = "live-call-ids/";

    /// <summary>As older versions wrote them: without stream reports.</summary>
    private const string OldPrefix = "calls/";

    private const int Shards = 256;

    /// <summary>Timers are set anew when there are so many beyond twice the calls.</summary>
    private const int TimersSlack = 1024;

    private readonly Dictionary<ulong, CallActor> calls = [];

    // A call has a timer at its deadline or before: one that goes off early is set again, so that
    // a deadline may move on with every report at no cost. Of two due at once the one with the
    // lesser id comes first, whatever came before.
    private readonly PriorityQueue<ulong, (long TimeMs, ulong Id)> timers = new();
    private readonly HashSet<int> dirty = [];
    private readonly List<string> oldParts = [];

    /// <summary>Calls held.</summary>
    public int Count => calls.Count;

    /// <summary>Timers set, those included that no longer fit.</summary>
    public int TimersHeld => timers.Count;

    /// <summary>The call of an id, or null.</summary>
    public CallActor? Find(ulong id) => calls.GetValueOrDefault(id);

    /// <summary>The call of an id, made when it is new.</summary>
    public CallActor GetOrAdd(ulong id)
    {
        if (!calls.TryGetValue(id, out CallActor? call))
            calls.Add(id, call = new CallActor(dimensions));
        return call;
    }

    /// <summary>Must follow every change of a call.</summary>
    public void Changed(ulong id, CallActor call)
    {
        dirty.Add(ShardOf(id));
        long deadline = call.DeadlineMs(limits);
        if (deadline >= call.TimerMs)
            return;
        SetTimer(id, call, deadline);
        if (timers.Count > TimersSlack + (2 * calls.Count))
            SetTimersAnew();
    }

    /// <summary>Removes a call; nothing happens when there is none.</summary>
    public void Remove(ulong id)
    {
        if (calls.Remove(id))
            dirty.Add(ShardOf(id));
    }

    /// <summary>
    /// Takes out the next call whose deadline the watermark has passed. At the deadline itself an
    /// event of the call is not late yet.
    /// </summary>
    public bool TryTakeDue(long watermarkMs, out ulong id, out CallActor call)
    {
        while (timers.TryPeek(out id, out (long TimeMs, ulong Id) timer)
            && timer.TimeMs < watermarkMs)
        {
            timers.Dequeue();
            if (!calls.TryGetValue(id, out CallActor? due) || due.TimerMs != timer.TimeMs)
                continue;
            long deadline = due.DeadlineMs(limits);
            if (deadline != timer.TimeMs)
            {
                SetTimer(id, due, deadline);
                continue;
            }

            Remove(id);
            call = due;
            return true;
        }

        call = null!;
        return false;
    }

    /// <summary>Marks the symbols that the calls use.</summary>
    public void MarkSymbols(BitArray usedValues, BitArray usedMetrics)
    {
        foreach (CallActor call in calls.Values)
            call.MarkSymbols(usedValues, usedMetrics);
    }

    /// <summary>Adds the shards that changed.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        if (!whole)
            into.AddRange(oldParts.Select(key => new SnapshotPart(key, null)));
        oldParts.Clear();
        Dictionary<int, List<ulong>> byShard = [];
        foreach (ulong id in calls.Keys)
        {
            int shard = ShardOf(id);
            if (!whole && !dirty.Contains(shard))
                continue;
            if (!byShard.TryGetValue(shard, out List<ulong>? ids))
                byShard.Add(shard, ids = []);
            ids.Add(id);
        }

        foreach ((int shard, List<ulong> ids) in byShard)
        {
            into.Add(new SnapshotPart(PartKey(Prefix, shard), Write(ids)));
            if (keepIds)
                into.Add(StatePart.Write(
                    PartKey(IdsPrefix, shard), writer => WriteIds(writer, ids)));
        }

        foreach (int shard in dirty)
        {
            if (whole || byShard.ContainsKey(shard))
                continue;
            into.Add(new SnapshotPart(PartKey(Prefix, shard), null));
            if (keepIds)
                into.Add(new SnapshotPart(PartKey(IdsPrefix, shard), null));
        }

        dirty.Clear();
    }

    /// <summary>Takes the calls back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        foreach ((string key, byte[] value) in parts)
        {
            bool isOld = key.StartsWith(OldPrefix, StringComparison.Ordinal);
            if (!isOld && !key.StartsWith(Prefix, StringComparison.Ordinal))
                continue;
            if (isOld)
                oldParts.Add(key);
            using BinaryReader reader = new(new MemoryStream(value));
            int count = reader.Read7BitEncodedInt();
            for (int i = 0; i < count; i++)
            {
                ulong id = reader.ReadUInt64();
                CallActor call = CallActor.Read(
                    reader, dimensions, dimensionValues, metrics, hasMedia: !isOld);
                calls.Add(id, call);
                SetTimer(id, call, call.DeadlineMs(limits));
                if (isOld)
                    dirty.Add(ShardOf(id));
            }
        }

        foreach ((string key, byte[] value) in parts)
        {
            if (!key.StartsWith(IdsPrefix, StringComparison.Ordinal))
                continue;
            using BinaryReader reader = new(new MemoryStream(value));
            int count = reader.Read7BitEncodedInt();
            for (int i = 0; i < count; i++)
                calls[reader.ReadUInt64()].IdText = reader.ReadString();
        }
    }

    private void SetTimer(ulong id, CallActor call, long timeMs)
    {
        call.TimerMs = timeMs;
        timers.Enqueue(id, (timeMs, id));
    }

    private void SetTimersAnew()
    {
        timers.Clear();
        foreach ((ulong id, CallActor call) in calls)
            SetTimer(id, call, call.TimerMs);
    }

    private static int ShardOf(ulong id) => (int)(id % Shards);

    private static string PartKey(string prefix, int shard) =>
        prefix + shard.ToString("d3", CultureInfo.InvariantCulture);

    private void WriteIds(BinaryWriter writer, List<ulong> ids)
    {
        writer.Write7BitEncodedInt(ids.Count);
        foreach (ulong id in ids)
        {
            writer.Write(id);
            writer.Write(calls[id].IdText);
        }
    }

    private byte[] Write(List<ulong> ids)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write7BitEncodedInt(ids.Count);
        foreach (ulong id in ids)
        {
            writer.Write(id);
            calls[id].Write(writer, dimensionValues, metrics);
        }

        return stream.ToArray();
    }
}
