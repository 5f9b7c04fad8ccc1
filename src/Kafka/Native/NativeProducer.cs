using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;
using Earshot.Log;

namespace Earshot.Kafka.Native;

/// <summary>
/// Hands records to the librdkafka client below one of Confluent's producers, from the memory they
/// lie in: a call of Confluent's own takes an array for each key and value, and an object for each
/// record. Transactions stay with Confluent's producer. Not thread-safe.
/// </summary>
internal sealed unsafe class NativeProducer : IDisposable
{
    // Held for as long as this lives, so that no call has to see to it.
    private readonly SafeHandle client;

    private NativeField[] fields = NewFields(16);
    private byte[] headerBytes = NewBytes(256);

    /// <summary>Holds on to the client; to be disposed of before the producer is.</summary>
    public NativeProducer(IClient producer)
    {
        client = (SafeHandle)HandleOf(producer.Handle);
        bool held = false;
        client.DangerousAddRef(ref held);
    }

    private nint Client => client.DangerousGetHandle();

    /// <summary>Opens a topic.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="settings">Options of the topic, before those of the client.</param>
    /// <param name="headers">What each of its records begins with.</param>
    /// <exception cref="KafkaException">An option is refused.</exception>
    public NativeTopic Open(
        string name, IReadOnlyDictionary<string, string> settings,
        IReadOnlyList<(string Name, byte[] Value)> headers)
    {
        nint conf = Librdkafka.DefaultTopicConf(Client);
        byte* error = stackalloc byte[Librdkafka.ErrorTextBytes];
        foreach ((string option, string value) in settings)
        {
            int result = Librdkafka.TopicConfSet(
                conf, option, value, error, Librdkafka.ErrorTextBytes);
            if (result == Librdkafka.ConfigurationOk)
                continue;
            Librdkafka.TopicConfDestroy(conf);
            throw new KafkaException(new Error(
                ErrorCode.Local_InvalidArg, Marshal.PtrToStringUTF8((nint)error)));
        }

        nint topic = Librdkafka.TopicNew(Client, name, conf);
        if (topic == 0)
            throw new KafkaException((ErrorCode)Librdkafka.LastError());
        RecordHeadersBuilder encoded = new();
        foreach ((string header, byte[] value) in headers)
            encoded.Add(Encoding.UTF8.GetBytes(header), value);
        return new NativeTopic(topic, encoded.Encoded.ToArray());
    }

    /// <summary>
    /// Puts a record into the client's queue, as a copy. An empty key is none (null); an empty
    /// value stays one.
    /// </summary>
    /// <returns>
    /// False when the queue is full: try again, once the brokers have taken something.
    /// </returns>
    /// <exception cref="KafkaException">The client refuses it for another reason.</exception>
    public bool TrySend(
        NativeTopic topic, int partition, in LogRecord record, long timestampMs)
    {
        byte nothing = 0;
        fixed (byte* key = record.Key)
        fixed (byte* value = record.Value)
        {
            int count = 0;
            Add(ref count, new NativeField(NativeField.Topic, topic.Handle));
            Add(ref count, new NativeField(NativeField.Partition, partition));
            Add(ref count, new NativeField(NativeField.Flags, NativeField.CopyValue));
            Add(ref count, new NativeField(NativeField.Timestamp, (nint)timestampMs));
            Add(ref count, new NativeField(
                NativeField.Value, (nint)(value == null ? &nothing : value),
                record.Value.Length));
            if (key != null)
                Add(ref count, new NativeField(NativeField.Key, (nint)key, record.Key.Length));
            AddHeaders(ref count, topic, record.Headers);
            nint error = Librdkafka.Produce(
                Client, (NativeField*)Unsafe.AsPointer(ref fields[0]), (nuint)count);
            if (error == 0)
                return true;
            RequireQueueFull(error);
            return false;
        }
    }

    /// <summary>Lets go of the client. Its topics must be closed.</summary>
    public void Dispose() => client.DangerousRelease();

    private static void RequireQueueFull(nint error)
    {
        ErrorCode code = (ErrorCode)Librdkafka.ErrorCode(error);
        string? text = Marshal.PtrToStringUTF8((nint)Librdkafka.ErrorString(error));
        Librdkafka.ErrorDestroy(error);
        if (code != ErrorCode.Local_QueueFull)
            throw new KafkaException(new Error(code, text));
    }

    private void AddHeaders(ref int count, NativeTopic topic, RecordHeaders own)
    {
        // A name ends with a zero here, before which it had its length: at least as many bytes.
        int room = topic.Headers.Length + own.Encoded.Length;
        if (room > headerBytes.Length)
            headerBytes = NewBytes(2 * room);
        int used = 0;
        AddHeaders(ref count, ref used, new RecordHeaders(topic.Headers));
        AddHeaders(ref count, ref used, own);
    }

    private void AddHeaders(ref int count, ref int used, RecordHeaders headers)
    {
        foreach (RecordHeader header in headers)
        {
            byte* name = Write(header.Name, ref used);
            headerBytes[used++] = 0;
            byte* value = Write(header.Value, ref used);
            Add(ref count, new NativeField(
                NativeField.Header, (nint)name, (nint)value, header.Value.Length));
        }
    }

    private byte* Write(ReadOnlySpan<byte> text, ref int used)
    {
        Span<byte> place = headerBytes.AsSpan(used, text.Length);
        text.CopyTo(place);
        used += text.Length;
        return (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(place));
    }

    private void Add(ref int count, in NativeField field)
    {
        if (count == fields.Length)
        {
            NativeField[] more = NewFields(2 * count);
            fields.CopyTo(more, 0);
            fields = more;
        }

        fields[count++] = field;
    }

    // Native code is given their addresses: they are not moved.
    private static NativeField[] NewFields(int count) =>
        GC.AllocateArray<NativeField>(count, pinned: true);

    private static byte[] NewBytes(int count) => GC.AllocateArray<byte>(count, pinned: true);

    // Confluent's client shows its native handle to its own assembly only.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_LibrdkafkaHandle")]
    [return: UnsafeAccessorType("Confluent.Kafka.Impl.SafeKafkaHandle, Confluent.Kafka")]
    private static extern object HandleOf(Handle handle);
}

/// <summary>A topic that records are sent to, for the life of a producer.</summary>
/// <param name="handle">rd_kafka_topic_t.</param>
/// <param name="headers">What each of its records begins with, encoded.</param>
internal sealed class NativeTopic(nint handle, byte[] headers) : IDisposable
{
    /// <summary>rd_kafka_topic_t.</summary>
    public nint Handle { get; } = handle;

    /// <summary>What each of its records begins with, encoded.</summary>
    public byte[] Headers { get; } = headers;

    /// <summary>Lets go of it.</summary>
    public void Dispose() => Librdkafka.TopicDestroy(Handle);
}

/// <summary>rd_kafka_vu_t: something that makes up a record.</summary>
[StructLayout(LayoutKind.Explicit, Size = 72)]
internal readonly struct NativeField(int kind, nint first, nint second = 0, nint third = 0)
{
    // rd_kafka_vtype_t.
    public const int Topic = 2;
    public const int Partition = 3;
    public const int Value = 4;
    public const int Key = 5;
    public const int Flags = 7;
    public const int Timestamp = 8;
    public const int Header = 9;

    /// <summary>RD_KAFKA_MSG_F_COPY.</summary>
    public const int CopyValue = 2;

    [FieldOffset(0)]
    private readonly int kind = kind;

    [FieldOffset(8)]
    private readonly nint first = first;

    [FieldOffset(16)]
    private readonly nint second = second;

    [FieldOffset(24)]
    private readonly nint third = third;
}
