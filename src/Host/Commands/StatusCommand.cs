using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Earshot.Host.Commands;

/// <summary><c>earshot status</c>: the progress of a running service.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(10);

    private static readonly JsonSerializerOptions pretty = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create(Terminal terminal)
    {
        Option<string> url = new("--url")
        {
            Description = "Where the service is.",
            HelpName = "URL",
            DefaultValueFactory = _ => "http://localhost:5080",
        };
        Command command = new("status", "Progress of a running service, as JSON") { url };
        command.SetAction((given, cancel) => RunAsync(terminal, given.GetValue(url)!, cancel));
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal, string url, CancellationToken cancel)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address)
            || address.Scheme is not ("http" or "https"))
            throw new UsageException($"--url '{url}' is no address as http://localhost:5080.");
        if (address.AbsolutePath == "/")
            address = new Uri(address, "/status");
        using HttpClient client = new() { Timeout = patience };
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(address, cancel);
            string body = await answer.Content.ReadAsStringAsync(cancel);
            if (!answer.IsSuccessStatusCode)
                throw new FailedException(
                    $"{address} answered {(int)answer.StatusCode}: is that an earshot service?");
            using JsonDocument status = JsonDocument.Parse(body);
            terminal.Out.WriteLine(JsonSerializer.Serialize(status, pretty));
            return ExitCodes.Ok;
        }
        catch (JsonException e)
        {
            throw new FailedException($"{address} is no earshot service: it gave no JSON.", e);
        }
        catch (HttpRequestException e)
        {
            throw NoAnswer(address, e);
        }
        catch (TaskCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw NoAnswer(address, e);
        }
    }

    private static FailedException NoAnswer(Uri address, Exception e) => new(
        $"nothing answers at {address} ({e.Message}). Start a service with 'earshot run', or name "
        + "its address with --url.", e);
}
