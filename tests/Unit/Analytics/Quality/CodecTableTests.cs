using Earshot.Analytics.Quality;

namespace Earshot.Tests.Unit.Analytics.Quality;

public class CodecTableTests
{
    private static readonly Codec Opus = new("Opus", 3, 20, "own measurement");

    [Theory] // ITU-T G.113 Appendix I.
    [InlineData("PCMU", 0, 4.3)]
    [InlineData("pcma/8000", 0, 4.3)]
    [InlineData("audio/PCMU", 0, 4.3)]
    [InlineData("G711", 0, 4.3)]
    [InlineData("G.711 with PLC", 0, 25.1)]
    [InlineData("G729", 11, 19.0)]
    [InlineData(" G.729; annexb=yes", 11, 19.0)]
    [InlineData("G.729A+VAD", 11, 19.0)]
    [InlineData("G723", 15, 16.1)]
    [InlineData("gsm-efr", 5, 10.0)]
    [InlineData("GSM", 20, null)]
    [InlineData("G726-32", 7, null)]
    [InlineData("G728", 7, null)]
    public void Codecs_of_G113(string name, double ie, double? bpl)
    {
        Codec codec = CodecTable.Standard.Find(name)!;
        Assert.Equal(ie, codec.Ie);
        Assert.Equal(bpl, codec.Bpl);
        Assert.Contains("G.113", codec.Source, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("opus")]
    [InlineData("G722")]
    [InlineData("")]
    [InlineData("/")]
    [InlineData(null)]
    public void No_values_are_made_up(string? name) =>
        Assert.Null(CodecTable.Standard.Find(name));

    [Fact]
    public void A_long_name_is_no_codec() =>
        Assert.Null(CodecTable.Standard.Find(new string('x', 100_000)));

    [Fact] // RFC 3551, table 4.
    public void Static_payload_types()
    {
        CodecTable table = CodecTable.Standard;
        Assert.Same(table.Find("PCMU"), table.Find(0));
        Assert.Same(table.Find("PCMA"), table.Find(8));
        Assert.Same(table.Find("GSM"), table.Find(3));
        Assert.Same(table.Find("G723"), table.Find(4));
        Assert.Same(table.Find("G728"), table.Find(15));
        Assert.Same(table.Find("G729"), table.Find(18));
        Assert.Null(table.Find(111));
        Assert.Null(table.Find(9));
        Assert.Null(table.Find(-1));
    }

    [Fact]
    public void Configured_codecs_are_found_and_the_standard_table_is_as_it_was()
    {
        CodecTable table = CodecTable.Standard.With(Opus);
        Assert.Same(Opus, table.Find("opus/48000/2"));
        Assert.Same(Opus, table.With(new Codec("EVS", 1, 30, "x")).Find("audio/opus"));
        Assert.Null(CodecTable.Standard.Find("opus"));
    }

    [Fact]
    public void Configured_values_replace_the_standard_ones_under_all_names()
    {
        CodecTable table = CodecTable.Standard
            .With(new Codec("g711", 1, 30, "own", "L8"))
            .With(Opus);
        foreach (string name in new[] { "G.711", "PCMU", "pcma", "L8" })
            Assert.Equal(30, table.Find(name)!.Bpl);
        Assert.Equal(4.3, CodecTable.Standard.Find("PCMU")!.Bpl);
        Assert.Equal(CodecTable.Standard.All.Count + 1, table.All.Count);
    }

    [Theory]
    [InlineData(-1, 10.0)]
    [InlineData(95.1, 10.0)]
    [InlineData(double.NaN, 10.0)]
    [InlineData(0, 0.0)]
    [InlineData(0, -4.3)]
    [InlineData(0, double.NaN)]
    public void Values_that_cannot_be_are_refused(double ie, double bpl) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => CodecTable.Standard.With(new Codec("X", ie, bpl, "x")));

    [Fact]
    public void A_codec_says_where_its_values_are_from() =>
        Assert.Throws<ArgumentException>(
            () => CodecTable.Standard.With(new Codec("X", 0, 10, " ")));
}
