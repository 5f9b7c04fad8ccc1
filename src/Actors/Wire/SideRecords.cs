using Earshot.Log;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Actors.Wire;

/// <summary>
/// Reads the records of the dead and late topics, as they are now (the raw record, the rest in
/// headers: <see cref="SideHeaders"/>) and as versions before wrote them (a message).
/// </summary>
public static class SideRecords
{
    /// <summary>Reason of a partial aggregate that met a closed window.</summary>
    internal const string WindowClosed = "window_closed";

    /// <summary>Reads a dead letter.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is none.</exception>
    /// <exception cref="FormatException">A header of ours is damaged.</exception>
    public static DeadLetter ReadDead(LogRecord record)
    {
        if (!SideHeaders.TryFind(record.Headers, out SideHeaders headers))
            return DeadLetter.Parser.ParseFrom(record.Value);
        DeadLetter row = new()
        {
            SourcePartition = (int)(headers.NumberOf(SideHeaders.Partition) ?? 0),
            SourceOffset = headers.NumberOf(SideHeaders.Offset) ?? 0,
            Reason = headers.TextOf(SideHeaders.Reason),
            Detail = headers.TextOf(SideHeaders.ExceptionMessage),
            Origin = headers.TextOf(SideHeaders.Origin),
            Line = headers.NumberOf(SideHeaders.Line) ?? 0,
            Record = ByteString.CopyFrom(record.Value),
        };
        if (headers.NumberOf(SideHeaders.EventTime) is { } eventTime)
            row.EventTime = eventTime;
        return row;
    }

    /// <summary>Reads a late record, or a partial aggregate that came late.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is none.</exception>
    /// <exception cref="FormatException">A header of ours is damaged.</exception>
    public static LateRow ReadLate(LogRecord record)
    {
        if (!SideHeaders.TryFind(record.Headers, out SideHeaders headers)
            || headers.TextOf(SideHeaders.Reason) == WindowClosed)
            return LateRow.Parser.ParseFrom(record.Value);
        return new LateRow
        {
            SourcePartition = (int)(headers.NumberOf(SideHeaders.Partition) ?? 0),
            SourceOffset = headers.NumberOf(SideHeaders.Offset) ?? 0,
            Reason = headers.TextOf(SideHeaders.Reason),
            EventTime = headers.NumberOf(SideHeaders.EventTime) ?? 0,
            Watermark = headers.NumberOf(SideHeaders.Watermark) ?? 0,
            Origin = headers.TextOf(SideHeaders.Origin),
            Record = ByteString.CopyFrom(record.Value),
        };
    }
}
