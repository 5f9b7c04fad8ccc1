using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Earshot.Archive.DuckDb;

/// <summary>
/// DuckDB values as .NET ones: integers as their own kind (Int128 for HUGEINT), DECIMAL as
/// decimal, TIMESTAMPTZ as DateTimeOffset in UTC, other timestamps as DateTime, DATE as DateOnly,
/// TIME as TimeSpan, INTERVAL as text, BLOB as byte[], lists as object?[], structs and maps as
/// KeyValuePair arrays; NULL as null.
/// </summary>
internal static class DuckDbValues
{
    /// <summary>Reads one value.</summary>
    /// <exception cref="NotSupportedException">The type has no .NET form here.</exception>
    internal static object? Read(DuckDbType type, DuckDbVector vector, int row)
    {
        if (type.Id == DuckDbTypeId.SqlNull || vector.IsNull(row))
            return null;
        return type.Id switch
        {
            DuckDbTypeId.Boolean => vector.Get<byte>(row) != 0,
            DuckDbTypeId.TinyInt => vector.Get<sbyte>(row),
            DuckDbTypeId.SmallInt => vector.Get<short>(row),
            DuckDbTypeId.Integer => vector.Get<int>(row),
            DuckDbTypeId.BigInt => vector.Get<long>(row),
            DuckDbTypeId.UTinyInt => vector.Get<byte>(row),
            DuckDbTypeId.USmallInt => vector.Get<ushort>(row),
            DuckDbTypeId.UInteger => vector.Get<uint>(row),
            DuckDbTypeId.UBigInt => vector.Get<ulong>(row),
            DuckDbTypeId.Float => vector.Get<float>(row),
            DuckDbTypeId.Double => vector.Get<double>(row),
            DuckDbTypeId.HugeInt => vector.Get<HugeInt>(row).ToInt128(),
            DuckDbTypeId.UHugeInt => vector.Get<HugeInt>(row).ToUInt128(),
            DuckDbTypeId.Decimal => ReadDecimal(type, vector, row),
            DuckDbTypeId.VarChar => Encoding.UTF8.GetString(vector.GetBytes(row)),
            DuckDbTypeId.Blob => vector.GetBytes(row).ToArray(),
            DuckDbTypeId.Uuid => ReadUuid(vector.Get<HugeInt>(row)),
            DuckDbTypeId.Enum => ReadEnum(type, vector, row),
            _ => ReadTime(type, vector, row) ?? ReadNested(type, vector, row),
        };
    }

    private static object? ReadTime(DuckDbType type, DuckDbVector vector, int row) => type.Id switch
    {
        DuckDbTypeId.TimestampTz => Instant(vector.Get<long>(row), 10, utc: true),
        DuckDbTypeId.Timestamp => Instant(vector.Get<long>(row), 10, utc: false),
        DuckDbTypeId.TimestampMs =>
            Instant(vector.Get<long>(row), TimeSpan.TicksPerMillisecond, utc: false),
        DuckDbTypeId.TimestampS =>
            Instant(vector.Get<long>(row), TimeSpan.TicksPerSecond, utc: false),
        DuckDbTypeId.TimestampNs => Instant(vector.Get<long>(row) / 100, 1, utc: false),
        DuckDbTypeId.Date => Day(vector.Get<int>(row)),
        DuckDbTypeId.Time => new TimeSpan(vector.Get<long>(row) * 10),
        DuckDbTypeId.Interval => vector.Get<Interval>(row).ToString(),
        _ => null,
    };

    private static object ReadNested(DuckDbType type, DuckDbVector vector, int row)
    {
        switch (type.Id)
        {
            case DuckDbTypeId.List:
                DuckDbVector.ListEntry entry = vector.Get<DuckDbVector.ListEntry>(row);
                return ReadList(
                    type.Parts[0], vector.ListChild, (int)entry.Offset, (int)entry.Length);
            case DuckDbTypeId.Array:
                return ReadList(type.Parts[0], vector.ArrayChild, row * type.Scale, type.Scale);
            case DuckDbTypeId.Map:
                return ReadMap(type, vector, row);
            case DuckDbTypeId.Struct:
                return ReadStruct(type, vector, row);
            default:
                throw new NotSupportedException(
                    $"Values of DuckDB type {type} cannot be shown: cast them to VARCHAR.");
        }
    }

    private static object?[] ReadList(DuckDbType type, DuckDbVector child, int from, int length)
    {
        object?[] values = new object?[length];
        for (int i = 0; i < length; i++)
            values[i] = Read(type, child, from + i);
        return values;
    }

