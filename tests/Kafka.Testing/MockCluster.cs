using System.Runtime.InteropServices;

namespace Earshot.Kafka.Testing;

/// <summary>
/// A Kafka endpoint on this machine that librdkafka brings along. It produces, consumes and has
/// groups; its transactions mean nothing, admin calls get no answer, and it keeps only the
/// latest 5 MiB of a partition. For plain I/O, not as proof of exactly-once.
/// </summary>
public sealed partial class MockCluster : IDisposable
{
    private const string Library = "librdkafka";
    private const int ProducerType = 0;

    // The client the mock lives in. It connects nowhere.
    private readonly nint client;
    private readonly nint cluster;

    static MockCluster()
    {
        KafkaLibrary.Require();
        NativeLibrary.SetDllImportResolver(
            typeof(MockCluster).Assembly,
            (name, _, _) => name == Library ? KafkaLibrary.Handle : 0);
    }

    /// <summary>Starts one.</summary>
    public MockCluster(int brokers = 1)
    {
        nint conf = ConfNew();
        ConfSet(conf, "log_level", "0", 0, 0);
        client = New(ProducerType, conf, 0, 0);
        cluster = ClusterNew(client, brokers);
        if (cluster == 0)
            throw new InvalidOperationException("the mock cluster does not start");
    }

    /// <summary>Where it listens: bootstrap.servers.</summary>
    public string Bootstrap => Marshal.PtrToStringUTF8(ClusterBootstraps(cluster))!;

    /// <summary>Creates a topic.</summary>
    public void CreateTopic(string name, int partitions = 1) =>
        Check(TopicCreate(cluster, name, partitions, replicationFactor: 1));

    /// <summary>Closes a broker's connections and refuses new ones.</summary>
    /// <param name="broker">From 1.</param>
    public void SetDown(int broker) => Check(BrokerSetDown(cluster, broker));

    /// <summary>Lets a broker answer again.</summary>
    public void SetUp(int broker) => Check(BrokerSetUp(cluster, broker));

    /// <summary>How soon a group hands out partitions to its first members.</summary>
    public void SetGroupDelayMs(int delayMs) => GroupDelay(cluster, delayMs);

    /// <summary>Answers the next requests of a kind with errors.</summary>
    /// <param name="apiKey">Kind of request, as Kafka's protocol numbers them (1: Fetch).</param>
    /// <param name="errors">Kafka's error codes, one per request.</param>
    public void FailNext(short apiKey, params int[] errors) =>
        PushErrors(cluster, apiKey, (nuint)errors.Length, errors);

    /// <inheritdoc/>
    public void Dispose()
    {
        ClusterDestroy(cluster);
        Destroy(client);
    }

    private static void Check(int error)
    {
        if (error != 0)
            throw new InvalidOperationException($"the mock cluster refuses: error {error}");
    }

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    private static partial nint ConfNew();

    [LibraryImport(
        Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ConfSet(
        nint conf, string name, string value, nint error, nuint errorBytes);

    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    private static partial nint New(int type, nint conf, nint error, nuint errorBytes);

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy")]
    private static partial void Destroy(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_new")]
    private static partial nint ClusterNew(nint client, int brokers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    private static partial void ClusterDestroy(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    private static partial nint ClusterBootstraps(nint cluster);

    [LibraryImport(
        Library, EntryPoint = "rd_kafka_mock_topic_create",
        StringMarshalling = StringMarshalling.Utf8)]
    private static partial int TopicCreate(
        nint cluster, string topic, int partitions, int replicationFactor);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_down")]
    private static partial int BrokerSetDown(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_up")]
    private static partial int BrokerSetUp(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_group_initial_rebalance_delay_ms")]
    private static partial void GroupDelay(nint cluster, int delayMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_push_request_errors_array")]
    private static partial void PushErrors(
        nint cluster, short apiKey, nuint count, int[] errors);
}
