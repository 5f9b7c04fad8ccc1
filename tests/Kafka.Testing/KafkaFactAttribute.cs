using Earshot.Log;
using Xunit;

namespace Earshot.Kafka.Testing;

/// <summary>A test that needs librdkafka; skipped, saying so, where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KafkaFactAttribute : FactAttribute
{
    public KafkaFactAttribute() => Skip = Requirements.MissingLibrary;
}

/// <summary>
/// A test that needs an Apache Kafka broker; skipped, saying so, unless EARSHOT_TEST_KAFKA names
/// one.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrokerFactAttribute : FactAttribute
{
    public BrokerFactAttribute() => Skip = Requirements.MissingBroker;
}

/// <summary>What of Kafka is there for tests.</summary>
public static class Requirements
{
    /// <summary>Environment variable: host:port of a broker to test with.</summary>
    public const string BrokerVariable = "EARSHOT_TEST_KAFKA";

    /// <summary>The broker to test with; null when none is named.</summary>
    public static string? Broker { get; } =
        Environment.GetEnvironmentVariable(BrokerVariable) is { Length: > 0 } named ? named : null;

    /// <summary>Why tests of Kafka cannot run; null when they can.</summary>
    public static string? MissingLibrary { get; } = FindMissingLibrary();

    /// <summary>Why tests on a broker cannot run; null when they can.</summary>
    public static string? MissingBroker => MissingLibrary
        ?? (Broker is null ? $"needs Apache Kafka: set {BrokerVariable} to its host:port" : null);

    private static string? FindMissingLibrary()
    {
        try
        {
            KafkaLibrary.Require();
            return null;
        }
        catch (LogException error)
        {
            return error.Message;
        }
    }
}
