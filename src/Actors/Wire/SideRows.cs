using System.Globalization;
using System.Text;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Actors.Wire;

/// <summary>Why a record is late.</summary>
internal enum LateReason
{
    /// <summary>Its event time is before the watermark.</summary>
    Late,

    /// <summary>Its call was counted already from what was known then.</summary>
    CallCounted,
}

/// <summary>Why a record is dead.</summary>
internal enum DeadReason
{
    /// <summary>It cannot be decoded.</summary>
    Malformed,

    /// <summary>What it says cannot be.</summary>
    Invalid,

    /// <summary>Its time is too far ahead.</summary>
    Future,

    /// <summary>This program failed on it, twice.</summary>
    Failed,
}

/// <summary>
/// Keeps the records that are not aggregated: nothing is silently lost. The value is the record
/// as it came, its headers are kept, and <see cref="SideHeaders"/> say what became of it.
/// </summary>
/// <param name="pipelineId">The pipeline.</param>
/// <param name="partition">Source partition.</param>
internal sealed class SideRows(string pipelineId, int partition)
{
    private static readonly string refusedBy = typeof(Calls.CallStage).FullName!;

    private readonly RecordHeadersBuilder headers = new();

    /// <summary>Keeps a late record with its reason.</summary>
    public void Late(
        RecordBatch batch, int index, LateReason reason, EventRecord record, long watermarkMs,
        EpochOutputs outputs)
    {
        string name = reason == LateReason.Late ? "late" : "call_counted";
        string detail = reason == LateReason.Late
            ? $"event_time {UtcText.Of(record.EventTimeMs)} is before the watermark "
                + UtcText.Of(watermarkMs)
            : "its call was counted already";
        Begin(batch, index, name, detail, "TRANSFORMATION");
        headers.Add(SideHeaders.EventTime, Text(record.EventTimeMs))
            .Add(SideHeaders.Watermark, Text(watermarkMs));
        Add(outputs.Topics.Late, batch, index, outputs);
    }

    /// <summary>Keeps a dead record with its reason.</summary>
    public void Dead(
        RecordBatch batch, int index, DeadReason reason, string detail, long eventTimeMs,
        EpochOutputs outputs)
    {
        string name = reason switch
        {
            DeadReason.Malformed => "malformed",
            DeadReason.Invalid => "invalid",
            DeadReason.Future => "future",
            _ => "failed",
        };
        bool undecoded = reason == DeadReason.Malformed;
        Begin(batch, index, name, detail, undecoded ? "VALUE_CONVERTER" : "TRANSFORMATION");
        if (eventTimeMs > 0)
            headers.Add(SideHeaders.EventTime, Text(eventTimeMs));
        Add(outputs.Topics.Dead, batch, index, outputs);
    }

    private void Begin(RecordBatch batch, int index, string reason, string detail, string stage)
    {
        LogRecord input = batch[index];
        headers.Clear().AddAll(input.Headers)
            .Add(SideHeaders.Reason, reason)
            .Add(RowIds.Name, string.Create(
                CultureInfo.InvariantCulture,
                $"{batch.Source.Topic}-{partition}-{input.Offset}"))
            .Add(SideHeaders.Topic, batch.Source.Topic)
            .Add(SideHeaders.Partition, Text(partition))
            .Add(SideHeaders.Offset, Text(input.Offset))
            .Add(SideHeaders.ConnectorName, pipelineId)
            .Add(SideHeaders.TaskId, Text(partition))
            .Add(SideHeaders.Stage, stage)
            .Add(SideHeaders.ClassName, refusedBy)
            .Add(SideHeaders.ExceptionClass, reason)
            .Add(SideHeaders.ExceptionMessage, detail)
            .Add(SideHeaders.Origin, batch.Origin)
            .Add(SideHeaders.AppendTime, Text(input.AppendTimeMs));
        if (!input.Key.IsEmpty)
            headers.Add(SideHeaders.Key, input.Key);
        if (batch.LineOf(input.Offset) is > 0 and long line)
            headers.Add(SideHeaders.Line, Text(line));
    }

    private void Add(string topic, RecordBatch batch, int index, EpochOutputs outputs)
    {
        LogRecord input = batch[index];
        byte[] key = Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"{partition}:{input.Offset}"));
        outputs.Add(topic, key, input.Value, headers.Encoded);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
