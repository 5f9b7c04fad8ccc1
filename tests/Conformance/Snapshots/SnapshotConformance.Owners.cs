using System.Text;
using Earshot.Snapshots;
using Earshot.Tests.Conformance.Postgres;

namespace Earshot.Tests.Conformance.Snapshots;

/// <summary>Two owners of one partition, each with a store of its own, and large states.</summary>
public abstract partial class SnapshotConformance
{
    [StoreFact]
    public async Task Of_two_owners_racing_one_wins_each_round_and_states_never_mix()
    {
        const int Rounds = 40;
        await using ISnapshotStore second = await OpenAsync();
        ISnapshotStore[] stores = [Store, second];
        List<string> winners = [];
        long? stands = null;
        for (int round = 0; round < Rounds; round++)
        {
            // Both go on from the same snapshot, with different offsets and parts.
            SnapshotChange[] changes = [.. Enumerable.Range(0, 2).Select(owner =>
                Contend(owner, (stands ?? 0) + 1 + ((owner + round) % 2), stands))];
            bool[] saved = await Task.WhenAll(Enumerable.Range(0, 2).Select(owner =>
                Task.Run(async () => await stores[owner].SaveAsync(changes[owner], Cancel))));
            if (stands is not null)
                Assert.Single(saved, true);
            Assert.Contains(true, saved);

            // At first, two whole states: the greater offset stays, whoever came first.
            int winner = saved[0] && (!saved[1] || changes[0].Offset > changes[1].Offset) ? 0 : 1;
            if (stands is null)
                Assert.True(saved[changes[0].Offset > changes[1].Offset ? 0 : 1]);
            stands = changes[winner].Offset;
            winners.Add($"won/{stands}={winner}");
            string[] expected = [.. winners, $"a={winner}@{stands}", $"b={winner}@{stands}"];
            await AssertStoredAsync(stands.Value, expected);
        }
    }

    [StoreFact]
    public async Task Two_owners_that_save_freely_make_one_chain()
    {
        const int SavesEach = 30;
        await SaveAsync(0, "sum=0");
        await using ISnapshotStore second = await OpenAsync();
        ISnapshotStore[] stores = [Store, second];

        // Each adds one to the sum it loaded, at the next offset; a refused one loads again.
        await Task.WhenAll(stores.Select(store => Task.Run(async () =>
        {
            for (int saves = 0; saves < SavesEach;)
            {
                StoredSnapshot seen = (await store.LoadAsync(Owner, Cancel))!;
                int sum = int.Parse(Encoding.UTF8.GetString(seen.Parts["sum"]), null) + 1;
                Assert.Equal(seen.Offset + 1, sum);
                SnapshotChange change = new(
                    Owner, seen.Offset + 1, [PartOf($"sum={sum}"), PartOf($"seen/{sum}=x")],
                    seen.Offset);
                if (await store.SaveAsync(change, Cancel))
                    saves++;
            }
        })));
        string[] seen = [.. Enumerable.Range(1, 2 * SavesEach).Select(sum => $"seen/{sum}=x")];
        await AssertStoredAsync(2 * SavesEach, [$"sum={2 * SavesEach}", .. seen]);
    }

    [StoreFact]
    public async Task A_save_repeated_because_its_answer_was_lost_changes_nothing()
    {
        await SaveAsync(10, "a=1", "b=1");
        SnapshotChange change = Change(20, whole: false, "a=2", "b", "c=2");
        Assert.True(await Store.SaveAsync(change, Cancel));
        Assert.False(await Store.SaveAsync(change, Cancel));
        await AssertStoredAsync(20, "a=2", "c=2");
        savedAt = 20;
        Assert.True(await SaveAsync(30, "a=3"));
        await AssertStoredAsync(30, "a=3", "c=2");
    }

    [StoreFact]
    public async Task A_large_state_is_saved_changed_and_loaded()
    {
        const int Parts = 100_000;
        SnapshotPart[] parts = [.. Enumerable.Range(0, Parts).Select(LargePart)];
        // Some large ones among the many small.
        for (int index = 0; index < Parts; index += 10_000)
            parts[index] = parts[index] with { Value = BytesOf(index, 3_000_000) };
        Assert.True(await Store.SaveAsync(new(Owner, 10, parts), Cancel));

        // Every tenth changes, every hundredth goes, a thousand are new.
        List<SnapshotPart> changes = [];
        Dictionary<string, byte[]?> expected = parts.ToDictionary(part => part.Key, p => p.Value);
        for (int index = 0; index < Parts; index += 10)
        {
            byte[]? value = index % 100 == 50 ? null : BytesOf(index + 1, 100);
            changes.Add(parts[index] with { Value = value });
        }
        changes.AddRange(Enumerable.Range(Parts, 1000).Select(LargePart));
        foreach ((string key, byte[]? value) in changes)
            expected[key] = value;
        Assert.True(await Store.SaveAsync(new(Owner, 20, changes, 10), Cancel));
        StoredSnapshot stored = (await Store.LoadAsync(Owner, Cancel))!;
        Assert.Equal(20, stored.Offset);
        Assert.Equal(Parts - (Parts / 100) + 1000, stored.Parts.Count);
        foreach ((string key, byte[] value) in stored.Parts)
            Assert.True(value.AsSpan().SequenceEqual(expected[key]), key);
    }

    private static SnapshotPart LargePart(int index) =>
        new($"key/{index}", BytesOf(index, 100 + (index % 200)));

    private static byte[] BytesOf(int seed, int count)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static SnapshotChange Contend(int owner, long offset, long? stands) => new(
        Owner, offset,
        [
            PartOf($"a={owner}@{offset}"), PartOf($"b={owner}@{offset}"),
            PartOf($"won/{offset}={owner}"),
        ],
        stands);
}
