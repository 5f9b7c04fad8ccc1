using System.Text;
using Earshot.Sources;
using Earshot.Sources.Csv;
using Earshot.Sources.Rows;

namespace Earshot.Tests.Unit.Sources;

public sealed class RowReaderTests
{
    private const int Max = RowReader.RowBytesMax;

    [Theory]
    [InlineData("a\nb\n", "0:a|1:b", 2)]
    [InlineData("a\r\nb", "0:a|1:b", 2)]
    [InlineData("\uFEFFa\n\n \t\r\nb\n\n", "0:a|3:b", 5)]
    [InlineData("", "", 0)]
    [InlineData("\n", "", 1)]
    [InlineData("\uFEFF", "", 0)]
    public void Lines_are_cut_and_counted(string text, string expected, long lines) =>
        AssertRows(text, RowFraming.Lines, expected, lines);

    [Theory]
    [InlineData("a,b\r\nc,d\r\n", "0:a,b|1:c,d", 2)]
    [InlineData("\"a\nb\",c\nd\n", "0:\"a\nb\",c|2:d", 3)]
    [InlineData("x,\"a\"\"\n\"\"b\"\ny", "0:x,\"a\"\"\n\"\"b\"|2:y", 3)]
    [InlineData("x,\"a\nb\"", "0:x,\"a\nb\"", 2)]
    [InlineData("5\" pipe,a\nb", "0:5\" pipe,a|1:b", 2)]
    [InlineData("\"a\"b\",c\nd", "0:\"a\"b\",c|1:d", 2)]
    [InlineData("a,\"b\nc\nd", "0:a,\"b|1:c|2:d", 3)]
    [InlineData("\"\"\"a\nb\"\nc", "0:\"\"\"a\nb\"|2:c", 3)]
    public void Csv_rows_end_outside_quotes(string text, string expected, long lines) =>
        AssertRows(text, RowFraming.Csv, expected, lines);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Chunks_make_no_difference(int seed)
    {
        Random random = new(seed);
        const string Alphabet = "ab,,\"\"\n\r ";
        for (int round = 0; round < 300; round++)
        {
            byte[] text = new byte[random.Next(60)];
            for (int i = 0; i < text.Length; i++)
                text[i] = (byte)Alphabet[random.Next(Alphabet.Length)];
            string slow = string.Join('|', SlowCsv(Encoding.ASCII.GetString(text)));
            Assert.Equal(slow, Read(new MemoryStream(text), RowFraming.Csv, out long whole));
            Assert.Equal(
                slow, Read(new Chunks(text, random), RowFraming.Csv, out long chunked));
            Assert.Equal(whole, chunked);
            string lines = Read(new MemoryStream(text), RowFraming.Lines, out long count);
            Assert.Equal(lines, Read(new Chunks(text, random), RowFraming.Lines, out _));
            Assert.Equal(count, whole);
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void Rows_written_by_RFC_4180_are_read_back(int seed)
    {
        Random random = new(seed);
        List<string[]> table = [];
        StringBuilder text = new();
        for (int r = 0; r < 500; r++)
        {
            string[] fields = new string[4];
            for (int f = 0; f < fields.Length; f++)
                fields[f] = RandomField(random);
            fields[0] = "x" + fields[0];
            table.Add(fields);
            text.AppendJoin(',', fields.Select(Quoted)).Append(r % 2 == 0 ? "\n" : "\r\n");
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        using RowReader rows = RowReader.Open(new Chunks(bytes, random), RowFraming.Csv);
        CsvRow row = new(4);
        foreach (string[] fields in table)
        {
            Assert.True(rows.TryRead());
            Assert.Null(row.Split(rows.Row));
            for (int f = 0; f < fields.Length; f++)
                Assert.Equal(fields[f], Encoding.UTF8.GetString(row.Field(rows.Row, f)));
        }

        Assert.False(rows.TryRead());
    }

    [Theory]
    [InlineData(RowFraming.Lines)]
    [InlineData(RowFraming.Csv)]
    public void A_line_that_is_too_long_is_cut_and_the_next_one_is_read(RowFraming framing)
    {
        string fits = new('f', Max), tooLong = new('t', (2 * Max) + 5);
        byte[] text = Encoding.ASCII.GetBytes($"a\n{tooLong}\n{fits}\n{tooLong}");
        using RowReader rows = RowReader.Open(new MemoryStream(text), framing);
        List<(long, int)> read = [];
        while (rows.TryRead())
            read.Add((rows.Index, rows.Row.Length));
        Assert.Equal([(0, 1), (1, Max + 1), (2, Max), (3, Max + 1)], read);
        Assert.Equal(4, rows.Next);
    }

    [Fact]
    public void A_quote_that_never_closes_costs_one_line()
    {
        // First by the limit of bytes, then by that of lines, then by the file's end.
        StringBuilder text = new("a,\"b\nc,d\n");
        for (int i = 0; i < 500; i++)
            text.Append('x', 4000).Append('\n');
        text.Append("e,\"f\n");
        for (int i = 0; i < 3000; i++)
            text.Append("y\n");
        text.Append("g,\"h\ni,j\n");
        using RowReader rows = RowReader.Open(
            new MemoryStream(Encoding.ASCII.GetBytes(text.ToString())), RowFraming.Csv);
        List<string> odd = [];
        long count = 0;
        for (; rows.TryRead(); count++)
        {
            Assert.Equal(count, rows.Index);
            if (rows.Row[0] is not ((byte)'x' or (byte)'y'))
                odd.Add(Encoding.ASCII.GetString(rows.Row));
        }

        Assert.Equal(["a,\"b", "c,d", "e,\"f", "g,\"h", "i,j"], odd);
        Assert.Equal(3505, count);
    }

    [Fact]
    public void Delimited_records_are_read_in_any_chunks()
    {
        byte[] large = new byte[Max + 100];
        byte[] text =
        [
            3, 1, 2, 3, 0, 200, 1, .. new byte[200],
            .. Varint(large.Length), .. large, 1, 9,
        ];
        foreach (Stream stream in new Stream[] { new MemoryStream(text), new Chunks(text, new(5)) })
        {
            using RowReader rows = RowReader.Open(stream, RowFraming.Delimited);
            List<int> lengths = [];
            while (rows.TryRead())
                lengths.Add(rows.Row.Length);
            Assert.Equal([3, 0, 200, Max + 1, 1], lengths);
            Assert.Equal(5, rows.Next);
        }
    }

    [Theory]
    [InlineData(new byte[] { 5, 1, 2 }, "only 2 follow")]
    [InlineData(new byte[] { 0x80 }, "inside its length")]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 1 }, "no valid length")]
    public void Delimited_records_cut_off_are_told_of(byte[] text, string expected)
    {
        using RowReader rows = RowReader.Open(new MemoryStream(text), RowFraming.Delimited);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => rows.TryRead());
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    private static void AssertRows(string text, RowFraming framing, string expected, long lines)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Assert.Equal(expected, Read(new MemoryStream(bytes), framing, out long next));
        Assert.Equal(lines, next);
        Assert.Equal(expected, Read(new Chunks(bytes, null), framing, out next));
        Assert.Equal(lines, next);
    }

    private static string Read(Stream stream, RowFraming framing, out long next)
    {
        using RowReader rows = RowReader.Open(stream, framing);
        List<string> read = [];
        while (rows.TryRead())
            read.Add($"{rows.Index}:{Encoding.UTF8.GetString(rows.Row)}");
        next = rows.Next;
        return string.Join('|', read);
    }

    // The same rules, one character after the other.
    private static IEnumerable<string> SlowCsv(string text)
    {
        int start = 0, line = 0;
        while (start < text.Length)
        {
            int end = RowEnd(text, start);
            if (end < 0)
                end = text.IndexOf('\n', start) is int first and >= 0 ? first : text.Length;
            string row = text[start..end];
            int lines = row.Count(c => c == '\n') + 1;
            if (row.EndsWith('\r'))
                row = row[..^1];
            if (row.Trim(' ', '\t').Length > 0)
                yield return $"{line}:{row}";
            line += lines;
            start = end + 1;
        }
    }

    // -1 when the text ends inside quotes.
    private static int RowEnd(string text, int start)
    {
        bool quoted = false, fieldStart = true, closed = false;
        for (int i = start; i < text.Length; i++)
        {
            char c = text[i];
            if (!quoted && c == '\n')
                return i;
            bool was = quoted;
            if (c == '"')
                quoted = !quoted && (fieldStart || closed);
            closed = was && !quoted;
            fieldStart = !quoted && c == ',';
        }

        return quoted ? -1 : text.Length;
    }

    private static string RandomField(Random random)
    {
        const string Alphabet = "abcé,\"\n\r ";
        return string.Concat(Enumerable.Range(0, random.Next(40))
            .Select(_ => Alphabet[random.Next(Alphabet.Length)]));
    }

    private static string Quoted(string field) =>
        field.AsSpan().ContainsAny(",\"\r\n")
            ? "\"" + field.Replace("\"", "\"\"", StringComparison.Ordinal) + "\""
            : field;

    private static byte[] Varint(int value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    // Hands out a few bytes at a time; one without a random source.
    private sealed class Chunks(byte[] bytes, Random? random) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count)
        {
            int most = Length > 100_000 ? 70_000 : 6;
            return base.Read(buffer, offset, Math.Min(count, random?.Next(1, most) ?? 1));
        }
    }
}
