using System.Globalization;
using Earshot.Actors;
using Earshot.Analytics;
using Earshot.Analytics.Warnings;

namespace Earshot.Host.Settings;

/// <summary>The settings of warnings on live streams.</summary>
internal static class WarningSettings
{
    private const string SamplesName = "warnings.samples";
    private const string RaiseName = "warnings.raise";
    private const string ClearAfterName = "warnings.clear-after";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<PipelineSetting> All { get; } =
    [
        new("warnings", "on or off", "Warn of conditions of live streams.", Shapes: true,
            o => o.Warnings.IsOn ? "on" : "off",
            (o, text) => o with { Warnings = o.Warnings with { IsOn = ParseSwitch(text) } }),
        Count(SamplesName, "How many of a stream's last known samples are looked at.",
            rule => rule.Samples, (rule, n) => rule with { Samples = n }),
        Count(RaiseName, "Raise when so many of them cross the limit; clear when none does.",
            rule => rule.RaiseAt, (rule, n) => rule with { RaiseAt = n }),
        new(ClearAfterName, "a duration as 500ms, 30s or 10m, up to 1d",
            "A warning lasts so long at least.", Shapes: true,
            o => Durations.Format(o.Warnings.ClearAfterMs),
            (o, text) => o with { Warnings = o.Warnings with { ClearAfterMs = ParseMs(text) } }),
    ];

    /// <summary>Checks what only two settings together can break.</summary>
    /// <exception cref="UsageException">They do not fit.</exception>
    public static void Check(PipelineOptions options)
    {
        WarningRule rule = options.Warnings;
        if (rule.RaiseAt > rule.Samples)
        {
            throw new UsageException(string.Create(
                CultureInfo.InvariantCulture,
                $"{RaiseName} '{rule.RaiseAt}': so many of {rule.Samples} samples never cross a "
                + $"limit. Allowed: at most {SamplesName}."));
        }
    }

    private static PipelineSetting Count(
        string name, string help, Func<WarningRule, int> read,
        Func<WarningRule, int, WarningRule> apply) =>
        new(name, $"a whole number from 1 to {WarningWindow.SamplesMax}", help, Shapes: true,
            o => read(o.Warnings).ToString(CultureInfo.InvariantCulture),
            (o, text) =>
            {
                bool isNumber = int.TryParse(
                    text, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
                if (!isNumber || number is < 1 or > WarningWindow.SamplesMax)
                    throw new FormatException("it is outside of that");
                return o with { Warnings = apply(o.Warnings, number) };
            });

    private static long ParseMs(string text)
    {
        const long MostMs = 86_400_000;
        long ms = Durations.ParseMs(text);
        return ms <= MostMs ? ms : throw new FormatException("it is too long");
    }

    // JSON has true and false for on and off.
    private static bool ParseSwitch(string text) => text.Trim().ToLowerInvariant() switch
    {
        "on" or "true" => true,
        "off" or "false" => false,
        _ => throw new FormatException("it is neither on nor off"),
    };
}
