namespace Earshot.Archive.DuckDb;

/// <summary>DuckDB's type numbers (duckdb_type in duckdb.h) of the types read here.</summary>
internal enum DuckDbTypeId
{
    Boolean = 1,
    TinyInt = 2,
    SmallInt = 3,
    Integer = 4,
    BigInt = 5,
    UTinyInt = 6,
    USmallInt = 7,
    UInteger = 8,
    UBigInt = 9,
    Float = 10,
    Double = 11,
    Timestamp = 12,
    Date = 13,
    Time = 14,
    Interval = 15,
    HugeInt = 16,
    VarChar = 17,
    Blob = 18,
    Decimal = 19,
    TimestampS = 20,
    TimestampMs = 21,
    TimestampNs = 22,
    Enum = 23,
    List = 24,
    Struct = 25,
    Map = 26,
    Uuid = 27,
    TimestampTz = 31,
    UHugeInt = 32,
    Array = 33,
    SqlNull = 36,
}

/// <summary>A column's type, with its parts.</summary>
internal sealed class DuckDbType
{
    private DuckDbType(DuckDbTypeId id) => Id = id;

    /// <summary>Which type.</summary>
    internal DuckDbTypeId Id { get; }

    /// <summary>Element types: one of a list, key and value of a map, all of a struct.</summary>
    internal IReadOnlyList<DuckDbType> Parts { get; private init; } = [];

    /// <summary>Field names of a struct, values of an enum.</summary>
    internal IReadOnlyList<string> Labels { get; private init; } = [];

    /// <summary>Digits of a decimal.</summary>
    internal int Width { get; private init; }

    /// <summary>Digits after the point of a decimal; length of a fixed array.</summary>
    internal int Scale { get; private init; }

    /// <summary>Values are numbers.</summary>
    internal bool IsNumber =>
        Id is (>= DuckDbTypeId.TinyInt and <= DuckDbTypeId.Double)
            or DuckDbTypeId.HugeInt or DuckDbTypeId.UHugeInt or DuckDbTypeId.Decimal;

    /// <summary>The type as SQL.</summary>
    public override string ToString() => Id switch
    {
        DuckDbTypeId.TimestampTz => "TIMESTAMPTZ",
        DuckDbTypeId.TimestampS => "TIMESTAMP_S",
        DuckDbTypeId.TimestampMs => "TIMESTAMP_MS",
        DuckDbTypeId.TimestampNs => "TIMESTAMP_NS",
        DuckDbTypeId.SqlNull => "NULL",
        DuckDbTypeId.Decimal => $"DECIMAL({Width},{Scale})",
        DuckDbTypeId.List => $"{Parts[0]}[]",
        DuckDbTypeId.Array => $"{Parts[0]}[{Scale}]",
        DuckDbTypeId.Map => $"MAP({Parts[0]}, {Parts[1]})",
        DuckDbTypeId.Struct => "STRUCT("
            + string.Join(", ", Parts.Select((part, i) => $"{Labels[i]} {part}")) + ")",
        _ => Id.ToString().ToUpperInvariant(),
    };

    /// <summary>Reads a native type.</summary>
    internal static DuckDbType Of(LogicalTypeHandle type)
    {
        DuckDbTypeId id = (DuckDbTypeId)DuckDbNative.TypeId(type);
        return id switch
        {
            DuckDbTypeId.Decimal => new DuckDbType(id)
            {
                Width = DuckDbNative.DecimalWidth(type),
                Scale = DuckDbNative.DecimalScale(type),
            },
            DuckDbTypeId.Enum => OfEnum(type),
            DuckDbTypeId.List => new DuckDbType(id)
            {
                Parts = [Take(DuckDbNative.ListChildType(type))],
            },
            DuckDbTypeId.Array => new DuckDbType(id)
            {
                Parts = [Take(DuckDbNative.ArrayChildType(type))],
                Scale = (int)DuckDbNative.ArraySize(type),
            },
            DuckDbTypeId.Map => new DuckDbType(id)
            {
                Parts =
                [
                    Take(DuckDbNative.MapKeyType(type)), Take(DuckDbNative.MapValueType(type)),
                ],
            },
            DuckDbTypeId.Struct => OfStruct(type),
            _ => new DuckDbType(id),
        };
    }

    private static DuckDbType Take(LogicalTypeHandle type)
    {
        using (type)
            return Of(type);
    }

    private static DuckDbType OfEnum(LogicalTypeHandle type)
    {
        string[] values = new string[DuckDbNative.EnumSize(type)];
        for (int i = 0; i < values.Length; i++)
            values[i] = DuckDbNative.TakeText(DuckDbNative.EnumValue(type, (ulong)i));
        return new DuckDbType(DuckDbTypeId.Enum) { Labels = values };
    }

    private static DuckDbType OfStruct(LogicalTypeHandle type)
    {
        int count = (int)DuckDbNative.StructChildCount(type);
        string[] names = new string[count];
        DuckDbType[] parts = new DuckDbType[count];
        for (int i = 0; i < count; i++)
        {
            names[i] = DuckDbNative.TakeText(DuckDbNative.StructChildName(type, (ulong)i));
            parts[i] = Take(DuckDbNative.StructChildType(type, (ulong)i));
        }

        return new DuckDbType(DuckDbTypeId.Struct) { Labels = names, Parts = parts };
    }
}
