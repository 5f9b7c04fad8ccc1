using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Calls;

/// <summary>
/// Before the first stage, for a topic keyed otherwise than by call: spreads its records over the
/// partitions of the pipeline's own input topic by the hash of their call id, as they are, so
/// that all events of a call meet in one partition. Each carries a <see cref="SourceLink"/>.
/// </summary>
public sealed class RekeyStage : IStage
{
    private readonly int partition;
    private readonly int targets;
    private readonly IRecordDecoder decoder;
    private readonly RecordHeadersBuilder headers = new();

    // Per target, the source offset of the last record sent there; -1: none yet.
    private readonly long[] sent;
    private long read;

    /// <summary>Creates an empty stage.</summary>
    /// <param name="options">The pipeline.</param>
    /// <param name="partition">Source partition.</param>
    /// <param name="decoder">Reads the input's format; owned by this stage.</param>
    public RekeyStage(PipelineOptions options, int partition, IRecordDecoder decoder)
    {
        this.partition = partition;
        this.decoder = decoder;
        targets = options.Partitions;
        sent = new long[targets];
        Array.Fill(sent, -1);
    }

    /// <inheritdoc/>
    public string Name => "rekey";

    /// <inheritdoc/>
    public bool Complete => false;

    /// <summary>Its records are counted by the call stage; here are only those passed on.</summary>
    public StageProgress Progress => new() { Rekeyed = read };

    /// <inheritdoc/>
    public void Apply(RecordBatch batch, int index, EpochOutputs outputs)
    {
        LogRecord record = batch[index];
        ulong hash = record.Headers.TryGet("content-type"u8, out ReadOnlySpan<byte> contentType)
            ? decoder.RoutingHash(record.Value, contentType)
            : decoder.RoutingHash(record.Value);
        Send(record, hash, outputs);
    }

    /// <inheritdoc/>
    public void Skip(RecordBatch batch, int index, string error, EpochOutputs outputs) =>
        Send(batch[index], StableHash.Of(batch[index].Value), outputs);

    /// <inheritdoc/>
    public void EndInput(EpochOutputs outputs) =>
        throw new InvalidOperationException("a live topic has no end");

    /// <inheritdoc/>
    public void EndEpoch(long from, long to, bool idle, EpochOutputs outputs)
    {
        // Everything was given out with its record.
    }

    /// <inheritdoc/>
    public void Save(List<SnapshotPart> into, bool whole) =>
        into.Add(StatePart.Write("rekey", writer =>
        {
            writer.Write(read);
            writer.Write7BitEncodedInt(targets);
            foreach (long offset in sent)
                writer.Write(offset);
        }));

    /// <inheritdoc/>
    public void Load(IReadOnlyDictionary<string, byte[]> parts) =>
        StatePart.Read(parts, "rekey", reader =>
        {
            read = reader.ReadInt64();
            int count = reader.Read7BitEncodedInt();
            if (count != targets)
                throw new InvalidDataException($"there were {count} targets, now {targets}");
            for (int target = 0; target < targets; target++)
                sent[target] = reader.ReadInt64();
        });

    private void Send(LogRecord record, ulong hash, EpochOutputs outputs)
    {
        int target = (int)(hash % (ulong)targets);
        read++;
        headers.Clear().AddAll(record.Headers);
        new SourceLink(partition, record.Offset, sent[target]).AddTo(headers);
        sent[target] = record.Offset;
        outputs.Add(
            new TopicPartition(outputs.Topics.Calls, target), record.Key, record.Value,
            headers.Encoded);
    }
}
