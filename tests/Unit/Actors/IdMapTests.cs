using System.Runtime.CompilerServices;
using Earshot.Actors.Calls;

namespace Earshot.Tests.Unit.Actors;

public sealed class IdMapTests
{
    [Theory]
    [InlineData(1, ulong.MaxValue)] // hashes: well spread
    [InlineData(2, 0x0F00_0000_0000_003F)] // few slots: long runs that wrap around the end
    public void Does_what_a_dictionary_does(int seed, ulong bits)
    {
        Random random = new(seed);
        Dictionary<ulong, long> expected = [];
        IdMap<long> map = new();
        for (int step = 0; step < 50_000; step++)
        {
            ulong id = (unchecked((ulong)random.NextInt64()) & bits) | 1;
            if (random.Next(100) < 40)
            {
                Assert.Equal(expected.Remove(id), map.Remove(id));
            }
            else
            {
                ref long value = ref map.GetOrAdd(id, out bool added);
                Assert.Equal(expected.TryAdd(id, 0), added);
                Assert.Equal(expected[id], value);
                value = expected[id] = step;
            }

            Assert.Equal(expected.Count, map.Count);
        }

        foreach ((ulong id, long value) in expected)
            Assert.Equal(value, map.Find(id));
        for (ulong id = 1; id < 1000; id += 2)
            Assert.Equal(!expected.ContainsKey(id), Unsafe.IsNullRef(ref map.Find(id)));
    }

    [Fact]
    public void Allocates_nothing_once_it_has_its_size()
    {
        IdMap<long> map = new();
        void AddAndRemove()
        {
            for (ulong id = 1; id <= 1000; id++)
                map.GetOrAdd(id * 0x9E37_79B9_7F4A_7C15, out _) = 1;
            for (ulong id = 1; id <= 1000; id++)
                map.Remove(id * 0x9E37_79B9_7F4A_7C15);
        }

        AddAndRemove();
        long before = GC.GetAllocatedBytesForCurrentThread();
        AddAndRemove();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(0, map.Count);
    }
}
