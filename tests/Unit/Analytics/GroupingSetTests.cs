using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

public class GroupingSetTests
{
    [Fact]
    public void ReadsTheDefault()
    {
        IReadOnlyList<GroupingSet> sets =
            GroupingSet.ParseAll("country; carrier ;carrier, country;account");
        Assert.Equal(
            ["country", "carrier", "carrier,country", "account"], sets.Select(set => set.Name));
        Assert.Equal(["carrier", "country"], sets[2].Dimensions);
        Assert.Equal(sets, GroupingSet.ParseAll(string.Join(';', sets)));
        Assert.NotEqual(sets[0], sets[1]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("()")]
    [InlineData(" () ")]
    public void NoDimensionsAreTheGlobalGrouping(string text)
    {
        GroupingSet set = Assert.Single(GroupingSet.ParseAll(text));
        Assert.Empty(set.Dimensions);
        Assert.Equal(GroupingSet.GlobalName, set.Name);
        Assert.Equal(2, GroupingSet.ParseAll("country;" + text).Count);
    }

    [Theory]
    [InlineData("country,country", "'country' is twice")]
    [InlineData("carrier,country;country,carrier", "are the same")]
    [InlineData("country;country", "are the same")]
    [InlineData("();", "are the same")]
    [InlineData("country,", "'' in the grouping set 'country,' is not a dimension")]
    [InlineData("country carrier", "letters, digits and underscores")]
    [InlineData("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "more than 16")]
    public void RefusesAndSaysWhy(string text, string reason) =>
        Assert.Contains(
            reason, Assert.Throws<FormatException>(() => GroupingSet.ParseAll(text)).Message);

    [Fact]
    public void TooManySetsAreRefused()
    {
        string text = string.Join(';', Enumerable.Range(0, 65).Select(i => $"d{i}"));
        Assert.Contains(
            "65", Assert.Throws<FormatException>(() => GroupingSet.ParseAll(text)).Message);
    }
}
