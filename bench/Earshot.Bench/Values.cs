using Earshot.Analytics;

namespace Earshot.Bench;

/// <summary>Numbers like jitter in ms: mostly small, some large, the same in every run.</summary>
internal static class Values
{
    private const int Seed = 1;
    private const int ManyValues = 20_000;

    /// <summary>Log-normal values, median 8.</summary>
    public static double[] Make(int count)
    {
        Random random = new(Seed);
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
                * Math.Cos(2 * Math.PI * random.NextDouble());
            values[i] = 8 * Math.Exp(0.6 * normal);
        }

        return values;
    }

    /// <summary>Keys in an order that no prefetcher can guess.</summary>
    public static int[] Order(int keys, int count)
    {
        Random random = new(Seed);
        int[] order = new int[count];
        for (int i = 0; i < count; i++)
            order[i] = random.Next(keys);
        return order;
    }

    /// <summary>
    /// Starts an aggregate anew when it has very many values: its counts stay as narrow as those of
    /// most windows, however long the benchmark runs.
    /// </summary>
    /// <param name="aggregate">The aggregate.</param>
    /// <param name="start">What it starts from.</param>
    public static void Renew(Aggregate aggregate, Aggregate start)
    {
        if (aggregate.Count < ManyValues)
            return;
        aggregate.Reset();
        aggregate.Merge(start);
    }

    /// <summary>Aggregates of so many values each.</summary>
    public static Aggregate[] Aggregates(int keys, int valuesEach)
    {
        double[] values = Make(keys * valuesEach);
        Aggregate[] aggregates = new Aggregate[keys];
        for (int key = 0; key < keys; key++)
            aggregates[key] = Aggregate.FromRaw(values.AsSpan(key * valuesEach, valuesEach));
        return aggregates;
    }
}
