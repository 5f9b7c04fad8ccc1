using System.Text;
using Earshot.Schemas;

namespace Earshot.Tests.Unit.Schemas;

public sealed class StableHashTests
{
    [Theory]
    [InlineData("", 0xEF46DB3751D8E999)]
    [InlineData("a", 0xD24EC4F1A98C6E5B)]
    [InlineData("abc", 0x44BC2CF5AD770999)]
    [InlineData("Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1)]
    public void Gives_the_published_XXH64_values(string text, ulong hash) =>
        Assert.Equal(hash, StableHash.Of(Encoding.UTF8.GetBytes(text)));
}
