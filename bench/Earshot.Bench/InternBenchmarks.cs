using System.Text;
using BenchmarkDotNet.Attributes;
using Earshot.Schemas;

namespace Earshot.Bench;

/// <summary>UTF-8 texts to symbols: most are known, as on the hot path. Per text.</summary>
[MemoryDiagnoser]
public class InternBenchmarks
{
    private const int Count = 100_000;

    private byte[][] texts = [];
    private SymbolTable known = new();

    /// <summary>Texts in the table.</summary>
    [Params(100, 50_000)]
    public int Symbols { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        int[] order = Values.Order(Symbols, Count);
        texts = [.. order.Select(number => Encoding.UTF8.GetBytes($"AC{number:d8}"))];
        known = new SymbolTable();
        foreach (byte[] text in texts)
            known.InternUtf8(text);
    }

    /// <summary>All texts are known.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public long Known() => Intern(known);

    /// <summary>A table that begins empty.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public long Fresh() => Intern(new SymbolTable());

    private long Intern(SymbolTable table)
    {
        long sum = 0;
        foreach (byte[] text in texts)
            sum += table.InternUtf8(text);
        return sum;
    }
}
