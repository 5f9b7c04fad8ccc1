using System.CommandLine;
using System.Globalization;
using Earshot.Analytics;
using Earshot.Archive.DuckDb;
using Earshot.Archive.Reports;
using Earshot.Archive.Sql;
using Earshot.Host.Data;
using Earshot.Host.Dead;
using Earshot.Host.Reports;
using Earshot.Host.Settings;

namespace Earshot.Host.Commands;

/// <summary>
/// <c>earshot report</c>: ratios, tags and percentiles of any range, merged from the archive's
/// windows. Never takes the data folder's lock.
/// </summary>
internal static class ReportCommand
{
    // Where the output is no terminal, or a narrower one that breaks lines anyway.
    private const int TableWidth = 120;

    private const string Description =
        """
        Call ratios, tags and percentiles over any range of time and any coarser key.

        Merged from the archive's windows: counts and ratios exactly (as sums, never averaged),
        percentiles within 1 %. It takes the smallest grouping set that has the dimensions asked
        for and the longest windows that fit, so that no call is in it twice, and says which. The
        definitions are in docs/quality.md. Times are UTC; a call counts at its end. Of windows
        that are still open (--mode update) it has the newest rows. Columns for people in the
        table, all of them in JSON and CSV; an empty report is no failure (exit code 0).
        """;

    public static Command Create(Terminal terminal)
    {
        ReportArguments arguments = new(TimeProvider.System);
        Option<string> format = new("--format")
        {
            Description = "How it is printed.",
            DefaultValueFactory = _ => "table",
        };
        format.AcceptOnlyFromAmong("table", "json", "csv");
        Option<string?> output = SqlCommand.OutOption();
        Command command = new("report", Description);
        arguments.AddTo(command);
        command.Options.Add(format);
        command.Options.Add(output);
        command.SetAction((given, cancel) =>
        {
            ReportRequest request = arguments.Read(given);
            SqlFormat how = Enum.Parse<SqlFormat>(given.GetValue(format)!, ignoreCase: true);
            string folder = DataFolder.FindArchive(
                GlobalArguments.DataOf(given), GlobalArguments.ArchiveOf(given));
            Run(terminal, folder, request, how, given.GetValue(output), cancel);
            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }

    private static void Run(
        Terminal terminal, string folder, ReportRequest request, SqlFormat format, string? path,
        CancellationToken cancel)
    {
        try
        {
            using ArchiveSql sql = new(new ArchiveSqlOptions { Folder = folder });
            ArchiveReport? report = Prepare(sql, request, cancel);
            Say(terminal, report);
            using Stream output = path is null ? terminal.OpenOutput() : File.Create(path);
            if (format != SqlFormat.Table)
                sql.Print(
                    report?.Statement ?? "SELECT 1 WHERE false", format, output, null, cancel);
            else if (report is { Windows: > 0 })
                PrintTable(sql, report, output, path is null, cancel);
        }
        catch (Exception e) when (e is DirectoryNotFoundException or DuckDbException)
        {
            throw new FailedException(e.Message, e);
        }
    }

    private static ArchiveReport? Prepare(
        ArchiveSql sql, ReportRequest request, CancellationToken cancel)
    {
        try
        {
            return ArchiveReport.Prepare(sql, request, cancel);
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static void PrintTable(
        ArchiveSql sql, ArchiveReport report, Stream output, bool toScreen,
        CancellationToken cancel)
    {
        using SqlResult result = sql.Query(report.Statement, cancel);
        ReportRequest request = report.Plan.Request;
        ReportTable table = new(result, request.By, request.WindowMs is not null);
        using StreamWriter writer = new(output, leaveOpen: true) { NewLine = "\n" };
        int width = toScreen && !Console.IsOutputRedirected
            ? Math.Max(TableWidth, Console.WindowWidth) : TableWidth;
        table.Print(writer, width);
    }

    private static void Say(Terminal terminal, ArchiveReport? report)
    {
        if (report is null)
        {
            terminal.Say("The archive has no rows yet: windows are written when they close.");
            return;
        }

        ReportPlan plan = report.Plan;
        string range = $"{TimeText.Of(plan.FromMs)} to {TimeText.Of(plan.ToMs)}";
        if (report.Windows == 0)
        {
            terminal.Say($"There are no such calls and reports from {range}.");
            return;
        }

        terminal.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{range}: {report.Windows:N0} {(report.Windows == 1 ? "window" : "windows")} of "
            + $"{plan.Window} grouped by '{plan.Grouping}'."));
        if (plan.Rounded)
            terminal.Say(
                $"The range asked for cuts windows: it is rounded outwards to whole ones of "
                + $"{Durations.Format(plan.Window.LengthMs)}.");
        if (report.OpenRows > 0)
            terminal.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"{report.OpenRows:N0} of its rows are of windows still open, and may grow."));
    }
}
