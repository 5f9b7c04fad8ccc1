using System.Globalization;
using System.Text;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Google.Protobuf;

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

/// <summary>Rows for the records that are not aggregated: nothing is silently lost.</summary>
internal static class SideRows
{
    /// <summary>Keeps a late record with its reason.</summary>
    public static void Late(
        RecordBatch batch, int index, int partition, LateReason reason, EventRecord record,
        long watermarkMs, EpochOutputs outputs)
    {
        LogRecord input = batch[index];
        LateRow row = new()
        {
            SourcePartition = partition,
            SourceOffset = input.Offset,
            Reason = reason == LateReason.Late ? "late" : "call_counted",
            EventTime = record.EventTimeMs,
            Watermark = watermarkMs,
            Origin = batch.Origin,
            Record = ByteString.CopyFrom(input.Value),
        };
        outputs.Add(outputs.Topics.Late, KeyOf(partition, input.Offset), row.ToByteArray());
    }

    /// <summary>Keeps a dead record with its reason.</summary>
    public static void Dead(
        RecordBatch batch, int index, int partition, DeadReason reason, string detail,
        long eventTimeMs, EpochOutputs outputs)
    {
        LogRecord input = batch[index];
        DeadLetter row = new()
        {
            SourcePartition = partition,
            SourceOffset = input.Offset,
            Reason = reason switch
            {
                DeadReason.Malformed => "malformed",
                DeadReason.Invalid => "invalid",
                DeadReason.Future => "future",
                _ => "failed",
            },
            Detail = detail,
            Origin = batch.Origin,
            Line = batch.LineOf(input.Offset),
            Record = ByteString.CopyFrom(input.Value),
        };
        if (eventTimeMs > 0)
            row.EventTime = eventTimeMs;
        outputs.Add(outputs.Topics.Dead, KeyOf(partition, input.Offset), row.ToByteArray());
    }

    private static byte[] KeyOf(int partition, long offset) => Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{partition}:{offset}"));
}
