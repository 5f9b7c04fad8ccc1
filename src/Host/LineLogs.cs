using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Earshot.Host;

/// <summary>
/// Logs for people: one line per message on standard error; stack traces only when asked for with
/// EARSHOT_DEBUG=1.
/// </summary>
/// <param name="output">Where lines go; safe to call from several threads.</param>
/// <param name="time">Clock for the lines' time.</param>
internal sealed class LineLogs(TextWriter output, TimeProvider time) : ILoggerProvider
{
    /// <summary>A factory that writes lines of a level and above.</summary>
    public static ILoggerFactory CreateFactory(Terminal terminal, LogLevel level) =>
        LoggerFactory.Create(logging => logging
            .AddProvider(new LineLogs(terminal.Error, TimeProvider.System))
            .SetMinimumLevel(level));

    public ILogger CreateLogger(string categoryName) => new LineLogger(this);

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string message, Exception? cause)
    {
        string at = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        string trace = Terminal.Debug && cause is not null ? Environment.NewLine + cause : "";
        output.WriteLine($"{at} {NameOf(level)} {message}{trace}");
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Critical => "critical",
        LogLevel.Error => "error",
        LogLevel.Warning => "warning",
        LogLevel.Information => "info",
        _ => "debug",
    };

    private sealed class LineLogger(LineLogs owner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                owner.Write(logLevel, formatter(state, exception), exception);
        }
    }
}
