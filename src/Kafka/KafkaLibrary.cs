namespace Earshot.Kafka;

/// <summary>Where librdkafka, the C library behind every Kafka client, is found.</summary>
public static class KafkaLibrary
{
    /// <summary>Loads the library, for Confluent.Kafka too.</summary>
    /// <returns>Its version.</returns>
    /// <exception cref="Log.LogException">It is missing or too old.</exception>
    public static string Require() => throw new NotImplementedException();
}
