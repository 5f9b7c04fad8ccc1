using System.CommandLine;

namespace Earshot.Host.Commands;

/// <summary><c>earshot describe</c>: the shape of the data.</summary>
internal static class DescribeCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string?> target = new("TABLE|FILE.parquet")
        {
            Description = "A table of the archive, or any Parquet file. "
                + "[default: the list of tables]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<string> format = SqlCommand.FormatOption();
        Option<string?> output = SqlCommand.OutOption();
        Command command = new(
            "describe", "Shape of the data: types, distinct and missing counts, percentiles")
        {
            target, format, output,
        };
        command.SetAction((given, cancel) => Task.FromResult(SqlCommand.Run(
            terminal, given, given.GetValue(format)!, given.GetValue(output),
            sql => Statement(sql, given.GetValue(target)),
            needsArchive: !IsFile(given.GetValue(target)), cancel)));
        return command;
    }

    private static bool IsFile(string? target) =>
        target?.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) == true;

    private static string Statement(Archive.Sql.ArchiveSql sql, string? target)
    {
        try
        {
            return sql.DescribeStatement(target);
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
