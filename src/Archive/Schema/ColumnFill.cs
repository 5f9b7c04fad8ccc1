using System.Text;
using Earshot.Archive.DuckDb;
using Earshot.Schemas.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Earshot.Archive.Schema;

/// <summary>A decoded record on its way into columns.</summary>
internal readonly record struct ArchiveRow<T>(T Message, int Partition, long Offset);

/// <summary>Moves one column of some rows into a vector.</summary>
internal delegate void ColumnFill<T>(DuckDbVector vector, ReadOnlySpan<ArchiveRow<T>> rows);

/// <summary>A column and how it is filled.</summary>
internal sealed record TableColumn<T>(ArchiveColumn Column, ColumnFill<T> Fill);

/// <summary>Makes columns of each type; the value function gives null for NULL.</summary>
internal static class TableColumns
{
    internal const string BucketsType = "STRUCT(bucket DOUBLE, \"count\" BIGINT)[]";

    // Texts longer than this are encoded into a buffer of their own.
    private const int StackBytesMax = 512;

    // TIMESTAMPTZ counts microseconds; what would overflow is no time anyone means.
    private const long MillisecondsMax = 253_402_300_799_999; // end of the year 9999

    internal static TableColumn<T> Text<T>(
        string name, string description, Func<ArchiveRow<T>, string?> value) =>
        new(new(name, "VARCHAR", description), (vector, rows) =>
        {
            Span<byte> stack = stackalloc byte[StackBytesMax];
            for (int i = 0; i < rows.Length; i++)
            {
                string? text = value(rows[i]);
                if (text is null)
                    vector.SetNull(i);
                else if (text.Length * 3 > StackBytesMax)
                    vector.SetBytes(i, Encoding.UTF8.GetBytes(text));
                else
                    vector.SetBytes(i, stack[..Encoding.UTF8.GetBytes(text, stack)]);
            }
        });

    internal static TableColumn<T> Integer<T>(
        string name, string description, Func<ArchiveRow<T>, int> value) =>
        new(new(name, "INTEGER", description), (vector, rows) =>
        {
            for (int i = 0; i < rows.Length; i++)
                vector.Set(i, value(rows[i]));
        });

    internal static TableColumn<T> BigInt<T>(
        string name, string description, Func<ArchiveRow<T>, long?> value) =>
        new(new(name, "BIGINT", description), (vector, rows) =>
        {
            for (int i = 0; i < rows.Length; i++)
            {
                if (value(rows[i]) is long number)
                    vector.Set(i, number);
                else
                    vector.SetNull(i);
            }
        });

    /// <summary>NaN becomes NULL: it is no value, and would poison every sum in SQL.</summary>
    internal static TableColumn<T> Double<T>(
        string name, string description, Func<ArchiveRow<T>, double?> value) =>
        new(new(name, "DOUBLE", description), (vector, rows) =>
        {
            for (int i = 0; i < rows.Length; i++)
            {
                if (value(rows[i]) is double number && !double.IsNaN(number))
                    vector.Set(i, number);
                else
                    vector.SetNull(i);
            }
        });

    internal static TableColumn<T> Boolean<T>(
        string name, string description, Func<ArchiveRow<T>, bool?> value) =>
        new(new(name, "BOOLEAN", description), (vector, rows) =>
        {
            for (int i = 0; i < rows.Length; i++)
            {
                if (value(rows[i]) is bool truth)
                    vector.Set(i, truth ? (byte)1 : (byte)0);
                else
                    vector.SetNull(i);
            }
        });

    /// <summary>Values are ms since the epoch; beyond the years 1 to 9999 they are NULL.</summary>
    internal static TableColumn<T> Time<T>(
        string name, string description, Func<ArchiveRow<T>, long?> milliseconds) =>
        new(new(name, "TIMESTAMPTZ", description), (vector, rows) =>
        {
            for (int i = 0; i < rows.Length; i++)
            {
                if (milliseconds(rows[i]) is long time && IsTime(time))
                    vector.Set(i, time * 1000);
                else
                    vector.SetNull(i);
            }
        });

    internal static TableColumn<T> Blob<T>(
        string name, string description, Func<ArchiveRow<T>, ByteString> value) =>
        new(new(name, "BLOB", description), (vector, rows) =>
        {
            for (int i = 0; i < rows.Length; i++)
                vector.SetBytes(i, value(rows[i]).Span);
        });

    internal static TableColumn<T> Buckets<T>(
        string name, string description, Func<ArchiveRow<T>, RepeatedField<Bucket>?> value) =>
        new(
            new(name, BucketsType, description),
            (vector, rows) => FillBuckets(vector, rows, value));

    internal static bool IsTime(long milliseconds) =>
        milliseconds is >= -62_135_596_800_000 and <= MillisecondsMax;

    private static void FillBuckets<T>(
        DuckDbVector vector, ReadOnlySpan<ArchiveRow<T>> rows,
        Func<ArchiveRow<T>, RepeatedField<Bucket>?> value)
    {
        int total = 0;
        foreach (ArchiveRow<T> row in rows)
            total += value(row)?.Count ?? 0;
        vector.ResizeList(total);
        DuckDbVector buckets = vector.ListChild.Field(0);
        DuckDbVector counts = vector.ListChild.Field(1);
        int at = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            if (value(rows[i]) is not RepeatedField<Bucket> list)
            {
                vector.SetNull(i);
                continue;
            }

            vector.Set(i, new DuckDbVector.ListEntry((ulong)at, (ulong)list.Count));
            foreach (Bucket bucket in list)
            {
                buckets.Set(at, bucket.Bucket_);
                counts.Set(at++, bucket.Count);
            }
        }
    }
}
