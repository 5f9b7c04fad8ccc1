using System.CommandLine;
using System.Globalization;
using Earshot.Host.Generate;
using Earshot.Sources.Traffic;

namespace Earshot.Host.Settings;

/// <summary>The options that say what traffic to generate, and how much.</summary>
internal sealed class TrafficArguments
{
    private const long EventsDefault = 1_000_000;

    private static readonly TrafficOptions defaults = new();

    private readonly Option<long?> events = new("--events")
    {
        Description = $"Records to write. [default: {EventsDefault}, without --hours]",
        HelpName = "N",
    };

    private readonly Option<double?> hours = new("--hours")
    {
        Description = "Stop after this much simulated time.",
        HelpName = "H",
    };

    private readonly Option<ulong> seed = new("--seed")
    {
        Description = "The same seed and options give the same bytes.",
        HelpName = "S",
        DefaultValueFactory = _ => defaults.Seed,
    };

    private readonly Option<string> start = new("--start")
    {
        Description = "When the first call may begin, ISO 8601.",
        HelpName = "TIME",
        DefaultValueFactory = _ => defaults.Start.ToString(
            "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
    };

    private readonly Option<double> rate = new("--rate")
    {
        Description = "Calls per second, a mean over the day; a call gives about 25 records.",
        HelpName = "N",
        DefaultValueFactory = _ => defaults.CallsPerSecond,
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(events);
        command.Options.Add(hours);
        command.Options.Add(seed);
        command.Options.Add(start);
        command.Options.Add(rate);
    }

    /// <summary>What was asked for.</summary>
    /// <exception cref="UsageException">A value is not allowed.</exception>
    public (TrafficOptions Options, TrafficLimits Limits) Read(ParseResult given)
    {
        TrafficOptions options = Checked(new TrafficOptions
        {
            Seed = given.GetValue(seed),
            Start = ParseStart(given.GetValue(start)!),
            CallsPerSecond = given.GetValue(rate),
        });
        return (options, Limit(given.GetValue(events), given.GetValue(hours), options.Start));
    }

    private static TrafficOptions Checked(TrafficOptions options)
    {
        try
        {
            options.Validate();
            return options;
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message + ".");
        }
    }

    private static DateTimeOffset ParseStart(string text) =>
        DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out DateTimeOffset start)
            ? start
            : throw new UsageException(
                $"--start '{text}' is no time. Allowed: ISO 8601, as 2025-01-06T08:00:00Z.");

    private static TrafficLimits Limit(long? events, double? hours, DateTimeOffset start)
    {
        if (events < 1)
            throw new UsageException($"--events {events}: allowed is a whole number from 1 on.");
        if (hours is { } h && !(h > 0 && h <= 87_600))
            throw new UsageException("--hours: allowed is a number above 0, up to 87600.");
        long recordsMax = events ?? (hours is null ? EventsDefault : long.MaxValue);
        long endMs = hours is null
            ? long.MaxValue
            : start.AddHours(hours.Value).ToUnixTimeMilliseconds();
        return new TrafficLimits(recordsMax, endMs);
    }
}
