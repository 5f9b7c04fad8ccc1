using Earshot.Schemas;

namespace Earshot.Actors.Calls;

/// <summary>The values of one event, each found at once by its metric.</summary>
internal sealed class ValuesByMetric
{
    private readonly double[] values = new double[Metrics.End];

    // Bit m: there is a value of metric m.
    private uint known;

    /// <summary>The value of a metric with a symbol of its own; null when there is none.</summary>
    public double? this[int metric] => (known >> metric & 1) == 0 ? null : values[metric];

    /// <summary>Takes the values of an event in place of those before.</summary>
    public void Take(ReadOnlySpan<MetricValue> from)
    {
        double[] into = values;
        uint taken = 0;
        foreach (ref readonly MetricValue value in from)
        {
            if ((uint)value.Metric >= (uint)into.Length)
                continue;
            into[value.Metric] = value.Value;
            taken |= 1u << value.Metric;
        }

        known = taken;
    }
}
