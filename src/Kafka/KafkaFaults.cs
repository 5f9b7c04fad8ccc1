using Confluent.Kafka;
using Earshot.Log;

namespace Earshot.Kafka;

/// <summary>What librdkafka's errors mean here, and how they are put.</summary>
internal static class KafkaFaults
{
    /// <summary>Another producer of the id took over, or the broker gave up on this one.</summary>
    public static bool IsFenced(Error error) => error.Code is ErrorCode.Local_Fenced
        or ErrorCode.ProducerFenced or ErrorCode.InvalidProducerEpoch;

    /// <summary>The group knows another generation, or not this member.</summary>
    public static bool IsStaleMember(Error error) => error.Code is ErrorCode.IllegalGeneration
        or ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId
        or ErrorCode.RebalanceInProgress;

    /// <summary>
    /// The broker does not know the numbers of this producer's records, as after a refused record;
    /// aborting has given it a new epoch, in which they begin anew.
    /// </summary>
    public static bool IsOutOfSequence(Error error) => error.Code
        is ErrorCode.OutOfOrderSequenceNumber or ErrorCode.UnknownProducerId
        or ErrorCode.InvalidProducerIdMapping;

    /// <summary>Worth telling people; the client goes on by itself after the others.</summary>
    public static bool IsGrave(Error error) => error.IsFatal || IsForbidden(error)
        || IsRefusal(error) || error.Code is ErrorCode.Local_AllBrokersDown;

    /// <summary>The broker and this client do not come to an understanding.</summary>
    public static bool IsRefusal(Error error) => error.Code is ErrorCode.Local_Authentication
        or ErrorCode.SaslAuthenticationFailed or ErrorCode.Local_Ssl;

    /// <summary>Asking again may help.</summary>
    public static bool IsPassing(Error error) => !error.IsFatal && error.Code
        is ErrorCode.Local_TimedOut or ErrorCode.Local_TimedOutQueue or ErrorCode.Local_Transport
        or ErrorCode.Local_AllBrokersDown or ErrorCode.Local_WaitCoord
        or ErrorCode.Local_WaitCache or ErrorCode.Local_Retry or ErrorCode.Local_Resolve
        or ErrorCode.RequestTimedOut or ErrorCode.LeaderNotAvailable
        or ErrorCode.NotLeaderForPartition or ErrorCode.ReplicaNotAvailable
        or ErrorCode.GroupCoordinatorNotAvailable or ErrorCode.NotCoordinatorForGroup
        or ErrorCode.GroupLoadInProgress or ErrorCode.UnstableOffsetCommit
        or ErrorCode.NetworkException or ErrorCode.KafkaStorageError
        or ErrorCode.ConcurrentTransactions or ErrorCode.OffsetNotAvailable
        or ErrorCode.FencedLeaderEpoch or ErrorCode.UnknownLeaderEpoch;

    /// <summary>A broker refuses for lack of permission.</summary>
    public static bool IsForbidden(Error error) => error.Code
        is ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed
        or ErrorCode.ClusterAuthorizationFailed
        or ErrorCode.TransactionalIdAuthorizationFailed;

    /// <summary>The error in words, with its name.</summary>
    public static string TextOf(Error error) => $"{error.Reason} ({error.Code})";

    /// <summary>A question that was not answered.</summary>
    public static LogException NotAnswered(string question, string bootstrap, Error error) =>
        new($"Kafka at {bootstrap} did not say {question}: {TextOf(error)}.{Hint(error)}");

    /// <summary>What to do about it, after a space; empty where nothing is known.</summary>
    public static string Hint(Error error)
    {
        if (IsForbidden(error))
            return " Give this user the permission (kafka-acls.sh).";
        return error.Code switch
        {
            ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed =>
                " Check sasl.mechanism, sasl.username and sasl.password.",
            ErrorCode.Local_Ssl => " Check security.protocol and the ssl.* options.",
            ErrorCode.Local_TimedOut or ErrorCode.Local_Transport
                or ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Resolve =>
                " Check that the brokers run and can be reached from here.",
            _ => "",
        };
    }
}
