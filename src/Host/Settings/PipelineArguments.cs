using System.CommandLine;
using Earshot.Actors;

namespace Earshot.Host.Settings;

/// <summary>The options that shape a pipeline, and what was given for them.</summary>
internal sealed class PipelineArguments
{
    private static readonly string[] always =
    [
        "window", "lateness", "mode", "keys", "partitions", "pipeline", "dead-letter-limit",
    ];

    private readonly Dictionary<string, Option<string?>> settings = [];
    private readonly Option<bool> shuffle = new("--shuffle")
    {
        Description = "Send partial results through the bundles topic even with one partition.",
    };

    private readonly Option<bool> archiveCalls = new("--archive-calls")
    {
        Description = "Write a row per call, with its values, its tags and why it carries them, "
            + "to the table calls.",
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
    /// <param name="more">Settings that are options of this command beside the usual ones.</param>
    public PipelineArguments(params string[] more)
    {
        PipelineOptions defaults = new();
        foreach (string name in always.Concat(more))
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
        command.Options.Add(archiveCalls);
        command.Options.Add(config);
        command.Options.Add(acceptIncomplete);
    }

    /// <summary>The settings of --config.</summary>
    /// <exception cref="UsageException">The file cannot be used.</exception>
    public ConfigFile ConfigOf(ParseResult given) =>
        given.GetValue(config) is { } path ? ConfigFile.Read(path) : ConfigFile.None;

    /// <summary>True when a setting was given, on the command line or in a file.</summary>
    public bool IsGiven(ParseResult given, string name) =>
        given.GetValue(settings[name]) is not null
        || ConfigOf(given).Pipeline.Any(setting => setting.Setting.Name == name);

    /// <summary>The pipeline that was asked for: defaults, then --config, then options.</summary>
    /// <exception cref="UsageException">A value is not allowed.</exception>
    public PipelineOptions Read(ParseResult given)
    {
        PipelineOptions options = new();
        ConfigFile file = ConfigOf(given);
        foreach ((PipelineSetting setting, string text) in file.Pipeline)
            options = setting.Set(options, text, $"--config {file.Path}: {setting.Name}");

        foreach ((string name, Option<string?> option) in settings)
        {
            if (given.GetValue(option) is { } text)
                options = PipelineSetting.Of(name).Set(options, text, "--" + name);
        }

        WarningSettings.Check(options);
        MosSettings.Check(options);
        return options with
        {
            Shuffled = options.Shuffled || given.GetValue(shuffle),
            ArchiveCalls = options.ArchiveCalls || given.GetValue(archiveCalls),
            AcceptIncompleteState = given.GetValue(acceptIncomplete),
        };
    }
}
