using System.Text;
using Earshot.Snapshots;
using Earshot.Tests.Conformance.Postgres;
using Npgsql;

namespace Earshot.Tests.Conformance.Snapshots;

/// <summary>
/// What the store says and does when the server, or the way to it, fails: on a private server
/// that is killed, through a wire that breaks.
/// </summary>
public sealed class PostgresFaultTests : IAsyncLifetime
{
    private static readonly SnapshotOwner Owner = new("call", 0);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource limit = new(TimeSpan.FromSeconds(120));
    private PostgresCluster cluster = null!;
    private FaultyWire wire = null!;

    private CancellationToken Cancel => limit.Token;

    public async Task InitializeAsync()
    {
        cluster = await PostgresCluster.StartAsync();
        wire = new FaultyWire(cluster.Port);
    }

    public async Task DisposeAsync()
    {
        await wire.DisposeAsync();
        await cluster.DisposeAsync();
        limit.Dispose();
    }

    [ClusterFact]
    public async Task What_became_of_a_save_whose_answer_was_lost_is_found_out()
    {
        await using PostgresSnapshotStore store = await OpenAsync(wire.Port, Long);
        Assert.True(await store.SaveAsync(Whole(10, "a=1"), Cancel));

        // Carried out: true, and written once.
        wire.Fault = WireFault.LoseAnswer;
        int commits = wire.Commits;
        Assert.True(await store.SaveAsync(Change(20, 10, "a=2", "b=2"), Cancel));
        Assert.Equal(WireFault.None, wire.Fault);
        Assert.Equal(commits + 1, wire.Commits);
        await AssertStoredAsync(store, 20, "a=2", "b=2");

        // Not carried out: written by the next attempt.
        wire.Fault = WireFault.LoseOrder;
        Assert.True(await store.SaveAsync(Change(30, 20, "a=3", "c=3"), Cancel));
        Assert.Equal(commits + 3, wire.Commits);
        await AssertStoredAsync(store, 30, "a=3", "b=2", "c=3");

        // The same for the first save of all, when there is no head yet.
        SnapshotOwner other = new("call", 1);
        wire.Fault = WireFault.LoseAnswer;
        Assert.True(await store.SaveAsync(Whole(5, "a=1") with { Owner = other }, Cancel));
        Assert.False(await store.SaveAsync(Whole(5, "a=1") with { Owner = other }, Cancel));
    }

    [ClusterFact]
    public async Task Without_patience_a_lost_answer_is_told_as_not_known()
    {
        await using PostgresSnapshotStore store = await OpenAsync(wire.Port, TimeSpan.Zero);
        wire.Fault = WireFault.LoseAnswer;
        SnapshotException error = await Assert.ThrowsAsync<SnapshotException>(async () =>
            await store.SaveAsync(Whole(10, "a=1"), Cancel));
        Assert.Contains("is not known yet", error.Message, StringComparison.Ordinal);
        Assert.True(error.IsTransient);
        await AssertStoredAsync(store, 10, "a=1");

        // Lost before the COMMIT: nothing of the kind.
        wire.SentMax = 0;
        wire.OnSent = cluster.CrashAsync;
        error = await Assert.ThrowsAsync<SnapshotException>(async () =>
            await store.SaveAsync(Change(20, 10, "a=2"), Cancel));
        Assert.DoesNotContain("not known", error.Message, StringComparison.Ordinal);
        Assert.True(error.IsTransient);
    }

    [ClusterFact]
    public async Task A_lost_answer_that_another_owner_overtook_is_never_guessed()
    {
        await using PostgresSnapshotStore other = await OpenAsync(cluster.Port, Long);
        await using PostgresSnapshotStore store = await OpenAsync(wire.Port, Long);
        Assert.True(await store.SaveAsync(Whole(10, "a=1"), Cancel));

        // The answer is lost with the order still on its way: the server drops the transaction,
        // and the other owner saves before this one asks.
        wire.Fault = WireFault.LoseOrder;
        wire.OnCommit = async () =>
        {
            await EndOthersAsync();
            Assert.True(await other.SaveAsync(Whole(20, "a=other"), Cancel));
        };
        SnapshotException error = await Assert.ThrowsAsync<SnapshotException>(async () =>
            await store.SaveAsync(Change(15, 10, "a=2"), Cancel));
        Assert.Contains("cannot be told", error.Message, StringComparison.Ordinal);
        await AssertStoredAsync(other, 20, "a=other");
    }

