using System.Runtime.CompilerServices;
using Earshot.Actors.Stages;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Keys;

/// <summary>
/// The names of metrics that CallMetrics of a source partition brought, in order of arrival, up to
/// <see cref="NamesMax"/>: each one is a row per key and window, so that a source which makes
/// names up must not go on for ever. Those with a symbol of their own do not count.
/// </summary>
internal sealed class MetricLimit(SymbolTable names)
{
    /// <summary>Names taken; more metrics than any source of voice has.</summary>
    public const int NamesMax = 256;

    private const string PartKey = "metric-names";

    private readonly HashSet<int> admitted = [];
    private bool changed;

    /// <summary>Values of other metrics.</summary>
    public long Refused { get; private set; }

    /// <summary>True when a value of a metric is taken; else it is counted.</summary>
    /// <param name="metric">The metric's symbol.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Admit(int metric) => metric < Schemas.Metrics.End || AdmitNamed(metric);

    /// <summary>Adds the names when something changed.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        if (!changed && !whole)
            return;
        changed = false;
        into.Add(StatePart.Write(PartKey, writer =>
        {
            writer.Write(Refused);
            writer.Write7BitEncodedInt(admitted.Count);
            foreach (int metric in admitted)
                writer.Write(names[metric]);
        }));
    }

    /// <summary>Takes the names back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts) =>
        StatePart.Read(parts, PartKey, reader =>
        {
            Refused = reader.ReadInt64();
            int count = reader.Read7BitEncodedInt();
            for (int i = 0; i < count; i++)
                admitted.Add(names.Intern(reader.ReadString()));
        });

    private bool AdmitNamed(int metric)
    {
        if (admitted.Contains(metric))
            return true;
        changed = true;
        if (admitted.Count == NamesMax)
        {
            Refused++;
            return false;
        }

        names.Keep(metric);
        admitted.Add(metric);
        return true;
    }
}
