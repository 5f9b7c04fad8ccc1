using System.Text;
using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Schemas;
using V1 = Earshot.Schemas.V1.Bundle;

namespace Earshot.Actors.Wire;

/// <summary>
/// Turns chunks back into partial aggregates. What it needs for one it keeps for the next.
/// </summary>
/// <param name="metricNames">Metric symbols.</param>
/// <param name="keyIdleMs">Keys are forgotten each time so much event time has passed.</param>
internal sealed class BundleReader(SymbolTable metricNames, long keyIdleMs = long.MaxValue)
{
    /// <summary>Cells kept for the next chunk: about as many as one has.</summary>
    private const int SpareMax = 10_000;

    private readonly BundleMessage message = new();
    private readonly BundleKeys known = new(keyIdleMs);
    private readonly BundleRows rows = new();
    private readonly Dictionary<(int Key, long PaneMs), Cell> cells = [];
    private readonly List<Partial> partials = [];
    private readonly List<Cell> used = [];
    private readonly List<Cell> spare = [];
    private readonly List<GroupingKey> keys = [];
    private readonly RowZip zip = new();
    private readonly Aggregate scratch = new();
    private int[] indexes = [];
    private long[] counts = [];

    // By place among the chunk's symbols: what stands for the text of a value, or the metric.
    private const int NotLookedUp = -1;
    private int[] texts = [];
    private int[] metrics = [];

    private (int Key, long PaneMs) lastOf;
    private Cell? last;

    /// <summary>Reads one chunk. Its partials are valid until the next one is read.</summary>
    /// <exception cref="InvalidDataException">The bytes are no bundle, or damaged.</exception>
    public Bundle Read(ReadOnlySpan<byte> bytes)
    {
        Clear();
        message.Parse(bytes);
        if (message.Number(V1.FormatFieldNumber) > BundleWriter.Format)
        {
            throw new InvalidDataException(
                $"the bundle has format {message.Number(V1.FormatFieldNumber)}, and " +
                $"{BundleWriter.Format} is the newest one known here: a newer version wrote it. " +
                "Let that version read it, too.");
        }

        ReadPartials(bytes);
        long chunk = message.Number(V1.ChunkFieldNumber);
        return new Bundle(
            (int)message.Number(V1.SourcePartitionFieldNumber),
            (int)message.Number(V1.SourcePartitionsFieldNumber),
            message.Number(V1.FromFieldNumber), message.Number(V1.ToFieldNumber),
            message.Number(V1.WatermarkFieldNumber),
            message.Number(V1.IdleFieldNumber) != 0, message.Number(V1.EndedFieldNumber) != 0,
            partials, metricNames,
            First: chunk == 0, Last: chunk == message.Number(V1.ChunksFieldNumber) - 1);
    }

    private void Clear()
    {
        foreach (Cell cell in used)
        {
            cell.Reset();
            if (spare.Count < SpareMax)
                spare.Add(cell);
        }

        used.Clear();
        partials.Clear();
        cells.Clear();
        keys.Clear();
        zip.Clear();
        last = null;
    }

    private void ReadPartials(ReadOnlySpan<byte> bytes)
    {
        try
        {
            SetLength(ref texts);
            SetLength(ref metrics);
            ReadKeys(bytes);
            ReadMetrics(bytes);
            EndCell();
            ReadCalls(bytes);
            ReadRows(bytes);
        }
        catch (Exception e) when (
            e is ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            throw new InvalidDataException(
                $"bundle of source {message.Number(V1.SourcePartitionFieldNumber)} " +
                $"[{message.Number(V1.FromFieldNumber)}, {message.Number(V1.ToFieldNumber)}) is " +
                "damaged: its columns do not fit together", e);
        }
    }

    private void SetLength(ref int[] bySymbol)
    {
        if (bySymbol.Length < message.SymbolCount)
            bySymbol = new int[message.SymbolCount];
        bySymbol.AsSpan(0, message.SymbolCount).Fill(NotLookedUp);
    }

