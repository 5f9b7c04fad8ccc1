using Earshot.Schemas;
using Earshot.Sources.Csv;
using Earshot.Sources.Json;
using Earshot.Sources.Mapping;
using Earshot.Sources.Pcap;
using Earshot.Sources.RtcStats;
using Earshot.Sources.VqReports;

namespace Earshot.Sources;

/// <summary>An input format: how a file is cut into records, and how a record is read.</summary>
public sealed class InputFormat
{
    private const string MappedName = "csv";
    private const string NoMap = "csv needs a file that says what its columns mean: --map FILE";

    private static readonly InputFormat[] All =
    [
        new("getstats-csv", RowFraming.Csv, schema => new GetStatsDecoder(schema)),
        new("signalling-csv", RowFraming.Csv, schema => new SignallingDecoder(schema)),
        Json("call-event-json", EventKind.CallEvent),
        Json("call-metric-json", EventKind.CallMetric),
        Json("stream-report-json", EventKind.StreamReport),
        Json("call-summary-json", EventKind.CallSummary),
        new("rtcstats-json", RowFraming.RtcStats, _ => new RtcStatsDecoder()),
        new("vq-rtcpxr", RowFraming.VqReports, _ => new VqReportDecoder()),
        new("pcap", RowFraming.Pcap, _ => new PcapDecoder()),
        new("csv", RowFraming.Csv, _ => throw new ArgumentException(NoMap)),
        new("delimited", RowFraming.Delimited, _ => new EnvelopeDecoder()),
    ];

    // What a file's name may hold, and which format that means. The first match counts.
    private static readonly (string Part, string Ending, string Format)[] Hints =
    [
        ("getstats", ".csv", "getstats-csv"),
        ("rawdata", ".csv", "getstats-csv"),
        ("signal", ".csv", "signalling-csv"),
        ("calls", ".csv", "signalling-csv"),
        ("rtcstats", "", "rtcstats-json"),
        ("callevent", "", "call-event-json"),
        ("callmetric", "", "call-metric-json"),
        ("streamreport", "", "stream-report-json"),
        ("callsummar", "", "call-summary-json"),
        ("", ".rtcpxr", "vq-rtcpxr"),
        ("rtcpxr", ".txt", "vq-rtcpxr"),
        ("", ".pcap", "pcap"),
        ("", ".delimited", "delimited"),
        ("", ".pb", "delimited"),
        ("", ".bin", "delimited"),
    ];

    private static readonly string[] JsonEndings = [".json", ".jsonl", ".ndjson"];

    private readonly Func<InputSchema, IRecordDecoder> create;

    private InputFormat(
        string name, RowFraming framing, Func<InputSchema, IRecordDecoder> create)
    {
        Name = Identity = name;
        Framing = framing;
        this.create = create;
    }

    /// <summary>The names of all formats.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(format => format.Name)];

    /// <summary>The format's name, as on the command line.</summary>
    public string Name { get; }

    /// <summary>
    /// Whether the format needs a <see cref="ColumnMap"/>, which says what the columns mean.
    /// </summary>
    public bool NeedsMap => Name == MappedName && Identity == MappedName;

    /// <summary>
    /// The name, and for CSV with a map the map's content after it: all that decides how records
    /// are read. <see cref="Parse"/> takes it.
    /// </summary>
    public string Identity { get; private init; }

    /// <summary>How its files are cut into records.</summary>
    public RowFraming Framing { get; }

    /// <summary>CSV whose columns mean what a map says.</summary>
    public static InputFormat Mapped(ColumnMap map) =>
        new(MappedName, map.Framing, schema => new MappedDecoder(map, schema))
        {
            Identity = $"{MappedName} {map.Json}",
        };

    /// <summary>
    /// The format of a name (upper and lower case are the same) or of an <see cref="Identity"/>.
    /// </summary>
    /// <exception cref="ArgumentException">Unknown; the message lists those known.</exception>
    public static InputFormat Parse(string name) =>
        name.StartsWith(MappedName + " ", StringComparison.OrdinalIgnoreCase)
            ? Mapped(ColumnMap.Parse(name[(MappedName.Length + 1)..]))
            : Find(name) ?? throw new ArgumentException(
            $"unknown format '{name}'; known formats: {string.Join(", ", Names)}");

    /// <summary>
    /// The format a file's name suggests, such as <c>rawData.csv.gz</c> or
    /// <c>call-events.jsonl</c>; null when it suggests none.
    /// </summary>
    public static InputFormat? Guess(string fileName)
    {
        string name = Path.GetFileName(fileName).ToLowerInvariant();
        if (name.EndsWith(".gz", StringComparison.Ordinal))
            name = name[..^3];
        string ending = Path.GetExtension(name);
        string plain = name.Replace("-", "", StringComparison.Ordinal)
            .Replace("_", "", StringComparison.Ordinal);
        foreach ((string part, string wanted, string format) in Hints)
        {
            bool ends = wanted.Length == 0 ? JsonEndings.Contains(ending) : ending == wanted;
            if (ends && plain.Contains(part, StringComparison.Ordinal))
                return Find(format);
        }

        return null;
    }

    /// <summary>
    /// Creates a decoder. Decoders own scratch buffers: one per partition, one caller at a time.
    /// </summary>
    /// <param name="schema">The header of CSV formats; <see cref="InputSchema.None"/> else.</param>
    /// <exception cref="ArgumentException">A column the format needs is missing.</exception>
    public IRecordDecoder CreateDecoder(InputSchema schema) => create(schema);

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static InputFormat Json(string name, EventKind kind) =>
        new(name, RowFraming.Lines, _ => new JsonEventDecoder(kind));

    private static InputFormat? Find(string name) => Array.Find(
        All, format => string.Equals(format.Name, name, StringComparison.OrdinalIgnoreCase));
}
