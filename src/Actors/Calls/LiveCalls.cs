using System.Collections;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
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

    /// <summary>Calls that are over and kept to be used again: more are left to the collector.
    /// </summary>
    private const int SpareMax = 65_536;

    // By id the place of a call.
    private readonly IdMap<int> places = new();
    private readonly List<CallActor?> calls = [];
    private readonly CallsAhead ahead = new();

    // Places of calls that are over.
    private readonly Stack<int> spare = new();

    // A call has a timer at its deadline or before: one that goes off early is set again, so that
    // a deadline may move on with every report at no cost. Of two due at once the one with the
    // lesser id comes first, whatever came before.
    private readonly PriorityQueue<ulong, (long TimeMs, ulong Id)> timers = new();
    private readonly bool[] dirty = new bool[Shards];
    private readonly List<string> oldParts = [];

    /// <summary>Calls held.</summary>
    public int Count => places.Count;

    /// <summary>Timers set, those included that no longer fit.</summary>
    public int TimersHeld => timers.Count;

    /// <summary>Says that a call is used soon, see <see cref="CallsAhead"/>.</summary>
    /// <param name="id">Its id; 0: none.</param>
    /// <param name="forReport">By a stream report.</param>
    public void WillUse(ulong id, bool forReport) => ahead.Tell(id, forReport, places, calls);

    /// <summary>Says that the calls told of are used now.</summary>
    public void WillUseNow()
    {
        for (int i = 0; i < CallsAhead.Distance; i++)
            ahead.Tell(0, forReport: false, places, calls);
    }

    /// <summary>The call of an id, or null.</summary>
    public CallActor? Find(ulong id)
    {
        ref int place = ref places.Find(id);
        return Unsafe.IsNullRef(ref place) ? null : calls[place];
    }

    /// <summary>Makes the call of an id that has none.</summary>
    public CallActor Add(ulong id)
    {
        ref int place = ref places.GetOrAdd(id, out bool added);
        Debug.Assert(added);
        if (!spare.TryPop(out place))
        {
            place = calls.Count;
            calls.Add(null);
        }

        CallActor call = calls[place] ??= new CallActor(dimensions);
        call.Begin(id);
        return call;
    }

    /// <summary>Must follow every change of a call.</summary>
    public void Changed(ulong id, CallActor call)
    {
        dirty[ShardOf(id)] = true;
        long deadline = call.DeadlineMs(limits);
        if (deadline >= call.TimerMs)
            return;
        SetTimer(id, call, deadline);
        if (timers.Count > TimersSlack + (2 * places.Count))
            SetTimersAnew();
    }

    /// <summary>
    /// Removes a call, which stays as it is until the next one is made; nothing happens when there
    /// is none.
    /// </summary>
    public void Remove(ulong id)
    {
        ref int found = ref places.Find(id);
        if (Unsafe.IsNullRef(ref found))
            return;
        int place = found;
        places.Remove(id);
        calls[place]!.Id = 0;
        if (spare.Count >= SpareMax)
            calls[place] = null;
        spare.Push(place);
        dirty[ShardOf(id)] = true;
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
            if (Find(id) is not { } due || due.TimerMs != timer.TimeMs)
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
        foreach (CallActor call in Live)
            call.MarkSymbols(usedValues, usedMetrics);
    }

    /// <summary>Adds the shards that changed.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        if (!whole)
            into.AddRange(oldParts.Select(key => new SnapshotPart(key, null)));
        oldParts.Clear();
        ILookup<int, CallActor> byShard = Live
            .Where(call => whole || dirty[ShardOf(call.Id)])
            .ToLookup(call => ShardOf(call.Id));
        foreach (IGrouping<int, CallActor> shard in byShard)
        {
            into.Add(new SnapshotPart(PartKey(Prefix, shard.Key), Write([.. shard])));
            if (keepIds)
                into.Add(StatePart.Write(
                    PartKey(IdsPrefix, shard.Key), writer => WriteIds(writer, [.. shard])));
        }

        for (int shard = 0; shard < Shards; shard++)
        {
            if (whole || !dirty[shard] || byShard.Contains(shard))
                continue;
            into.Add(new SnapshotPart(PartKey(Prefix, shard), null));
            if (keepIds)
                into.Add(new SnapshotPart(PartKey(IdsPrefix, shard), null));
        }

        Array.Clear(dirty);
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
                call.Id = id;
                places.GetOrAdd(id, out _) = calls.Count;
                calls.Add(call);
                SetTimer(id, call, call.DeadlineMs(limits));
                if (isOld)
                    dirty[ShardOf(id)] = true;
            }
        }

        foreach ((string key, byte[] value) in parts)
        {
            if (!key.StartsWith(IdsPrefix, StringComparison.Ordinal))
                continue;
            using BinaryReader reader = new(new MemoryStream(value));
            int count = reader.Read7BitEncodedInt();
            for (int i = 0; i < count; i++)
                Find(reader.ReadUInt64())!.IdText = reader.ReadString();
        }
    }

    private IEnumerable<CallActor> Live => calls.OfType<CallActor>().Where(call => call.Id != 0);

    private void SetTimer(ulong id, CallActor call, long timeMs)
    {
        call.TimerMs = timeMs;
        timers.Enqueue(id, (timeMs, id));
    }

    private void SetTimersAnew()
    {
        timers.Clear();
        foreach (CallActor call in Live)
            SetTimer(call.Id, call, call.TimerMs);
    }

    private static int ShardOf(ulong id) => (int)(id % Shards);

    private static string PartKey(string prefix, int shard) =>
        prefix + shard.ToString("d3", CultureInfo.InvariantCulture);

    private static void WriteIds(BinaryWriter writer, CallActor[] some)
    {
        writer.Write7BitEncodedInt(some.Length);
        foreach (CallActor call in some)
        {
            writer.Write(call.Id);
            writer.Write(call.IdText);
        }
    }

    private byte[] Write(CallActor[] some)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write7BitEncodedInt(some.Length);
        foreach (CallActor call in some)
        {
            writer.Write(call.Id);
            call.Write(writer, dimensionValues, metrics);
        }

        return stream.ToArray();
    }
}
