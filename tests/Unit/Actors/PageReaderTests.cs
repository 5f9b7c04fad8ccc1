using System.Text;
using Earshot.Actors.Keys;
using Earshot.Schemas;

namespace Earshot.Tests.Unit.Actors;

public sealed class PageReaderTests
{
    [Fact]
    public void Reads_what_a_binary_writer_writes()
    {
        using PageReader reader = new(Written(writer =>
        {
            writer.Write((byte)7);
            writer.Write(true);
            writer.Write(-5);
            writer.Write(long.MinValue);
            writer.Write(ulong.MaxValue);
            writer.Write(1.5);
            writer.Write7BitEncodedInt(300);
            writer.Write7BitEncodedInt64(-1);
            writer.Write("Zürich");
            writer.Write("pdd");
            writer.Write(new byte[3]);
            writer.Write("end");
        }));
        SymbolTable names = new();

        Assert.Equal(7, reader.ReadByte());
        Assert.True(reader.ReadBoolean());
        Assert.Equal(-5, reader.ReadInt32());
        Assert.Equal(long.MinValue, reader.ReadInt64());
        Assert.Equal(ulong.MaxValue, reader.ReadUInt64());
        Assert.Equal(1.5, reader.ReadDouble());
        Assert.Equal(300, reader.Read7BitEncodedInt());
        Assert.Equal(-1, reader.Read7BitEncodedInt64());
        Assert.Equal("Zürich", reader.ReadString());
        Assert.Equal(names.Intern("pdd"), reader.ReadSymbol(names));
        reader.Skip(3);
        Assert.Equal("end"u8, reader.ReadText());
    }

    [Fact]
    public void Bytes_that_end_early_are_refused()
    {
        using PageReader reader = new(Written(writer => writer.Write(1)));
        Assert.Throws<EndOfStreamException>(() => reader.ReadInt64());
        using PageReader text = new([3, (byte)'a']);
        Assert.Throws<EndOfStreamException>(() => text.ReadString());
        using PageReader negative = new([0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
        Assert.Throws<EndOfStreamException>(() => negative.ReadString());
        using PageReader empty = new([]);
        Assert.Throws<EndOfStreamException>(() => empty.ReadByte());
    }

    [Fact]
    public void What_it_does_not_know_fails_instead_of_giving_nothing()
    {
        using PageReader reader = new(new byte[8]);
        Assert.Throws<EndOfStreamException>(() => reader.ReadInt16());
    }

    [Theory]
    [InlineData(0, new[] { "AC1" })]
    [InlineData(3, new[] { "a", null, "" })]
    [InlineData(12, new[] { "Zürich", "a\u001fb\u001b", "\u0001" })]
    [InlineData(1, new string?[0])]
    public void A_key_is_the_same_from_its_id_as_text_and_as_bytes(int grouping, string?[] values)
    {
        GroupingKey key = new(grouping, values);
        GroupingKey read = GroupingKey.Parse(Encoding.UTF8.GetBytes(key.Id));
        Assert.Equal(key, read);
        Assert.Equal(key, GroupingKey.Parse(key.Id));
        Assert.Equal(key.Hash, read.Hash);
        Assert.Equal(values, read.Values);
    }

    private static byte[] Written(Action<BinaryWriter> write)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        write(writer);
        writer.Flush();
        return stream.ToArray();
    }
}
