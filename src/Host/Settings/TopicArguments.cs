using System.CommandLine;
using System.Globalization;
using Earshot.Actors;
using Earshot.Host.Generate;

namespace Earshot.Host.Settings;

/// <summary>The options of a command that writes to a Kafka topic.</summary>
internal sealed class TopicArguments
{
    private readonly KafkaArguments kafka = new();
    private readonly Option<string?> topic = new("--topic")
    {
        Description = $"Kafka: the topic; it is made if missing. [default: {Topics.CallsDefault}]",
        HelpName = "NAME",
    };

    private readonly Option<int?> partitions = new("--partitions")
    {
        Description = "Kafka: partitions of a topic that has to be made. "
            + $"[default: {TopicRequest.PartitionsDefault}]",
        HelpName = "N",
    };

    private readonly Option<string?> config = new("--config")
    {
        Description = "JSON file with options of Kafka: { \"kafka\": { … } }.",
        HelpName = "FILE",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        kafka.AddTo(command);
        command.Options.Add(topic);
        command.Options.Add(partitions);
        command.Options.Add(config);
    }

    /// <summary>What was asked for; null when Kafka is not used.</summary>
    /// <exception cref="UsageException">A value is not allowed.</exception>
    public TopicRequest? Read(ParseResult given)
    {
        ConfigFile file = given.GetValue(config) is { } path
            ? ConfigFile.Read(path) : ConfigFile.None;
        int? count = given.GetValue(partitions);
        string? name = given.GetValue(topic);
        if (kafka.Read(given, file) is not { } cluster)
        {
            return count is null && name is null ? null : throw new UsageException(
                "--topic and --partitions are of Kafka: add --kafka HOST:PORT.");
        }

        if (count is < 1 or > 1024)
        {
            throw new UsageException(string.Create(
                CultureInfo.InvariantCulture, $"--partitions {count}: allowed is 1 to 1024."));
        }

        name ??= Topics.CallsDefault;
        bool good = name.Length is > 0 and <= 249 && name is not ("." or "..")
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
        return good ? new TopicRequest(cluster, name, count) : throw new UsageException(
            $"--topic '{name}': allowed are letters, digits, '.', '_' and '-'.");
    }
}
