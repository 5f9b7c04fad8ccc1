namespace Earshot.Host.Data;

/// <summary>A clock that stands still: what is decided by it is decided alike next time.</summary>
/// <param name="ms">Where it stands, ms since the epoch.</param>
internal sealed class FixedTime(long ms) : TimeProvider
{
    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(ms);
}
