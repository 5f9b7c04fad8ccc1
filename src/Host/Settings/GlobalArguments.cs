using System.CommandLine;
using Microsoft.Extensions.Logging;

namespace Earshot.Host.Settings;

/// <summary>The options every command has.</summary>
internal static class GlobalArguments
{
    /// <summary>The folder used when --data is not given.</summary>
    public const string DataDefault = "./earshot-data";

    private const string DataName = "--data";
    private const string ArchiveName = "--archive";
    private const string VerboseName = "--verbose";

    /// <summary>Adds the options to the root command.</summary>
    public static void AddTo(RootCommand root)
    {
        root.Options.Add(new Option<string>(DataName)
        {
            Description = "Folder of log, snapshots and archive; belongs to one pipeline.",
            HelpName = "DIR",
            DefaultValueFactory = _ => DataDefault,
            Recursive = true,
        });
        root.Options.Add(new Option<string?>(ArchiveName)
        {
            Description = "Folder of the Parquet archive. [default: archive/ in the data folder]",
            HelpName = "DIR",
            Recursive = true,
        });
        root.Options.Add(new Option<bool>(VerboseName)
        {
            Description = "Tell more of what happens.",
            Recursive = true,
        });
    }

    /// <summary>The data folder.</summary>
    public static string DataOf(ParseResult given) => given.GetRequiredValue<string>(DataName);

    /// <summary>The archive's folder; null when not given.</summary>
    public static string? ArchiveOf(ParseResult given) => given.GetValue<string?>(ArchiveName);

    /// <summary>The least important log messages shown.</summary>
    /// <param name="given">The command line.</param>
    /// <param name="usual">Without --verbose.</param>
    public static LogLevel LevelOf(ParseResult given, LogLevel usual) =>
        given.GetValue<bool>(VerboseName) ? LogLevel.Debug : usual;

    /// <summary>A command that shows rows of this data folder.</summary>
    /// <param name="given">The command line.</param>
    /// <param name="statement">SQL without double quotes.</param>
    public static string SqlCommand(ParseResult given, string statement)
    {
        string data = DataOf(given) == DataDefault ? "" : $" --data {DataOf(given)}";
        return $"earshot sql{data} \"{statement}\"";
    }
}