    private void ReadKeys(ReadOnlySpan<byte> bytes)
    {
        known.Begin(message.Number(V1.WatermarkFieldNumber));
        PackedColumn groupings = message.Column(bytes, V1.KeyGroupingFieldNumber);
        PackedColumn widths = message.Column(bytes, V1.KeyWidthFieldNumber);
        PackedColumn dimensions = message.Column(bytes, V1.KeyDimensionsFieldNumber);
        Span<int> values = stackalloc int[GroupingSet.DimensionsMax];
        while (!groupings.IsAtEnd)
        {
            int width = widths.NextInt();
            if (width < 0 || width > values.Length)
                throw new ArgumentException($"a key of {width} values");
            for (int i = 0; i < width; i++)
            {
                int symbol = dimensions.NextInt();
                values[i] = symbol == 0 ? 0 : TextOf(bytes, symbol - 1);
            }

            keys.Add(known.KeyOf(groupings.NextInt(), values[..width]));
        }

        widths.RequireEnd();
        dimensions.RequireEnd();
    }

    private void ReadMetrics(ReadOnlySpan<byte> bytes)
    {
        PackedColumn keyOf = message.Column(bytes, V1.MetricKeyFieldNumber);
        PackedColumn panes = message.Column(bytes, V1.MetricPaneFieldNumber);
        PackedColumn names = message.Column(bytes, V1.MetricNameFieldNumber);
        PackedColumn number = message.Column(bytes, V1.MetricCountFieldNumber);
        PackedColumn raw = message.Column(bytes, V1.RawFieldNumber);
        BucketColumns beyond = new(message, bytes);
        while (!keyOf.IsAtEnd)
        {
            Cell cell = CellOf(keyOf.NextInt(), panes.NextSigned());
            int metric = MetricOf(bytes, names.NextInt() - 1);
            long count = number.Next();
            if (count > Aggregate.RawMax)
            {
                beyond.Next(scratch, ref indexes, ref counts);
                cell.Merge(metric, scratch);
                continue;
            }

            for (long n = 0; n < count; n++)
                AddRaw(cell, metric, raw.NextDouble());
        }

        panes.RequireEnd();
        names.RequireEnd();
        number.RequireEnd();
        raw.RequireEnd();
        beyond.RequireEnd();
    }

    private void AddRaw(Cell cell, int metric, double value)
    {
        if (metric < EventRow.MetricsEnd && double.IsFinite(value))
            zip.Add(metric, value);
        else
            cell.Add(metric, value);
    }

    private void ReadCalls(ReadOnlySpan<byte> bytes)
    {
        PackedColumn keyOf = message.Column(bytes, V1.CallKeyFieldNumber);
        PackedColumn panes = message.Column(bytes, V1.CallPaneFieldNumber);
        PackedColumn fields = message.Column(bytes, V1.CallCountsFieldNumber);
        long width = message.Number(V1.CallWidthFieldNumber);
        while (!keyOf.IsAtEnd)
        {
            // A newer sender may count more than we know: its further fields are left out.
            CallCounts into = CellOf(keyOf.NextInt(), panes.NextSigned()).Counts;
            for (int field = 0; field < width; field++)
            {
                long count = fields.Next();
                if (field < CallCounts.Width)
                    into[field] += count;
            }
        }

        panes.RequireEnd();
        fields.RequireEnd();
    }

