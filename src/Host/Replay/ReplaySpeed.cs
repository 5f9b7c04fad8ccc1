using System.Globalization;

namespace Earshot.Host.Replay;

/// <summary>How fast a replay runs: as fast as it can, or a multiple of event time.</summary>
/// <param name="Factor">Multiple of event time; null is as fast as it can.</param>
internal readonly record struct ReplaySpeed(double? Factor)
{
    /// <summary>Reads "max", "1x", "60x" or "0.5x".</summary>
    /// <exception cref="UsageException">It is something else.</exception>
    public static ReplaySpeed Parse(string text)
    {
        string trimmed = text.Trim().ToLowerInvariant();
        if (trimmed == "max")
            return new ReplaySpeed(null);
        if (trimmed.EndsWith('x')
            && double.TryParse(
                trimmed[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                out double factor)
            && factor is > 0 and <= 1e6)
            return new ReplaySpeed(factor);
        throw new UsageException(
            $"--speed '{text}' is not a speed. Allowed: max, or a multiple of event time as 1x or "
            + "60x, up to 1000000x.");
    }
}
