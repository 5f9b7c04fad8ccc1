namespace Earshot.Analytics;

/// <summary>
/// A kind of window over event time, tumbling or sliding, aligned to the epoch in UTC: a window
/// starts at every multiple of the slide and covers [start, start + length).
/// </summary>
public readonly record struct WindowSpec
{
    /// <summary>Shortest window, ms.</summary>
    public const long LengthMsMin = 1000;

    /// <summary>Longest window, ms: 366 days.</summary>
    public const long LengthMsMax = 366L * 86_400_000;

    /// <summary>Most windows that one moment may be in: each costs memory for every key.</summary>
    public const int OverlapMax = 1000;

    private WindowSpec(string name, long lengthMs, long slideMs)
    {
        Name = name;
        LengthMs = lengthMs;
        SlideMs = slideMs;
    }

    /// <summary>Length, ms.</summary>
    public long LengthMs { get; }

    /// <summary>Distance of the starts, ms; equal to the length for a tumbling window.</summary>
    public long SlideMs { get; }

    /// <summary>As the user wrote it, in lower case and without spaces: "5m", "1h/5m".</summary>
    public string Name { get; }

    /// <summary>
    /// Reads "LENGTH" (tumbling) or "LENGTH/SLIDE" (sliding), each as in
    /// <see cref="Durations.ParseMs"/>. The length is 1 s to 366 d; the slide divides it and is at
    /// least a thousandth of it.
    /// </summary>
    /// <exception cref="FormatException">The text is something else; the message says what is
    /// allowed.</exception>
    public static WindowSpec Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split('/');
        if (parts.Length > 2)
            throw Refused(text, "allowed is LENGTH or LENGTH/SLIDE, for example 5m or 1h/5m");
        long lengthMs = Part(text, parts[0]);
        long slideMs = parts.Length == 2 ? Part(text, parts[1]) : lengthMs;
        if (lengthMs is < LengthMsMin or > LengthMsMax)
            throw Refused(text, "the length must be 1s to 366d");
        if (slideMs < 1 || lengthMs % slideMs != 0)
            throw Refused(text, "the slide must divide the length without a rest");
        if (lengthMs / slideMs > OverlapMax)
            throw Refused(text, $"the slide must be at least a {OverlapMax}th of the length");
        string name = string.Join('/', parts.Select(part => part.Trim())).ToLowerInvariant();
        return new WindowSpec(name, lengthMs, slideMs);
    }

    /// <summary>
    /// The start of the earliest window that contains a time; further ones follow at every slide
    /// up to <see cref="LastStart"/>. Times are ms since the epoch, also negative ones.
    /// </summary>
    public long FirstStart(long timeMs) => LastStart(timeMs) - LengthMs + SlideMs;

    /// <summary>The start of the latest window that contains a time, ms since the epoch.</summary>
    public long LastStart(long timeMs) => Panes.StartOf(timeMs, SlideMs);

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    private static long Part(string text, string part)
    {
        try
        {
            return Durations.ParseMs(part);
        }
        catch (FormatException e)
        {
            throw Refused(text, e.Message.TrimEnd('.'));
        }
    }

    private static FormatException Refused(string text, string reason) =>
        new($"'{text}' is not a window: {reason}.");
}

/// <summary>
/// Panes: the stretches of time that every window is put together from, so that a value is added
/// once, however many windows it is in (Li et al., "No Pane, No Gain", SIGMOD Record 34(1), 2005).
/// </summary>
public static class Panes
{
    /// <summary>
    /// The longest pane for some kinds of window: the greatest common divisor of their lengths and
    /// slides, ms.
    /// </summary>
    /// <exception cref="ArgumentException">There is no window.</exception>
    public static long LengthOf(ReadOnlySpan<WindowSpec> specs)
    {
        if (specs.IsEmpty)
            throw new ArgumentException("At least one window is needed.", nameof(specs));
        long length = 0;
        foreach (WindowSpec spec in specs)
            length = Gcd(Gcd(length, spec.LengthMs), spec.SlideMs);
        return length;
    }

    /// <summary>The start of the pane that contains a time, also a negative one.</summary>
    /// <param name="timeMs">ms since the epoch.</param>
    /// <param name="paneMs">Length of a pane, ms, above 0.</param>
    public static long StartOf(long timeMs, long paneMs)
    {
        long rest = timeMs % paneMs;
        return rest < 0 ? timeMs - rest - paneMs : timeMs - rest;
    }

    private static long Gcd(long a, long b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return a;
    }
}
