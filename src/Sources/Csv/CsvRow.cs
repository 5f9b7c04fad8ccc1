using System.Numerics;
using System.Runtime.Intrinsics;
using System.Text;

namespace Earshot.Sources.Csv;

/// <summary>
/// Splits CSV rows (RFC 4180) into fields, reusing its buffers. A quote inside a field that does
/// not begin with one is an ordinary character.
/// </summary>
internal sealed class CsvRow
{
    private readonly int[] bounds; // field i lies in (bounds[i], bounds[i + 1])
    private readonly byte delimiter;
    private byte[] unquoted = new byte[256];
    private int unquotedUsed;

    /// <summary>For rows of that many fields with that between them.</summary>
    public CsvRow(int columns, byte delimiter = (byte)',')
    {
        bounds = new int[columns + 1];
        this.delimiter = delimiter;
    }

    /// <summary>Finds the fields of a row.</summary>
    /// <returns>Null, or what is wrong with the row.</returns>
    public string? Split(ReadOnlySpan<byte> row)
    {
        unquotedUsed = 0;
        bounds[0] = -1;
        int count = SplitPlain(row);
        string? error = null;
        if (count < 0)
            count = SplitQuoted(row, out error);
        if (error is null && count != bounds.Length - 1)
            error = $"{count} fields, the header has {bounds.Length - 1}";
        return error;
    }

    /// <summary>Field <paramref name="index"/> of the row that was split last.</summary>
    public ReadOnlySpan<byte> Field(ReadOnlySpan<byte> row, int index)
    {
        ReadOnlySpan<byte> field = row[(bounds[index] + 1)..bounds[index + 1]];
        return field.Length > 0 && field[0] == '"' ? Unquote(field) : field;
    }

    /// <summary>Splits a row of any number of fields into texts.</summary>
    /// <returns>Null, or what is wrong with the row.</returns>
    public static string? SplitInto(
        ReadOnlySpan<byte> row, List<string> fields, byte delimiter = (byte)',')
    {
        CsvRow splitter = new(row.Count(delimiter) + 1, delimiter);
        splitter.bounds[0] = -1;
        int count = splitter.SplitQuoted(row, out string? error);
        for (int i = 0; i < count && error is null; i++)
            fields.Add(Encoding.UTF8.GetString(splitter.Field(row, i)));
        return error;
    }

    // -1 when there is a quote. Fields beyond the last column are only counted.
    private int SplitPlain(ReadOnlySpan<byte> row)
    {
        int count = 0, i = 0;
        int[] ends = bounds;
        byte between = delimiter;
        Vector256<byte> comma = Vector256.Create(between), quote = Vector256.Create((byte)'"');
        for (; i <= row.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            Vector256<byte> block = Vector256.Create(row.Slice(i, Vector256<byte>.Count));
            if (Vector256.EqualsAny(block, quote))
                return -1;
            uint commas = Vector256.Equals(block, comma).ExtractMostSignificantBits();
            for (; commas != 0; commas &= commas - 1)
            {
                if (++count < ends.Length)
                    ends[count] = i + BitOperations.TrailingZeroCount(commas);
            }
        }

        for (; i < row.Length; i++)
        {
            if (row[i] == '"')
                return -1;
            if (row[i] == between && ++count < ends.Length)
                ends[count] = i;
        }

        if (++count < ends.Length)
            ends[count] = row.Length;
        return count;
    }

    private int SplitQuoted(ReadOnlySpan<byte> row, out string? error)
    {
        int count = 0, start = 0;
        error = null;
        while (true)
        {
            int end = FieldEnd(row, start, out string? wrong);
            count++;
            if (wrong is not null)
            {
                error = $"field {count}: {wrong}";
                return count;
            }

            if (count < bounds.Length)
                bounds[count] = end;
            if (end == row.Length)
                return count;
            start = end + 1;
        }
    }

    private int FieldEnd(ReadOnlySpan<byte> row, int start, out string? wrong)
    {
        wrong = null;
        int end = start;
        bool quoted = start < row.Length && row[start] == '"';
        if (quoted)
        {
            end = start + 1;
            while (true)
            {
                int next = row[end..].IndexOf((byte)'"');
                if (next < 0)
                {
                    wrong = "its quote is not closed";
                    return row.Length;
                }

                end += next + 1;
                if (end == row.Length || row[end] != '"')
                    break;
                end++;
            }
        }

        int comma = row[end..].IndexOf(delimiter);
        int fieldEnd = comma < 0 ? row.Length : end + comma;
        if (quoted && fieldEnd != end)
            wrong = "text after its closing quote";
        return fieldEnd;
    }

    private ReadOnlySpan<byte> Unquote(ReadOnlySpan<byte> field)
    {
        ReadOnlySpan<byte> inner = field[1..^1];
        if (!inner.Contains((byte)'"'))
            return inner;
        // Several fields of one row may be in use at once: each keeps its place until the next.
        if (unquoted.Length - unquotedUsed < inner.Length)
        {
            unquoted = new byte[Math.Max(unquoted.Length * 2, inner.Length * 2)];
            unquotedUsed = 0;
        }

        Span<byte> to = unquoted.AsSpan(unquotedUsed);
        int length = 0;
        for (int i = 0; i < inner.Length; i++)
        {
            to[length++] = inner[i];
            if (inner[i] == '"')
                i++;
        }

        unquotedUsed += length;
        return to[..length];
    }
}
