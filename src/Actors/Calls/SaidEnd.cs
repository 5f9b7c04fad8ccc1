using Earshot.Analytics;
using Earshot.Schemas;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Actors.Calls;

/// <summary>What a source says of a call's end.</summary>
internal static class SaidEnd
{
    /// <summary>
    /// How a call ended. Where no state is said, a final 200 or a connected time means answered.
    /// </summary>
    public static CallEnd Of(State state, int sipResponse, ReadOnlySpan<MetricValue> values)
    {
        switch (state)
        {
            case State.Completed or State.Answered or State.InProgress or State.Disconnected:
                return CallEnd.Answered;
            case State.Busy:
                return CallEnd.Busy;
            case State.Noanswer:
                return CallEnd.NoAnswer;
            case State.Canceled:
                return CallEnd.Canceled;
            case State.Failed:
                return CallEnd.Failed;
        }

        if (sipResponse == 200)
            return CallEnd.Answered;
        foreach (MetricValue value in values)
        {
            if (value is { Metric: Metrics.ConnectDuration, Value: > 0 })
                return CallEnd.Answered;
        }

        return CallEnd.None;
    }
}
