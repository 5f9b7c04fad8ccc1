using System.CommandLine;
using System.Globalization;
using Earshot.Actors;
using Earshot.Analytics;

namespace Earshot.Host.Settings;

/// <summary>The options of a service: what it reads, where it keeps state and archive.</summary>
internal sealed class ServiceArguments
{
    private const string UrlDefault = "http://localhost:5080";
    private const string SnapshotsName = "snapshots";
    private const string ArchiveRetentionName = "archive-retention";

    private readonly Option<bool> rekey = new("--rekey")
    {
        Description = "Kafka: the topic is keyed otherwise than by call; spread its records over "
            + "a topic of the pipeline's own first.",
    };

    private readonly Option<string?> snapshots = new("--" + SnapshotsName)
    {
        Description = "PostgreSQL for the snapshots, as Host=db;Database=earshot;Username=…; "
            + "several processes that share the work need it. A value env:VARIABLE or file:PATH "
            + "is read from there. [default: snapshots.db in the data folder]",
        HelpName = "CONNECTION",
    };

    private readonly Option<string?> archiveRetention = new("--" + ArchiveRetentionName)
    {
        Description = "Days that ended longer ago go from the archive. [default: none]",
        HelpName = "DURATION",
    };

    private readonly Option<string> urls = new("--urls")
    {
        Description = "Address of the status page.",
        HelpName = "URL",
        DefaultValueFactory = _ => UrlDefault,
    };

    private readonly Option<int?> port = new("--port")
    {
        Description = "The same by its port on localhost.",
        HelpName = "N",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(urls);
        command.Options.Add(port);
        command.Options.Add(rekey);
        command.Options.Add(snapshots);
        command.Options.Add(archiveRetention);
    }

    /// <summary>The pipeline with what was asked for here.</summary>
    public PipelineOptions Read(ParseResult given, PipelineOptions options) =>
        options with { Rekey = options.Rekey || given.GetValue(rekey) };

    /// <summary>Connection string of the snapshots; null: the data folder keeps them.</summary>
    public string? SnapshotsOf(ParseResult given, ConfigFile config) =>
        (given.GetValue(snapshots) ?? config.Others.GetValueOrDefault(SnapshotsName)) is { } text
            ? Secret.Read("--" + SnapshotsName, text)
            : null;

    /// <summary>How long days stay in the archive; null: for ever.</summary>
    /// <exception cref="UsageException">It is no duration.</exception>
    public TimeSpan? ArchiveRetentionOf(ParseResult given, ConfigFile config)
    {
        string? text = given.GetValue(archiveRetention)
            ?? config.Others.GetValueOrDefault(ArchiveRetentionName);
        if (text is null)
            return null;
        try
        {
            return TimeSpan.FromMilliseconds(Durations.ParseMs(text));
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new UsageException($"--{ArchiveRetentionName} '{text}': {e.Message}");
        }
    }

    /// <summary>Address of the status page.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public string AddressOf(ParseResult given)
    {
        if (given.GetValue(port) is { } number)
        {
            return number is > 0 and <= 65_535
                ? string.Create(CultureInfo.InvariantCulture, $"http://localhost:{number}")
                : throw new UsageException($"--port {number}: allowed is 1 to 65535.");
        }

        string url = given.GetValue(urls)!;
        return Uri.TryCreate(url, UriKind.Absolute, out Uri? address) && address.Scheme == "http"
            ? url.TrimEnd('/')
            : throw new UsageException(
                $"--urls '{url}': allowed is an address as {UrlDefault} (http only).");
    }
}
