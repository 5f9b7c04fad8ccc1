using Earshot.Schemas;

namespace Earshot.Sources.Traffic;

/// <summary>What the generator did to a record: what a correct reader should make of it.</summary>
public enum TrafficFate : byte
{
    /// <summary>Nothing: an event in time.</summary>
    Sent,

    /// <summary>The same bytes were sent before, within the last minute.</summary>
    Duplicate,

    /// <summary>It comes after <see cref="TrafficOptions.LateAfter"/>.</summary>
    Late,

    /// <summary>Nobody can use it: cut off, no time, far in the future, or not a number.</summary>
    Broken,
}

/// <summary>One record. Its bytes are valid until the next one is asked for.</summary>
/// <param name="Bytes">Protobuf Envelope; of a broken record perhaps not even that.</param>
/// <param name="Key">Call id, else event id, UTF-8.</param>
/// <param name="EventTimeMs">When it happened, ms since the epoch, broken or not.</param>
/// <param name="ArrivalTimeMs">When it arrives, simulated, ms since the epoch; never falls.</param>
/// <param name="Kind">Which event it is.</param>
/// <param name="Fate">What was done to it.</param>
public readonly record struct TrafficEvent(
    ReadOnlyMemory<byte> Bytes,
    ReadOnlyMemory<byte> Key,
    long EventTimeMs,
    long ArrivalTimeMs,
    EventKind Kind,
    TrafficFate Fate);
