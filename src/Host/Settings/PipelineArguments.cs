using System.CommandLine;
using Earshot.Actors;

namespace Earshot.Host.Settings;

/// <summary>The options that shape a pipeline, and what was given for them.</summary>
internal sealed class PipelineArguments
{
    private static readonly string[] asOptions =
        ["window", "lateness", "mode", "keys", "partitions", "dead-letter-limit"];

    private readonly Dictionary<string, Option<string?>> settings = [];
    private readonly Option<bool> shuffle = new("--shuffle")
    {
        Description = "Send partial results through the bundles topic even with one partition.",
    };

    private readonly Option<string?> config = new("--config")
    {
        Description = "JSON file with any setting, for example { \"window\": \"5m,1h\", "
            + "\"tags\": { \"mos\": 3.4 } }. Options given here count more.",
        HelpName = "FILE",
    };

    private readonly Option<bool> acceptIncomplete = new("--accept-incomplete-state")
    {
        Description = "Go on although snapshots are lost and the log no longer begins at 0: what "
            + "came before is missing in the results.",
    };

    /// <summary>Makes the options.</summary>
    public PipelineArguments()
    {
        PipelineOptions defaults = new();
        foreach (string name in asOptions)
        {
            PipelineSetting setting = PipelineSetting.Of(name);
            settings[name] = new Option<string?>("--" + name)
            {
                Description = $"{setting.Help} Allowed: {setting.Allowed}. "
                    + $"[default: {setting.Read(defaults)}]",
                HelpName = name.ToUpperInvariant(),
            };
        }
    }

    /// <summary>Adds the pipeline's options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option<string?> option in settings.Values)
            command.Options.Add(option);
        command.Options.Add(shuffle);
        command.Options.Add(config);
        command.Options.Add(acceptIncomplete);
    }

    /// <summary>The pipeline that was asked for: defaults, then --config, then options.</summary>
    /// <exception cref="UsageException">A value is not allowed.</exception>
    public PipelineOptions Read(ParseResult given)
    {
        PipelineOptions options = new();
        if (given.GetValue(config) is { } path)
        {
            foreach ((PipelineSetting setting, string text) in ConfigFile.Read(path))
                options = setting.Set(options, text, $"--config {path}: {setting.Name}");
        }

        foreach ((string name, Option<string?> option) in settings)
        {
            if (given.GetValue(option) is { } text)
                options = PipelineSetting.Of(name).Set(options, text, "--" + name);
        }

        return options with
        {
            Shuffled = options.Shuffled || given.GetValue(shuffle),
            AcceptIncompleteState = given.GetValue(acceptIncomplete),
        };
    }
}
