using System.Text.Json;

namespace Earshot.Tests.Crash;

/// <summary>
/// One process, then three, then two: one of the three ends in good order, and of the two left one
/// is killed and another comes in its place.
/// </summary>
/// <param name="scene">The pipeline.</param>
/// <param name="traffic">Its input, which is being written meanwhile.</param>
/// <param name="arguments">The arguments of a process by its name.</param>
internal sealed class Moves(
    KafkaScene scene, CrashTraffic traffic, Func<string, string[]> arguments)
{
    /// <summary>Runs it, until all that follows from the input is archived.</summary>
    /// <param name="load">Ends when the input is written.</param>
    /// <returns>How often partitions were taken over or given up.</returns>
    public async Task<int> RunAsync(Task load)
    {
        string[] firstArgs = arguments("first"), lastArgs = arguments("last");
        await using RunningEarshot first = await StartAsync(firstArgs);
        await WaitForShareAsync(0.15, load, first);

        await using RunningEarshot second = await StartAsync(arguments("second"));
        await using RunningEarshot third = await StartAsync(arguments("third"));
        await first.WaitForAsync("gives up");
        await second.WaitForAsync("owns");
        await third.WaitForAsync("owns");
        await WaitForShareAsync(0.4, load, first, second, third);

        Assert.True(await second.TerminateAsync() == 0, second.Said);
        await WaitForShareAsync(0.6, load, first, third);

        await third.KillAsync();
        await using RunningEarshot last = await StartAsync(lastArgs);
        await load;
        await scene.SettleAsync(first, last);
        await last.WaitForAsync("owns");
        await AssertBooksAsync(firstArgs, lastArgs);
        Assert.True(await first.TerminateAsync() == 0, first.Said);
        Assert.True(await last.TerminateAsync() == 0, last.Said);
        return new[] { first, second, third, last }.Sum(run => run.Said.Split('\n').Count(line =>
            line.Contains(" owns ", StringComparison.Ordinal)
            || line.Contains(" gives up: ", StringComparison.Ordinal)));
    }

    private static async Task<RunningEarshot> StartAsync(string[] args)
    {
        RunningEarshot run = RunningEarshot.Start(args);
        await run.WaitForAsync("Earshot is running");
        return run;
    }

    private async Task WaitForShareAsync(
        double share, Task load, params RunningEarshot[] processes)
    {
        while (await scene.ReadCommittedAsync() < share * traffic.Count)
        {
            if (load.IsFaulted)
                await load;
            foreach (RunningEarshot process in processes)
                Assert.False(process.HasEnded, $"it ended by itself:\n{process.Said}");
            await Task.Delay(RunningEarshot.Pause);
        }
    }

    /// <summary>
    /// Every record was read once, and no bundle is missing or came twice. Who has just been given
    /// a partition knows its books when it has recovered: they are read until then, half a minute.
    /// </summary>
    private async Task AssertBooksAsync(params string[][] processes)
    {
        const int TriesMax = 6000;
        (long Read, long Gaps, long Repeats, long Late) books = default;
        using HttpClient client = new();
        for (int i = 0; i < TriesMax && books.Read < scene.Loaded; i++)
        {
            await Task.Delay(RunningEarshot.Pause);
            books = default;
            foreach (string[] args in processes)
            {
                string port = args[Array.IndexOf(args, "--port") + 1];
                using JsonDocument status = JsonDocument.Parse(
                    await client.GetStringAsync($"http://localhost:{port}/status"));
                JsonElement said = status.RootElement.GetProperty("books");
                books.Read += said.GetProperty("read").GetInt64();
                books.Gaps += said.GetProperty("bundleGaps").GetInt64();
                books.Repeats += said.GetProperty("duplicateBundles").GetInt64();
                books.Late += said.GetProperty("latePartials").GetInt64();
            }
        }

        Assert.Equal((scene.Loaded, 0, 0, 0), books);
    }
}
