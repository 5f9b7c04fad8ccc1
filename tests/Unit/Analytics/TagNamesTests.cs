using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

public class TagNamesTests
{
    [Fact]
    public void NamesAreInBitOrderAndReadBack()
    {
        Assert.Equal(TagNames.Count, TagNames.All.Count);
        Assert.Equal(TagNames.Count, Enum.GetValues<Tags>().Length - 1);
        Assert.Equal("high_packet_loss", TagNames.All[0]);
        Assert.Equal("bad_network", TagNames.All[8]);
        for (int bit = 0; bit < TagNames.Count; bit++)
        {
            Tags tag = (Tags)(1 << bit);
            Assert.True(Enum.IsDefined(tag));
            Assert.Equal(tag, TagNames.Parse(TagNames.All[bit]));
            Assert.Equal(tag, TagNames.Parse(TagNames.All[bit].ToUpperInvariant()));
            string joined = TagNames.All[bit].Replace("_", "", StringComparison.Ordinal);
            Assert.Equal(tag.ToString(), joined, ignoreCase: true);
        }

        Assert.Equal("low_mos,silent", TagNames.Format(Tags.Silent | Tags.LowMos));
        Assert.Equal("", TagNames.Format(Tags.None));
        Assert.False(TagNames.TryParse(null, out _));
        string message = Assert.Throws<FormatException>(() => TagNames.Parse("loud")).Message;
        Assert.Contains("'loud' is not a tag", message);
        Assert.Contains("one_way_audio", message);
    }
}
