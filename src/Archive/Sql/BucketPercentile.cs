using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Earshot.Archive.DuckDb;
using Earshot.Archive.Schema;

namespace Earshot.Archive.Sql;

/// <summary>
/// The SQL function bucket_percentile(buckets, p): the value at index min(n*p//100, n-1) of the
/// n values in the buckets (VOICE.md's rank rule); NULL for none. The buckets may be several
/// rows' in one list, in any order.
/// </summary>
internal static unsafe class BucketPercentile
{
    private const string Name = "bucket_percentile";

    /// <summary>Adds the function to a database.</summary>
    internal static void Register(DuckDbConnection connection)
    {
        using LogicalTypeHandle buckets = BucketsType(connection);
        using LogicalTypeHandle number = DuckDbNative.CreateType((int)DuckDbTypeId.Double);
        using ScalarFunctionHandle function = DuckDbNative.CreateScalarFunction();
        DuckDbNative.SetFunctionName(function, Name);
        DuckDbNative.AddParameter(function, buckets);
        DuckDbNative.AddParameter(function, number);
        DuckDbNative.SetReturnType(function, number);
        DuckDbNative.SetFunction(function, &Run);
        if (DuckDbNative.RegisterScalarFunction(connection.Handle, function) != 0)
            throw new DuckDbException($"DuckDB refuses the function {Name}");
    }

    /// <summary>The value at a percentage of the way through buckets; null for none.</summary>
    /// <exception cref="ArgumentException">The percentage is not from 0 to 100.</exception>
    internal static double? Find(Span<double> values, Span<long> counts, double percent)
    {
        if (percent is not (>= 0 and <= 100))
            throw new ArgumentException($"{Name}: the percentile {percent} is not from 0 to 100");
        values.Sort(counts);
        long total = 0;
        foreach (long count in counts)
            total = checked(total + count);
        if (total == 0)
            return null;
        long index = Math.Min(Rank(total, percent), total - 1);
        int at = 0;
        for (long passed = counts[0]; passed <= index; passed += counts[at])
            at++;
        return values[at];
    }

    // The result is read to its end before the function comes: until then its transaction is open,
    // would take the function in, and be rolled back by the next statement.
    private static LogicalTypeHandle BucketsType(DuckDbConnection connection)
    {
        using DuckDbResult types = connection.Query($"SELECT NULL::{TableColumns.BucketsType}");
        int rows = types.Rows().Count();
        Debug.Assert(rows == 1, "one row, one column");
        return types.NativeType(0);
    }

    // Whole percentages in integers, as the rule wants it: n * 0.95 is not exact.
    private static long Rank(long total, double percent) =>
        percent == Math.Floor(percent)
            ? (long)((Int128)total * (long)percent / 100)
            : (long)Math.Floor(total * percent / 100);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Run(nint info, nint input, nint output)
    {
        try
        {
            Fill(input, DuckDbVector.ForWriting(output));
        }
        catch (Exception e)
        {
            // Nothing may be thrown through native frames: DuckDB fails the query with this.
            DuckDbNative.SetFunctionError(info, e.Message);
        }
    }

    private static void Fill(nint input, DuckDbVector output)
    {
        DuckDbVector lists = new(DuckDbNative.ChunkVector(input, 0));
        DuckDbVector percents = new(DuckDbNative.ChunkVector(input, 1));
        DuckDbVector bucketColumn = lists.ListChild.Field(0);
        DuckDbVector countColumn = lists.ListChild.Field(1);
        int rows = (int)DuckDbNative.ChunkSize(input);
        double[] values = [];
        long[] counts = [];
        for (int row = 0; row < rows; row++)
        {
            if (lists.IsNull(row) || percents.IsNull(row))
            {
                output.SetNull(row);
                continue;
            }

            DuckDbVector.ListEntry entry = lists.Get<DuckDbVector.ListEntry>(row);
            int length = (int)entry.Length;
            if (values.Length < length)
            {
                values = new double[length];
                counts = new long[length];
            }

            int used = 0;
            for (int at = (int)entry.Offset; at < (int)entry.Offset + length; at++)
            {
                if (bucketColumn.IsNull(at) || countColumn.IsNull(at))
                    continue;
                values[used] = bucketColumn.Get<double>(at);
                counts[used++] = Math.Max(0, countColumn.Get<long>(at));
            }

            double? found = Find(
                values.AsSpan(0, used), counts.AsSpan(0, used), percents.Get<double>(row));
            if (found is double value)
                output.Set(row, value);
            else
                output.SetNull(row);
        }
    }
}
