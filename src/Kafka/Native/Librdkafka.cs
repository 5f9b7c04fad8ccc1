using System.Runtime.InteropServices;

namespace Earshot.Kafka.Native;

/// <summary>
/// The functions of librdkafka's C interface that reading needs, and handing over records;
/// rdkafka.h documents them.
/// </summary>
internal static unsafe partial class Librdkafka
{
    /// <summary>The name to import from; <see cref="KafkaLibrary"/> finds the file.</summary>
    public const string Name = "librdkafka";

    public const int ConsumerType = 1;
    public const int ConfigurationOk = 0;
    public const int ErrorTextBytes = 512;

    [LibraryImport(Name, EntryPoint = "rd_kafka_conf_new")]
    public static partial nint ConfNew();

    [LibraryImport(Name, EntryPoint = "rd_kafka_conf_destroy")]
    public static partial void ConfDestroy(nint conf);

    [LibraryImport(
        Name, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ConfSet(
        nint conf, string name, string value, byte* error, nuint errorBytes);

    [LibraryImport(Name, EntryPoint = "rd_kafka_conf_set_opaque")]
    public static partial void ConfSetOpaque(nint conf, nint opaque);

    [LibraryImport(Name, EntryPoint = "rd_kafka_conf_set_log_cb")]
    public static partial void ConfSetLogCallback(
        nint conf, delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> callback);

    [LibraryImport(Name, EntryPoint = "rd_kafka_new")]
    public static partial nint New(int type, nint conf, byte* error, nuint errorBytes);

    [LibraryImport(Name, EntryPoint = "rd_kafka_destroy")]
    public static partial void Destroy(nint client);

    [LibraryImport(Name, EntryPoint = "rd_kafka_opaque")]
    public static partial nint Opaque(nint client);

    [LibraryImport(Name, EntryPoint = "rd_kafka_last_error")]
    public static partial int LastError();

    [LibraryImport(Name, EntryPoint = "rd_kafka_err2str")]
    public static partial byte* ErrorText(int error);

    [LibraryImport(
        Name, EntryPoint = "rd_kafka_topic_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint TopicNew(KafkaClient client, string topic, nint conf);

    [LibraryImport(
        Name, EntryPoint = "rd_kafka_topic_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint TopicNew(nint client, string topic, nint conf);

    [LibraryImport(Name, EntryPoint = "rd_kafka_default_topic_conf_dup")]
    public static partial nint DefaultTopicConf(nint client);

    [LibraryImport(
        Name, EntryPoint = "rd_kafka_topic_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int TopicConfSet(
        nint conf, string name, string value, byte* error, nuint errorBytes);

    [LibraryImport(Name, EntryPoint = "rd_kafka_topic_conf_destroy")]
    public static partial void TopicConfDestroy(nint conf);

    [LibraryImport(Name, EntryPoint = "rd_kafka_topic_destroy")]
    public static partial void TopicDestroy(nint topic);

    [LibraryImport(Name, EntryPoint = "rd_kafka_queue_new")]
    public static partial nint QueueNew(KafkaClient client);

    [LibraryImport(Name, EntryPoint = "rd_kafka_queue_destroy")]
    public static partial void QueueDestroy(nint queue);

    [LibraryImport(Name, EntryPoint = "rd_kafka_queue_length")]
    public static partial nuint QueueLength(nint queue);

    [LibraryImport(Name, EntryPoint = "rd_kafka_queue_cb_event_enable")]
    public static partial void QueueCallback(
        nint queue, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint opaque);

    [LibraryImport(Name, EntryPoint = "rd_kafka_consume_start_queue")]
    public static partial int ConsumeStart(nint topic, int partition, long offset, nint queue);

    [LibraryImport(Name, EntryPoint = "rd_kafka_consume_stop")]
    public static partial int ConsumeStop(nint topic, int partition);

    [LibraryImport(Name, EntryPoint = "rd_kafka_consume_batch_queue")]
    public static partial nint ConsumeBatch(
        nint queue, int timeoutMs, NativeMessage** messages, nuint count);

    [LibraryImport(Name, EntryPoint = "rd_kafka_message_destroy")]
    public static partial void MessageDestroy(NativeMessage* message);

    // Returns a field: too short to be worth the runtime's transition.
    [LibraryImport(Name, EntryPoint = "rd_kafka_message_timestamp"), SuppressGCTransition]
    public static partial long MessageTimestamp(NativeMessage* message, int* type);

    [LibraryImport(Name, EntryPoint = "rd_kafka_message_headers"), SuppressGCTransition]
    public static partial int MessageHeaders(NativeMessage* message, nint* headers);

    [LibraryImport(Name, EntryPoint = "rd_kafka_header_get_all"), SuppressGCTransition]
    public static partial int HeaderGet(
        nint headers, nuint index, byte** name, byte** value, nuint* valueBytes);

    [LibraryImport(Name, EntryPoint = "rd_kafka_produceva")]
    public static partial nint Produce(nint client, NativeField* fields, nuint count);

    [LibraryImport(Name, EntryPoint = "rd_kafka_error_code")]
    public static partial int ErrorCode(nint error);

    [LibraryImport(Name, EntryPoint = "rd_kafka_error_string")]
    public static partial byte* ErrorString(nint error);

    [LibraryImport(Name, EntryPoint = "rd_kafka_error_destroy")]
    public static partial void ErrorDestroy(nint error);

    [LibraryImport(Name, EntryPoint = "rd_kafka_topic_partition_list_new")]
    public static partial NativePartitionList* PartitionListNew(int size);

    [LibraryImport(
        Name, EntryPoint = "rd_kafka_topic_partition_list_add",
        StringMarshalling = StringMarshalling.Utf8)]
    public static partial NativePartition* PartitionListAdd(
        NativePartitionList* list, string topic, int partition);

    [LibraryImport(Name, EntryPoint = "rd_kafka_topic_partition_list_destroy")]
    public static partial void PartitionListDestroy(NativePartitionList* list);

    [LibraryImport(Name, EntryPoint = "rd_kafka_position")]
    public static partial int Position(KafkaClient client, NativePartitionList* list);

    [LibraryImport(
        Name, EntryPoint = "rd_kafka_query_watermark_offsets",
        StringMarshalling = StringMarshalling.Utf8)]
    public static partial int QueryWatermarks(
        KafkaClient client, string topic, int partition, long* low, long* high, int timeoutMs);

    [LibraryImport(Name, EntryPoint = "rd_kafka_metadata")]
    public static partial int Metadata(
        KafkaClient client, int allTopics, nint topic, NativeMetadata** metadata, int timeoutMs);

    [LibraryImport(Name, EntryPoint = "rd_kafka_metadata_destroy")]
    public static partial void MetadataDestroy(NativeMetadata* metadata);

    /// <summary>What an error code means.</summary>
    public static string TextOf(int error) =>
        Marshal.PtrToStringUTF8((nint)ErrorText(error)) ?? $"error {error}";
}
