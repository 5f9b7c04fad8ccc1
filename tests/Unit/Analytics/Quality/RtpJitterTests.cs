using Earshot.Analytics.Quality;

namespace Earshot.Tests.Unit.Analytics.Quality;

/// <summary>Jitter by RFC 3550, section 6.4.1 and appendix A.8; late packets.</summary>
public class RtpJitterTests
{
    private const long Ms = 1_000_000;

    /// <summary>
    /// By hand, 8000 Hz, 20 ms of speech a packet: D = 0, +8, −8 ms:
    /// J = 0, 8/16 = 0.5, 0.5 + (8 − 0.5)/16 = 0.96875 ms.
    /// </summary>
    [Fact]
    public void By_hand()
    {
        RtpStatistics stream = new();
        stream.Add(new RtpArrival(9, 0, 0, 8000)); // On probation: not counted.
        stream.Add(new RtpArrival(10, 160, 20 * Ms, 8000));
        Assert.Null(stream.JitterMs);
        stream.Add(new RtpArrival(11, 320, 40 * Ms, 8000));
        Assert.Equal(0, stream.JitterMs!.Value, 1e-12);
        stream.Add(new RtpArrival(12, 480, 68 * Ms, 8000));
        Assert.Equal(0.5, stream.JitterMs!.Value, 1e-12);
        stream.Add(new RtpArrival(13, 640, 80 * Ms, 8000));
        Assert.Equal(0.96875, stream.JitterMs!.Value, 1e-12);

        RtpInterval interval = stream.TakeInterval();
        Assert.Equal(0.96875, interval.JitterMs!.Value, 1e-12);
        Assert.Equal(0.96875, interval.JitterMaxMs!.Value, 1e-12);
        Assert.Equal((0 + 0.5 + 0.96875) / 3, interval.JitterMeanMs!.Value, 1e-12);
        Assert.Equal(0.0, interval.DelayedPercent);
        RtpInterval empty = stream.TakeInterval();
        Assert.Equal(0.96875, empty.JitterMs!.Value, 1e-12);
        Assert.Null(empty.JitterMeanMs);
        Assert.Null(empty.JitterMaxMs);
        Assert.Null(empty.DelayedPercent);
    }

    [Theory]
    [InlineData(8000)]
    [InlineData(48000)]
    public void Random_streams_against_the_formula_in_clock_units(int rate)
    {
        for (int seed = 0; seed < 40; seed++)
        {
            Random random = new(seed);
            int unitsPerPacket = rate / 50;
            ushort sequence = (ushort)random.Next(65536);
            uint timestamp = uint.MaxValue - (uint)random.Next(100_000);
            List<RtpArrival> arrivals = [];
            for (int i = 0; i < 1000; i++)
            {
                long arrivalNs = (i * 20 * Ms) + random.NextInt64(70 * Ms);
                if (random.Next(10) != 0)
                {
                    arrivals.Add(new RtpArrival(
                        unchecked((ushort)(sequence + i)),
                        unchecked(timestamp + (uint)(i * unitsPerPacket)), arrivalNs, rate));
                }
            }

            arrivals.Sort((a, b) => a.ArrivalNs.CompareTo(b.ArrivalNs));
            RtpStatistics stream = new();
            List<RtpArrival> counted = [];
            foreach (RtpArrival arrival in arrivals)
            {
                if (stream.Add(arrival) != RtpFate.Unconfirmed)
                    counted.Add(arrival);
            }

            Assert.True(counted.Count > 800);
            Assert.True(stream.Reordered > 100);
            Assert.Equal(JitterUnits(counted), stream.JitterMs!.Value * rate / 1000, 1e-6);
        }
    }

    [Fact]
    public void A_restart_or_another_clock_is_no_jitter()
    {
        RtpStatistics stream = new(new RtpRules { MinSequential = 1 });
        for (int i = 0; i < 10; i++)
            stream.Add(new RtpArrival((ushort)i, (uint)(160 * i), i * 20 * Ms, 8000));
        for (int i = 10; i < 20; i++)
            stream.Add(new RtpArrival((ushort)i, (uint)(777 + (960 * i)), i * 20 * Ms, 48000));
        for (int i = 20; i < 30; i++)
        {
            stream.Add(new RtpArrival(
                (ushort)(i + 30_000), (uint)(123_456 + (960 * i)), i * 20 * Ms, 48000));
        }

        Assert.Equal(1, stream.Restarts);
        Assert.Equal(0, stream.JitterMs!.Value, 1e-9);
        Assert.Equal(0.0, stream.TakeInterval().DelayedPercent);
    }

    [Fact] // 5 of 100 packets are 200 ms late or more; one is 199 ms late.
    public void Late_packets_of_a_stream()
    {
        RtpStatistics stream = new(new RtpRules { MinSequential = 1 });
        for (int i = 0; i < 100; i++)
        {
            long lateMs = i switch { 17 => 199, >= 40 and < 45 => 200 + i, _ => 3 };
            stream.Add(new RtpArrival(
                (ushort)i, (uint)(160 * i), ((i * 20) + (i == 90 ? 0 : lateMs)) * Ms, 8000));
        }

        Assert.Equal(5.0, stream.TakeInterval().DelayedPercent);
    }

    [Fact]
    public void The_share_of_the_delayed_depends_on_the_packets_not_on_their_order()
    {
        Random random = new(200);
        for (int run = 0; run < 300; run++)
        {
            double spread = 50 + (random.NextDouble() * 600);
            double[] transits = [.. Enumerable.Range(0, 1 + random.Next(200))
                .Select(_ => -1e6 + (random.NextDouble() * spread))];
            double quickest = transits.Min(Math.Floor);
            int delayed = transits.Count(t => Math.Floor(t) - quickest >= 200);

            PacketDelayShare share = new();
            foreach (double transit in transits)
                share.Add(transit);
            Assert.Equal((transits.Length, delayed), (share.Packets, share.Delayed));
            Assert.Equal(100.0 * delayed / transits.Length, share.Percent);
        }
    }

    [Fact]
    public void Delays_at_and_below_the_limit()
    {
        PacketDelayShare share = new();
        Assert.Null(share.Percent);
        share.Add(1000);
        share.Add(1199);
        Assert.Equal(0.0, share.Percent);
        share.Add(1200);
        Assert.Equal(1, share.Delayed);
        share.Add(999); // Now 1199 is late, too.
        Assert.Equal(2, share.Delayed);
        share.Rebase();
        share.Add(-1e300);
        share.Add(1e300);
        Assert.Equal((6, 3), (share.Packets, share.Delayed));
        share.Clear();
        Assert.Null(share.Percent);
        Assert.Throws<ArgumentOutOfRangeException>(() => share.Add(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PacketDelayShare(0));
    }

    /// <summary>Appendix A.8 word for word, in units of the clock.</summary>
    private static double JitterUnits(List<RtpArrival> arrivals)
    {
        double jitter = 0;
        for (int i = 1; i < arrivals.Count; i++)
        {
            (RtpArrival a, RtpArrival b) = (arrivals[i - 1], arrivals[i]);
            double received = (b.ArrivalNs - a.ArrivalNs) * (double)b.ClockRate / 1e9;
            double sent = unchecked((int)(b.Timestamp - a.Timestamp));
            jitter += (1.0 / 16) * (Math.Abs(received - sent) - jitter);
        }

        return jitter;
    }
}
