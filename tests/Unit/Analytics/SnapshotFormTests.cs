using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

public class SnapshotFormTests
{
    [Fact]
    public void AnAggregateComesBackBitByBit() =>
        Streams.Check(Streams.Stream, values =>
        {
            Aggregate aggregate = AggregateMergeTests.MergedInParts(values, new Random(1));
            byte[] bytes = Bytes(aggregate.Write);
            Aggregate copy = Aggregate.Read(Reader(bytes));
            Streams.AssertSame(aggregate, copy);
            Assert.Equal(aggregate.Sum, copy.Sum);
            Assert.Equal(aggregate.M2, copy.M2);
            Assert.Equal(aggregate.RawValues.ToArray(), copy.RawValues.ToArray());
            Assert.Equal(bytes, Bytes(copy.Write));

            // Both go on alike.
            aggregate.Add(1.5);
            copy.Add(1.5);
            Assert.Equal(Bytes(aggregate.Write), Bytes(copy.Write));
        });

    [Fact]
    public void TheFormIsSparse()
    {
        Aggregate aggregate = new();
        for (int i = 0; i < 1000; i++)
            aggregate.Add(i % 2 == 0 ? 1e-9 : -1e9);
        Assert.InRange(Bytes(aggregate.Write).Length, 1, 60);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(64)]
    [InlineData(500)]
    public void CutShortBytesAreRefused(int size)
    {
        byte[] bytes = Bytes(Aggregate.FromRaw(Streams.Random(2, size, 1, 9)).Write);
        for (int length = 0; length < bytes.Length; length += 7)
        {
            Assert.Throws<EndOfStreamException>(
                () => Aggregate.Read(Reader(bytes.AsSpan(0, length).ToArray())));
        }
    }

    [Fact]
    public void BytesOfSomethingElseAreRefused()
    {
        byte[] negative = Bytes(writer =>
        {
            writer.Write7BitEncodedInt64(-1);
            writer.Write(0.0);
            writer.Write(0.0);
        });
        Assert.Throws<InvalidDataException>(() => Aggregate.Read(Reader(negative)));
        byte[] notFinite = Bytes(writer =>
        {
            writer.Write7BitEncodedInt64(1);
            writer.Write(0.0);
            writer.Write(0.0);
            writer.Write(double.NaN);
        });
        Assert.Throws<InvalidDataException>(() => Aggregate.Read(Reader(notFinite)));
        byte[] wrongCount = Bytes(Aggregate.FromRaw(Streams.Random(2, 100, 1, 9)).Write);
        wrongCount[0]++;
        Assert.Throws<InvalidDataException>(() => Aggregate.Read(Reader(wrongCount)));
        byte[] predictor = Bytes(writer =>
        {
            writer.Write7BitEncodedInt64(3);
            writer.Write(double.NaN);
            writer.Write(0.0);
            writer.Write(0.0);
        });
        Assert.Throws<InvalidDataException>(() => Predictor.Read(Reader(predictor)));
    }

    [Fact]
    public void APredictorComesBackBitByBit()
    {
        Predictor predictor = new();
        foreach (double mean in Streams.Random(3, 25, 5, 9))
        {
            predictor.Observe(mean);
            Predictor copy = Predictor.Read(Reader(Bytes(predictor.Write)));
            Assert.Equal(predictor.History, copy.History);
            Assert.Equal(predictor.Forecast, copy.Forecast);
            Assert.Equal(Bytes(predictor.Write), Bytes(copy.Write));
        }
    }

    private static byte[] Bytes(Action<BinaryWriter> write)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        write(writer);
        writer.Flush();
        return stream.ToArray();
    }

    private static BinaryReader Reader(byte[] bytes) => new(new MemoryStream(bytes));
}
