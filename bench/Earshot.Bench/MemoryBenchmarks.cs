using BenchmarkDotNet.Attributes;

namespace Earshot.Bench;

/// <summary>
/// What it costs to read from memory at random, by how much of it there is: what the figures of
/// everything with many keys are bound by. Per line of the processor's cache.
/// </summary>
public class MemoryBenchmarks
{
    private const int Count = 1_000_000;
    private const int LineBytes = 64;
    private const int NumbersOfLine = LineBytes / sizeof(int);

    // Of each line the first number is used: the place of the next one in a ring of all.
    private int[] memory = [];
    private int[] places = [];
    private int at;

    /// <summary>Memory, MiB.</summary>
    [Params(1, 4, 8, 64, 512)]
    public int MiB { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        int[] lines = new int[(MiB << 20) / LineBytes];
        for (int i = 0; i < lines.Length; i++)
            lines[i] = i * NumbersOfLine;
        Random random = new(1);
        random.Shuffle(lines);
        memory = new int[lines.Length * NumbersOfLine];
        for (int i = 0; i < lines.Length; i++)
            memory[lines[i]] = lines[(i + 1) % lines.Length];
        places = [.. Enumerable.Range(0, Count).Select(_ => lines[random.Next(lines.Length)])];
    }

    /// <summary>One after another: each read says where the next one is.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public int Chained()
    {
        int next = at;
        for (int i = 0; i < Count; i++)
            next = memory[next];
        return at = next;
    }

    /// <summary>Many at once: the places are known beforehand.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public int Independent()
    {
        int sum = 0;
        foreach (int place in places)
            sum += memory[place];
        return sum;
    }
}
