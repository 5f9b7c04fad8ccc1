namespace Earshot.Analytics;

/// <summary>The names of the ends of calls, as they are in rows.</summary>
public static class CallEnds
{
    // In the order of the enum.
    private static readonly string[] Names =
        [.. Enum.GetNames<CallEnd>().Select(name => name.ToLowerInvariant())];

    /// <summary>"answered", "noanswer", …; empty where it is not known.</summary>
    public static string NameOf(CallEnd end) => end == CallEnd.None ? "" : Names[(int)end];
}
