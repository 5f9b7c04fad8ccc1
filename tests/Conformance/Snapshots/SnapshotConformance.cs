using System.Text;
using Earshot.Snapshots;
using Earshot.Tests.Conformance.Postgres;

namespace Earshot.Tests.Conformance.Snapshots;

/// <summary>What every snapshot store must do. A store passes by deriving from this.</summary>
public abstract partial class SnapshotConformance : IAsyncLifetime
{
    private protected static readonly SnapshotOwner Owner = new("call", 0);

    // A test that hangs fails instead.
    private readonly CancellationTokenSource limit = new(TimeSpan.FromMinutes(3));

    private protected ISnapshotStore Store { get; set; } = null!;

    private protected CancellationToken Cancel => limit.Token;

    /// <summary>Opens the store again, or for a second time.</summary>
    private protected abstract ValueTask<ISnapshotStore> OpenAsync(ulong settings = 0);

    /// <summary>The bytes a store keeps for a part, or for the head if the key is null.</summary>
    private protected abstract byte[] ReadStored(SnapshotOwner owner, string? key);

    /// <summary>Puts what a SQLite file of some version holds into the store's tables.</summary>
    private protected abstract Task ImportAsync(string path);

    /// <summary>Replaces them, behind the store's back; null removes the row.</summary>
    private protected abstract void WriteStored(SnapshotOwner owner, string? key, byte[]? value);

    // Where the last change saved by SaveAsync stands.
    private long? savedAt;

    public virtual async Task InitializeAsync() => Store = await OpenAsync();

    public virtual async Task DisposeAsync()
    {
        await Store.DisposeAsync();
        limit.Dispose();
    }

    [StoreFact]
    public async Task Nothing_is_stored_at_first() =>
        Assert.Null(await Store.LoadAsync(Owner, Cancel));

    [StoreFact]
    public async Task What_is_saved_is_loaded()
    {
        Assert.True(await SaveAsync(10, "a=1", "b=", "ü/key=2"));
        await AssertStoredAsync(10, "a=1", "b=", "ü/key=2");
    }

    [StoreFact]
    public async Task Keys_are_of_any_length_and_letters_and_told_apart()
    {
        string[] keys =
        [
            "a", "A", "a ", "é", "e\u0301", "a\0", "a\0b", "\u001f\u0001\u001b", "😀",
            new string('k', 5000), new string('k', 4999) + "l",
        ];
        string[] parts = [.. keys.Select((key, index) => $"{key}={index}")];
        Assert.True(await SaveAsync(10, parts));
        await AssertStoredAsync(10, parts);
        Assert.True(await SaveAsync(20, "a\0b", new string('k', 5000), "e\u0301=changed"));
        parts[4] = "e\u0301=changed";
        await AssertStoredAsync(20, [.. parts.Where((_, index) => index is not (6 or 9))]);
    }

    [StoreFact]
    public async Task Of_a_part_named_twice_the_last_counts()
    {
        Assert.True(await SaveAsync(10, "a=1", "a=2", "b=1", "b", "c", "c=1"));
        await AssertStoredAsync(10, "a=2", "c=1");
        Assert.True(await SaveAsync(20, "a", "a=3", "c=2", "c"));
        await AssertStoredAsync(20, "a=3");
    }

    [StoreFact]
    public async Task A_change_replaces_adds_and_removes_only_its_parts()
    {
        await SaveAsync(10, "a=1", "b=2", "c=3");
        await SaveAsync(20, "b=two", "d=4", "c", "never there");
        await AssertStoredAsync(20, "a=1", "b=two", "d=4");
        await SaveAsync(21);
        await AssertStoredAsync(21, "a=1", "b=two", "d=4");
    }

    [StoreFact]
    public async Task A_whole_state_removes_everything_else()
    {
        await SaveAsync(10, "a=1", "b=2");
        Assert.True(await Store.SaveAsync(Change(20, whole: true, "c=3"), Cancel));
        await AssertStoredAsync(20, "c=3");
        savedAt = 20;
        await SaveAsync(30, "a=4");
        await AssertStoredAsync(30, "a=4", "c=3");
    }

    [StoreTheory]
    [InlineData(10, false)]
    [InlineData(9, false)]
    [InlineData(10, true)]
    [InlineData(9, true)]
    public async Task An_offset_not_greater_is_refused_and_changes_nothing(long offset, bool whole)
    {
        await SaveAsync(10, "a=1");
        Assert.False(await Store.SaveAsync(Change(offset, whole, "a=2", "b=3"), Cancel));
        await AssertStoredAsync(10, "a=1");
    }

    [StoreFact]
    public async Task A_change_to_another_snapshot_than_the_stored_one_is_refused()
    {
        Assert.False(await Store.SaveAsync(Change(5, whole: false, "a=0"), Cancel));
        Assert.Null(await Store.LoadAsync(Owner, Cancel));
        await SaveAsync(10, "a=1");
        SnapshotChange stale = Change(30, whole: false, "b=of the old owner");
        await SaveAsync(20, "a=2");
        Assert.False(await Store.SaveAsync(stale, Cancel));
        await AssertStoredAsync(20, "a=2");
    }

    [StoreFact]
    public async Task Offset_zero_can_be_saved_first()
    {
        Assert.True(await SaveAsync(0, "a=1"));
        Assert.False(await SaveAsync(0, "a=2"));
        await AssertStoredAsync(0, "a=1");
    }

