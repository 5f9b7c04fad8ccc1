namespace Earshot.Host.Bench;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
/// Only +, *, / and bits enter what is made from it, so that it is the same on every machine.
/// </summary>
internal struct SplitMix(ulong seed)
{
    private ulong state = seed;

    /// <summary>Any number.</summary>
    public ulong Next()
    {
        ulong value = state += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>Evenly in [0, 1).</summary>
    public double Even() => (Next() >> 11) * (1.0 / (1ul << 53));

    /// <summary>Mostly small, sometimes large: mean 1, up to about 13.</summary>
    public double Skewed()
    {
        double even = Even();
        return 0.25 + (even * even * even * (2 + even)) + (even > 0.99 ? 10 * Even() : 0);
    }
}

/// <summary>Ranks from 0 on; rank r is drawn with a chance in proportion to 1 / (r + 1).</summary>
internal sealed class ZipfTable
{
    // Chance of a rank up to this one.
    private readonly double[] upTo;

    /// <summary>Creates the table of so many ranks.</summary>
    public ZipfTable(int count)
    {
        upTo = new double[count];
        double sum = 0;
        for (int rank = 0; rank < count; rank++)
            upTo[rank] = sum += 1.0 / (rank + 1);
        for (int rank = 0; rank < count; rank++)
            upTo[rank] /= sum;
    }

    /// <summary>Number of ranks.</summary>
    public int Count => upTo.Length;

    /// <summary>The rank of a number drawn evenly from [0, 1).</summary>
    public int Sample(double even)
    {
        int found = Array.BinarySearch(upTo, even);
        return Math.Min(found < 0 ? ~found : found + 1, Count - 1);
    }
}
