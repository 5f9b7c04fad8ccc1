using System.Globalization;
using System.Text;

namespace Earshot.Sources.Pcap;

/// <summary>
/// Where and how a capture is damaged, in words. The last row of such a capture says it; that row
/// is no report, and becomes a dead letter.
/// </summary>
internal static class PcapDamage
{
    /// <summary>It ends inside a packet.</summary>
    /// <param name="position">Where the packet's header begins, bytes of the capture.</param>
    /// <param name="packets">Packets before it.</param>
    /// <param name="bytes">Bytes it should have, as far as they are known.</param>
    /// <param name="left">Bytes that are there.</param>
    public static string Cut(long position, long packets, long bytes, long left) =>
        Of(position, packets, string.Create(
            CultureInfo.InvariantCulture,
            $"cut off: {left:N0} of at least {bytes:N0} bytes are there"));

    /// <summary>A packet's header says what no header says.</summary>
    /// <param name="position">Where it begins, bytes of the capture.</param>
    /// <param name="packets">Packets before it.</param>
    /// <param name="length">Bytes the packet should have.</param>
    /// <param name="lengthMax">Most bytes of a packet.</param>
    public static string Impossible(long position, long packets, long length, long lengthMax) =>
        Of(position, packets, string.Create(
            CultureInfo.InvariantCulture,
            $"damaged: it says it has {length:N0} bytes, and {lengthMax:N0} is the most"));

    /// <summary>The row that says it.</summary>
    public static byte[] ToRow(string damage) =>
        [.. Begin, .. Encoding.UTF8.GetBytes(damage), .. End];

    /// <summary>What a row says; null: it is no such row.</summary>
    public static string? Read(ReadOnlySpan<byte> row) =>
        row.StartsWith(Begin) && row.EndsWith(End) && row.Length >= Begin.Length + End.Length
            ? Encoding.UTF8.GetString(row[Begin.Length..^End.Length])
            : null;

    private static ReadOnlySpan<byte> Begin => "{\"capture_damage\":\""u8;

    private static ReadOnlySpan<byte> End => "\"}"u8;

    private static string Of(long position, long packets, string what) => string.Create(
        CultureInfo.InvariantCulture,
        $"packet {packets + 1:N0}, at byte {position:N0}, is {what}; the {packets:N0} packets "
        + $"before it are counted, nothing from it on. If there is a whole copy of the capture, "
        + $"replay that into a new data folder");
}
