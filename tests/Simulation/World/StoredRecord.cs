using Earshot.Log;

namespace Earshot.Tests.Simulation.World;

/// <summary>A record at rest.</summary>
internal sealed record StoredRecord(byte[] Key, byte[] Value, byte[] Headers)
{
    public static StoredRecord Of(LogRecord record) => new(
        record.Key.ToArray(), record.Value.ToArray(), record.Headers.Encoded.ToArray());

    /// <summary>True when every byte is the same.</summary>
    public bool IsSame(LogRecord other) =>
        other.Key.SequenceEqual(Key) && other.Value.SequenceEqual(Value)
        && other.Headers.Encoded.SequenceEqual(Headers);

    public bool IsSame(StoredRecord other) =>
        other.Key.AsSpan().SequenceEqual(Key) && other.Value.AsSpan().SequenceEqual(Value)
        && other.Headers.AsSpan().SequenceEqual(Headers);
}
