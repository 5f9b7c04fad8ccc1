using System.Text;
using Earshot.Sources.Text;

namespace Earshot.Sources.VqReports;

/// <summary>The values of one block of metrics; NaN: missing.</summary>
internal sealed class VqMetrics
{
    // RFC 3611, 4.7: what an R factor or MOS (127) or a delay (65535) has when there is none.
    private const double NoQuality = 127;
    private const double NoDelayMs = 65_535;

    private static readonly (VqSection Section, byte[] Name, int Value)[] Known =
    [
        (VqSection.PacketLoss, "NLR"u8.ToArray(), 0), (VqSection.PacketLoss, "JDR"u8.ToArray(), 1),
        (VqSection.Delay, "RTD"u8.ToArray(), 2), (VqSection.Delay, "OWD"u8.ToArray(), 3),
        (VqSection.Delay, "SOWD"u8.ToArray(), 4), (VqSection.Delay, "IAJ"u8.ToArray(), 5),
        (VqSection.Delay, "MAJ"u8.ToArray(), 6), (VqSection.QualityEst, "MOSLQ"u8.ToArray(), 7),
        (VqSection.QualityEst, "MOSCQ"u8.ToArray(), 8),
        (VqSection.QualityEst, "RLQ"u8.ToArray(), 9),
        (VqSection.QualityEst, "RCQ"u8.ToArray(), 10),
        (VqSection.BurstGapLoss, "BLD"u8.ToArray(), 11),
        (VqSection.BurstGapLoss, "BD"u8.ToArray(), 12),
        (VqSection.BurstGapLoss, "GLD"u8.ToArray(), 13),
        (VqSection.BurstGapLoss, "GD"u8.ToArray(), 14),
    ];

    private readonly double[] values = new double[15];

    /// <summary>Whether the report has such a block.</summary>
    public bool Present { get; set; }

    /// <summary>When the interval began, ms since the epoch; 0 when missing.</summary>
    public long StartMs { get; private set; }

    /// <summary>When it ended; 0 when missing.</summary>
    public long StopMs { get; private set; }

    /// <summary>Packets lost in the network, %.</summary>
    public double Loss => values[0];

    /// <summary>Packets the jitter buffer threw away, %.</summary>
    public double Discard => values[1];

    /// <summary>Round trip, ms; 0 means that none was measured.</summary>
    public double RoundTripMs => Delay(values[2]);

    /// <summary>One way, ms: as measured, else half a round trip.</summary>
    public double OneWayMs => double.IsNaN(Delay(values[3])) ? Delay(values[4]) : Delay(values[3]);

    /// <summary>RFC 3550's jitter, else the mean absolute one, ms.</summary>
    public double JitterMs => double.IsNaN(values[5]) ? values[6] : values[5];

    /// <summary>MOS for listening, else for conversation.</summary>
    public double Mos => double.IsNaN(Score(values[7])) ? MosConversational : Score(values[7]);

    /// <summary>MOS for conversation.</summary>
    public double MosConversational => Score(values[8]);

    /// <summary>R factor for listening.</summary>
    public double R => values[9] == NoQuality ? double.NaN : values[9];

    /// <summary>R factor for conversation.</summary>
    public double RConversational => values[10] == NoQuality ? double.NaN : values[10];

    /// <summary>Loss and discard in bursts, %.</summary>
    public double BurstLossDensity => values[12] == 0 ? double.NaN : values[11];

    /// <summary>Mean length of a burst, ms; 0 means that there was none (RFC 3611, 4.7.2).
    /// </summary>
    public double BurstMs => Length(values[12]);

    /// <summary>Loss and discard in gaps, %.</summary>
    public double GapLossDensity => values[14] == 0 ? double.NaN : values[13];

    /// <summary>Mean length of a gap, ms; 0 means that there was none.</summary>
    public double GapMs => Length(values[14]);

    /// <summary>Empties it.</summary>
    public void Reset()
    {
        Present = false;
        StartMs = StopMs = 0;
        Array.Fill(values, double.NaN);
    }

    /// <summary>Takes a parameter in.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public string? Set(VqSection section, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Present = true;
        if (section == VqSection.Timestamps)
            return SetTime(name, value);
        foreach ((VqSection known, byte[] text, int index) in Known)
        {
            if (known != section || !Ascii.EqualsIgnoreCase(name, text))
                continue;
            if (value.IsEmpty)
                return null;
            if (!Numbers.TryDouble(value, out double number) || !double.IsFinite(number))
                return Detail.Of($"{section} {Encoding.ASCII.GetString(text)}", value, "a number");
            values[index] = number;
            return null;
        }

        return null;
    }

    private string? SetTime(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        bool stop = Ascii.EqualsIgnoreCase(name, "STOP"u8);
        if (!stop && !Ascii.EqualsIgnoreCase(name, "START"u8))
            return null;
        // Some senders fill in zeros.
        if (value.IsEmpty || value.SequenceEqual("0"u8))
            return null;
        if (!Timestamps.TryParse(value, out long timeMs))
        {
            return Detail.Of(
                stop ? "Timestamps STOP" : "Timestamps START", value,
                "a time such as 2010-11-05T18:23:43Z");
        }

        if (stop)
            StopMs = timeMs;
        else
            StartMs = timeMs;
        return null;
    }

    private static double Delay(double ms) => ms is 0 or NoDelayMs ? double.NaN : ms;

    private static double Length(double ms) => ms == 0 ? double.NaN : ms;

    // Below 1 there is no MOS: senders that estimate none say 0.
    private static double Score(double mos) => mos is < 1 or NoQuality ? double.NaN : mos;
}
