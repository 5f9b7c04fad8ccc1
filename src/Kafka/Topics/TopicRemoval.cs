using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Earshot.Log;

namespace Earshot.Kafka.Topics;

/// <summary>Removes topics that only a trial needed, and the groups that read them.</summary>
public static class TopicRemoval
{
    /// <summary>Removes them; those that are not there are passed over.</summary>
    /// <param name="options">The cluster.</param>
    /// <param name="topics">Names of topics.</param>
    /// <param name="groups">Names of groups without members.</param>
    /// <exception cref="LogException">The broker refuses.</exception>
    public static async Task RunAsync(
        KafkaOptions options, IEnumerable<string> topics, IEnumerable<string> groups)
    {
        KafkaLibrary.Require();
        using IAdminClient admin = KafkaClients.Build(
            () => new AdminClientBuilder(new KafkaSettings(options).Admin())
                .SetLogHandler(static (_, _) => { })
                .Build());
        try
        {
            HashSet<string> there = [.. admin.GetMetadata(options.Limits.Call).Topics
                .Select(topic => topic.Topic)];
            await admin.DeleteTopicsAsync(topics.Where(there.Contains));
            await admin.DeleteGroupsAsync([.. groups]);
        }
        catch (DeleteGroupsException e) when (e.Results.All(
            result => !result.Error.IsError || result.Error.Code == ErrorCode.GroupIdNotFound))
        {
            // A group that never committed is none.
        }
        catch (KafkaException e)
        {
            throw new LogException(
                $"Topics of a trial are left behind on {options.Bootstrap}: "
                + KafkaFaults.TextOf(e.Error), e);
        }
    }
}
