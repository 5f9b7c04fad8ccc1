using Earshot.Schemas;
using V1 = Earshot.Schemas.V1.Bundle;

namespace Earshot.Actors.Wire;

/// <summary>
/// Where a bundle's fields are in its bytes: the columns are read where they lie. What it needs for
/// one bundle it keeps for the next. Columns are packed and come once, as
/// <see cref="BundleWriter"/> and the generated classes write them.
/// </summary>
internal sealed class BundleMessage
{
    private const int FieldsEnd = 64;

    // Fields that are one number.
    private const ulong Numbers = 1UL << V1.SourcePartitionFieldNumber
        | 1UL << V1.SourcePartitionsFieldNumber | 1UL << V1.FromFieldNumber
        | 1UL << V1.ToFieldNumber | 1UL << V1.WatermarkFieldNumber | 1UL << V1.ChunkFieldNumber
        | 1UL << V1.ChunksFieldNumber | 1UL << V1.IdleFieldNumber | 1UL << V1.EndedFieldNumber
        | 1UL << V1.FormatFieldNumber | 1UL << V1.CallWidthFieldNumber;

    // Fields that are a packed column.
    private const ulong Columns = 1UL << V1.KeyGroupingFieldNumber
        | 1UL << V1.KeyDimensionsFieldNumber | 1UL << V1.KeyWidthFieldNumber
        | 1UL << V1.MetricKeyFieldNumber | 1UL << V1.MetricPaneFieldNumber
        | 1UL << V1.MetricNameFieldNumber | 1UL << V1.MetricCountFieldNumber
        | 1UL << V1.RawFieldNumber | 1UL << V1.SumFieldNumber | 1UL << V1.M2FieldNumber
        | 1UL << V1.MinFieldNumber | 1UL << V1.MaxFieldNumber
        | 1UL << V1.BucketEntriesFieldNumber | 1UL << V1.BucketIndexFieldNumber
        | 1UL << V1.BucketCountFieldNumber | 1UL << V1.CallKeyFieldNumber
        | 1UL << V1.CallPaneFieldNumber | 1UL << V1.CallCountsFieldNumber
        | 1UL << V1.RowKeyFieldNumber | 1UL << V1.RowPaneFieldNumber
        | 1UL << V1.RowNumbersFieldNumber | 1UL << V1.RowsFieldNumber;

    private readonly long[] numbers = new long[FieldsEnd];
    private readonly (int Start, int Length)[] columns = new (int, int)[FieldsEnd];
    private readonly List<(int Start, int Length)> symbols = [];

    /// <summary>How many symbols it has.</summary>
    public int SymbolCount => symbols.Count;

    /// <summary>Finds the fields of a bundle.</summary>
    /// <exception cref="InvalidDataException">The bytes are none.</exception>
    public void Parse(ReadOnlySpan<byte> bytes)
    {
        Array.Clear(numbers);
        Array.Clear(columns);
        symbols.Clear();
        ProtoReader reader = new(bytes);
        while (reader.NextTag() is uint tag and not 0)
        {
            uint field = tag >> ProtoReader.TagTypeBits;
            int type = (int)tag & ((1 << ProtoReader.TagTypeBits) - 1);
            ulong bit = field < FieldsEnd ? 1UL << (int)field : 0;
            bool isText = field == V1.SymbolsFieldNumber;
            if ((bit & Numbers) != 0 && type == ProtoReader.Varint)
            {
                numbers[field] = (long)reader.ReadVarint();
            }
            else if (((bit & Columns) != 0 || isText) && type == ProtoReader.Length)
            {
                int length = reader.ReadBytes().Length;
                (int, int) place = (reader.Position - length, length);
                if (isText)
                    symbols.Add(place);
                else if (columns[field] == default)
                    columns[field] = place;
                else
                    throw new InvalidDataException($"a bundle with field {field} twice");
            }
            else if ((bit & (Numbers | Columns)) != 0 || isText)
            {
                throw new InvalidDataException($"a bundle with field {field} of type {type}");
            }
            else
            {
                reader.Skip(tag);
            }
        }

        if (reader.Error is { } error)
            throw new InvalidDataException("these bytes are no bundle: " + error);
    }

    /// <summary>A field that is one number; 0 when it is left out.</summary>
    public long Number(int field) => numbers[field];

    /// <summary>A symbol's text, UTF-8.</summary>
    /// <param name="bytes">The bundle.</param>
    /// <param name="index">Its place among the symbols, from 0 on.</param>
    public ReadOnlySpan<byte> Symbol(ReadOnlySpan<byte> bytes, int index) =>
        bytes.Slice(symbols[index].Start, symbols[index].Length);

    /// <summary>A field that is a column; empty when it is left out.</summary>
    /// <param name="bytes">The bundle.</param>
    /// <param name="field">Its number.</param>
    public PackedColumn Column(ReadOnlySpan<byte> bytes, int field) =>
        new(bytes.Slice(columns[field].Start, columns[field].Length));
}
