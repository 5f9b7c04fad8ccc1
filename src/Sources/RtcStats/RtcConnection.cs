using System.Text;
using System.Text.Json;
using Earshot.Sources.Json;
using Earshot.Sources.Text;

namespace Earshot.Sources.RtcStats;

/// <summary>The statistics of one peer connection, as they stand after its last line.</summary>
internal sealed class RtcConnection
{
    /// <summary>Most reports kept; one more is passed over.</summary>
    private const int ReportsMax = 4096;

    private readonly OrderedDictionary<string, Report> reports = [];

    /// <summary>What its <c>create</c> line says.</summary>
    public RtcAbout About { get; } = new();

    /// <summary>Takes in what one line changes.</summary>
    /// <param name="delta">A JSON object, known to be whole.</param>
    /// <param name="text">Unescapes.</param>
    /// <param name="lineMs">The line's time, for statistics without one; 0: none.</param>
    public void Apply(ReadOnlySpan<byte> delta, JsonText text, long lineMs)
    {
        foreach (Report report in reports.Values)
        {
            report.Touched = false;
            report.TimeMs = 0;
        }

        long top = 0;
        Utf8JsonReader reader = new(delta);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string id = Encoding.UTF8.GetString(reader.ValueSpan);
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
                reports.Remove(id);
            else if (reader.TokenType == JsonTokenType.StartObject)
                ApplyReport(ref reader, id, text);
            else if (id is "timestamp" or "t")
                top = TimeOf(ref reader, text);
            reader.Skip();
        }

        foreach (Report report in reports.Values)
        {
            if (report.TimeMs == 0)
                report.TimeMs = top != 0 ? top : lineMs;
        }
    }

    /// <summary>
    /// The audio reports that stand now, as JSON objects with their times. What arrives here is
    /// reported every time, changed or not: a stream that stopped is news. What the far end says
    /// is reported when it says it.
    /// </summary>
    public IEnumerable<(string Json, long TimeMs)> AudioReports()
    {
        foreach ((string id, Report report) in reports)
        {
            string? type = report.RtpType;
            bool isAudio = report.Members[(int)RtcMember.Kind] == "\"audio\"";
            bool told = type == "inbound-rtp" || report.Touched;
            if (told && (type is null ? report.LooksLikeRtp : isAudio))
                yield return (report.ToJson(id, CodecOf(report)), report.TimeMs);
        }
    }

    // The type in the codec's own report, as raw JSON.
    private string? CodecOf(Report report) =>
        report.Members[(int)RtcMember.CodecId] is { } id
        && reports.TryGetValue(id.Trim('"'), out Report? codec)
            ? codec.Members[(int)RtcMember.MimeType] : null;

    private void ApplyReport(ref Utf8JsonReader reader, string id, JsonText text)
    {
        if (!reports.TryGetValue(id, out Report? report))
        {
            report = new Report();
            if (reports.Count < ReportsMax)
                reports.Add(id, report);
        }

        report.Touched = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool known = RtcNames.TryMember(text.Of(ref reader), out RtcMember member);
            reader.Read();
            if (!known || reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                reader.Skip();
            else if (member == RtcMember.Timestamp)
                report.TimeMs = TimeOf(ref reader, text);
            else
                report.Set(member, ref reader);
        }
    }

    private static long TimeOf(ref Utf8JsonReader reader, JsonText text)
    {
        if (reader.TokenType == JsonTokenType.Number)
            return Numbers.TryFloor(reader.ValueSpan, out long ms) ? ms : 0;
        return reader.TokenType == JsonTokenType.String
            && Timestamps.TryParse(text.Of(ref reader), out long timeMs) ? timeMs : 0;
    }

    private sealed class Report
    {
        /// <summary>Raw JSON by member; null: missing.</summary>
        public string?[] Members { get; } = new string?[RtcNames.Kept];

        /// <summary>Whether the last line had something of it.</summary>
        public bool Touched { get; set; }

        /// <summary>Its time as of the last line, ms since the epoch; 0: not said.</summary>
        public long TimeMs { get; set; }

        /// <summary>Null for reports of something else, or of an unknown type.</summary>
        public string? RtpType { get; private set; }

        /// <summary>
        /// It has what only RTP reports have, but no type: the line that said it is missing.
        /// </summary>
        public bool LooksLikeRtp => Members[(int)RtcMember.Type] is null
            && (Members[(int)RtcMember.Jitter] ?? Members[(int)RtcMember.FractionLost]) is not null;

        public void Set(RtcMember member, ref Utf8JsonReader reader)
        {
            string? raw = reader.TokenType switch
            {
                JsonTokenType.Null => null,
                JsonTokenType.String => $"\"{Encoding.UTF8.GetString(reader.ValueSpan)}\"",
                _ => Encoding.UTF8.GetString(reader.ValueSpan),
            };
            Members[(int)member] = raw;
            if (member == RtcMember.Type)
                RtpType = RtcNames.RtpType(reader.ValueSpan);
        }

        public string ToJson(string id, string? mimeType)
        {
            StringBuilder json = new($"{{\"id\":\"{id}\"");
            for (RtcMember member = 0; (int)member < RtcNames.Kept; member++)
            {
                string? raw = Members[(int)member];
                if (member == RtcMember.Type)
                    raw = RtpType is null ? null : $"\"{RtpType}\"";
                else if (member is RtcMember.CodecId or RtcMember.MimeType)
                    raw = member == RtcMember.MimeType ? mimeType : null;
                if (raw is not null)
                    json.Append(",\"").Append(RtcNames.NameOf(member)).Append("\":").Append(raw);
            }

            return json.Append('}').ToString();
        }
    }
}
