using System.Globalization;
using Earshot.Log;
using Earshot.Log.Sqlite;
using Xunit.Abstractions;

namespace Earshot.Tests.Crash;

/// <summary>
/// A replay of two million events, killed with SIGKILL over and over, against one that nobody
/// disturbs.
/// </summary>
public sealed class CrashLoopTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 25;
    private const int Seed = 42;

    private readonly string folder = Directory.CreateTempSubdirectory("earshot-loop-").FullName;

    private string Rough => Path.Combine(folder, "rough");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [DuckDbFact]
    public async Task Killed_over_and_over_the_archive_has_the_same_rows()
    {
        CrashTraffic traffic = await CrashTraffic.WriteAsync(folder);
        string calm = Path.Combine(folder, "calm");
        string[] shape = ["replay", traffic.Events, .. CrashTraffic.Shape];
        await RunAsync([.. shape, "--data", calm]);

        string[] hurried =
            [.. shape, "--data", Rough, "--config", CrashTraffic.WriteHurry(folder)];
        CrashLoop loop = new(
            Seed, traffic.Count, () => StartAsync(hurried),
            async () => await CommittedOffset.OpenAsync(Path.Combine(Rough, "log.db")));
        CrashFigures figures = await loop.RunAsync(Kills, () => RunningEarshot.Start(hurried));
        await RunAsync(hurried);

        await RunAsync(["verify", traffic.Events, "--data", Rough]);
        ArchiveRows rows = ArchiveRows.Compare(
            folder, Path.Combine(calm, "archive"), Path.Combine(Rough, "archive"),
            sameInput: true);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"= {traffic.Count:N0} events: {figures}; {rows}"));
    }

    private static async Task<RunningEarshot> StartAsync(string[] args)
    {
        RunningEarshot run = RunningEarshot.Start(args);
        // Its log is open by now: this test's reading does not do the recovery in its place.
        await run.WaitForAsync("Replaying");
        return run;
    }

    private static async Task RunAsync(string[] args)
    {
        (int code, string said, string error) = await EarshotProcess.RunAsync(args);
        Assert.True(code == 0, $"exit code {code}: {error}\n{said}");
    }

    private sealed class CommittedOffset(SqliteLog log) : CrashLoop.IProgress
    {
        private static readonly TopicPartition source = new("earshot.calls.v1", 0);

        public static async Task<CommittedOffset> OpenAsync(string path) => new(
            await SqliteLog.OpenAsync(
                new SqliteLogOptions(path), TimeProvider.System, CancellationToken.None));

        public async Task<long> ReadAsync() => await log.ReadCommittedAsync(
            "earshot.fused", source, CancellationToken.None) ?? 0;

        public ValueTask DisposeAsync() => log.DisposeAsync();
    }
}
