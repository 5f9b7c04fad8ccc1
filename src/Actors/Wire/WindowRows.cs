using System.Text;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;

namespace Earshot.Actors.Wire;

/// <summary>
/// The rows of one window of a key: written one behind the other, then given out together with
/// their ids.
/// </summary>
internal sealed class WindowRows(PipelineOptions options)
{
    private readonly RowIds ids = new();
    private readonly ProtoBytes rows = new();
    private readonly List<(string Topic, int End)> ends = [];

    // The message RowKey of the window, and the key of its records.
    private readonly ProtoBytes key = new();
    private char[] id = new char[64];
    private byte[] recordKey = new byte[128];
    private int recordKeyLength;

    /// <summary>The message RowKey of the window.</summary>
    public ReadOnlySpan<byte> Key => key.Written;

    /// <summary>Says which window the next rows are of.</summary>
    public void Begin(GroupingKey of, int spec, long startMs)
    {
        GroupingSet set = options.Keys[of.Grouping];
        WindowSpec window = options.Windows[spec];
        ReadOnlySpan<char> text = of.WriteId(ref id);
        int bytesMax = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (recordKey.Length < bytesMax)
            recordKey = new byte[bytesMax];
        recordKeyLength = Encoding.UTF8.GetBytes(text, recordKey);
        ids.Begin(set.Name, GroupingKey.ValuesOf(text), window.Name, startMs);
        key.Clear();
        key.Int(1, startMs);
        key.Int(2, startMs + window.LengthMs);
        key.Text(3, window.Name);
        key.Text(4, set.Name);
        for (int i = 0; i < of.Values.Count; i++)
        {
            if (of.Values[i] is not { } value)
                continue;
            int begun = key.Begin(5);
            key.Text(1, set.Dimensions[i]);
            key.Text(2, value);
            key.End(begun);
        }
    }

    /// <summary>Where the next row is written.</summary>
    public ProtoBytes Next => rows;

    /// <summary>Ends a row.</summary>
    /// <param name="topic">Where it goes.</param>
    /// <param name="table">Its table.</param>
    /// <param name="metric">Its metric; empty for none.</param>
    /// <param name="revision">Its revision; null: it is final.</param>
    public void End(string topic, string table, string metric, long? revision)
    {
        ids.Add(table, metric, revision);
        ends.Add((topic, rows.Written.Length));
    }

    /// <summary>Ends a row of a partial aggregate that came after its window.</summary>
    public void EndLate(string topic, string metric, long revision, int source, long paneMs)
    {
        ids.AddLate(metric, revision, source, paneMs);
        ends.Add((topic, rows.Written.Length));
    }

    /// <summary>Gives the rows out, and begins anew.</summary>
    /// <param name="outputs">Where to.</param>
    /// <param name="more">Adds further headers; null: none.</param>
    public void MoveTo(EpochOutputs outputs, Action<RecordHeadersBuilder>? more = null)
    {
        ids.Make();
        int start = 0;
        for (int row = 0; row < ends.Count; row++)
        {
            RecordHeadersBuilder headers = ids.HeadersOf(row);
            more?.Invoke(headers);
            outputs.Add(
                ends[row].Topic, recordKey.AsSpan(0, recordKeyLength),
                rows.Written[start..ends[row].End], headers.Encoded);
            start = ends[row].End;
        }

        rows.Clear();
        ends.Clear();
        ids.Clear();
    }
}
