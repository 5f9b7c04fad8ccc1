using System.Diagnostics;

namespace Earshot.Tests.Crash;

/// <summary>The program as users run it: a process of its own.</summary>
internal static class EarshotProcess
{
    /// <summary>Longest any command here may take; far more than it needs.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    /// <summary>Runs a command to its end.</summary>
    /// <returns>Exit code, standard output, standard error.</returns>
    public static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using Process process = Start(args);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource limit = new(Limit);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }

    /// <summary>Runs a command and kills it (SIGKILL) after a while.</summary>
    /// <returns>True when it was killed, false when it had ended before.</returns>
    public static async Task<bool> RunAndKillAsync(TimeSpan after, params string[] args)
    {
        using Process process = Start(args);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        bool ended = process.WaitForExit(after);
        if (!ended)
            process.Kill();
        await process.WaitForExitAsync();
        await Task.WhenAll(output, error);
        Assert.True(
            !ended || process.ExitCode == 0, $"exit code {process.ExitCode}: {error.Result}");
        return !ended;
    }

    private static Process Start(string[] args)
    {
        string app = Path.Combine(AppContext.BaseDirectory, "earshot.dll");
        ProcessStartInfo start = new("dotnet", [app, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
    }
}
