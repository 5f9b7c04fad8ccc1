using System.Text;
using Earshot.Snapshots;
using Earshot.Tests.Conformance.Postgres;

namespace Earshot.Tests.Conformance.Snapshots;

/// <summary>Cold parts: a load leaves them, and they belong to one snapshot.</summary>
public abstract partial class SnapshotConformance
{
    [StoreFact]
    public async Task Cold_parts_are_read_one_by_one_and_not_loaded()
    {
        await SaveAsync(10, "a=1", "cold/1=x", "cold/2=", "coldness=2", "cold=3");
        await AssertStoredAsync(10, "a=1", "coldness=2", "cold=3");
        Assert.Equal("x", Cold("cold/1", 10));
        Assert.Equal("", Cold("cold/2", 9, 10));
        AssertNotThere("cold/3", 10);
    }

    [StoreFact]
    public async Task Cold_parts_of_another_snapshot_are_refused()
    {
        AssertNotThere("cold/1", 10);
        await SaveAsync(10, "cold/1=x");
        AssertNotThere("cold/1");
        AssertNotThere("cold/1", 9, 11);
        await SaveAsync(20, "a=1");
        AssertNotThere("cold/1", 10);
        Assert.Equal("x", Cold("cold/1", 10, 20));
        Assert.Throws<SnapshotException>(
            () => Store.ReadCold(new SnapshotOwner("call", 1), "cold/1", [20]));
    }

    [StoreFact]
    public async Task A_change_leaves_cold_parts_but_for_those_it_names()
    {
        await SaveAsync(10, "a=1", "cold/1=x", "cold/2=y", "cold/3=z");
        await SaveAsync(20, "cold/2", "cold/3=changed", "cold/4=new", "a");
        await AssertStoredAsync(20);
        Assert.Equal("x", Cold("cold/1", 20));
        AssertNotThere("cold/2", 20);
        Assert.Equal("changed", Cold("cold/3", 20));
        Assert.Equal("new", Cold("cold/4", 20));
    }

    [StoreFact]
    public async Task A_whole_state_that_needs_no_cold_parts_removes_them()
    {
        await SaveAsync(10, "a=1", "cold/1=x", "cold/2=y");
        Assert.True(await Store.SaveAsync(Change(20, whole: true, "b=2", "cold/2=new"), Cancel));
        await AssertStoredAsync(20, "b=2");
        AssertNotThere("cold/1", 20);
        Assert.Equal("new", Cold("cold/2", 20));
    }

    [StoreFact]
    public async Task A_whole_state_that_needs_them_keeps_those_of_the_snapshots_it_knows()
    {
        Assert.False(await Store.SaveAsync(WholeOver(5, [1], "a=0"), Cancel));
        Assert.Null(await Store.LoadAsync(Owner, Cancel));
        await SaveAsync(10, "a=1", "cold/1=x", "cold/2=y", "cold/3=z");

        // Made by one that knows other snapshots: it may have other cold parts.
        Assert.False(await Store.SaveAsync(WholeOver(20, [9, 11], "a=2"), Cancel));
        Assert.False(await Store.SaveAsync(WholeOver(20, [], "a=2"), Cancel));
        await AssertStoredAsync(10, "a=1");
        Assert.True(await Store.SaveAsync(
            WholeOver(20, [5, 10], "b=2", "cold/2", "cold/3=changed", "cold/4=new"), Cancel));
        await AssertStoredAsync(20, "b=2");
        Assert.Equal("x", Cold("cold/1", 20));
        AssertNotThere("cold/2", 20);
        Assert.Equal("changed", Cold("cold/3", 20));
        Assert.Equal("new", Cold("cold/4", 20));
        savedAt = 20;
        Assert.True(await SaveAsync(30, "cold/1"));
        await AssertStoredAsync(30, "b=2");
    }

    [StoreFact]
    public async Task A_cold_part_that_is_lost_or_damaged_is_found()
    {
        await SaveAsync(10, "a=1", "cold/1=x", "cold/2=y");
        byte[] good = ReadStored(Owner, "cold/1");
        for (int at = 0; at < good.Length; at++)
        {
            byte[] bad = [.. good];
            bad[at] ^= 0x10;
            WriteStored(Owner, "cold/1", bad);
            Assert.False(
                Assert.Throws<SnapshotException>(() => Cold("cold/1", 10)).IsTransient);
        }

        WriteStored(Owner, "cold/1", ReadStored(Owner, "cold/2"));
        Assert.Throws<SnapshotException>(() => Cold("cold/1", 10));
        WriteStored(Owner, "cold/1", null);
        AssertNotThere("cold/1", 10);
        await AssertRefusedAsync("2 parts, not 3");
    }

    [StoreFact]
    public async Task Cold_parts_are_read_while_others_save()
    {
        await SaveAsync(0, "cold/1=0", "cold/same=x");
        const int Saves = 40;
        long[] offsets = [.. Enumerable.Range(0, Saves + 1).Select(i => (long)i)];
        Task saving = Task.Run(async () =>
        {
            for (int i = 1; i <= Saves; i++)
                Assert.True(await SaveAsync(i, $"cold/1={i}", $"k{i}=x"));
        });
        int last = 0;
        while (!saving.IsCompleted)
        {
            int now = int.Parse(Cold("cold/1", offsets), null);
            Assert.InRange(now, last, Saves);
            last = now;
            Assert.Equal("x", Cold("cold/same", offsets));
        }

        await saving;
        Assert.Equal($"{Saves}", Cold("cold/1", Saves));
    }

    private static SnapshotChange WholeOver(long offset, long[] known, params string[] parts) =>
        new(Owner, offset, [.. parts.Select(PartOf)]) { ColdOf = known };

    private string Cold(string key, params long[] offsets) =>
        Encoding.UTF8.GetString(Store.ReadCold(Owner, key, offsets));

    // Whoever loads again may find it.
    private void AssertNotThere(string key, params long[] offsets) =>
        Assert.True(Assert.Throws<SnapshotException>(() => Cold(key, offsets)).IsTransient);
}
