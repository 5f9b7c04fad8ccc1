using System.Text;

namespace Earshot.Host;

/// <summary>Where a command writes to: the process's own streams, or a test's.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Progress, messages, errors.</param>
/// <param name="OpenOutput">Opens the binary standard output.</param>
/// <param name="Interactive">True when <paramref name="Error"/> is a person's terminal.</param>
public sealed record Terminal(
    TextWriter Out, TextWriter Error, Func<Stream> OpenOutput, bool Interactive)
{
    /// <summary>True when EARSHOT_DEBUG=1: errors come with their stack trace.</summary>
    public static bool Debug { get; } =
        Environment.GetEnvironmentVariable("EARSHOT_DEBUG") is "1";

    /// <summary>The streams of this process.</summary>
    public static Terminal OfProcess()
    {
        UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false);
        StreamWriter output = new(Console.OpenStandardOutput(), utf8) { AutoFlush = true };
        StreamWriter error = new(Console.OpenStandardError(), utf8) { AutoFlush = true };
        return new Terminal(
            TextWriter.Synchronized(output), TextWriter.Synchronized(error),
            Console.OpenStandardOutput, !Console.IsErrorRedirected);
    }

    /// <summary>Writes one message to <see cref="Error"/>, each line as it stands.</summary>
    internal void Say(string message) => Error.WriteLine(message);

    /// <summary>Writes why a command ended without success.</summary>
    internal void Fail(string message, Exception? cause = null)
    {
        Error.WriteLine($"earshot: {message}");
        if (Debug && cause is not null)
            Error.WriteLine(cause);
    }
}
