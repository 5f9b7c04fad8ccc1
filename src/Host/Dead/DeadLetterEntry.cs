using System.Globalization;
using System.Text;
using Earshot.Actors.Wire;
using Earshot.Log;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Host.Dead;

/// <summary>One record of the dead or the late topic.</summary>
internal sealed class DeadLetterEntry
{
    /// <summary>Where it was read: partition and offset of the input, as "0:1234".</summary>
    public required string Id { get; init; }

    /// <summary>The input's partition.</summary>
    public required int Partition { get; init; }

    /// <summary>Its offset there.</summary>
    public required long Offset { get; init; }

    /// <summary>Why it is here.</summary>
    public required string Reason { get; init; }

    /// <summary>The same in words.</summary>
    public required string Detail { get; init; }

    /// <summary>File name, or topic.</summary>
    public required string Origin { get; init; }

    /// <summary>Line or record number in the file; 0 for a topic.</summary>
    public long Line { get; init; }

    /// <summary>Event time, ms since the epoch; null where it is not known.</summary>
    public long? EventTimeMs { get; init; }

    /// <summary>When it came here, ms since the epoch.</summary>
    public required long BuriedAtMs { get; init; }

    /// <summary>When the input took it in, ms since the epoch; null: not known.</summary>
    public long? TakenInAtMs { get; init; }

    /// <summary>The key it came with; empty for none.</summary>
    public required byte[] Key { get; init; }

    /// <summary>The record as it came.</summary>
    public required byte[] Record { get; init; }

    /// <summary>Headers, encoded, that go with it when it is sent in again.</summary>
    public required byte[] OriginalHeaders { get; init; }

    /// <summary>All its headers.</summary>
    public required IReadOnlyList<(string Name, byte[] Value)> Headers { get; init; }

    /// <summary>How often it was sent in again before it came here.</summary>
    public long RetryCount { get; init; }

    /// <summary>A partial aggregate that came late: no record of the input.</summary>
    public bool IsAggregate { get; init; }

    /// <summary>The content type it came with; empty for none.</summary>
    public byte[] ContentType { get; init; } = [];

    /// <summary>File and line, or topic and offset.</summary>
    public string Place => Line > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{Origin} line {Line}")
        : string.Create(CultureInfo.InvariantCulture, $"{Origin} offset {Offset}");

    /// <summary>Reads one.</summary>
    /// <param name="record">A record of the topic.</param>
    /// <param name="late">Whether that is the late topic.</param>
    /// <exception cref="FailedException">It is none.</exception>
    public static DeadLetterEntry Read(LogRecord record, bool late)
    {
        try
        {
            return late ? ReadLate(record) : ReadDead(record);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or FormatException)
        {
            throw new FailedException(
                $"the record at offset {record.Offset} of the {(late ? "late" : "dead")} topic "
                + $"is damaged: {e.Message}", e);
        }
    }

    private static DeadLetterEntry ReadDead(LogRecord record)
    {
        DeadLetter row = SideRecords.ReadDead(record);
        return Create(
            record, row.SourcePartition, row.SourceOffset, row.Reason, row.Detail, row.Origin,
            row.Line, row.HasEventTime ? row.EventTime : null, row.Record, isAggregate: false);
    }

    private static DeadLetterEntry ReadLate(LogRecord record)
    {
        LateRow row = SideRecords.ReadLate(record);
        bool isAggregate = row.Aggregate is not null || row.Insight is not null;
        string detail = isAggregate
            ? (row.Aggregate?.Key ?? row.Insight?.Key)?.ToString() ?? ""
            : $"event_time {TimeText.Of(row.EventTime)}, watermark {TimeText.Of(row.Watermark)}";
        return Create(
            record, row.SourcePartition, row.SourceOffset, row.Reason, detail, row.Origin, 0,
            row.EventTime, isAggregate ? ByteString.CopyFrom(record.Value) : row.Record,
            isAggregate);
    }

    private static DeadLetterEntry Create(
        LogRecord record, int partition, long offset, string reason, string detail, string origin,
        long line, long? eventTimeMs, ByteString bytes, bool isAggregate)
    {
        RecordHeadersBuilder originals = new();
        byte[] key = [];
        long? takenInAtMs = null;
        if (SideHeaders.TryFind(record.Headers, out SideHeaders ours))
        {
            ours.AddOriginals(originals);
            key = ours.ValueOf(SideHeaders.Key).ToArray();
            takenInAtMs = ours.NumberOf(SideHeaders.AppendTime);
        }

        List<(string, byte[])> headers = [];
        foreach (RecordHeader header in record.Headers)
            headers.Add((Encoding.UTF8.GetString(header.Name), header.Value.ToArray()));
        record.Headers.TryGet("content-type"u8, out ReadOnlySpan<byte> contentType);
        _ = long.TryParse(
            record.Headers.TextOf(SideHeaders.RetryCount), NumberStyles.None,
            CultureInfo.InvariantCulture, out long retries);
        return new DeadLetterEntry
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{partition}:{offset}"),
            Partition = partition,
            Offset = offset,
            Reason = reason,
            Detail = detail,
            Origin = origin,
            Line = line,
            EventTimeMs = eventTimeMs,
            BuriedAtMs = record.AppendTimeMs,
            TakenInAtMs = takenInAtMs,
            Key = key,
            Record = bytes.ToByteArray(),
            OriginalHeaders = originals.Encoded.ToArray(),
            Headers = headers,
            RetryCount = retries,
            IsAggregate = isAggregate,
            ContentType = contentType.ToArray(),
        };
    }
}
