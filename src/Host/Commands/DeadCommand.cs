using System.CommandLine;
using System.Globalization;
using Earshot.Analytics;
using Earshot.Host.Dead;
using Earshot.Host.Settings;

namespace Earshot.Host.Commands;

/// <summary><c>earshot dead</c>: what could not be used, and what can be done with it.</summary>
internal static class DeadCommand
{
    private const int LimitDefault = 20;

    private static readonly string[] reasons = ["malformed", "invalid", "future", "failed"];

    public static Command Create(Terminal terminal) => new(
        "dead",
        "Records that could not be used: list them, look at one, send them in again. Works while "
        + "the service runs. The log keeps them as long as --log-retention of 'earshot run' says; "
        + "the archive's tables dead and late have them for good ('earshot sql'). "
        + "Of a service on Kafka: with --kafka.")
    {
        List(terminal), Show(terminal), Retry(terminal),
    };

    private static Command List(Terminal terminal)
    {
        Option<bool> late = LateOption();
        Option<string?> reason = ReasonOption();
        Option<string?> since = SinceOption();
        Option<int> limit = new("--limit")
        {
            Description = "Most records shown; all are counted.",
            HelpName = "N",
            DefaultValueFactory = _ => LimitDefault,
        };
        Option<string> format = new("--format")
        {
            Description = "How they are printed.",
            DefaultValueFactory = _ => "table",
        };
        format.AcceptOnlyFromAmong("table", "json", "csv");
        Command command = new("list", "The newest ones, and how many of each reason there are")
        {
            late, reason, since, limit, format,
        };
        DeadLetterArguments where = new();
        where.AddTo(command);
        command.SetAction(async (given, cancel) =>
        {
            int most = given.GetValue(limit);
            if (most < 0)
                throw new UsageException($"--limit {most}: allowed is a whole number from 0 on.");
            DeadLetterFilter filter = new(
                given.GetValue(reason), Since(given.GetValue(since)));
            await using DeadLetterPlace place = await DeadLetterPlace.OpenAsync(
                where.Read(given), terminal, cancel);
            DeadLetterBox box = new(place.Log, place.Options.Topics);
            bool isLate = given.GetValue(late);
            DeadLetterList list = await box.ListAsync(filter, isLate, most, cancel);
            IReadOnlySet<string> retried = isLate
                ? new HashSet<string>() : await box.ReadRetriedAsync(cancel);
            DeadLetterPrinter.Print(
                list, retried, isLate ? "late records" : "dead letters", given.GetValue(format)!,
                terminal.Out);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Show(Terminal terminal)
    {
        Argument<string> id = new("ID") { Description = "Its id, as 'earshot dead list' says." };
        Option<bool> late = LateOption();
        Command command = new(
            "show", "One of them: headers, what was wrong, its bytes, and decoded if it decodes")
        {
            id, late,
        };
        DeadLetterArguments where = new();
        where.AddTo(command);
        command.SetAction(async (given, cancel) =>
        {
            string wanted = given.GetRequiredValue(id);
            DeadLetterFilter filter = new(Ids: new HashSet<string> { wanted });
            bool isLate = given.GetValue(late);
            await using DeadLetterPlace place = await DeadLetterPlace.OpenAsync(
                where.Read(given), terminal, cancel);
            DeadLetterBox box = new(place.Log, place.Options.Topics);
            HashSet<string> retried = await box.ReadRetriedAsync(cancel);
            bool found = false;
            await foreach (DeadLetterEntry entry in box.ReadAsync(isLate, cancel))
            {
                if (!filter.Takes(entry))
                    continue;
                if (found)
                    terminal.Out.WriteLine();
                found = true;
                terminal.Out.WriteLine(DeadLetterSheet.Of(
                    entry, !isLate && retried.Contains(entry.Id), place.Files));
            }

            return found ? ExitCodes.Ok : throw new FailedException(Unknown([wanted]));
        });
        return command;
    }

    private static Command Retry(Terminal terminal)
    {
        Argument<string[]> ids = new("ID")
        {
            Description = "Ids, as 'earshot dead list' says them.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<string?> reason = ReasonOption();
        Option<string?> since = SinceOption();
        Option<bool> all = new("--all") { Description = "All of them." };
        Option<bool> dryRun = new("--dry-run") { Description = "Only say how many that would be." };
        Option<string?> to = new("--to")
        {
            Description = "Write the records to a file instead, in the form they came in, to mend "
                + "and replay it.",
            HelpName = "FILE",
        };
        Command command = new(
            "retry",
            "Send them into the input again, each once: at its end, with their key and headers. "
            + "They are judged anew; by then they may be late. One that dies again is a new one.")
        {
            ids, reason, since, all, dryRun, to,
        };
        DeadLetterArguments where = new();
        where.AddTo(command);
        command.SetAction(async (given, cancel) =>
        {
            string[] named = given.GetValue(ids) ?? [];
            DeadLetterFilter filter = new(
                given.GetValue(reason), Since(given.GetValue(since)),
                named.Length > 0 ? new HashSet<string>(named) : null);
            if (filter == new DeadLetterFilter() && !given.GetValue(all))
                throw new UsageException("name ids, --reason or --since, or say --all.");
            await using DeadLetterPlace place = await DeadLetterPlace.OpenAsync(
                where.Read(given), terminal, cancel);
            return given.GetValue(to) is { } path
                ? await WriteAsync(path, place, filter, terminal, cancel)
                : await SendAsync(place, filter, given.GetValue(dryRun), terminal, cancel);
        });
        return command;
    }

    private static async Task<int> SendAsync(
        DeadLetterPlace place, DeadLetterFilter filter, bool dryRun, Terminal terminal,
        CancellationToken cancel)
    {
        if (place.Files is not null)
        {
            throw new UsageException(
                "this is a replay: its input is files, into which nothing can be sent. Write the "
                + "records to a file with --to FILE, mend it, and replay it into a data folder of "
                + "its own.");
        }

        DeadLetterRetry retry = new(
            place.Log, place.Options.Topics, place.Options.PipelineId);
        RetryResult result = await retry.RunAsync(filter, dryRun, cancel);
        string before = result.Before > 0
            ? string.Create(
                CultureInfo.InvariantCulture, $"; {result.Before:N0} were sent in before")
            : "";
        terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Sent:N0} {(dryRun ? "would be sent in again" : "sent in again")}{before}"));
        return result.Missing.Count == 0
            ? ExitCodes.Ok
            : throw new FailedException(Unknown(result.Missing));
    }

    private static async Task<int> WriteAsync(
        string path, DeadLetterPlace place, DeadLetterFilter filter, Terminal terminal,
        CancellationToken cancel)
    {
        (long written, string format) = await DeadLetterFile.WriteAsync(
            path, place, filter, terminal, cancel);
        terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{written:N0} written to {path}; replay it with --format {format}"));
        return ExitCodes.Ok;
    }

    private static string Unknown(IReadOnlyList<string> ids) =>
        $"not there: {string.Join(", ", ids)}. 'earshot dead list' has the ids; what is older than "
        + "the log's retention is in the archive alone.";

    private static Option<bool> LateOption() => new("--late")
    {
        Description = "Records that came too late instead.",
    };

    private static Option<string?> ReasonOption() => new("--reason")
    {
        Description = $"Only those with this reason: {string.Join(", ", reasons)}; of late ones "
            + "late, call_counted, window_closed.",
        HelpName = "R",
    };

    private static Option<string?> SinceOption() => new("--since")
    {
        Description = "Only those buried since: a duration as 1h, or a time as "
            + "2025-01-06T08:00:00Z.",
        HelpName = "TIME",
    };

    private static long? Since(string? text)
    {
        if (text is null)
            return null;
        if (DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out DateTimeOffset time))
            return time.ToUnixTimeMilliseconds();
        try
        {
            return TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()
                - Durations.ParseMs(text);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new UsageException(
                $"--since '{text}': allowed is a duration as 1h, or a time as "
                + "2025-01-06T08:00:00Z.");
        }
    }
}
