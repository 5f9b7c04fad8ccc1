using System.Diagnostics;
using System.Globalization;

namespace Earshot.Host.Bench;

/// <summary>This program, started again as a process of its own.</summary>
internal static class SelfProcess
{
    /// <summary>Runs it to its end and gives its standard output.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="cancel">Kills it.</param>
    /// <param name="environment">Variables it gets, unless this process has them.</param>
    /// <exception cref="FailedException">It failed; the message has what it said.</exception>
    public static async Task<string> RunAsync(
        IReadOnlyList<string> arguments, CancellationToken cancel,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException(
            "the path of this program is not known");
        ProcessStartInfo start = new(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };

        // Started as `dotnet earshot.dll`, the program is the runtime.
        if (Path.GetFileNameWithoutExtension(program)
            .Equals("dotnet", StringComparison.OrdinalIgnoreCase))
        {
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "earshot.dll"));
        }

        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment.TryAdd(name, value);
        using Process process = Process.Start(start)
            ?? throw new FailedException($"{program} cannot be started.");
        try
        {
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancel);
            Task<string> errors = process.StandardError.ReadToEndAsync(cancel);
            await process.WaitForExitAsync(cancel);
            return process.ExitCode == ExitCodes.Ok ? await output : throw new FailedException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"'{string.Join(' ', arguments)}' ended with exit code {process.ExitCode}: ")
                + (await errors).Trim());
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