    private static KeyValuePair<string, object?>[] ReadStruct(
        DuckDbType type, DuckDbVector vector, int row)
    {
        KeyValuePair<string, object?>[] fields =
            new KeyValuePair<string, object?>[type.Parts.Count];
        for (int i = 0; i < fields.Length; i++)
            fields[i] = new(type.Labels[i], Read(type.Parts[i], vector.Field(i), row));
        return fields;
    }

    private static KeyValuePair<string, object?>[] ReadMap(
        DuckDbType type, DuckDbVector vector, int row)
    {
        DuckDbVector.ListEntry entry = vector.Get<DuckDbVector.ListEntry>(row);
        DuckDbVector keys = vector.ListChild.Field(0);
        DuckDbVector values = vector.ListChild.Field(1);
        KeyValuePair<string, object?>[] map = new KeyValuePair<string, object?>[entry.Length];
        for (int i = 0; i < map.Length; i++)
        {
            int at = (int)entry.Offset + i;
            object? key = Read(type.Parts[0], keys, at);
            string text = Convert.ToString(key, CultureInfo.InvariantCulture) ?? "";
            map[i] = new(text, Read(type.Parts[1], values, at));
        }

        return map;
    }

    private static object ReadDecimal(DuckDbType type, DuckDbVector vector, int row)
    {
        // The storage follows from the number of digits (duckdb_decimal_internal_type).
        Int128 unscaled = type.Width switch
        {
            <= 4 => vector.Get<short>(row),
            <= 9 => vector.Get<int>(row),
            <= 18 => vector.Get<long>(row),
            _ => vector.Get<HugeInt>(row).ToInt128(),
        };
        if (type.Width <= 28)
        {
            decimal value = (decimal)Int128.Abs(unscaled);
            int[] bits = decimal.GetBits(value);
            return new decimal(
                bits[0], bits[1], bits[2], Int128.IsNegative(unscaled), (byte)type.Scale);
        }

        string digits = Int128.Abs(unscaled).ToString(CultureInfo.InvariantCulture)
            .PadLeft(type.Scale + 1, '0');
        string sign = Int128.IsNegative(unscaled) ? "-" : "";
        return type.Scale == 0
            ? sign + digits
            : $"{sign}{digits[..^type.Scale]}.{digits[^type.Scale..]}";
    }

    private static object Instant(long count, long ticksPerCount, bool utc)
    {
        long countMax = (DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks) / ticksPerCount;
        long countMin = -DateTime.UnixEpoch.Ticks / ticksPerCount;
        if (count > countMax || count < countMin)
            return Beyond(count);
        DateTime time = new(DateTime.UnixEpoch.Ticks + (count * ticksPerCount));
        if (utc)
            return new DateTimeOffset(time, TimeSpan.Zero);
        return time;
    }

    private static object Day(int days)
    {
        int epoch = DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;
        return days > DateOnly.MaxValue.DayNumber - epoch || days < -epoch
            ? Beyond(days)
            : DateOnly.FromDayNumber(epoch + days);
    }

    // DuckDB's infinities, and years .NET does not have.
    private static string Beyond(long count) => count < 0 ? "-infinity" : "infinity";

    private static Guid ReadUuid(HugeInt value)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)value.Upper ^ (1UL << 63));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], value.Lower);
        return new Guid(bytes, bigEndian: true);
    }

    private static string ReadEnum(DuckDbType type, DuckDbVector vector, int row)
    {
        uint index = type.Labels.Count switch
        {
            <= byte.MaxValue => vector.Get<byte>(row),
            <= ushort.MaxValue => vector.Get<ushort>(row),
            _ => vector.Get<uint>(row),
        };
        return type.Labels[(int)index];
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct HugeInt(ulong Lower, long Upper)
    {
        internal Int128 ToInt128() => new((ulong)Upper, Lower);

        internal UInt128 ToUInt128() => new((ulong)Upper, Lower);
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Interval(int Months, int Days, long Micros)
    {
        public override string ToString()
        {
            List<string> parts = [];
            if (Months != 0)
                parts.Add($"{Months} months");
            if (Days != 0)
                parts.Add($"{Days} days");
            if (Micros != 0 || parts.Count == 0)
            {
                TimeSpan time = new(Math.Abs(Micros) * 10);
                string sign = Micros < 0 ? "-" : "";
                string fraction = Micros % 1_000_000 == 0 ? "" : $"{time:'.'ffffff}";
                int hours = (int)time.TotalHours;
                parts.Add($"{sign}{hours:D2}:{time.Minutes:D2}:{time.Seconds:D2}{fraction}");
            }

            return string.Join(' ', parts);
        }
    }
}
