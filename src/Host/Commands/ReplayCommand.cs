using System.CommandLine;
using Earshot.Actors;
using Earshot.Host.Data;
using Earshot.Host.Replay;
using Earshot.Host.Settings;
using Earshot.Sources;
using Earshot.Sources.Mapping;
using Microsoft.Extensions.Logging;

namespace Earshot.Host.Commands;

/// <summary><c>earshot replay</c>: the pipeline over files.</summary>
internal static class ReplayCommand
{
    private const string Description =
        "The same pipeline over files, in the order given; ends with a summary table. Stopped or "
        + "killed, the same command goes on where it stopped. Exit code 0 only if every record "
        + "was accounted for.";

    public static Command Create(Terminal terminal)
    {
        Argument<string[]> files = new("FILE")
        {
            Description = "Files to replay; .gz is read as is.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> format = new("--format")
        {
            Description = $"Format of the files: {string.Join(", ", InputFormat.Names)}. "
                + "[default: what the file name suggests]",
            HelpName = "F",
        };
        Option<string?> map = new("--map")
        {
            Description = "JSON file that says what the columns of a CSV file mean (format csv): "
                + "{ \"kind\": \"stream_report\", \"time\": \"ms\", \"columns\": { \"event_time\": "
                + "\"ts\", \"jitter\": { \"column\": \"jit_s\", \"scale\": 1000 } }, "
                + "\"dimensions\": { \"carrier\": \"trunk\" }, \"delimiter\": \";\" }.",
            HelpName = "FILE",
        };
        Option<string> speed = new("--speed")
        {
            Description = "max, or a multiple of event time as 1x or 60x.",
            HelpName = "SPEED",
            DefaultValueFactory = _ => "max",
        };
        PipelineArguments pipeline = new();
        Command command = new("replay", Description) { files, format, map, speed };
        pipeline.AddTo(command);
        command.SetAction((given, cancel) =>
        {
            string[] paths = given.GetRequiredValue(files);
            PipelineOptions options = pipeline.Read(given);
            ReplaySpeed pace = ReplaySpeed.Parse(given.GetValue(speed)!);
            ReplayRequest request = new(
                paths, [.. paths.Select(InputFile.Examine)],
                FormatOf(given.GetValue(format), given.GetValue(map), paths), options, pace,
                GlobalArguments.DataOf(given), GlobalArguments.ArchiveOf(given),
                GlobalArguments.LevelOf(given, LogLevel.Warning),
                GlobalArguments.SqlCommand(
                    given, "SELECT * FROM aggregates ORDER BY window_start DESC LIMIT 10"));
            return new ReplayJob(request, terminal).RunAsync(cancel);
        });
        return command;
    }

    private static InputFormat FormatOf(string? name, string? map, string[] paths)
    {
        if (map is not null)
        {
            return name is null || name.Equals("csv", StringComparison.OrdinalIgnoreCase)
                ? InputFormat.Mapped(ReadMap(map))
                : throw new UsageException($"--map goes with --format csv, not with {name}.");
        }

        InputFormat format = FormatOf(name, paths);
        return format.NeedsMap
            ? throw new UsageException(
                "--format csv needs --map FILE, which says what the columns mean.")
            : format;
    }

    private static ColumnMap ReadMap(string path)
    {
        try
        {
            return ColumnMap.Parse(File.ReadAllText(path));
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"--map {path}: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--map {path} cannot be read: {e.Message}");
        }
    }

    private static InputFormat FormatOf(string? name, string[] paths)
    {
        if (name is not null)
        {
            return InputFormat.Names.Contains(name, StringComparer.OrdinalIgnoreCase)
                ? InputFormat.Parse(name)
                : throw new UsageException($"--format '{name}' is unknown. {Allowed}");
        }

        InputFormat?[] guesses = [.. paths.Select(InputFormat.Guess).Distinct()];
        return guesses is [{ } only]
            ? only
            : throw new UsageException(
                "the file names do not tell which format the files have: name it with --format. "
                + Allowed);
    }

    private static string Allowed => $"Allowed: {string.Join(", ", InputFormat.Names)}.";
}
