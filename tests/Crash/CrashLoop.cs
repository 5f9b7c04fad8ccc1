using System.Diagnostics;
using System.Globalization;

namespace Earshot.Tests.Crash;

/// <summary>What a crash loop came to.</summary>
/// <param name="Kills">Processes killed that had committed something and were not done.</param>
/// <param name="EarlyKills">Processes killed while they started.</param>
/// <param name="Time">How long all of it took.</param>
internal sealed record CrashFigures(int Kills, int EarlyKills, TimeSpan Time)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Kills} kills at work, {EarlyKills} while starting, {Time.TotalSeconds:F0} s");
}

/// <summary>
/// Starts a pipeline again and again and kills it, each time somewhat further in its input. Where
/// exactly a kill strikes is up to chance; the seed decides between which records.
/// </summary>
/// <param name="seed">Of everything random.</param>
/// <param name="end">Records of the input.</param>
/// <param name="start">Starts a process; returns when it has opened its stores.</param>
/// <param name="watch">Gives how far the pipeline has committed, while a process runs.</param>
internal sealed class CrashLoop(
    int seed, long end, Func<Task<RunningEarshot>> start, Func<Task<CrashLoop.IProgress>> watch)
{
    /// <summary>A start in so many is killed before it has done anything.</summary>
    private const int EarlyEvery = 4;

    private const int EarlyMsMax = 1500;
    private const int DelayMsMax = 100;

    private readonly Random random = new(seed);

    /// <summary>Tells how far a pipeline has come.</summary>
    internal interface IProgress : IAsyncDisposable
    {
        /// <summary>Input records committed.</summary>
        Task<long> ReadAsync();
    }

    /// <summary>Kills so often; a last run to the end is the caller's.</summary>
    /// <param name="kills">How often.</param>
    /// <param name="early">Starts a process without waiting.</param>
    public async Task<CrashFigures> RunAsync(int kills, Func<RunningEarshot> early)
    {
        long started = Stopwatch.GetTimestamp();
        int earlyKills = 0;
        for (int done = 0; done < kills; done++)
        {
            if (done % EarlyEvery == EarlyEvery - 1)
            {
                await KillEarlyAsync(early);
                earlyKills++;
            }

            await KillAtWorkAsync(kills - done);
        }

        return new CrashFigures(kills, earlyKills, Stopwatch.GetElapsedTime(started));
    }

    private async Task KillEarlyAsync(Func<RunningEarshot> early)
    {
        await using RunningEarshot run = early();
        await Task.Delay(random.Next(EarlyMsMax));
        Assert.False(run.HasEnded, $"it ended by itself:\n{run.Said}");
        await run.KillAsync();
    }

    private async Task KillAtWorkAsync(int left)
    {
        await using RunningEarshot run = await start();
        await using (IProgress progress = await watch())
        {
            long from = await progress.ReadAsync();
            Assert.True(from < end, $"the input is too short: {left} kills are left at its end");
            double share = (0.5 + random.NextDouble()) / (left + 1);
            long target = from + Math.Max(1, (long)((end - from) * share));
            while (await progress.ReadAsync() < target)
            {
                Assert.False(run.HasEnded, $"it ended by itself:\n{run.Said}");
                await Task.Delay(RunningEarshot.Pause);
            }
        }

        await Task.Delay(random.Next(DelayMsMax));
        Assert.False(run.HasEnded, $"it was done before it could be killed:\n{run.Said}");
        await run.KillAsync();
    }
}
