using System.Globalization;
using System.Text;
using System.Text.Json;
using Earshot.Schemas;
using Earshot.Sources.Json;

namespace Earshot.Sources.RtcStats;

/// <summary>
/// The state of a dump after the lines read so far: turns lines that say what changed into rows
/// that say all there is, so that each row can be decoded for itself.
/// </summary>
internal sealed class RtcSession
{
    /// <summary>Most peer connections kept; beyond, the oldest is forgotten.</summary>
    private const int ConnectionsMax = 10_000;

    // A time from here on is one since the epoch (1973), one below is one since the line before:
    // version 3 of the format writes the latter, earlier ones the former.
    private const double EpochMsMin = 1e11;

    private readonly OrderedDictionary<string, RtcConnection> connections = [];
    private readonly JsonText text = new();
    private RtcAbout about = new();
    private string session = "";
    private double lastMs;

    /// <summary>Takes in a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="number">Its number in the file, from 1.</param>
    /// <param name="rows">Receives the rows that stand for it; none: it stands for itself.</param>
    public void Read(ReadOnlySpan<byte> line, long number, List<byte[]> rows)
    {
        if (line.SequenceEqual("RTCStatsDump"u8))
        {
            Begin();
            return;
        }

        try
        {
            if (RtcLine.TryRead(line, text, out RtcLine parts))
                Read(parts, number, rows);
            else if (line.TrimStart(" \t"u8) is [(byte)'{', ..])
                BeginWith(line);
        }
        catch (JsonException)
        {
            // The decoder says what is wrong with it.
        }
    }

    private void Begin()
    {
        connections.Clear();
        about = new RtcAbout();
        session = "";
        lastMs = 0;
    }

    private void BeginWith(ReadOnlySpan<byte> metadata)
    {
        Begin();
        about.Add(metadata, text);
        session = StableHash.Of(metadata).ToString("x16", CultureInfo.InvariantCulture);
    }

    private void Read(RtcLine line, long number, List<byte[]> rows)
    {
        if (line.Time is double time && double.IsFinite(time))
            lastMs = time >= EpochMsMin ? time : lastMs + time;
        ReadOnlySpan<byte> method = Encoding.UTF8.GetBytes(line.Method);
        if (line.Connection is not { } name)
        {
            if (RtcNames.IsAbout(method) && line.PayloadIsObject)
                about.Add(line.Payload, text);
        }
        else if (RtcNames.IsCreate(method))
        {
            connections.Remove(name);
            if (line.PayloadIsObject)
                Connection(name).About.Add(line.Payload, text);
        }
        else if (RtcNames.IsClose(method))
        {
            connections.Remove(name);
        }
        else if (RtcNames.IsGetStats(method) && line.PayloadIsObject)
        {
            RtcConnection connection = Connection(name);
            connection.Apply(line.Payload, text, LastMs);
            foreach ((string json, long timeMs) in connection.AudioReports())
                rows.Add(Row(RtcNames.ResolvedReport, name, json, timeMs, number));
        }
        else if (RtcNames.IsConnectionState(method) && SaysFailed(line.Payload))
        {
            string json = $"{{\"state\":\"failed\",\"said\":\"{line.Method}\"}}";
            rows.Add(Row(RtcNames.ResolvedFailure, name, json, LastMs, number));
        }
    }

    private long LastMs => lastMs is > 0 and < long.MaxValue ? (long)lastMs : 0;

    private RtcConnection Connection(string name)
    {
        if (connections.TryGetValue(name, out RtcConnection? connection))
            return connection;
        if (connections.Count == ConnectionsMax)
            connections.RemoveAt(0);
        connection = new RtcConnection();
        connections.Add(name, connection);
        return connection;
    }

    private bool SaysFailed(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
            return false;
        Utf8JsonReader reader = new(json);
        return reader.Read() && reader.TokenType == JsonTokenType.String
            && RtcNames.IsFailed(text.Of(ref reader));
    }

    // ["resolved-rtp","PC_0",{…},time,{"session":"…","dimensions":{…}},line]: the line's number
    // last, so that the rest can be the event's identity.
    private byte[] Row(string method, string name, string json, long timeMs, long number)
    {
        connections.TryGetValue(name, out RtcConnection? connection);
        StringBuilder row = new();
        row.Append(CultureInfo.InvariantCulture, $"[\"{method}\",");
        row.Append(JsonSerializer.Serialize(name)).Append(',').Append(json);
        row.Append(CultureInfo.InvariantCulture, $",{timeMs},{{\"session\":\"{session}\"");
        if ((connection?.About.CallId ?? about.CallId) is { } callId)
            row.Append(",\"call\":").Append(callId);
        row.Append(",\"dimensions\":{");
        connection?.About.WriteTo(row);
        about.WriteTo(row);
        row.Append(CultureInfo.InvariantCulture, $"}}}},{number}]");
        return Encoding.UTF8.GetBytes(row.ToString());
    }
}
