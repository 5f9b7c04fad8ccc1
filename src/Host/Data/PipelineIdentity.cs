using System.Text;
using Earshot.Actors;
using Earshot.Host.Settings;
using Earshot.Schemas;

namespace Earshot.Host.Data;

/// <summary>Where the records of a pipeline come from.</summary>
internal enum PipelineKind
{
    /// <summary>Files, read once.</summary>
    Replay,

    /// <summary>Traffic made up by <c>earshot run</c>.</summary>
    Generated,

    /// <summary>A live topic.</summary>
    Live,
}

/// <summary>
/// What makes a pipeline this one and no other: its inputs, and the settings that decide its
/// results. A data folder belongs to one identity.
/// </summary>
/// <param name="Kind">Where the records come from.</param>
/// <param name="Inputs">The files of a replay, in order.</param>
/// <param name="Settings">Name and value of every setting that decides results.</param>
internal sealed record PipelineIdentity(
    PipelineKind Kind, IReadOnlyList<InputFile> Inputs,
    IReadOnlyDictionary<string, string> Settings)
{
    private const string FormatName = "format";

    /// <summary>The identity of a pipeline.</summary>
    /// <param name="kind">Where the records come from.</param>
    /// <param name="inputs">The files of a replay.</param>
    /// <param name="format">Their format; null where there is none to choose.</param>
    /// <param name="options">The pipeline.</param>
    public static PipelineIdentity Of(
        PipelineKind kind, IReadOnlyList<InputFile> inputs, string? format, PipelineOptions options)
    {
        SortedDictionary<string, string> settings = new(StringComparer.Ordinal);
        foreach (PipelineSetting setting in PipelineSetting.All.Where(s => s.Shapes))
            settings[setting.Name] = setting.Read(options);
        if (format is not null)
            settings[FormatName] = format;
        return new PipelineIdentity(kind, inputs, settings);
    }

    /// <summary>
    /// A number that stands for the settings, 0 never. Those that are as usual do not count, so
    /// that a version which knows more settings reads what an older one wrote.
    /// </summary>
    public ulong SettingsFingerprint
    {
        get
        {
            PipelineOptions defaults = new();
            IEnumerable<string> unusual = Settings
                .Where(s => PipelineSetting.All.FirstOrDefault(known => known.Name == s.Key)
                    ?.Read(defaults) != s.Value)
                .OrderBy(s => s.Key, StringComparer.Ordinal)
                .Select(s => $"{s.Key}={s.Value}");
            return Math.Max(1, StableHash.Of(Encoding.UTF8.GetBytes(string.Join('\n', unusual))));
        }
    }

    /// <summary>"replay of a.csv.gz and b.csv.gz" or "generated traffic".</summary>
    public string Title => Kind switch
    {
        PipelineKind.Replay => "replay of " + string.Join(" and ", Inputs.Select(i => i.Name)),
        PipelineKind.Generated => "generated traffic",
        _ => "live input",
    };

    /// <summary>Name of the input format; null where there is none to choose.</summary>
    public string? Format => Settings.GetValueOrDefault(FormatName);

    /// <summary>
    /// The pipeline these settings make; what does not decide results is default.
    /// </summary>
    /// <exception cref="FailedException">A setting is not known here.</exception>
    public PipelineOptions ToOptions()
    {
        PipelineOptions options = new();
        foreach ((string name, string value) in Settings)
        {
            if (name == FormatName)
                continue;
            PipelineSetting setting = PipelineSetting.All.FirstOrDefault(s => s.Name == name)
                ?? throw new FailedException(
                    $"the data folder has the setting '{name}', which this version of earshot does "
                    + "not know. Use the version that made it.");
            options = setting.Set(options, value, $"the data folder's setting {name}");
        }

        return options;
    }

    /// <summary>What differs in another identity, a line each; empty when it is the same.</summary>
    /// <param name="wanted">The one asked for; this is the one that is there.</param>
    public IReadOnlyList<string> DifferencesTo(PipelineIdentity wanted)
    {
        if (Kind != wanted.Kind)
            return [$"input: there {Title}, here {wanted.Title}"];
        List<string> lines = [];
        for (int i = 0; i < Math.Max(Inputs.Count, wanted.Inputs.Count); i++)
        {
            InputFile? there = Inputs.ElementAtOrDefault(i);
            InputFile? here = wanted.Inputs.ElementAtOrDefault(i);
            if (there == here)
                continue;
            bool sameLook = there?.ToString() == here?.ToString();
            lines.Add(sameLook
                ? $"file {i + 1}: {there} has other content than it had then"
                : $"file {i + 1}: there {there?.ToString() ?? "none"}, here "
                    + (here?.ToString() ?? "none"));
        }

        AddSettings(wanted, lines);
        return lines;
    }

    private void AddSettings(PipelineIdentity wanted, List<string> lines)
    {
        PipelineOptions defaults = new();
        foreach (string name in Settings.Keys.Union(wanted.Settings.Keys).Order())
        {
            // A setting that an older version did not know had the value that is now the default.
            string? byDefault =
                PipelineSetting.All.FirstOrDefault(s => s.Name == name)?.Read(defaults);
            string? there = Settings.GetValueOrDefault(name) ?? byDefault;
            string? here = wanted.Settings.GetValueOrDefault(name) ?? byDefault;
            if (there != here)
                lines.Add($"{name}: there {there ?? "not set"}, here {here ?? "not known"}");
        }
    }
}
