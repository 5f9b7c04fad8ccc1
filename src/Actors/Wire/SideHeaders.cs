using System.Buffers.Text;
using System.Text;
using Earshot.Actors.Calls;
using Earshot.Log;

namespace Earshot.Actors.Wire;

/// <summary>
/// The headers of dead letters and late records: first those the record came with, unchanged,
/// then ours. Ours begin at the last <see cref="Reason"/>, so nothing of the record's own can be
/// taken for them, whatever its names. The first group has the names Kafka Connect gives its dead
/// letters (org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter).
/// </summary>
public readonly ref struct SideHeaders
{
    private readonly RecordHeaders all;

    private SideHeaders(RecordHeaders all, int originals)
    {
        this.all = all;
        OriginalCount = originals;
    }

    /// <summary>Why: malformed, invalid, future, failed; late, call_counted, …</summary>
    public static ReadOnlySpan<byte> Reason => "earshot-reason"u8;

    /// <summary>Event time, ms since the epoch; absent where it is not known.</summary>
    public static ReadOnlySpan<byte> EventTime => "earshot-event-time"u8;

    /// <summary>Late: the watermark it was held against, ms since the epoch.</summary>
    public static ReadOnlySpan<byte> Watermark => "earshot-watermark"u8;

    /// <summary>File name, or topic.</summary>
    public static ReadOnlySpan<byte> Origin => "earshot-origin"u8;

    /// <summary>Line or record number in that file, from 1; absent for a topic.</summary>
    public static ReadOnlySpan<byte> Line => "earshot-line"u8;

    /// <summary>The key the record came with; absent when it had none.</summary>
    public static ReadOnlySpan<byte> Key => "earshot-key"u8;

    /// <summary>When the input took it in, ms since the epoch.</summary>
    public static ReadOnlySpan<byte> AppendTime => "earshot-append-time"u8;

    /// <summary>Topic it was read from.</summary>
    public static ReadOnlySpan<byte> Topic => "__connect.errors.topic"u8;

    /// <summary>Partition it was read from.</summary>
    public static ReadOnlySpan<byte> Partition => "__connect.errors.partition"u8;

    /// <summary>Its offset there.</summary>
    public static ReadOnlySpan<byte> Offset => "__connect.errors.offset"u8;

    /// <summary>The pipeline's id.</summary>
    public static ReadOnlySpan<byte> ConnectorName => "__connect.errors.connector.name"u8;

    /// <summary>Who read it: the partition's number.</summary>
    public static ReadOnlySpan<byte> TaskId => "__connect.errors.task.id"u8;

    /// <summary>VALUE_CONVERTER: it cannot be decoded. TRANSFORMATION: all else.</summary>
    public static ReadOnlySpan<byte> Stage => "__connect.errors.stage"u8;

    /// <summary>The class that refused it.</summary>
    public static ReadOnlySpan<byte> ClassName => "__connect.errors.class.name"u8;

    /// <summary>The reason once more, where readers of Connect's headers look.</summary>
    public static ReadOnlySpan<byte> ExceptionClass =>
        "__connect.errors.exception.class.name"u8;

    /// <summary>What was wrong, in words.</summary>
    public static ReadOnlySpan<byte> ExceptionMessage =>
        "__connect.errors.exception.message"u8;

    /// <summary>Of a record sent in again: the id its dead letter had.</summary>
    public static ReadOnlySpan<byte> RetryOf => "earshot-retry-of"u8;

    /// <summary>Of a record sent in again: how often.</summary>
    public static ReadOnlySpan<byte> RetryCount => "earshot-retry-count"u8;

    private static ReadOnlySpan<byte> RetryPrefix => "earshot-retry-"u8;

    /// <summary>How many of the headers, from the first on, the record came with.</summary>
    public int OriginalCount { get; }

    /// <summary>Finds ours among the headers of a record.</summary>
    /// <returns>False when there are none: a version before these headers wrote it.</returns>
    public static bool TryFind(RecordHeaders headers, out SideHeaders found)
    {
        int at = -1, index = 0;
        foreach (RecordHeader header in headers)
        {
            if (header.Name.SequenceEqual(Reason))
                at = index;
            index++;
        }

        found = new SideHeaders(headers, at);
        return at >= 0;
    }

    /// <summary>The value of one of ours as text; empty when it is absent.</summary>
    public string TextOf(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(ValueOf(name));

    /// <summary>The value of one of ours as a number; null when it is absent.</summary>
    /// <exception cref="FormatException">It is no number.</exception>
    public long? NumberOf(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> value = ValueOf(name);
        if (value.IsEmpty)
            return null;
        if (Utf8Parser.TryParse(value, out long number, out int used) && used == value.Length)
            return number;
        throw new FormatException(
            $"its header {Encoding.UTF8.GetString(name)} is \"{Encoding.UTF8.GetString(value)}\", "
            + "no whole number");
    }

    /// <summary>The value of one of ours; empty when it is absent.</summary>
    public ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> value = default;
        int index = 0;
        foreach (RecordHeader header in all)
        {
            if (index++ >= OriginalCount && header.Name.SequenceEqual(name))
                value = header.Value;
        }

        return value;
    }

    /// <summary>
    /// Adds the headers the record came with, to send it again: without those of earlier retries,
    /// and without the link of a re-keyed record, by which it would be found to be a repeat.
    /// </summary>
    public void AddOriginals(RecordHeadersBuilder builder)
    {
        int index = 0;
        foreach (RecordHeader header in all)
        {
            if (index++ >= OriginalCount)
                return;
            bool ofTheWay = header.Name.StartsWith(RetryPrefix)
                || header.Name.SequenceEqual(SourceLink.HeaderName);
            if (!ofTheWay)
                builder.Add(header.Name, header.Value);
        }
    }
}
