using Earshot.Schemas.V1;

namespace Earshot.Tests.Simulation.World;

/// <summary>What the world knows of bundles.</summary>
internal static class Bundles
{
    /// <summary>True when nothing follows it from its source.</summary>
    public static bool IsEnd(byte[] value) => Bundle.Parser.ParseFrom(value).Ended;

    /// <summary>
    /// True when a repeat of it must be noticed. One that covers no input and brings
    /// nothing (an idle mark) says nothing new the second time.
    /// </summary>
    public static bool CanBeToldFromItsRepeat(byte[] value)
    {
        Bundle bundle = Bundle.Parser.ParseFrom(value);
        return bundle.From < bundle.To || bundle.KeyGrouping.Count > 0;
    }
}
