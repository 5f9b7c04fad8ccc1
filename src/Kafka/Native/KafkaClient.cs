using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Earshot.Log;
using Microsoft.Win32.SafeHandles;

namespace Earshot.Kafka.Native;

/// <summary>
/// A native consumer: connections to brokers and the threads that serve them. A safe handle, so
/// that it is not closed under a call that is still running.
/// </summary>
internal sealed unsafe class KafkaClient : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly IClientLog log;

    // What native callbacks find this object's log by; freed after the native client is gone.
    private GCHandle opaque;

    private KafkaClient(IClientLog log) : base(ownsHandle: true) => this.log = log;

    /// <summary>Creates one. It connects by itself, in the background.</summary>
    /// <exception cref="LogException">An option is unknown or its value not allowed.</exception>
    public static KafkaClient Create(IReadOnlyDictionary<string, string> options, IClientLog log)
    {
        KafkaLibrary.Require();
        KafkaClient client = new(log);
        nint conf = Librdkafka.ConfNew();
        try
        {
            foreach ((string name, string value) in options)
                Set(conf, name, value);
            client.opaque = GCHandle.Alloc(log);
            Librdkafka.ConfSetOpaque(conf, GCHandle.ToIntPtr(client.opaque));
            Librdkafka.ConfSetLogCallback(conf, &OnLog);
            client.Open(conf);
            conf = 0; // belongs to the client now
            return client;
        }
        catch
        {
            if (client.IsInvalid && client.opaque.IsAllocated)
                client.opaque.Free();
            client.Dispose();
            throw;
        }
        finally
        {
            if (conf != 0)
                Librdkafka.ConfDestroy(conf);
        }
    }

    /// <summary>Offsets kept of a partition. Blocks until the broker answers.</summary>
    /// <exception cref="LogException">No answer in time, or an error.</exception>
    public OffsetRange QueryRange(TopicPartition source, int timeoutMs)
    {
        long low, high;
        int error = Librdkafka.QueryWatermarks(
            this, source.Topic, source.Partition, &low, &high, timeoutMs);
        if (NativeErrors.IsUnknownPartition(error))
            throw LogFaults.UnknownPartition(source);
        if (error != NativeErrors.None)
        {
            throw new LogException(
                $"The offsets of {source} cannot be read: {Librdkafka.TextOf(error)}.");
        }

        return new OffsetRange(low, high);
    }

    /// <summary>Asks for a topic's partitions. Blocks until a broker answers.</summary>
    public TopicState QueryTopic(string topic, int timeoutMs)
    {
        nint handle = Librdkafka.TopicNew(this, topic, 0);
        if (handle == 0)
            return new TopicState(Librdkafka.LastError(), 0);
        NativeMetadata* metadata = null;
        try
        {
            int error = Librdkafka.Metadata(this, 0, handle, &metadata, timeoutMs);
            if (error != NativeErrors.None)
                return new TopicState(error, 0);
            if (metadata->TopicCount != 1)
                return new TopicState(NativeErrors.UnknownTopic, 0);
            return new TopicState(metadata->Topics->Error, metadata->Topics->PartitionCount);
        }
        finally
        {
            if (metadata != null)
                Librdkafka.MetadataDestroy(metadata);
            Librdkafka.TopicDestroy(handle);
        }
    }

    /// <summary>Told that a record came, so that brokers are there.</summary>
    public void ReportProgress() => log.ReportProgress();

    /// <summary>Told of an error that passes by itself.</summary>
    public void ReportError(TopicPartition source, int error) =>
        log.Write(ClientLogLevel.Warning, "READ", $"{source}: {Librdkafka.TextOf(error)}");

    protected override bool ReleaseHandle()
    {
        Librdkafka.Destroy(handle);
        opaque.Free();
        return true;
    }

    private void Open(nint conf)
    {
        byte* error = stackalloc byte[Librdkafka.ErrorTextBytes];
        nint created = Librdkafka.New(
            Librdkafka.ConsumerType, conf, error, Librdkafka.ErrorTextBytes);
        if (created == 0)
            throw new LogException($"The Kafka client cannot be created: {TextAt(error)}.");
        SetHandle(created);
    }

    private static void Set(nint conf, string name, string value)
    {
        byte* error = stackalloc byte[Librdkafka.ErrorTextBytes];
        int result = Librdkafka.ConfSet(conf, name, value, error, Librdkafka.ErrorTextBytes);
        if (result != Librdkafka.ConfigurationOk)
            throw new LogException($"Kafka option {name}={Shown(name, value)}: {TextAt(error)}.");
    }

    // Secrets do not belong into messages.
    private static string Shown(string name, string value) =>
        name.Contains("password", StringComparison.Ordinal)
        || name.Contains("secret", StringComparison.Ordinal)
        || name.Contains("pem", StringComparison.Ordinal)
        || name.Contains("sasl.oauthbearer.config", StringComparison.Ordinal)
            ? "…" : value;

    private static string TextAt(byte* text) =>
        Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));

    // On a thread of librdkafka's: an exception here would end the process.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLog(nint client, int level, byte* facility, byte* text)
    {
        try
        {
            PartitionQueue.NoteLogged();
            nint opaque = client == 0 ? 0 : Librdkafka.Opaque(client);
            if (opaque != 0 && GCHandle.FromIntPtr(opaque).Target is IClientLog log)
                log.Write((ClientLogLevel)level, TextAt(facility), TextAt(text));
        }
#pragma warning disable CA1031 // A logger that fails must not end the process.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}

/// <summary>What brokers say of a topic.</summary>
/// <param name="Error">0, or why they say nothing.</param>
/// <param name="Partitions">How many it has.</param>
internal readonly record struct TopicState(int Error, int Partitions);

/// <summary>Where a client's messages go.</summary>
internal interface IClientLog
{
    /// <summary>Takes a message; from any thread.</summary>
    void Write(ClientLogLevel level, string facility, string text);

    /// <summary>Told that brokers are answering.</summary>
    void ReportProgress();
}

/// <summary>syslog's severities, as librdkafka uses them.</summary>
internal enum ClientLogLevel
{
    Emergency = 0,
    Critical = 2,
    Error = 3,
    Warning = 4,
    Notice = 5,
    Information = 6,
    Debug = 7,
}
