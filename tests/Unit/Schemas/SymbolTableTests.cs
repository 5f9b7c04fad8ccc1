using System.Collections;
using System.Text;
using Earshot.Schemas;

namespace Earshot.Tests.Unit.Schemas;

public sealed class SymbolTableTests
{
    [Fact]
    public void Texts_and_their_bytes_have_one_symbol()
    {
        SymbolTable table = new();
        for (int i = 0; i < 5000; i++)
        {
            string text = new string('x', i % 40) + "é" + i;
            byte[] utf8 = Encoding.UTF8.GetBytes(text);
            int symbol = i % 2 == 0 ? table.Intern(text) : table.InternUtf8(utf8);
            Assert.Equal(i + 1, symbol);
            Assert.Equal(symbol, table.InternUtf8(utf8));
            Assert.Equal(symbol, table.Intern(text));
            Assert.Equal(text, table[symbol]);
        }

        Assert.Equal(5001, table.Count);
        Assert.Equal(0, table.InternUtf8([]));
    }

    [Fact]
    public void Invalid_bytes_become_the_replacement_character()
    {
        SymbolTable table = new();
        int symbol = table.InternUtf8([0x61, 0xFF]);
        Assert.Equal("a\uFFFD", table[symbol]);
        Assert.Equal(symbol, table.InternUtf8([0x61, 0xFE]));
    }

    [Fact]
    public void A_sweep_frees_what_is_neither_kept_nor_used_and_leaves_the_rest_its_symbols()
    {
        SymbolTable table = new();
        int kept = table.Intern("of the program");
        int used = table.InternUtf8("used by a call, and long"u8);
        int[] others = [.. Enumerable.Range(0, 5000).Select(i => table.InternForUse("o" + i))];
        table.Keep(others[7]);
        BitArray marks = new(table.Count);
        marks[used] = true;
        table.Sweep(marks);
        Assert.Equal(4, table.Held);
        Assert.Equal(kept, table.InternForUse("of the program"));
        Assert.Equal(used, table.InternForUse("used by a call, and long"));
        Assert.Equal(others[7], table.InternUtf8("o7"u8));
        Assert.Throws<ArgumentException>(() => table[others[8]]);

        // Freed symbols are handed out again, to any text.
        int end = table.Count;
        for (int i = 0; i < 4999; i++)
            Assert.InRange(table.InternForUse("another text of some length " + i), 1, end - 1);
        Assert.Equal(end, table.InternForUse("one more"));
        Assert.Equal("one more", table[end]);
        Assert.Equal(used, table.InternForUse("used by a call, and long"));
    }

    [Fact]
    public void Every_dimension_name_and_alias_is_found()
    {
        DimensionSet set = new(DimensionSet.Standard);
        for (int i = 0; i < set.Count; i++)
            Assert.Equal(i, set.OrdinalOf(Encoding.UTF8.GetBytes(set.Names[i])));
        Assert.Equal(3, set.OrdinalOf("country_code"u8));
        Assert.Equal(2, set.OrdinalOf("carrier_sid"u8));
        Assert.Equal(-1, set.OrdinalOf("floor"u8));
        Assert.Equal(-1, set.OrdinalOf([]));
        Assert.Equal(-1, new DimensionSet([]).OrdinalOf("country"u8));
    }
}
