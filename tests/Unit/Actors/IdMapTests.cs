using System.Runtime.CompilerServices;
using Earshot.Actors.Calls;

namespace Earshot.Tests.Unit.Actors;

public sealed class IdMapTests
{
    private const ulong WellSpread = ulong.MaxValue;

    // Few slots: long runs that wrap around the end.
    private const ulong Crowded = 0x0F00_0000_0000_003F;

    [Theory]
    [InlineData(1, WellSpread)]
    [InlineData(2, Crowded)]
    public void Does_what_a_dictionary_does(int seed, ulong bits) =>
        DoesWhatADictionaryDoes(seed, bits, static step => (long)step);

    [Theory]
    [InlineData(3, WellSpread)]
    [InlineData(4, Crowded)]
    public void With_values_shorter_than_a_number(int seed, ulong bits) =>
        DoesWhatADictionaryDoes(seed, bits, static step => step);

    [Theory]
    [InlineData(5, WellSpread)]
    [InlineData(6, Crowded)]
    public void With_values_of_several_numbers(int seed, ulong bits) =>
        DoesWhatADictionaryDoes(seed, bits, static step => (step, 2L * step, (byte)step));

    [Theory]
    [InlineData(7, WellSpread)]
    [InlineData(8, Crowded)]
    public void Without_values(int seed, ulong bits) =>
        DoesWhatADictionaryDoes<Nothing>(seed, bits, valueOf: null);

    [Fact]
    public void Gives_every_id_held()
    {
        IdMap<Int128> map = new();
        ulong[] ids = [.. Enumerable.Range(1, 1000).Select(id => (ulong)id * 7)];
        foreach (ulong id in ids)
            map.GetOrAdd(id, out _) = Int128.MaxValue;
        Assert.Equal(ids, map.Ids.Order());
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

    /// <param name="seed">Of the steps.</param>
    /// <param name="bits">Those an id may have.</param>
    /// <param name="valueOf">What a step writes; null: a set, which has no values.</param>
    private static void DoesWhatADictionaryDoes<T>(int seed, ulong bits, Func<int, T>? valueOf)
        where T : unmanaged
    {
        Random random = new(seed);
        Dictionary<ulong, T> expected = [];
        IdMap<T> map = new();
        for (int step = 0; step < 50_000; step++)
        {
            ulong id = (unchecked((ulong)random.NextInt64()) & bits) | 1;
            if (random.Next(100) < 40)
            {
                Assert.Equal(expected.Remove(id), map.Remove(id));
            }
            else
            {
                ref T value = ref map.GetOrAdd(id, out bool added);
                Assert.Equal(expected.TryAdd(id, default), added);
                if (valueOf is not null)
                {
                    Assert.Equal(expected[id], value);
                    value = expected[id] = valueOf(step);
                }
            }

            Assert.Equal(expected.Count, map.Count);
        }

        foreach ((ulong id, T value) in expected)
        {
            Assert.False(Unsafe.IsNullRef(ref map.Find(id)));
            if (valueOf is not null)
                Assert.Equal(value, map.Find(id));
        }

        for (ulong id = 1; id < 1000; id += 2)
            Assert.Equal(!expected.ContainsKey(id), Unsafe.IsNullRef(ref map.Find(id)));
    }
}