    private void ReadRows(ReadOnlySpan<byte> bytes)
    {
        PackedColumn keyOf = message.Column(bytes, V1.RowKeyFieldNumber);
        PackedColumn panes = message.Column(bytes, V1.RowPaneFieldNumber);
        PackedColumn numbers = message.Column(bytes, V1.RowNumbersFieldNumber);
        rows.Take(
            message.Column(bytes, V1.RowsFieldNumber).Bytes, message.Number(V1.FormatFieldNumber));
        int at = 0;
        while (!keyOf.IsAtEnd)
        {
            GroupingKey key = KeyOf(keyOf.NextInt());
            int first = at;
            at = rows.Require(at, numbers.NextInt());
            partials.Add(new Partial(key, panes.NextSigned(), rows, first, at));
        }

        panes.RequireEnd();
        numbers.RequireEnd();
        rows.RequireEnd(at);
    }

    private GroupingKey KeyOf(int key) => (uint)key < (uint)keys.Count
        ? keys[key] : throw new ArgumentException($"key {key} of {keys.Count}");

    private int TextOf(ReadOnlySpan<byte> bytes, int symbol)
    {
        RequireSymbol(symbol);
        if (texts[symbol] == NotLookedUp)
            texts[symbol] = known.TextOf(message.Symbol(bytes, symbol));
        return texts[symbol];
    }

    private int MetricOf(ReadOnlySpan<byte> bytes, int symbol)
    {
        RequireSymbol(symbol);
        if (metrics[symbol] == NotLookedUp)
        {
            ReadOnlySpan<byte> name = message.Symbol(bytes, symbol);
            if (name.IsEmpty)
                throw new ArgumentException("a metric without a name");
            metrics[symbol] = metricNames.Intern(Encoding.UTF8.GetString(name));
        }

        return metrics[symbol];
    }

    // Behind the symbols of this chunk there may be some of the one before.
    private void RequireSymbol(int symbol)
    {
        if ((uint)symbol >= (uint)message.SymbolCount)
            throw new ArgumentException($"symbol {symbol} of {message.SymbolCount}");
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
            GroupingKey its = KeyOf(key);
            cells.Add((key, paneMs), cell = TakeCell());
            partials.Add(new Partial(its, paneMs, cell));
        }

        return cell;
    }

    private Cell TakeCell()
    {
        Cell cell = spare.Count == 0 ? new Cell() : spare[^1];
        if (spare.Count > 0)
            spare.RemoveAt(spare.Count - 1);
        used.Add(cell);
        return cell;
    }

    /// <summary>The columns of aggregates of many values.</summary>
    private ref struct BucketColumns(BundleMessage message, ReadOnlySpan<byte> bytes)
    {
        private PackedColumn sums = message.Column(bytes, V1.SumFieldNumber);
        private PackedColumn m2s = message.Column(bytes, V1.M2FieldNumber);
        private PackedColumn mins = message.Column(bytes, V1.MinFieldNumber);
        private PackedColumn maxs = message.Column(bytes, V1.MaxFieldNumber);
        private PackedColumn entries = message.Column(bytes, V1.BucketEntriesFieldNumber);
        private PackedColumn indexOf = message.Column(bytes, V1.BucketIndexFieldNumber);
        private PackedColumn countOf = message.Column(bytes, V1.BucketCountFieldNumber);

        public void Next(Aggregate into, ref int[] indexes, ref long[] counts)
        {
            int number = entries.NextInt();
            if (number < 0 || number > indexOf.Bytes.Length)
                throw new ArgumentException($"an aggregate of {number} buckets");
            if (indexes.Length < number)
                (indexes, counts) = (new int[2 * number], new long[2 * number]);
            for (int i = 0; i < number; i++)
                (indexes[i], counts[i]) = ((int)indexOf.NextSigned(), countOf.Next());
            into.SetBuckets(
                sums.NextDouble(), m2s.NextDouble(), mins.NextDouble(), maxs.NextDouble(),
                indexes.AsSpan(0, number), counts.AsSpan(0, number));
        }

        public readonly void RequireEnd()
        {
            sums.RequireEnd();
            m2s.RequireEnd();
            mins.RequireEnd();
            maxs.RequireEnd();
            entries.RequireEnd();
            indexOf.RequireEnd();
            countOf.RequireEnd();
        }
    }
}
