using System.Text;
using Earshot.Host;

namespace Earshot.Tests.Integration.Host;

/// <summary>Runs commands in this process, in a folder of their own that goes with the test.</summary>
public sealed class CommandLine : IDisposable
{
    private const string Step =
        """
        "signaling_event":{"name":"preflight","event_type":"pdd","pdd":{"pdd":2.8}},
        """;

    public CommandLine() => Folder = Directory.CreateTempSubdirectory("earshot-cli-").FullName;

    public string Folder { get; }

    public string DataFolder => PathOf("data");

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Writes a file of call events, one a minute; the last line is broken.</summary>
    public string WriteEvents(string name, int count, string country = "us")
    {
        StringBuilder lines = new();
        for (int i = 0; i < count; i++)
        {
            long time = 1_527_966_000_000 + (i * 60_000L);
            lines.AppendLine(
                $$"""{"event_time":{{time}},"event_id":"E{{i}}","call_id":"C{{i}}",""" + Step
                + "\"event_dimensions\":{\"carrier\":\"telco_a\",\"country\":\"" + country + "\"}}");
        }

        lines.AppendLine("{ broken");
        string path = PathOf(name);
        File.WriteAllText(path, lines.ToString());
        return path;
    }

    /// <summary>Replays a file into the data folder.</summary>
    public Task<CommandResult> ReplayAsync(string file, params string[] more) => RunAsync(
        [
            "replay", file, "--format", "call-event-json", "--keys", "country", "--data",
            DataFolder, .. more,
        ]);

    public static Task<CommandResult> RunAsync(params string[] args) => RunAsync(args, default);

    public static async Task<CommandResult> RunAsync(string[] args, CancellationToken cancel)
    {
        StringWriter output = new(), error = new();
        MemoryStream bytes = new();
        Terminal terminal = new(
            TextWriter.Synchronized(output), TextWriter.Synchronized(error), () => bytes,
            Interactive: false);
        int code = await Cli.RunAsync(args, terminal, cancel);
        string text = output + Encoding.UTF8.GetString(bytes.ToArray());
        return new CommandResult(code, text, error.ToString());
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

/// <summary>What a command said.</summary>
public sealed record CommandResult(int Code, string Output, string Error);
