using System.Globalization;
using Earshot.Actors.Stages;
using Spectre.Console;

namespace Earshot.Host.Replay;

/// <summary>Where a replay stands.</summary>
/// <param name="Share">Of the input's bytes, 0 to 1.</param>
/// <param name="Books">The books so far.</param>
/// <param name="RowsPerSecond">Speed of this run.</param>
internal readonly record struct ReplayPosition(double Share, StageProgress Books, double RowsPerSecond)
{
    /// <summary>In words: rows, speed, watermark.</summary>
    public string Text
    {
        get
        {
            string watermark = Books.WatermarkMs is { } ms
                ? DateTimeOffset.FromUnixTimeMilliseconds(ms)
                    .ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)
                : "none yet";
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{Books.Read:N0} rows, {RowsPerSecond:N0} rows/s, watermark {watermark}");
        }
    }
}

/// <summary>Shows how far a replay has come: a bar for a person, a line now and then otherwise.</summary>
internal static class ReplayProgress
{
    private static readonly TimeSpan barEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan lineEvery = TimeSpan.FromSeconds(3);

    /// <summary>Shows it until some work ends; failures of the work are the caller's.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="work">The work.</param>
    /// <param name="read">Where it stands.</param>
    public static Task ShowAsync(Terminal terminal, Task work, Func<ReplayPosition> read) =>
        terminal.Interactive
            ? ShowBarAsync(terminal, work, read)
            : ShowLinesAsync(terminal, work, read);

    private static async Task ShowLinesAsync(
        Terminal terminal, Task work, Func<ReplayPosition> read)
    {
        while (await Task.WhenAny(work, Task.Delay(lineEvery)) != work)
        {
            ReplayPosition now = read();
            terminal.Say(string.Create(
                CultureInfo.InvariantCulture, $"{now.Share * 100,5:F1} %  {now.Text}"));
        }
    }

    private static Task ShowBarAsync(Terminal terminal, Task work, Func<ReplayPosition> read)
    {
        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal.Error) });
        Progress progress = console.Progress()
            .AutoClear(true)
            .Columns(
                new ProgressBarColumn(), new PercentageColumn(),
                new TaskDescriptionColumn { Alignment = Justify.Left });
        return progress.StartAsync(async context =>
        {
            ProgressTask bar = context.AddTask("starting", maxValue: 1);
            while (await Task.WhenAny(work, Task.Delay(barEvery)) != work)
            {
                ReplayPosition now = read();
                bar.Value = now.Share;
                bar.Description = now.Text;
            }
        });
    }
}
