using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Wire;

/// <summary>Turns a chunk's columns back into partial aggregates.</summary>
internal sealed class BundleReader(Schemas.V1.Bundle message, SymbolTable metricNames)
{
    private readonly Dictionary<(int Key, long PaneMs), Cell> cells = [];
    private readonly List<Partial> partials = [];
    private GroupingKey[] keys = [];

    /// <summary>All partials of the chunk.</summary>
    /// <exception cref="InvalidDataException">The columns do not fit together.</exception>
    public List<Partial> Read()
    {
        try
        {
            keys = ReadKeys();
            ReadMetrics();
            ReadCalls();
            return partials;
        }
        catch (Exception e) when (e is ArgumentException or OverflowException)
        {
            throw new InvalidDataException(
                $"bundle of source {message.SourcePartition} [{message.From}, {message.To}) is " +
                "damaged: its columns do not fit together", e);
        }
    }

    private GroupingKey[] ReadKeys()
    {
        GroupingKey[] all = new GroupingKey[message.KeyGrouping.Count];
        int dimension = 0;
        for (int i = 0; i < all.Length; i++)
        {
            string?[] values = new string?[message.KeyWidth[i]];
            for (int d = 0; d < values.Length; d++)
            {
                int symbol = message.KeyDimensions[dimension++];
                values[d] = symbol == 0 ? null : message.Symbols[symbol - 1];
            }

            all[i] = new GroupingKey(message.KeyGrouping[i], values);
        }

        return all;
    }

    private void ReadMetrics()
    {
        int raw = 0, beyond = 0, bucket = 0;
        for (int i = 0; i < message.MetricKey.Count; i++)
        {
            Cell cell = CellOf(message.MetricKey[i], message.MetricPane[i]);
            int metric = metricNames.Intern(message.Symbols[message.MetricName[i] - 1]);
            long count = message.MetricCount[i];
            if (count <= Aggregate.RawMax)
            {
                for (long n = 0; n < count; n++)
                    cell.Add(metric, message.Raw[raw++]);
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

    private Cell CellOf(int key, long paneMs)
    {
        if (!cells.TryGetValue((key, paneMs), out Cell? cell))
        {
            if (key < 0 || key >= keys.Length)
                throw new ArgumentOutOfRangeException(nameof(key));
            cells.Add((key, paneMs), cell = new Cell());
            partials.Add(new Partial(keys[key], paneMs, cell));
        }

        return cell;
    }
}
