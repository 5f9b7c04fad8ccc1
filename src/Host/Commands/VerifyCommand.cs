using System.CommandLine;
using System.Globalization;
using Earshot.Host.Settings;
using Earshot.Host.Verify;
using Earshot.Sources;

namespace Earshot.Host.Commands;

/// <summary><c>earshot verify</c>: the archive against the input.</summary>
internal static class VerifyCommand
{
    private const int DifferencesDefault = 20;

    private const string Description =
        "Recompute the rows from the input, by a separate plain path, and compare them with the "
        + "archive row by row. Keys, counts, extremes, percentiles, buckets, tags and final must "
        + "be equal; sums, means, deviations and what follows from them within 1e-9; revisions are "
        + "left out. Works on a replay's data folder and on that of a service, also while it runs; "
        + "--kafka says where a service on Kafka has its log. "
        + "Exit code 0: the same. 1: different, or it cannot be checked. 2: wrong use.";

    public static Command Create(Terminal terminal)
    {
        Argument<string[]> files = new("FILE")
        {
            Description = "The files that were replayed, in their order. [default: those the data "
                + "folder names, in the current folder; a service has its input in its log]",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<string?> format = new("--format")
        {
            Description = "Format of the files. [default: the one they were replayed in]",
            HelpName = "F",
        };
        Option<int> differences = new("--differences")
        {
            Description = "Differences shown in full.",
            HelpName = "N",
            DefaultValueFactory = _ => DifferencesDefault,
        };
        KafkaArguments kafka = new();
        Command command = new("verify", Description) { files, format, differences };
        kafka.AddReaderTo(command);
        command.SetAction((given, cancel) =>
        {
            string? name = given.GetValue(format);
            if (name is not null
                && !InputFormat.Names.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                throw new UsageException($"--format '{name}' is unknown. Allowed: "
                    + $"{string.Join(", ", InputFormat.Names)}.");
            }

            int shown = given.GetValue(differences);
            if (shown < 0)
            {
                throw new UsageException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"--differences {shown}: allowed is a whole number from 0."));
            }

            VerifyRequest request = new(
                given.GetValue(files) ?? [], name, GlobalArguments.DataOf(given),
                GlobalArguments.ArchiveOf(given), shown)
            {
                Kafka = kafka.Read(given),
            };
            return new VerifyJob(request, terminal).RunAsync(cancel);
        });
        return command;
    }
}
