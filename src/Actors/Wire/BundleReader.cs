using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Schemas;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Earshot.Actors.Wire;

/// <summary>
/// Turns chunks back into partial aggregates. What it needs for one it keeps for the next.
/// </summary>
internal sealed class BundleReader(SymbolTable metricNames)
{
    /// <summary>Cells kept for the next chunk: about as many as one has.</summary>
    private const int SpareMax = 10_000;

    private readonly Schemas.V1.Bundle message = new();
    private readonly Dictionary<(int Key, long PaneMs), Cell> cells = [];
    private readonly List<Partial> partials = [];
    private readonly List<Cell> spare = [];
    private readonly List<GroupingKey> keys = [];
    private readonly RowZip zip = new();
    private readonly long[] row = new long[EventRow.LengthMax];

    // By place of the name among the chunk's symbols; 0: not looked up yet.
    private int[] metrics = [];
    private (int Key, long PaneMs) lastOf;
    private Cell? last;

    /// <summary>Reads one chunk. Its partials are valid until the next one is read.</summary>
    /// <exception cref="InvalidDataException">The bytes are no bundle, or damaged.</exception>
    public Bundle Read(ReadOnlySpan<byte> bytes)
    {
        Clear();
        Parse(bytes);
        ReadPartials();
        return new Bundle(
            message.SourcePartition, message.SourcePartitions, message.From, message.To,
            message.Watermark, message.Idle, message.Ended, partials, metricNames,
            First: message.Chunk == 0, Last: message.Chunk == message.Chunks - 1);
    }

    private void Clear()
    {
        foreach (Partial partial in partials)
        {
            partial.Cell.Reset();
            if (spare.Count < SpareMax)
                spare.Add(partial.Cell);
        }

        partials.Clear();
        cells.Clear();
        keys.Clear();
        zip.Clear();
        last = null;
        foreach (FieldDescriptor field in Schemas.V1.Bundle.Descriptor.Fields.InFieldNumberOrder())
            field.Accessor.Clear(message);
    }

    private void Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            message.MergeFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException("these bytes are no bundle: " + e.Message, e);
        }

        if (message.Format > BundleWriter.Format)
        {
            throw new InvalidDataException(
                $"the bundle has format {message.Format}, and {BundleWriter.Format} is the " +
                "newest one known here: a newer version wrote it. Let that version read it, too.");
        }
    }

    private void ReadPartials()
    {
        try
        {
            ReadKeys();
            metrics = new int[message.Symbols.Count];
            ReadMetrics();
            EndCell();
            ReadCalls();
            ReadRows();
        }
        catch (Exception e) when (
            e is ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            throw new InvalidDataException(
                $"bundle of source {message.SourcePartition} [{message.From}, {message.To}) is " +
                "damaged: its columns do not fit together", e);
        }
    }

    private void ReadKeys()
    {
        int dimension = 0;
        for (int i = 0; i < message.KeyGrouping.Count; i++)
        {
            string?[] values = new string?[message.KeyWidth[i]];
            for (int d = 0; d < values.Length; d++)
            {
                int symbol = message.KeyDimensions[dimension++];
                values[d] = symbol == 0 ? null : message.Symbols[symbol - 1];
            }

            keys.Add(new GroupingKey(message.KeyGrouping[i], values));
        }
    }

    private void ReadMetrics()
    {
        int raw = 0, beyond = 0, bucket = 0;
        for (int i = 0; i < message.MetricKey.Count; i++)
        {
            Cell cell = CellOf(message.MetricKey[i], message.MetricPane[i]);
            int metric = MetricOf(message.MetricName[i] - 1);
            long count = message.MetricCount[i];
            if (count <= Aggregate.RawMax)
            {
                for (long n = 0; n < count; n++)
                    AddRaw(cell, metric, message.Raw[raw++]);
                continue;
            }

            int entries = message.BucketEntries[beyond];
            int[] indexes = new int[entries];
            long[] counts = new long[entries];
            for (int n = 0; n < entries; n++, bucket++)
            {
                indexes[n] = message.BucketIndex[bucket];
                counts[n] = message.BucketCount[bucket];
            }

            cell.Merge(metric, Aggregate.FromBuckets(
                message.Sum[beyond], message.M2[beyond], message.Min[beyond], message.Max[beyond],
                indexes, counts));
            beyond++;
        }
    }

    private void AddRaw(Cell cell, int metric, double value)
    {
        if (metric < EventRow.MetricsEnd && double.IsFinite(value))
            zip.Add(metric, value);
        else
            cell.Add(metric, value);
    }

    private void ReadCalls()
    {
        int width = message.CallWidth;
        for (int i = 0; i < message.CallKey.Count; i++)
        {
            // A newer sender may count more than we know: its further fields are left out.
            CallCounts counts = CellOf(message.CallKey[i], message.CallPane[i]).Counts;
            for (int n = 0; n < Math.Min(width, CallCounts.Width); n++)
                counts[n] += message.CallCounts[(i * width) + n];
        }
    }

    private void ReadRows()
    {
        int at = 0;
        for (int i = 0; i < message.RowKey.Count; i++)
        {
            Cell cell = CellOf(message.RowKey[i], message.RowPane[i]);
            for (int end = at + message.RowNumbers[i]; at < end;)
            {
                int length = EventRow.LengthOf((long)message.Rows[at]);
                if (length > row.Length || length > end - at)
                    throw new ArgumentException($"a row of {length} numbers");
                for (int n = 0; n < length; n++)
                    row[n] = (long)message.Rows[at++];
                EventRow.Require(row.AsSpan(0, length));
                cell.Add(row.AsSpan(0, length));
            }
        }

        if (at != message.Rows.Count)
            throw new ArgumentException($"rows of {message.Rows.Count} numbers, not {at}");
    }

    private int MetricOf(int symbol)
    {
        if (metrics[symbol] == 0)
            metrics[symbol] = metricNames.Intern(message.Symbols[symbol]);
        return metrics[symbol];
    }

    private Cell CellOf(int key, long paneMs)
    {
        // The entries of one cell come one after another.
        if (last is { } cell && lastOf == (key, paneMs))
            return cell;
        EndCell();
        lastOf = (key, paneMs);
        return last = FindCell(key, paneMs);
    }

    // Its values are complete.
    private void EndCell()
    {
        if (last is not null)
            zip.MoveTo(last);
        last = null;
    }

    private Cell FindCell(int key, long paneMs)
    {
        if (!cells.TryGetValue((key, paneMs), out Cell? cell))
        {
            if (key < 0 || key >= keys.Count)
                throw new ArgumentOutOfRangeException(nameof(key));
            cells.Add((key, paneMs), cell = TakeCell());
            partials.Add(new Partial(keys[key], paneMs, cell));
        }

        return cell;
    }

    private Cell TakeCell()
    {
        if (spare.Count == 0)
            return new Cell();
        Cell cell = spare[^1];
        spare.RemoveAt(spare.Count - 1);
        return cell;
    }
}
