using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Earshot.Schemas;

namespace Earshot.Actors.Calls;

/// <summary>
/// Fetches what the calls to come are found by: the place of the id, the call, what it refers to.
/// Each is found by the one before, so a call goes one step of the way with each two of those that
/// follow it.
/// </summary>
internal sealed class CallsAhead
{
    /// <summary>So many are told of after a call, until all of it is on its way.</summary>
    public const int Distance = 6;

    // A power of two above the distance.
    private const int Size = 8;

    // Those told of last, in turn.
    private readonly Told[] told = new Told[Size];
    private int next;

    /// <summary>Tells of a call.</summary>
    /// <param name="id">Its id; 0: none.</param>
    /// <param name="forReport">By a stream report.</param>
    /// <param name="places">By id the place of a call.</param>
    /// <param name="calls">The calls.</param>
    public void Tell(
        ulong id, bool forReport, IdMap<int> places, List<CallActor?> calls)
    {
        if (id != 0)
            places.WillFind(id);
        told[next] = new Told { Id = id, ForReport = forReport };
        ref Told found = ref Before(2);
        if (found.Id != 0)
        {
            ref int place = ref places.Find(found.Id);
            if (!Unsafe.IsNullRef(ref place))
            {
                found.Place = place + 1;
                CacheLine.Fetch(ref CollectionsMarshal.AsSpan(calls)[place]);
            }
        }

        found = ref Before(4);
        if (found.Place > 0)
        {
            found.Call = calls[found.Place - 1];
            found.Call?.WillUse(found.ForReport);
        }

        found = ref Before(Distance);
        found.Call?.WillUseAll(found.ForReport);
        next = (next + 1) & (Size - 1);
    }

    private ref Told Before(int turns) => ref told[(next - turns) & (Size - 1)];

    private struct Told
    {
        public ulong Id;
        public bool ForReport;
        public int Place; // plus 1; 0: not known
        public CallActor? Call;
    }
}
