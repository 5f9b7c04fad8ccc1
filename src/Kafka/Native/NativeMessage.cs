using System.Runtime.InteropServices;

namespace Earshot.Kafka.Native;

/// <summary>rd_kafka_message_t: a record, or an event of its partition.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct NativeMessage
{
    /// <summary>0 for a record, else an error code.</summary>
    public readonly int Error;

    public readonly nint Topic;
    public readonly int Partition;

    /// <summary>The value; of an event its text. Null for none.</summary>
    public readonly byte* Payload;

    public readonly nuint PayloadBytes;
    public readonly byte* Key;
    public readonly nuint KeyBytes;
    public readonly long Offset;
    private readonly nint reserved;

    public ReadOnlySpan<byte> PayloadSpan => new(Payload, checked((int)PayloadBytes));

    public ReadOnlySpan<byte> KeySpan => new(Key, checked((int)KeyBytes));
}

/// <summary>rd_kafka_topic_partition_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct NativePartition
{
    public readonly byte* Topic;
    public readonly int Partition;
    public readonly long Offset;
    private readonly void* metadata;
    private readonly nuint metadataBytes;
    private readonly void* opaque;
    public readonly int Error;
    private readonly void* reserved;
}

/// <summary>rd_kafka_topic_partition_list_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct NativePartitionList
{
    public readonly int Count;
    private readonly int size;
    public readonly NativePartition* Items;
}

/// <summary>rd_kafka_metadata_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct NativeMetadata
{
    private readonly int brokerCount;
    private readonly void* brokers;
    public readonly int TopicCount;
    public readonly NativeTopicMetadata* Topics;
    private readonly int originalBroker;
    private readonly byte* originalBrokerName;
}

/// <summary>rd_kafka_metadata_topic_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct NativeTopicMetadata
{
    private readonly byte* topic;
    public readonly int PartitionCount;
    private readonly void* partitions;
    public readonly int Error;
}

/// <summary>The error codes (rd_kafka_resp_err_t) that reading tells apart.</summary>
internal static class NativeErrors
{
    public const int None = 0;
    public const int BadMessage = -199;
    public const int BadCompression = -198;
    public const int PartitionEnd = -191;
    public const int UnknownPartition = -190;
    public const int UnknownTopic = -188;
    public const int NotImplemented = -170;
    public const int Fatal = -150;
    public const int OffsetReset = -140;
    public const int LogTruncated = -139;
    public const int CorruptRecord = 2;
    public const int UnknownTopicOrPartition = 3;
    public const int InvalidMessageSize = 4;
    public const int MessageTooLarge = 10;
    public const int InvalidTopic = 17;
    public const int TopicDenied = 29;
    public const int ClusterDenied = 31;
    public const int UnsupportedCompression = 76;

    /// <summary>
    /// True when reading on cannot be right or will not help: records would be left out, or the
    /// configuration is wrong. All others pass by themselves; librdkafka tries again.
    /// </summary>
    public static bool EndsReading(int error) => error is
        BadMessage or BadCompression or UnknownPartition or UnknownTopic or NotImplemented
        or Fatal or OffsetReset or LogTruncated or CorruptRecord or UnknownTopicOrPartition
        or InvalidMessageSize or MessageTooLarge or InvalidTopic or TopicDenied or ClusterDenied
        or UnsupportedCompression;

    public static bool IsUnknownPartition(int error) =>
        error is UnknownPartition or UnknownTopic or UnknownTopicOrPartition;
}
