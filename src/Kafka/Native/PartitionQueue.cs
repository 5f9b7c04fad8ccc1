using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Earshot.Log;

namespace Earshot.Kafka.Native;

/// <summary>
/// One partition being fetched in the background into a queue of its own. Not thread-safe: its
/// reader sees to that.
/// </summary>
internal sealed unsafe class PartitionQueue
{
    /// <summary>Messages taken out of the native queue in one call.</summary>
    private const int ChunkMessages = 512;

    // The queue this thread takes messages out of just now.
    [ThreadStatic]
    private static PartitionQueue? draining;

    private readonly KafkaClient client;
    private readonly TopicPartition source;
    private readonly RecordHeadersBuilder headers = new();

    // What the native callback finds the signal by.
    private readonly GCHandle arrivedHandle;
    private readonly NativePartitionList* partitionList;
    private readonly NativePartition* partition;
    private readonly nint topic;
    private readonly nint queue;

    private bool closed;

    /// <summary>Begins to fetch.</summary>
    /// <param name="client">Over which connections.</param>
    /// <param name="source">What; no other queue of this client may be at it.</param>
    /// <param name="from">First offset wanted, 0 or more.</param>
    /// <param name="arrived">Pulsed when something comes into the empty queue.</param>
    public PartitionQueue(
        KafkaClient client, TopicPartition source, long from, Signal arrived)
    {
        this.client = client;
        this.source = source;
        Position = from;
        topic = Librdkafka.TopicNew(client, source.Topic, 0);
        if (topic == 0)
        {
            int error = Librdkafka.LastError();
            throw new LogException($"{source} cannot be read: {Librdkafka.TextOf(error)}.");
        }

        queue = Librdkafka.QueueNew(client);
        partitionList = Librdkafka.PartitionListNew(1);
        partition = Librdkafka.PartitionListAdd(partitionList, source.Topic, source.Partition);
        arrivedHandle = GCHandle.Alloc(arrived);
        Librdkafka.QueueCallback(queue, &OnArrived, GCHandle.ToIntPtr(arrivedHandle));
        if (Librdkafka.ConsumeStart(topic, source.Partition, from, queue) != 0)
        {
            int error = Librdkafka.LastError();
            Close();
            throw NativeErrors.IsUnknownPartition(error)
                ? LogFaults.UnknownPartition(source)
                : new LogException($"{source} cannot be read: {Librdkafka.TextOf(error)}.");
        }
    }

    /// <summary>
    /// Everything before this offset was taken out: records, and what is none, such as
    /// transaction markers and the records of aborted transactions.
    /// </summary>
    public long Position { get; private set; }

    /// <summary>The error that ended the reading; 0 while there is none.</summary>
    public int Failure { get; private set; }

    /// <summary>What the failure said of itself.</summary>
    public string FailureText { get; private set; } = "";

    /// <summary>
    /// True when the client logged an error of this partition: that it, or its topic, is gone.
    /// It hands out such errors in no other way. For the reader to reset.
    /// </summary>
    public bool Doubted { get; set; }

    /// <summary>Records, and events, that wait to be taken out.</summary>
    public int Length => checked((int)Librdkafka.QueueLength(queue));

    /// <summary>Moves what has arrived into a builder, without waiting.</summary>
    /// <param name="into">Where to.</param>
    /// <param name="maxRecords">Ends when there are so many records.</param>
    /// <param name="maxBytes">Ends soon after there are so many bytes.</param>
    public void Drain(RecordBatchBuilder into, int maxRecords, int maxBytes)
    {
        Debug.Assert(!closed);
        NativeMessage** messages = stackalloc NativeMessage*[ChunkMessages];
        while (Failure == 0 && into.Count < maxRecords && into.SizeBytes < maxBytes)
        {
            int wanted = Math.Min(ChunkMessages, maxRecords - into.Count);
            draining = this;
            int count = (int)Librdkafka.ConsumeBatch(queue, 0, messages, (nuint)wanted);
            draining = null;
            TakeAll(messages, count, into);
            if (count == wanted)
                continue;
            if (Failure == 0)
                PassMarkers();
            return;
        }
    }

    /// <summary>Told by the client's log that it wrote, on the thread it wrote on.</summary>
    public static void NoteLogged()
    {
        if (draining is { } queue)
            queue.Doubted = true;
    }

    /// <summary>Stops fetching. Blocks until the client's thread has answered.</summary>
    public void Close()
    {
        if (closed)
            return;
        closed = true;
        // Native code calls back under the queue's lock, which this call takes: afterwards no
        // callback runs and none will come.
        Librdkafka.QueueCallback(queue, null, 0);
        arrivedHandle.Free();
        // Fails only when there was nothing to stop.
        _ = Librdkafka.ConsumeStop(topic, source.Partition);
        Librdkafka.PartitionListDestroy(partitionList);
        Librdkafka.QueueDestroy(queue);
        Librdkafka.TopicDestroy(topic);
    }

    private void TakeAll(NativeMessage** messages, int count, RecordBatchBuilder into)
    {
        try
        {
            for (int index = 0; index < count; index++)
                Take(*messages[index], messages[index], into);
        }
        catch (Exception error)
        {
            // The rest of the messages is lost: reading on would leave them out.
            Failure = NativeErrors.Fatal;
            FailureText = error.Message;
            throw;
        }
        finally
        {
            for (int index = 0; index < count; index++)
                Librdkafka.MessageDestroy(messages[index]);
        }
    }

    private void Take(in NativeMessage message, NativeMessage* address, RecordBatchBuilder into)
    {
        if (Failure != 0)
            return; // Nothing after a failure counts: a record may be missing in between.
        if (message.Error == NativeErrors.None)
        {
            // Positions only rise; a broker may send the batch an offset lies in from its start.
            if (message.Offset < Position)
                return;
            int timeType;
            long timeMs = Librdkafka.MessageTimestamp(address, &timeType);
            into.Add(
                message.Offset, message.KeySpan, message.PayloadSpan, HeadersOf(address),
                timeMs < 0 ? null : timeMs);
            Position = message.Offset + 1;
        }
        else if (message.Error == NativeErrors.PartitionEnd)
        {
            Position = Math.Max(Position, message.Offset);
        }
        else if (NativeErrors.EndsReading(message.Error))
        {
            Failure = message.Error;
            FailureText = message.Payload == null
                ? Librdkafka.TextOf(message.Error)
                : System.Text.Encoding.UTF8.GetString(message.PayloadSpan);
        }
        else
        {
            client.ReportError(source, message.Error);
        }
    }

    // The native queue drops transaction markers by itself, but counts them as taken.
    private void PassMarkers()
    {
        Librdkafka.Position(client, partitionList);
        Position = Math.Max(Position, partition->Offset);
    }

    private ReadOnlySpan<byte> HeadersOf(NativeMessage* message)
    {
        nint list;
        if (Librdkafka.MessageHeaders(message, &list) != NativeErrors.None)
            return default;
        headers.Clear();
        byte* name;
        byte* value;
        nuint length;
        for (nuint index = 0; Librdkafka.HeaderGet(list, index, &name, &value, &length) == 0;
            index++)
        {
            headers.Add(
                MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name),
                new ReadOnlySpan<byte>(value, checked((int)length)));
        }

        return headers.Encoded;
    }

    // On a thread of librdkafka's, under the queue's lock: no call of librdkafka may be made.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnArrived(nint client, nint opaque) =>
        ((Signal)GCHandle.FromIntPtr(opaque).Target!).Pulse();
}
