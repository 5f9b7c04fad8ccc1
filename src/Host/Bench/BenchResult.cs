using System.Text.Json;
using System.Text.Json.Serialization;

namespace Earshot.Host.Bench;

/// <summary>A whole run of the benchmark, as its JSON file says it.</summary>
/// <param name="Version">Of this form.</param>
/// <param name="TakenAt">When it began.</param>
/// <param name="Machine">On what.</param>
/// <param name="Settings">With which settings, in words.</param>
/// <param name="Rows">What was measured, in order.</param>
internal sealed record BenchReport(
    int Version, DateTimeOffset TakenAt, BenchMachine Machine,
    IReadOnlyDictionary<string, string> Settings, IReadOnlyList<BenchResult> Rows)
{
    /// <summary>The form written now.</summary>
    public const int CurrentVersion = 1;
}

/// <summary>What one row measured.</summary>
internal sealed record BenchResult
{
    /// <summary>Name of the row, as --only takes it.</summary>
    public required string Name { get; init; }

    /// <summary>What was done, in a sentence.</summary>
    public required string What { get; init; }

    /// <summary>
    /// The figure; null when it was not measured. A rate of work on one thread is per second of
    /// processor time, one of several threads per second.
    /// </summary>
    public Spread? Value { get; init; }

    /// <summary>Unit of the figure: "events/s", "rows/s", "ms", "s", "x", "ns".</summary>
    public string Unit { get; init; } = BenchUnits.EventsPerSecond;

    /// <summary>The rate per second of time, where the figure is a rate.</summary>
    public Spread? Elapsed { get; init; }

    /// <summary>Cores it kept busy, a mean; null where that means nothing.</summary>
    public double? Cores { get; init; }

    /// <summary>
    /// Managed memory allocated per event, B; the round that allocated least. Null: not measured.
    /// </summary>
    public double? AllocatedPerEvent { get; init; }

    /// <summary>Median of the time from an event to its result, ms; null: not measured.</summary>
    public double? LatencyP50Ms { get; init; }

    /// <summary>99th percentile of that time, ms.</summary>
    public double? LatencyP99Ms { get; init; }

    /// <summary>Most memory the row's process held, bytes; null: not measured.</summary>
    public long? PeakMemoryBytes { get; init; }

    /// <summary>The barest loops over the same input, in the same rounds.</summary>
    public IReadOnlyList<BenchFloor> Floors { get; init; } = [];

    /// <summary>
    /// Rate of the <see cref="Bench.Yardstick"/> in the same rounds, bytes per second of a core.
    /// </summary>
    public Spread? Yardstick { get; init; }

    /// <summary>What is wanted of it; null: nothing.</summary>
    public BenchTarget? Target { get; init; }

    /// <summary>Why it was not measured; null when it was.</summary>
    public string? Skipped { get; init; }

    /// <summary>What one must know to read the figures.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Cost over size, where that was asked for.</summary>
    public IReadOnlyList<BenchPoint> Curve { get; init; } = [];

    /// <summary>Whether the target is met; null where there is none, or no figure.</summary>
    public bool? Met => Target is { } target && Value is { } value
        ? target.IsMet(value.Median) : null;
}

/// <summary>A bare loop beside a row.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Rate">Its rate, in the row's unit.</param>
/// <param name="Ratio">The row's median over its own.</param>
internal sealed record BenchFloor(string Name, Spread Rate, double Ratio);

/// <summary>What is wanted of a row.</summary>
/// <param name="Limit">In the row's unit.</param>
/// <param name="AtMost">True: the figure must not be greater; false: not less.</param>
internal sealed record BenchTarget(double Limit, bool AtMost = false)
{
    /// <summary>Whether a figure meets it.</summary>
    public bool IsMet(double figure) => AtMost ? figure <= Limit : figure >= Limit;
}

/// <summary>A point of a cost curve.</summary>
/// <param name="Size">Events, or keys.</param>
/// <param name="NsPerEvent">Time per event, ns.</param>
internal sealed record BenchPoint(long Size, double NsPerEvent);

/// <summary>The units of figures.</summary>
internal static class BenchUnits
{
    public const string EventsPerSecond = "events/s";
    public const string RowsPerSecond = "rows/s";
    public const string Milliseconds = "ms";
    public const string Seconds = "s";
    public const string Times = "x";
    public const string NsPerEvent = "ns/event";
}

/// <summary>How reports and results are written.</summary>
internal static class BenchJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Writes a file, aside first: a file under its name is a whole one.</summary>
    public static void Write<T>(string path, T value)
    {
        string aside = path + ".tmp";
        File.WriteAllText(aside, JsonSerializer.Serialize(value, Options) + "\n");
        File.Move(aside, path, overwrite: true);
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="FailedException">It is missing, or something else.</exception>
    public static T Read<T>(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(path), Options)
                ?? throw new JsonException("it is empty");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new FailedException($"{path} cannot be read: {e.Message}", e);
        }
    }
}
