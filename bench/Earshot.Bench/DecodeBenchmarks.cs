using BenchmarkDotNet.Attributes;
using Earshot.Schemas;
using Earshot.Schemas.V1;

namespace Earshot.Bench;

/// <summary>Envelopes of generated traffic, none broken: in place, and as objects.</summary>
[MemoryDiagnoser]
public class DecodeBenchmarks
{
    private const int Count = 20_000;

    private readonly EnvelopeDecoder decoder = new();
    private readonly EventRecord record = new(
        new DimensionSet(DimensionSet.Standard), new SymbolTable(), Metrics.CreateTable());

    private byte[][] events = [];

    [GlobalSetup]
    public void Setup() => events = Feed.Events(Count);

    [Benchmark(Baseline = true, OperationsPerInvoke = Count)]
    public long Protobuf()
    {
        long sum = 0;
        foreach (byte[] bytes in events)
            sum += (long)Envelope.Parser.ParseFrom(bytes).EventCase;
        return sum;
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public long EnvelopeDecoder()
    {
        long sum = 0;
        foreach (byte[] bytes in events)
        {
            decoder.Decode(bytes, record);
            sum += (long)record.Kind;
        }

        return sum;
    }

    /// <summary>What a sharded reader needs of a record: the hash of its call.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public ulong RoutingHash()
    {
        ulong sum = 0;
        foreach (byte[] bytes in events)
            sum += decoder.RoutingHash(bytes);
        return sum;
    }
}
