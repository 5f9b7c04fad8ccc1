using Earshot.Log;

namespace Earshot.Kafka;

/// <summary>Creates clients so that a wrong option is put in words.</summary>
internal static class KafkaClients
{
    /// <summary>Builds a client.</summary>
    /// <exception cref="LogException">librdkafka refuses an option.</exception>
    public static T Build<T>(Func<T> build)
    {
        try
        {
            return build();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            throw new LogException(
                $"A Kafka option is wrong: {e.Message}. See librdkafka's CONFIGURATION.md.", e);
        }
    }
}