    [StoreFact]
    public async Task Owners_do_not_meet()
    {
        SnapshotOwner[] owners = [Owner, new("call", 1), new("aggregator", 0)];
        for (int index = 0; index < owners.Length; index++)
            Assert.True(await Store.SaveAsync(Change(index, true, $"a={index}", "b=x") with
            {
                Owner = owners[index],
            }, Cancel));
        await SaveAsync(50, "b");
        for (int index = 1; index < owners.Length; index++)
        {
            StoredSnapshot? stored = await Store.LoadAsync(owners[index], Cancel);
            Assert.Equal(index, stored!.Offset);
            Assert.Equal($"{index}", Encoding.UTF8.GetString(stored.Parts["a"]));
            Assert.Equal(2, stored.Parts.Count);
        }
    }

    [StoreFact]
    public async Task Of_two_owners_saving_at_once_the_greater_offset_stays()
    {
        List<Task> saves = [];
        for (int offset = 1; offset <= 30; offset++)
        {
            SnapshotChange change = Change(offset, whole: true, $"a={offset}", $"k{offset}=x");
            saves.Add(Task.Run(async () => await Store.SaveAsync(change, Cancel)));
        }
        await Task.WhenAll(saves);
        await AssertStoredAsync(30, "a=30", "k30=x");
    }

    [StoreFact]
    public async Task A_snapshot_outlives_the_store()
    {
        await SaveAsync(10, "a=1");
        await Store.DisposeAsync();
        Store = await OpenAsync();
        await AssertStoredAsync(10, "a=1");
    }

    [StoreTheory]
    [InlineData(null)]
    [InlineData("a")]
    public async Task A_flipped_bit_anywhere_is_found(string? key)
    {
        await SaveAsync(10, "a=some state");
        byte[] good = ReadStored(Owner, key);
        for (int at = 0; at < good.Length; at++)
        {
            byte[] bad = [.. good];
            bad[at] ^= 0x10;
            WriteStored(Owner, key, bad);
            await Assert.ThrowsAsync<SnapshotException>(async () =>
                await Store.LoadAsync(Owner, Cancel));
        }
        WriteStored(Owner, key, good);
        await AssertStoredAsync(10, "a=some state");
    }

    [StoreTheory]
    [InlineData(null)]
    [InlineData("a")]
    public async Task Cut_bytes_are_found(string? key)
    {
        await SaveAsync(10, "a=some state");
        byte[] good = ReadStored(Owner, key);
        for (int length = 0; length < good.Length; length++)
        {
            WriteStored(Owner, key, good[..length]);
            await AssertRefusedAsync("damaged");
        }
    }

    [StoreFact]
    public async Task A_lost_part_and_swapped_parts_are_found()
    {
        await SaveAsync(10, "a=1", "b=2");
        byte[] first = ReadStored(Owner, "a");
        byte[] second = ReadStored(Owner, "b");
        WriteStored(Owner, "b", null);
        await AssertRefusedAsync("1 parts, not 2");
        WriteStored(Owner, "b", first);
        await AssertRefusedAsync("checksum of part b");
        WriteStored(Owner, "b", second);
        await AssertStoredAsync(10, "a=1", "b=2");
    }

    [StoreFact]
    public async Task A_whole_state_may_replace_a_damaged_one()
    {
        await SaveAsync(10, "a=1");
        byte[] head = ReadStored(Owner, null);
        head[^1] ^= 1;
        WriteStored(Owner, null, head);
        await Assert.ThrowsAsync<SnapshotException>(async () => await SaveAsync(20, "a=2"));
        Assert.True(await Store.SaveAsync(Change(20, whole: true, "b=3"), Cancel));
        await AssertStoredAsync(20, "b=3");
    }

    // A change to what was saved last, as a partition makes it.
    private protected async Task<bool> SaveAsync(long offset, params string[] parts) =>
        await Store.SaveAsync(Change(offset, whole: savedAt is null, parts), Cancel)
        && (savedAt = offset) is not null;

    // Parts are "key=value"; without "=" they are removed.
    private protected SnapshotChange Change(long offset, bool whole, params string[] parts) =>
        new(Owner, offset, [.. parts.Select(PartOf)], whole ? null : savedAt ?? -1);

    private protected async Task AssertStoredAsync(long offset, params string[] parts)
    {
        StoredSnapshot? stored = await Store.LoadAsync(Owner, Cancel);
        Assert.NotNull(stored);
        Assert.Equal(offset, stored.Offset);
        Assert.Equal(
            parts.Order(StringComparer.Ordinal),
            stored.Parts
                .Select(part => $"{part.Key}={Encoding.UTF8.GetString(part.Value)}")
                .Order(StringComparer.Ordinal));
    }

    private async Task<SnapshotException> AssertRefusedAsync(string expected)
    {
        SnapshotException error = await Assert.ThrowsAsync<SnapshotException>(async () =>
            await Store.LoadAsync(Owner, Cancel));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("call partition 0", error.Message, StringComparison.Ordinal);
        return error;
    }

    private static SnapshotPart PartOf(string text)
    {
        int split = text.IndexOf('=', StringComparison.Ordinal);
        return split < 0
            ? new SnapshotPart(text, null)
            : new SnapshotPart(text[..split], Encoding.UTF8.GetBytes(text[(split + 1)..]));
    }
}
