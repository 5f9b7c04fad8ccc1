using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Earshot.Actors.Ports;
using Earshot.Host.Commands;
using Earshot.Host.Settings;
using Earshot.Log;
using Earshot.Snapshots;

namespace Earshot.Host;

/// <summary>
/// The command line: parses, runs, and turns failures into a message and an exit code.
/// </summary>
public static class Cli
{
    private const string Description =
        """
        Earshot: live voice-quality analytics over streams of call events.

        Start with 'earshot run' (a service on generated traffic, nothing to configure) or
        'earshot replay FILE' (the same pipeline over a file), then look with 'earshot sql'.

        Exit codes: 0 done; 1 failed (a file that is damaged or cannot be read, a full disk, books
        that do not balance); 2 wrong use (an unknown option, a file that does not exist, a data
        folder in use or of another pipeline); 130 and 143 stopped by Ctrl-C and SIGTERM before the
        end ('earshot run' has no end: stopped cleanly, it gives 0; where it could not finish what
        was under way within 9 s, 130 or 143).
        EARSHOT_DEBUG=1 adds stack traces.
        """;

    /// <summary>Runs a command.</summary>
    /// <param name="args">Command, arguments and options.</param>
    /// <param name="terminal">Where it writes to.</param>
    /// <param name="cancel">Stops it as Ctrl-C does.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> args, Terminal terminal, CancellationToken cancel = default)
    {
        RootCommand root = CreateRoot(terminal);
        ParserConfiguration parser = new() { ResponseFileTokenReplacer = null };
        ParseResult given = root.Parse(args, parser);
        InvocationConfiguration how = new()
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
            Output = terminal.Out,
            Error = terminal.Error,
        };
        if (given.Action is not HelpAction && ErrorOf(given) is { } error)
        {
            string command = given.CommandResult.Command == root
                ? "earshot" : $"earshot {given.CommandResult.Command.Name}";
            terminal.Fail($"{error} See '{command} --help'.");
            return ExitCodes.Usage;
        }

        try
        {
            return await given.InvokeAsync(how, cancel);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return Explain(terminal, e);
        }
    }

    private static string? ErrorOf(ParseResult given)
    {
        // The parser takes an option it does not know for an argument, such as a file.
        Token? unknown = given.Tokens.FirstOrDefault(token =>
            token.Type == TokenType.Argument
            && token.Value.StartsWith("--", StringComparison.Ordinal)
            && !token.Value.Any(char.IsWhiteSpace));
        return unknown is not null
            ? $"There is no option {unknown.Value}."
            : given.Errors.Count > 0 ? given.Errors[0].Message : null;
    }

    private static RootCommand CreateRoot(Terminal terminal)
    {
        RootCommand root = new(Description)
        {
            RunCommand.Create(terminal),
            ReplayCommand.Create(terminal),
            GenerateCommand.Create(terminal),
            SqlCommand.Create(terminal),
            DescribeCommand.Create(terminal),
            ReportCommand.Create(terminal),
            VerifyCommand.Create(terminal),
            StatusCommand.Create(terminal),
            DeadCommand.Create(terminal),
            BenchCommand.Create(terminal),
        };
        GlobalArguments.AddTo(root);
        root.SetAction(given => new HelpAction().Invoke(given));
        return root;
    }

    private static int Explain(Terminal terminal, Exception e)
    {
        switch (e)
        {
            case UsageException:
                terminal.Fail(e.Message, e);
                return ExitCodes.Usage;
            case OperationCanceledException:
                terminal.Fail("stopped before the end.", e);
                return ExitCodes.Interrupted;
            case FailedException or LogException or SnapshotException or ActorParkedException
                or DllNotFoundException or IOException or UnauthorizedAccessException:
                terminal.Fail(e.Message, e);
                return ExitCodes.Failed;
            default:
                terminal.Fail(
                    $"internal error: {e.GetType().Name}: {e.Message} This is a fault of the "
                    + "program; please report it with the output of EARSHOT_DEBUG=1.", e);
                return ExitCodes.Failed;
        }
    }
}
