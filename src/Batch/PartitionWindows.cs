namespace Earshot.Batch;

/// <summary>The windows of the keys that one source partition has room for.</summary>
internal sealed class PartitionWindows(WindowTable windows, LiveKeys live)
{
    /// <inheritdoc cref="WindowTable.At"/>
    public IEnumerable<WindowStatistics> At(string?[] dimensions, long timeMs) =>
        windows.At(dimensions, timeMs, live);
}
