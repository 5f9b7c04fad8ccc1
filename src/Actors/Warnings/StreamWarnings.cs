using System.Runtime.CompilerServices;
using Earshot.Analytics.Warnings;

namespace Earshot.Actors.Warnings;

/// <summary>
/// A live stream: when its newest report was, and the last samples of each condition. 24 bytes, and
/// nothing on the heap while none of its warnings is raised.
/// </summary>
internal struct StreamWarnings
{
    /// <summary>Event time of its newest report, ms since the epoch.</summary>
    public long LastMs;

    /// <summary>Per condition the last samples.</summary>
    public ConditionWindows Windows;

    /// <summary>A bit per condition: raised.</summary>
    public byte Raised;

    /// <summary>True while it has an entry among the timers; not part of snapshots.</summary>
    public bool HasTimer;

    /// <summary>True when the warning of a condition is raised.</summary>
    public readonly bool IsRaised(int condition) => (Raised & (1 << condition)) != 0;

    /// <summary>Forgets the samples; its timer stays.</summary>
    public void BeginAnew()
    {
        Windows = default;
        Raised = 0;
    }

    /// <summary>A window per condition.</summary>
    [InlineArray(WarningRule.ConditionCount)]
    public struct ConditionWindows
    {
        private WarningWindow first;
    }
}

/// <summary>
/// A raised warning: what its clear repeats. The clear may be made without a report, by the
/// stream's end.
/// </summary>
/// <param name="RaisedMs">When it was raised, ms since the epoch.</param>
/// <param name="Offset">Input offset of the report that raised it.</param>
/// <param name="CallId">Text of the call id; empty when not said.</param>
/// <param name="StreamId">Text of the stream id.</param>
/// <param name="Dimensions">
/// That report's dimensions, by ordinal; empty when missing. Texts, since it may outlive symbols.
/// </param>
internal sealed record RaisedWarning(
    long RaisedMs, long Offset, string CallId, string StreamId, string[] Dimensions);
