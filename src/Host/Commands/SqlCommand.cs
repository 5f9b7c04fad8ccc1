using System.CommandLine;
using Earshot.Archive.DuckDb;
using Earshot.Archive.Sql;
using Earshot.Host.Data;
using Earshot.Host.Settings;

namespace Earshot.Host.Commands;

/// <summary><c>earshot sql</c>: SQL over the archive. Never takes the data folder's lock.</summary>
internal static class SqlCommand
{
    private static readonly string[] formats = ["table", "csv", "json", "parquet"];

    public static Command Create(Terminal terminal)
    {
        Argument<string> statement = new("SQL")
        {
            Description = "Statement in DuckDB's SQL. Tables: aggregates, insights, predictions, "
                + "warnings, calls, late, dead (the newest revision of each row); NAME_all has "
                + "every one.",
        };
        Option<string> format = FormatOption();
        Option<string?> output = OutOption();
        Command command = new("sql", "SQL over the archive, also while it is being filled")
        {
            statement, format, output,
        };
        command.SetAction((given, cancel) => Task.FromResult(Run(
            terminal, given, given.GetValue(format)!, given.GetValue(output),
            _ => given.GetRequiredValue(statement), needsArchive: true, cancel)));
        return command;
    }

    /// <summary>--format.</summary>
    internal static Option<string> FormatOption()
    {
        Option<string> format = new("--format")
        {
            Description = "How rows are printed.",
            DefaultValueFactory = _ => formats[0],
        };
        format.AcceptOnlyFromAmong(formats);
        return format;
    }

    /// <summary>--out.</summary>
    internal static Option<string?> OutOption() => new("--out")
    {
        Description = "Write to a file. [default: standard output]",
        HelpName = "FILE",
    };

    /// <summary>Runs a statement and prints its rows.</summary>
    internal static int Run(
        Terminal terminal, ParseResult given, string format, string? path,
        Func<ArchiveSql, string> statement, bool needsArchive, CancellationToken cancel)
    {
        string folder = DataFolder.FindArchive(
            GlobalArguments.DataOf(given), GlobalArguments.ArchiveOf(given));
        bool use = needsArchive || Directory.Exists(folder);
        try
        {
            using ArchiveSql sql = new(new ArchiveSqlOptions { Folder = use ? folder : null });
            Print(terminal, sql, statement(sql), format, path, cancel);
            return ExitCodes.Ok;
        }
        catch (DirectoryNotFoundException e)
        {
            throw new FailedException(e.Message, e);
        }
        catch (DuckDbException e)
        {
            throw new FailedException(e.Message, e);
        }
    }

    private static void Print(
        Terminal terminal, ArchiveSql sql, string statement, string format, string? path,
        CancellationToken cancel)
    {
        SqlFormat how = Enum.Parse<SqlFormat>(format, ignoreCase: true);
        if (path is not null && how == SqlFormat.Parquet)
        {
            sql.WriteParquet(statement, path, cancel);
            return;
        }

        if (path is null)
        {
            using Stream output = terminal.OpenOutput();
            int? width = Console.IsOutputRedirected ? null : Console.WindowWidth;
            sql.Print(statement, how, output, width, cancel);
            return;
        }

        using FileStream file = File.Create(path);
        sql.Print(statement, how, file, widthMax: null, cancel);
    }
}
