using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Earshot.Tests.Integration;

/// <summary>Runs scripts of the tests with Node: the second opinion on what the project says.
/// </summary>
internal static class NodeScript
{
    /// <summary>Why a test that needs Node is skipped.</summary>
    public const string MissingMessage = "node is not on the PATH";

    /// <summary>Whether there is a Node to run.</summary>
    public static bool IsAvailable { get; } = Find();

    /// <summary>A script in the folder of the source file that calls this.</summary>
    public static string Beside(string name, [CallerFilePath] string path = "") =>
        Path.Combine(Path.GetDirectoryName(path)!, name);

    /// <summary>The JSON lines a script prints.</summary>
    public static JsonElement[] Run(string script, params string[] arguments)
    {
        ProcessStartInfo start = new("node", [script, .. arguments])
        {
            RedirectStandardOutput = true,
        };
        using Process node = Process.Start(start)!;
        string output = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        Assert.Equal(0, node.ExitCode);
        return
        [
            .. output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement.Clone()),
        ];
    }

    private static bool Find()
    {
        string name = OperatingSystem.IsWindows() ? "node.exe" : "node";
        string path = Environment.GetEnvironmentVariable("PATH") ?? "";
        return path.Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, name)));
    }
}
