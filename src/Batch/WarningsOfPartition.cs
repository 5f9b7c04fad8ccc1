using Earshot.Actors;
using Earshot.Analytics;
using Earshot.Schemas.V1;

namespace Earshot.Batch;

/// <summary>
/// The warnings of one source partition: per stream and condition the last samples as a list. That
/// a stream is over is noticed when its next report comes, or at the end: the rows say when it was,
/// not when it was noticed.
/// </summary>
internal sealed class WarningsOfPartition(int partition, PipelineOptions options)
{
    /// <summary>A stream without a report for so long is over, ms.</summary>
    private readonly long keepMs = Math.Max(options.LatenessMs, 60_000);

    private readonly Tags[] conditions =
    [
        Tags.HighPacketLoss, Tags.HighJitter, Tags.HighLatency, Tags.LowMos, Tags.Silent,
        Tags.OneWayAudio, Tags.IceFailure,
    ];

    private readonly Dictionary<ulong, Stream> streams = [];
    private readonly Dictionary<WarningId, Warning> rows = [];

    public IReadOnlyDictionary<WarningId, Warning> Rows => rows;

    /// <summary>Takes in a stream report.</summary>
    public void Take(Event report, ReportFacts facts, TagResult tags)
    {
        if (!options.Warnings.IsOn || report.StreamId == 0)
            return;
        if (streams.TryGetValue(report.StreamId, out Stream? stream))
        {
            if (report.TimeMs - stream.LastMs >= keepMs)
            {
                End(stream);
                streams[report.StreamId] = stream = new Stream();
            }
        }
        else
        {
            streams.Add(report.StreamId, stream = new Stream());
        }

        if (report.TimeMs < stream.LastMs)
            return;
        stream.LastMs = report.TimeMs;
        foreach (Tags tag in conditions)
        {
            if (tags.Known.HasFlag(tag))
                Sample(stream, report, facts, tag, tags.Raised.HasFlag(tag));
        }
    }

    /// <summary>Ends the streams that are over at the watermark.</summary>
    public void Finish(long watermarkMs)
    {
        foreach (Stream stream in streams.Values)
        {
            if (stream.LastMs + keepMs <= watermarkMs)
                End(stream);
        }
    }

    private void Sample(Stream stream, Event report, ReportFacts facts, Tags tag, bool crosses)
    {
        if (!stream.Samples.TryGetValue(tag, out List<bool>? samples))
            stream.Samples.Add(tag, samples = []);
        samples.Add(crosses);
        if (samples.Count > options.Warnings.Samples)
            samples.RemoveAt(0);
        int crossed = samples.Count(sample => sample);
        if (!stream.Raised.TryGetValue(tag, out Warning? raise))
        {
            if (crossed < options.Warnings.RaiseAt)
                return;
            raise = new Warning
            {
                Key = new RowKey { Grouping = "stream" },
                CallId = report.CallIdText,
                StreamId = report.StreamIdText,
                Warning_ = TagNames.Format(tag),
                Raised = true,
                EventTime = report.TimeMs,
                RaisedAt = report.TimeMs,
            };
            foreach ((string name, string? value) in
                options.Dimensions.Names.Zip(report.Dimensions))
            {
                if (value is not null)
                    raise.Key.Dimensions.Add(name, value);
            }

            stream.Raised.Add(tag, raise);
            Add(BySamples(raise));
        }
        else if (crossed == 0
            && report.TimeMs - raise.RaisedAt >= options.Warnings.ClearAfterMs)
        {
            stream.Raised.Remove(tag);
            Add(BySamples(ClearOf(raise, report.TimeMs)));
        }

        Warning BySamples(Warning row)
        {
            TagReason reason = options.Tags.Explain(facts, tag)!.Value;
            row.Cause = "samples";
            (row.Value, row.Limit) = (reason.Value, reason.Limit);
            row.Input = TagInputs.NameOf(reason.Input);
            (row.SamplesCrossed, row.SamplesKnown) = (crossed, samples.Count);
            (row.SourcePartition, row.SourceOffset) = (partition, report.Offset);
            return row;
        }
    }

    private void End(Stream stream)
    {
        foreach ((Tags tag, Warning raise) in stream.Raised)
        {
            Warning row = ClearOf(raise, stream.LastMs + keepMs);
            row.ClearValue();
            row.ClearLimit();
            row.Input = "";
            row.Cause = WarningId.StreamEnded;
            List<bool> samples = stream.Samples[tag];
            (row.SamplesCrossed, row.SamplesKnown) =
                (samples.Count(sample => sample), samples.Count);
            Add(row);
        }

        stream.Raised.Clear();
    }

    private static Warning ClearOf(Warning raise, long timeMs)
    {
        Warning row = raise.Clone();
        row.Raised = false;
        row.EventTime = timeMs;
        row.DurationS = (timeMs - raise.RaisedAt) / 1000.0;
        return row;
    }

    private void Add(Warning row) => rows.Add(WarningId.Of(row), row);

    private sealed class Stream
    {
        public long LastMs { get; set; }

        public Dictionary<Tags, List<bool>> Samples { get; } = [];

        /// <summary>Per raised condition the row that says so.</summary>
        public Dictionary<Tags, Warning> Raised { get; } = [];
    }
}
