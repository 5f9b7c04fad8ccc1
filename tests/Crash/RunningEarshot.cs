using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Earshot.Tests.Crash;

/// <summary>A process of the program that a test stops, or kills.</summary>
internal sealed class RunningEarshot : IAsyncDisposable
{
    /// <summary>Between two looks at what it does.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>Longest it may take to start, or to stop; a crowded machine takes long.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Process process;
    private readonly ConcurrentQueue<string> lines = [];

    private RunningEarshot(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>True when it is no more.</summary>
    public bool HasEnded => process.HasExited;

    /// <summary>What it has said so far.</summary>
    public string Said => string.Join('\n', lines);

    public static RunningEarshot Start(IEnumerable<string> args)
    {
        string app = Path.Combine(AppContext.BaseDirectory, "earshot.dll");
        ProcessStartInfo start = new("dotnet", [app, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new RunningEarshot(Process.Start(start)!);
    }

    /// <summary>Waits until it has said something.</summary>
    public async Task WaitForAsync(string text)
    {
        long started = Stopwatch.GetTimestamp();
        while (!lines.Any(line => line.Contains(text, StringComparison.Ordinal)))
        {
            Assert.False(HasEnded, $"it ended before it said '{text}':\n{Said}");
            Assert.True(
                Stopwatch.GetElapsedTime(started) < Patience, $"it never said '{text}':\n{Said}");
            await Task.Delay(Pause);
        }
    }

    /// <summary>SIGKILL: it learns nothing of it.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>SIGTERM: it ends cleanly.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> TerminateAsync()
    {
        string id = process.Id.ToString(CultureInfo.InvariantCulture);
        using (Process signal = Process.Start("kill", ["-TERM", id]))
            await signal.WaitForExitAsync();
        return await WaitAsync();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitAsync()
    {
        await process.WaitForExitAsync().WaitAsync(Patience);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!HasEnded)
            await KillAsync();
        process.Dispose();
    }

    private void Add(string? line)
    {
        if (line is not null)
            lines.Enqueue(line);
    }
}
