using System.Security.Cryptography;
using Earshot.Schemas;

namespace Earshot.Tests.Unit.Schemas;

public sealed class Sha256Tests
{
    [Fact]
    public void The_hashes_are_those_of_the_platform()
    {
        // Every length around the ends of blocks, and groups of every number of texts.
        Random random = new(1);
        for (int round = 0; round < 200; round++)
        {
            byte[][] texts = [.. Enumerable.Range(0, random.Next(0, 20))
                .Select(_ => new byte[random.Next(0, 200)])];
            foreach (byte[] text in texts)
                random.NextBytes(text);
            AssertSame(texts);
        }

        AssertSame([.. Enumerable.Range(0, 260).Select(length => new byte[length])]);
    }

    private static void AssertSame(byte[][] texts)
    {
        int end = 0;
        int[] ends = [.. texts.Select(text => end += text.Length)];
        byte[] hashes = new byte[Sha256.HashBytes * texts.Length];
        Sha256.Hash([.. texts.SelectMany(text => text)], ends, hashes);
        Assert.Equal(texts.SelectMany(SHA256.HashData), hashes);
    }
}
