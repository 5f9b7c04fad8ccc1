using System.CommandLine;

namespace Earshot.Host.Settings;

/// <summary>How a Kafka cluster is reached and used.</summary>
/// <param name="Bootstrap">Brokers to ask first: host:port, several separated by commas.</param>
/// <param name="Settings">Options of librdkafka, secrets read.</param>
/// <param name="Instance">Name for static membership; null for a dynamic one.</param>
/// <param name="FromLatest">A new pipeline begins at the topic's end, not at its beginning.</param>
internal sealed record KafkaRequest(
    string Bootstrap, IReadOnlyDictionary<string, string> Settings, string? Instance,
    bool FromLatest);

/// <summary>The options of commands that may use Kafka.</summary>
internal sealed class KafkaArguments
{
    private const string ConfigPrefix = "kafka.";
    private const string BootstrapName = "bootstrap.servers";

    private readonly Option<string?> kafka = new("--kafka")
    {
        Description = "Brokers: read and write Kafka instead of the embedded log.",
        HelpName = "HOST:PORT",
    };

    private readonly Option<string[]> settings = new("--kafka-option")
    {
        Description = "Any option of librdkafka as NAME=VALUE, for one kind of client with "
            + "producer., consumer. or admin. before the name; may be repeated. A value "
            + "env:VARIABLE or file:PATH is read from there. In --config: "
            + "{ \"kafka\": { \"security.protocol\": \"SASL_SSL\" } }.",
        HelpName = "NAME=VALUE",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string?> instance = new("--instance")
    {
        Description = "Kafka: this process's name among those that share the work. With it the "
            + "membership is static: a restart within the session's time moves no partition.",
        HelpName = "NAME",
    };

    private readonly Option<string> from = new("--from")
    {
        Description = "Kafka: where a new pipeline begins: earliest or latest. One that has begun "
            + "goes on from where it is; to begin anew, name another --pipeline.",
        HelpName = "WHERE",
        DefaultValueFactory = _ => "earliest",
    };

    private readonly Option<string?> config = new("--config")
    {
        Description = "The JSON file the service was started with: what it says of Kafka counts.",
        HelpName = "FILE",
    };

    /// <summary>
    /// Adds what says where the cluster is, to a command that looks at a service.
    /// </summary>
    public void AddReaderTo(Command command)
    {
        kafka.Description = "Brokers: the service has its log on Kafka.";
        AddTo(command);
        command.Options.Add(config);
    }

    /// <summary>Adds what says where the cluster is.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(kafka);
        command.Options.Add(settings);
    }

    /// <summary>Adds what concerns membership and beginning too.</summary>
    public void AddServiceTo(Command command)
    {
        AddTo(command);
        command.Options.Add(from);
        command.Options.Add(instance);
    }

    /// <summary>What was asked for beside <see cref="AddReaderTo"/>.</summary>
    /// <exception cref="UsageException">A value is not allowed.</exception>
    public KafkaRequest? Read(ParseResult given) => Read(
        given, given.GetValue(config) is { } path ? ConfigFile.Read(path) : ConfigFile.None);

    /// <summary>What was asked for; null when Kafka is not used.</summary>
    /// <param name="given">The command line.</param>
    /// <param name="config">The settings of --config.</param>
    /// <exception cref="UsageException">A value is not allowed.</exception>
    public KafkaRequest? Read(ParseResult given, ConfigFile config)
    {
        Dictionary<string, string> all = new(StringComparer.Ordinal);
        foreach ((string name, string value) in config.Others)
        {
            if (name.StartsWith(ConfigPrefix, StringComparison.Ordinal))
                all[name[ConfigPrefix.Length..]] = Secret.Read($"{config.Path}: {name}", value);
        }

        foreach (string pair in given.GetValue(settings) ?? [])
        {
            int split = pair.IndexOf('=', StringComparison.Ordinal);
            if (split <= 0)
                throw new UsageException($"--kafka-option '{pair}': allowed is NAME=VALUE.");
            string name = pair[..split];
            all[name] = Secret.Read($"--kafka-option {name}", pair[(split + 1)..]);
        }

        string? bootstrap = given.GetValue(kafka) ?? all.GetValueOrDefault(BootstrapName);
        all.Remove(BootstrapName);
        if (bootstrap is null)
        {
            return all.Count == 0 ? null : throw new UsageException(
                "Options of Kafka are given, but no brokers: add --kafka HOST:PORT.");
        }

        return new KafkaRequest(
            bootstrap, all, Instance(given), FromLatest(given));
    }

    private string? Instance(ParseResult given)
    {
        string? name = given.CommandResult.GetResult(instance) is null
            ? null : given.GetValue(instance);
        bool good = name is null || (name.Length is > 0 and <= 100
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'));
        return good ? name : throw new UsageException(
            $"--instance '{name}': allowed are letters, digits, '.', '_' and '-'.");
    }

    private bool FromLatest(ParseResult given)
    {
        string where = given.CommandResult.GetResult(from) is null
            ? "earliest" : given.GetValue(from)!;
        return where switch
        {
            "earliest" => false,
            "latest" => true,
            _ => throw new UsageException($"--from '{where}': allowed is earliest or latest."),
        };
    }
}
