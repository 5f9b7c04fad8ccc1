using Earshot.Actors;
using Earshot.Actors.Calls;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Actors.Wire;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;

namespace Earshot.Tests.Unit.Actors;

/// <summary>Reads something of a record.</summary>
internal delegate T RecordReader<out T>(LogRecord record);

/// <summary>A call stage, fed record by record.</summary>
internal sealed class CallBench
{
    private readonly EpochOutputs outputs = new(Topics.Default, 0);
    private readonly List<RecordAppend> given = [];
    private long offset;

    public CallBench(PipelineOptions? options = null, IRecordDecoder? decoder = null) =>
        Stage = new CallStage(options ?? Inputs.Options, 0, decoder ?? new EnvelopeDecoder());

    public CallStage Stage { get; }

    public StageProgress Books => Stage.Progress;

    public IEnumerable<LateRow> Late => Of(Topics.Default.Late, SideRecords.ReadLate);

    public IEnumerable<DeadLetter> Dead => Of(Topics.Default.Dead, SideRecords.ReadDead);

    public IEnumerable<Warning> Warnings => Of(
        Topics.Default.Warnings, static record => Warning.Parser.ParseFrom(record.Value));

    /// <summary>The epoch so far, each partial aggregate with a cell of its own.</summary>
    public IReadOnlyList<Partial> Partials => Own(Stage.CutBundle(0, 1, idle: false).Partials);

    /// <summary>Everything the epoch brought, over all keys and panes.</summary>
    public Cell Total
    {
        get
        {
            Cell total = new();
            foreach (Partial partial in Partials)
                total.Merge(partial.Cell);
            return total;
        }
    }

    public CallBench Give(params byte[][] records)
    {
        Apply(Inputs.Batch(offset, records));
        return this;
    }

    /// <summary>The same partial aggregates, with cells that stay as they are.</summary>
    internal static IReadOnlyList<Partial> Own(IEnumerable<Partial> partials)
    {
        List<Partial> own = [];
        foreach (Partial partial in partials)
        {
            Cell cell = new();
            cell.Merge(partial.Cell);
            own.Add(new Partial(partial.Key, partial.PaneMs, cell));
        }

        return own;
    }

    /// <summary>Moves the watermark by a record of a metric of its own.</summary>
    public CallBench MoveWatermarkTo(long watermarkMs) =>
        Give(Inputs.Metric(watermarkMs + Inputs.LatenessMs, metric: "clock"));

    public CallBench End()
    {
        Stage.EndInput(outputs);
        given.AddRange(outputs.Take());
        return this;
    }

    public void Apply(RecordBatch batch)
    {
        for (int i = 0; i < batch.Count; i++)
            Stage.Apply(batch, i, outputs);
        offset = batch.To;
        given.AddRange(outputs.Take());
        Assert.True(Stage.Progress.Balanced, Stage.Progress.ToString());
    }

    public List<T> Of<T>(string topic, RecordReader<T> read)
    {
        List<T> all = [];
        foreach (RecordAppend append in given)
        {
            for (int i = 0; append.Target.Topic == topic && i < append.Records.Count; i++)
                all.Add(read(append.Records[i]));
        }

        return all;
    }
}
