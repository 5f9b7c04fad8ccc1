using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Earshot.Tests.Conformance.Postgres;
using Xunit.Abstractions;

namespace Earshot.Tests.Crash;

/// <summary>
/// Services on a real broker, killed and moved about while they work; a replay of the same events
/// says what must come out.
/// </summary>
public sealed class KafkaCrashTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>Enough for every move to happen while events flow.</summary>
    private const long MovesEvents = 600_000;

    private const int Kills = 25;
    private const int Seed = 43;

    private readonly string folder = Directory.CreateTempSubdirectory("earshot-loop-").FullName;

    private string Calm => Path.Combine(folder, "calm");

    private string Shared => Path.Combine(folder, "archive");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [KafkaArchiveFact]
    public async Task Killed_over_and_over_the_archive_has_the_same_rows()
    {
        CrashTraffic traffic = await CrashTraffic.WriteAsync(folder);
        await ReplayAsync(traffic);
        await using KafkaScene scene = await KafkaScene.CreateAsync();
        await scene.LoadAsync(traffic);

        // A static member is known again at once; a dynamic one would wait for its dead self.
        string[] args = [.. Arguments(scene, "rough"), "--instance", "one"];
        CrashLoop loop = new(
            Seed, scene.Loaded, () => Task.FromResult(RunningEarshot.Start(args)),
            () => Task.FromResult<CrashLoop.IProgress>(new Progress(scene)));
        CrashFigures figures = await loop.RunAsync(Kills, () => RunningEarshot.Start(args));
        await using (RunningEarshot last = await StartAsync(args))
        {
            await scene.SettleAsync(last);
            Assert.True(await last.TerminateAsync() == 0, last.Said);
        }

        await VerifyAsync(scene, "rough");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"= {traffic.Count:N0} events: {figures}; {Compare()}"));
    }

    [SharedWorkFact]
    public async Task One_then_three_then_two_processes_give_the_same_rows()
    {
        CrashTraffic traffic = await CrashTraffic.WriteAsync(folder, MovesEvents);
        await ReplayAsync(traffic);
        int moved;
        PostgresServer server = new();
        await server.InitializeAsync();
        try
        {
            await using PostgresDatabase database = await server.CreateDatabaseAsync();
            await using KafkaScene scene = await KafkaScene.CreateAsync();
            string[] shared =
            [
                "--snapshots", database.Settings.ConnectionString,
                // As short as brokers allow: how soon a killed member is missed.
                "--kafka-option", "consumer.session.timeout.ms=6000",
            ];
            using CancellationTokenSource end = new();
            Task load = scene.LoadAsync(traffic, Lead(scene, end.Token));
            try
            {
                Moves moves = new(
                    scene, traffic, name => [.. Arguments(scene, name), .. shared]);
                moved = await moves.RunAsync(load);
            }
            finally
            {
                await end.CancelAsync();
                await Task.WhenAny(load);
            }

            await VerifyAsync(scene, "first");
        }
        finally
        {
            await server.DisposeAsync();
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"= {traffic.Count:N0} events by 1, 3, 2 processes, {moved} times partitions were "
            + $"taken over or given up; {Compare()}"));
    }

    /// <summary>Events flow while processes come and go: no more than some wait.</summary>
    private static Func<Task> Lead(KafkaScene scene, CancellationToken end)
    {
        const long WaitingMax = 50_000;
        long committed = 0;
        return async () =>
        {
            while (scene.Loaded - committed > WaitingMax)
            {
                committed = await scene.ReadCommittedAsync();
                await Task.Delay(RunningEarshot.Pause, end);
            }
        };
    }

    private static async Task<RunningEarshot> StartAsync(string[] args)
    {
        RunningEarshot run = RunningEarshot.Start(args);
        await run.WaitForAsync("Earshot is running");
        return run;
    }

    private async Task ReplayAsync(CrashTraffic traffic) => await RunAsync(
        [
            "replay", traffic.Events, traffic.Closing, .. CrashTraffic.Shape, "--data", Calm,
            "--partitions", $"{KafkaScene.Partitions}",
        ]);

    private string[] Arguments(KafkaScene scene, string name) =>
    [
        .. scene.Run, "--data", Path.Combine(folder, name), "--archive", Shared,
        "--config", CrashTraffic.WriteHurry(folder), "--port", $"{FreePort()}",
    ];

    private async Task VerifyAsync(KafkaScene scene, string name) => await RunAsync(
        ["verify", "--data", Path.Combine(folder, name), .. scene.Place]);

    private ArchiveRows Compare() => ArchiveRows.Compare(
        folder, Path.Combine(Calm, "archive"), Shared, sameInput: false);

    private static async Task RunAsync(string[] args)
    {
        (int code, string said, string error) = await EarshotProcess.RunAsync(args);
        Assert.True(code == 0, $"exit code {code}: {error}\n{said}");
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class Progress(KafkaScene scene) : CrashLoop.IProgress
    {
        public Task<long> ReadAsync() => scene.ReadCommittedAsync();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
