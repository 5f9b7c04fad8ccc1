using System.Numerics;
using Earshot.Analytics;

namespace Earshot.Actors.Keys;

/// <summary>
/// What some rows bring, metric by metric: the values of each in the order they came, and the
/// counts, added up.
/// </summary>
/// <param name="metrics">Bit m: rows may have a value of metric m.</param>
/// <param name="columns">
/// Room for <see cref="RowsMax"/> values of each of these metrics, of any content.
/// </param>
/// <param name="lengths">Room for a number of each.</param>
internal ref struct RowColumns(ulong metrics, Span<double> columns, Span<int> lengths)
{
    /// <summary>Most rows.</summary>
    public const int RowsMax = CellRows.CountMax;

    private readonly Span<double> columns = columns;
    private readonly Span<int> lengths = lengths;

    // What the rows count: most are short, and all of calls or all of reports.
    private CountTally codes;
    private bool hasCodes;
    private bool ofReports;
    private CountTally ones;
    private long connectedMs;
    private long values;

    // Rows so far; where not all have the same metrics, the lengths count.
    private int count;
    private bool isMixed;

    /// <summary>Adds a row's values.</summary>
    public void Add(ReadOnlySpan<long> row)
    {
        ulong its = EventRow.MetricsOf(row[0]);
        row = row[EventRow.HeadOf(row[0])..];
        if (its != metrics || isMixed)
        {
            AddMixed(its, row);
            return;
        }

        for (int column = 0, at = count; column < row.Length; column++, at += RowsMax)
            columns[at] = BitConverter.Int64BitsToDouble(row[column]);
        count++;
    }

    /// <summary>Adds what a row counts.</summary>
    public void Count(ReadOnlySpan<long> row)
    {
        if (!EventRow.TryGetShort(row, out ulong code, out long durationMs))
        {
            CountLong(row);
            return;
        }

        values += BitOperations.PopCount(EventRow.MetricsOf(row[0]));
        connectedMs += durationMs;
        bool isReport = CountCode.IsReport(code);
        if (!hasCodes)
            (hasCodes, ofReports) = (true, isReport);
        if (isReport == ofReports)
            codes.Add(code);
        else
            ones.Add(CountCode.Unpack(code));
    }

    /// <summary>The values of the metric that is n-th of all.</summary>
    public readonly ReadOnlySpan<double> Of(int number) =>
        columns.Slice(number * RowsMax, isMixed ? lengths[number] : count);

    /// <summary>Adds what the rows count to counts.</summary>
    public readonly void CountInto(CallCounts counts)
    {
        counts.Add(ones);
        if (hasCodes)
            counts.Add(codes.Unpacked(ofReports));
        counts.ConnectedMs += connectedMs;
        counts.Values += values;
    }

    private void CountLong(ReadOnlySpan<long> row)
    {
        CountStep step = EventRow.LongStepOf(row, out long its);
        ones.Add(step.Ones);
        connectedMs += step.ConnectedMs;
        values += its;
    }

    private void AddMixed(ulong its, ReadOnlySpan<long> rowValues)
    {
        if (!isMixed)
            lengths.Fill(count);
        isMixed = true;
        int at = 0;
        for (ulong bits = its; bits != 0; bits &= bits - 1)
        {
            int column = BitOperations.PopCount(metrics & ((bits & (~bits + 1)) - 1));
            columns[(column * RowsMax) + lengths[column]++] =
                BitConverter.Int64BitsToDouble(rowValues[at++]);
        }
    }
}
