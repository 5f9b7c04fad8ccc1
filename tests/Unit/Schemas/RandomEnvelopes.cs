using System.Text;
using Earshot.Schemas.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;

namespace Earshot.Tests.Unit.Schemas;

/// <summary>Envelopes with any mixture of fields said and unsaid, from a seed.</summary>
internal sealed class RandomEnvelopes(int seed)
{
    private static readonly string[] Names =
        ["country", "country_code", "carrier", "account_sid", "account", "route", "edge", "floor"];

    private readonly Random random = new(seed);

    public Envelope Next() => random.Next(20) switch
    {
        0 => new Envelope(),
        < 6 => new Envelope { CallEvent = Signalling() },
        < 8 => new Envelope { CallMetric = Metric() },
        < 14 => new Envelope { StreamReport = Report() },
        _ => new Envelope { CallSummary = Summary() },
    };

    private bool Coin() => random.Next(2) == 0;

    private long Integer() => random.Next(4) switch
    {
        0 => random.Next(200),
        1 => 1_700_000_000_000 + random.NextInt64(1_000_000_000),
        2 => -random.Next(1000),
        _ => random.NextInt64(long.MinValue, long.MaxValue),
    };

    private double Number() => random.Next(8) switch
    {
        0 => 0,
        1 => double.NaN,
        2 => double.NegativeInfinity,
        3 => -1.5,
        _ => random.NextDouble() * 100,
    };

    private string Text()
    {
        const string Letters = "abcdefgh-_0123456789éß漢😀";
        int length = random.Next(10) == 0 ? random.Next(400) : random.Next(12);
        StringBuilder text = new();
        while (text.Length < length)
        {
            int at = random.Next(Letters.Length);
            if (!char.IsSurrogate(Letters[at]))
                text.Append(Letters[at]);
        }

        return text.ToString();
    }

    private void Dimensions(MapField<string, string> into)
    {
        for (int left = random.Next(6); left > 0; left--)
            into[Names[random.Next(Names.Length)]] = Coin() ? Text() : "telco_" + random.Next(5);
    }

    private CallState.Types.State State() =>
        (CallState.Types.State)(Coin() ? random.Next(12) : random.Next(-3, 300));

    private CallEvent Signalling()
    {
        CallEvent message = new()
        {
            EventTime = Integer(), LoggedTime = Integer(), EventId = Text(), CallId = Text(),
            RouteId = Coin() ? "" : Text(), EventType = "signaling_event",
        };
        Dimensions(message.Dimensions);
        if (Coin())
            message.SipResponse = (int)Integer();
        if (random.Next(5) == 0)
            return message;
        message.SignalingEvent = new SignalingEvent
        {
            Name = Text(), EventType = (SignalingType.Types.Type)random.Next(5),
        };
        if (Coin())
            message.SignalingEvent.CallState = new CallState { State = State() };
        else if (Coin())
            message.SignalingEvent.Pdd = new PostDialDelay { Pdd = Number() };
        return message;
    }

    private CallMetric Metric()
    {
        CallMetric message = new()
        {
            EventTime = Integer(), LoggedTime = Integer(), EventId = Text(), CallId = Text(),
            Metric = Coin() ? "jitter" : Text(),
        };
        Dimensions(message.Dimensions);
        if (random.Next(5) != 0)
            message.Value = Number();
        return message;
    }

    private StreamReport Report()
    {
        StreamReport message = new()
        {
            EventTime = Integer(), LoggedTime = Integer(), EventId = Text(), CallId = Text(),
            StreamId = Text(), Codec = Text(), IceState = Coin() ? "failed" : Text(),
        };
        Dimensions(message.Dimensions);
        SetSome(message);
        return message;
    }

    private CallSummary Summary()
    {
        CallSummary message = new()
        {
            EventTime = Integer(), LoggedTime = Integer(), EventId = Text(), CallId = Text(),
            ProcessingState = (CallSummary.Types.ProcessingState)random.Next(5),
            CallState = State(), Codec = Text(), DisconnectedBy = Text(), Source = Text(),
        };
        Dimensions(message.Dimensions);
        for (int tags = random.Next(3); tags > 0; tags--)
            message.Tags.Add(Text());
        SetSome(message);
        if (Coin())
            SetSome(message.Metrics = new CallSummary.Types.Metrics());
        return message;
    }

    // Every second one of the fields that may be unsaid.
    private void SetSome(IMessage message)
    {
        foreach (FieldDescriptor field in message.Descriptor.Fields.InDeclarationOrder())
        {
            if (!field.HasPresence || field.FieldType == FieldType.Message || Coin())
                continue;
            field.Accessor.SetValue(message, field.FieldType switch
            {
                FieldType.Double => Number(),
                FieldType.Int32 => (int)Integer(),
                _ => (object)Integer(),
            });
        }
    }
}