    [ClusterFact]
    public async Task A_save_during_an_outage_throws_or_waits_and_the_state_stays_whole()
    {
        await using PostgresSnapshotStore hasty = await OpenAsync(cluster.Port, TimeSpan.Zero);
        await using PostgresSnapshotStore patient = await OpenAsync(cluster.Port, Long);
        Assert.True(await hasty.SaveAsync(Whole(10, "a=1", "b=1"), Cancel));
        await AssertStoredAsync(patient, 10, "a=1", "b=1");
        await cluster.CrashAsync();
        for (int times = 0; times < 2; times++)
        {
            SnapshotException error = await Assert.ThrowsAsync<SnapshotException>(async () =>
                await hasty.SaveAsync(Change(20, 10, "a=2"), Cancel));
            Assert.True(error.IsTransient, error.Message);
            Assert.Contains($"127.0.0.1:{cluster.Port}", error.Message, StringComparison.Ordinal);
        }
        Assert.True((await Assert.ThrowsAsync<SnapshotException>(async () =>
            await hasty.LoadAsync(Owner, Cancel))).IsTransient);

        Task<bool> save = patient.SaveAsync(Change(30, 10, "a=3", "c=3"), Cancel).AsTask();
        Task<StoredSnapshot?> load = patient.LoadAsync(Owner, Cancel).AsTask();
        Task<PostgresSnapshotStore> open = OpenAsync(cluster.Port, Long);
        await cluster.RestartAsync();
        Assert.True(await save);
        Assert.Contains((await load)!.Offset, (long[])[10, 30]);
        await using PostgresSnapshotStore opened = await open;
        foreach (PostgresSnapshotStore store in (PostgresSnapshotStore[])[opened, hasty])
            await AssertStoredAsync(store, 30, "a=3", "b=1", "c=3");
    }

    [ClusterFact]
    public async Task A_server_killed_in_the_middle_of_a_save_keeps_the_old_state()
    {
        await using PostgresSnapshotStore store = await OpenAsync(wire.Port, TimeSpan.Zero);
        Assert.True(await store.SaveAsync(Whole(10, "a=1", "b=1"), Cancel));
        SnapshotChange large = new(
            Owner, 20,
            [.. Enumerable.Range(0, 40_000).Select(i => new SnapshotPart($"k{i}", new byte[500]))]);
        // After the old parts were deleted and the first new ones came.
        wire.SentMax = 10_000_000;
        wire.OnSent = cluster.CrashAsync;
        SnapshotException error = await Assert.ThrowsAsync<SnapshotException>(async () =>
            await store.SaveAsync(large, Cancel));
        Assert.True(error.IsTransient, error.Message);
        await cluster.RestartAsync();
        await using PostgresSnapshotStore again = await OpenAsync(wire.Port, Long);
        await AssertStoredAsync(again, 10, "a=1", "b=1");
        Assert.True(await again.SaveAsync(large, Cancel));
        Assert.Equal(40_000, (await again.LoadAsync(Owner, Cancel))!.Parts.Count);
    }

    private Task<PostgresSnapshotStore> OpenAsync(int port, TimeSpan patience)
    {
        NpgsqlConnectionStringBuilder settings = new(cluster.ConnectionString)
        {
            Port = port,
            SslMode = SslMode.Disable,
        };
        return PostgresSnapshotStore.OpenAsync(
            settings.ConnectionString, "test", Cancel, patience: patience).AsTask();
    }

    // Ends what other connections have open, as a server does that has lost them.
    private async Task EndOthersAsync()
    {
        await using NpgsqlConnection connection = new(cluster.ConnectionString);
        await connection.OpenAsync(Cancel);
        await using NpgsqlCommand command = new(
            """
            SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
            WHERE state = 'idle in transaction'
            """,
            connection);
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private async Task AssertStoredAsync(
        PostgresSnapshotStore store, long offset, params string[] parts)
    {
        StoredSnapshot stored = (await store.LoadAsync(Owner, Cancel))!;
        Assert.Equal(offset, stored.Offset);
        Assert.Equal(parts, stored.Parts
            .Select(part => $"{part.Key}={Encoding.UTF8.GetString(part.Value)}")
            .Order(StringComparer.Ordinal));
    }

    private static SnapshotChange Whole(long offset, params string[] parts) =>
        new(Owner, offset, [.. parts.Select(PartOf)]);

    private static SnapshotChange Change(long offset, long from, params string[] parts) =>
        new(Owner, offset, [.. parts.Select(PartOf)], from);

    private static SnapshotPart PartOf(string text)
    {
        string[] sides = text.Split('=');
        return new SnapshotPart(sides[0], Encoding.UTF8.GetBytes(sides[1]));
    }
}
