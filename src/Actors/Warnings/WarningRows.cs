using System.Globalization;
using System.Text;
using Earshot.Actors.Stages;
using Earshot.Actors.Wire;
using Earshot.Analytics;
using Earshot.Analytics.Warnings;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Actors.Warnings;

/// <summary>Makes the rows of warnings.</summary>
/// <param name="topic">Topic of the reports.</param>
/// <param name="partition">Source partition.</param>
/// <param name="dimensions">Dimensions of reports.</param>
/// <param name="conditions">The conditions, by index.</param>
internal sealed class WarningRows(
    string topic, int partition, DimensionSet dimensions, Tags[] conditions)
{
    /// <summary>What a row of warnings is grouped by.</summary>
    private const string Grouping = "stream";

    private const string Samples = "samples";
    private const string StreamEnded = "stream_ended";

    private readonly RecordHeadersBuilder headers = new();

    /// <summary>Adds the row of a warning that a report raised or cleared.</summary>
    /// <param name="change">Which of the two.</param>
    /// <param name="condition">Index of the condition.</param>
    /// <param name="warning">The warning.</param>
    /// <param name="timeMs">Event time of the report.</param>
    /// <param name="offset">Its offset in the input.</param>
    /// <param name="window">The stream's samples, the report's with them.</param>
    /// <param name="reason">What the report says.</param>
    /// <param name="outputs">Takes the row.</param>
    public void Add(
        WarningChange change, int condition, RaisedWarning warning, long timeMs, long offset,
        WarningWindow window, TagReason? reason, EpochOutputs outputs)
    {
        if (outputs.Suppressed)
            return;
        bool isRaise = change == WarningChange.Raised;
        Warning row = RowOf(condition, warning, timeMs, offset, window, isRaise, Samples);
        if (reason is { } why)
        {
            row.Value = why.Value;
            row.Limit = why.Limit;
            row.Input = TagInputs.NameOf(why.Input);
        }

        Add(row, isRaise ? "raised" : "cleared", outputs);
    }

    /// <summary>Adds the row of a warning that the end of its stream cleared.</summary>
    public void AddEnded(
        int condition, RaisedWarning warning, long timeMs, WarningWindow window,
        EpochOutputs outputs)
    {
        if (outputs.Suppressed)
            return;
        Warning row = RowOf(
            condition, warning, timeMs, warning.Offset, window, isRaise: false, StreamEnded);
        Add(row, StreamEnded, outputs);
    }

    private Warning RowOf(
        int condition, RaisedWarning warning, long timeMs, long offset, WarningWindow window,
        bool isRaise, string cause)
    {
        Warning row = new()
        {
            Key = new RowKey { Grouping = Grouping },
            CallId = warning.CallId,
            StreamId = warning.StreamId,
            Warning_ = TagNames.Format(conditions[condition]),
            Raised = isRaise,
            EventTime = timeMs,
            RaisedAt = warning.RaisedMs,
            Cause = cause,
            SamplesCrossed = window.Crossed,
            SamplesKnown = window.Known,
            SourcePartition = partition,
            SourceOffset = offset,
        };
        if (!isRaise)
            row.DurationS = (timeMs - warning.RaisedMs) / 1000.0;
        for (int i = 0; i < warning.Dimensions.Length; i++)
        {
            if (warning.Dimensions[i].Length > 0)
                row.Key.Dimensions.Add(dimensions.Names[i], warning.Dimensions[i]);
        }

        return row;
    }

    /// <summary>
    /// A report does the same thing to a condition once, and a warning ends once, so this tells
    /// the row from every other, however often it is made.
    /// </summary>
    private void Add(Warning row, string what, EpochOutputs outputs)
    {
        string id = string.Create(
            CultureInfo.InvariantCulture,
            $"{topic}-{partition}-{row.SourceOffset}/{row.Warning_}/{what}");
        byte[] key = Encoding.UTF8.GetBytes(row.CallId.Length > 0 ? row.CallId : row.StreamId);
        outputs.Add(
            outputs.Topics.Warnings, key, row.ToByteArray(),
            headers.Clear().Add(RowIds.Name, id).Encoded);
    }
}
