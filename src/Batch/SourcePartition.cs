using System.Buffers.Binary;
using Earshot.Actors;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;

namespace Earshot.Batch;

/// <summary>
/// One source partition, read in offset order: each record is ignored, dead, late, a duplicate or
/// aggregated, in this order of decisions.
/// </summary>
internal sealed class SourcePartition(
    int number, PipelineOptions options, IRecordDecoder decoder, WindowTable windows)
{
    private readonly EventRecord decoded = new(
        options.Dimensions, new SymbolTable(), Metrics.CreateTable());

    private readonly RecentIds seen = new(options.LatenessMs, options.SeenEventsMax);
    private readonly WarningsOfPartition warnings = new(number, options);
    private readonly FinishedCalls finished = new(number, options);
    private readonly BatchBooks books = new();
    private readonly List<SideRecord> late = [];
    private readonly List<SideRecord> dead = [];
    private readonly Dictionary<int, long> lastOfSource = [];
    private readonly LiveKeys keys = new(options);
    private long greatestMs = long.MinValue;
    private CallsOfPartition? calls;

    public BatchBooks Books => books;

    public IReadOnlyList<SideRecord> Late => late;

    public IReadOnlyList<SideRecord> Dead => dead;

    /// <summary>The offset after the last record taken in.</summary>
    public long Next { get; set; }

    /// <summary>Offsets of the records that made the pipeline fail.</summary>
    public HashSet<long> Failed { get; } = [];

    /// <summary>
    /// Records that happened before this are late: the greatest event time of a valid record so
    /// far, minus the lateness. The least number when there was none.
    /// </summary>
    public long WatermarkMs =>
        greatestMs == long.MinValue ? long.MinValue : greatestMs - options.LatenessMs;

    /// <summary>The rows of warnings.</summary>
    public IReadOnlyDictionary<WarningId, Warning> Warnings => warnings.Rows;

    /// <summary>The rows of calls, where they are wanted.</summary>
    public IReadOnlyDictionary<FinishedId, FinishedCall> FinishedCalls => finished.Rows;

    private CallsOfPartition Calls => calls ??= new CallsOfPartition(
        options, new PartitionWindows(windows, keys), warnings, finished, books);

    public void Take(in LogRecord record)
    {
        books.Read++;
        if (Failed.Contains(record.Offset))
        {
            Bury(record.Offset, "failed", timeMs: 0);
            return;
        }

        if (CameBefore(record))
        {
            books.Duplicate++;
            return;
        }

        DecodeResult result = Decode(record);
        if (result == DecodeResult.Ignored)
            books.Ignored++;
        else if (result == DecodeResult.Dead)
            Bury(record.Offset, "malformed", decoded.EventTimeMs);
        else if (FaultOf(record.AppendTimeMs) is { } fault)
            Bury(record.Offset, fault, decoded.EventTimeMs);
        else
            TakeValid(record.Offset);
    }

    /// <summary>The input has ended here, for good or for now.</summary>
    public void Finish(bool ended)
    {
        long watermark = ended ? long.MaxValue : WatermarkMs;
        Calls.Finish(watermark);
        warnings.Finish(watermark);
        books.KeysRefused = keys.Refused;
    }

    /// <summary>
    /// A record that was spread anew says from which partition and offset of the first topic it is
    /// (header earshot-source: int32, int64, little endian, and more); those rise.
    /// </summary>
    private bool CameBefore(in LogRecord record)
    {
        if (!record.Headers.TryGet("earshot-source"u8, out ReadOnlySpan<byte> source)
            || source.Length != 20)
            return false;
        int partition = BinaryPrimitives.ReadInt32LittleEndian(source);
        long offset = BinaryPrimitives.ReadInt64LittleEndian(source[4..]);
        if (lastOfSource.TryGetValue(partition, out long last) && offset <= last)
            return true;
        lastOfSource[partition] = offset;
        return false;
    }

    private DecodeResult Decode(in LogRecord record) =>
        record.Headers.TryGet("content-type"u8, out ReadOnlySpan<byte> contentType)
            ? decoder.Decode(record.Value, contentType, decoded)
            : decoder.Decode(record.Value, decoded);

    private void TakeValid(long offset)
    {
        long timeMs = decoded.EventTimeMs;
        greatestMs = Math.Max(greatestMs, timeMs);
        seen.Forget(WatermarkMs);
        keys.Advance(WatermarkMs);
        Calls.Conclude(WatermarkMs);
        if (timeMs < WatermarkMs)
            KeepLate(offset, "late");
        else if (decoded.EventId != 0 && !seen.Add(decoded.EventId, timeMs))
            books.Duplicate++;
        else
            Count(offset, Calls.Take(Event.Of(decoded, offset)));
    }

    private void Count(long offset, Fate fate)
    {
        if (fate == Fate.CallCounted)
            KeepLate(offset, "call_counted");
        else if (fate == Fate.Duplicate)
            books.Duplicate++;
        else
            books.Aggregated++;
    }

    private string? FaultOf(long appendTimeMs)
    {
        if (decoded.EventTimeMs <= 0)
            return "invalid";
        if (decoded.EventTimeMs - appendTimeMs > options.FutureLimitMs)
            return "future";
        return decoded is { Kind: EventKind.CallMetric, Values: [{ } value, ..] }
            && !Readings.CanBe(new Reading(decoded.Metrics[value.Metric], value.Value))
            ? "invalid" : null;
    }

    private void KeepLate(long offset, string reason)
    {
        books.Late++;
        late.Add(new SideRecord(number, offset, reason, decoded.EventTimeMs, WatermarkMs));
    }

    private void Bury(long offset, string reason, long timeMs)
    {
        books.Dead++;
        dead.Add(new SideRecord(number, offset, reason, Math.Max(0, timeMs), 0));
    }
}
