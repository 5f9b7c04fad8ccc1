using System.CommandLine;
using Earshot.Actors;
using Earshot.Host.Dead;

namespace Earshot.Host.Settings;

/// <summary>The options that say whose dead letters are meant.</summary>
internal sealed class DeadLetterArguments
{
    private readonly KafkaArguments kafka = new();
    private readonly Option<string?> pipeline = new("--pipeline")
    {
        Description = "With --kafka: the pipeline's name. [default: the data folder's, else "
            + $"{new PipelineOptions().PipelineId}]",
        HelpName = "NAME",
    };

    private readonly Option<string?> topic = new("--topic")
    {
        Description = "With --kafka: the input topic, into which 'retry' sends. [default: the data "
            + $"folder's, else {Topics.CallsDefault}]",
        HelpName = "NAME",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        kafka.AddReaderTo(command);
        command.Options.Add(pipeline);
        command.Options.Add(topic);
    }

    /// <summary>What was asked for.</summary>
    /// <exception cref="UsageException">A value is not allowed.</exception>
    public DeadLetterAddress Read(ParseResult given)
    {
        PipelineOptions names = new();
        foreach ((string name, Option<string?> option) in
            new[] { ("pipeline", pipeline), ("topic", topic) })
        {
            if (given.GetValue(option) is { } text)
                names = PipelineSetting.Of(name).Set(names, text, "--" + name);
        }

        return new DeadLetterAddress(
            GlobalArguments.DataOf(given), kafka.Read(given), given.GetValue(pipeline),
            given.GetValue(topic));
    }
}
