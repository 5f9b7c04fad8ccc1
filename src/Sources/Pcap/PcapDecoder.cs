using Earshot.Schemas;
using Earshot.Sources.Json;
using Earshot.Sources.Text;

namespace Earshot.Sources.Pcap;

/// <summary>The rows of a capture: stream reports, and the one that tells of damage.</summary>
internal sealed class PcapDecoder : IRecordDecoder
{
    private readonly JsonEventDecoder reports = new(EventKind.StreamReport);

    public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into) =>
        PcapDamage.Read(record) is { } damage
            ? Detail.Dead(into, damage)
            : reports.Decode(record, into);

    public ulong RoutingHash(ReadOnlySpan<byte> record) => reports.RoutingHash(record);
}
