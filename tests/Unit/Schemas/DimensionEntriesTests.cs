using System.Collections;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Tests.Unit.Schemas;

public sealed class DimensionEntriesTests
{
    private readonly EnvelopeDecoder decoder = new();
    private readonly EventRecord record = EnvelopeOracle.NewRecord();

    [Fact]
    public void Each_is_kept_once_for_all_records_of_a_table()
    {
        EventRecord other = new(record.DimensionSet, record.DimensionValues, record.Metrics);
        for (int i = 0; i < 10_000; i++)
        {
            string account = "AC" + (i % 3000);
            Assert.Equal(account, AccountOf(i % 2 == 0 ? record : other, "account", account));
        }

        Assert.Equal(3000, record.Entries.Count);
    }

    [Fact]
    public void What_may_come_in_any_number_is_not_kept()
    {
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal("", AccountOf(record, "floor", "first floor " + i));
            Assert.Equal("long", AccountOf(record, "account", "long", new string('x', 40) + i));
            decoder.Decode(Bytes("account", "AAAA", 0xFE, (byte)(i % 200), 0xFF, 0xFF), record);
        }

        Assert.InRange(record.Entries.Count, 0, 2);
    }

    [Fact]
    public void They_are_forgotten_with_the_symbols_that_are_swept_out()
    {
        for (int i = 0; i < 1000; i++)
            AccountOf(record, "account", "before " + i);
        record.DimensionValues.Sweep(new BitArray(record.DimensionValues.Count));
        Assert.Equal(0, record.Entries.Count);
        for (int i = 999; i >= 0; i--)
        {
            Assert.Equal("after " + i, AccountOf(record, "account", "after " + i));
            Assert.Equal("before " + i, AccountOf(record, "account", "before " + i));
        }
    }

    [Fact]
    public void They_are_not_more_than_fit()
    {
        for (int i = 0; i <= DimensionEntries.CountMax + 100; i++)
            AccountOf(record, "account", "A" + i);
        Assert.Equal(101, record.Entries.Count);
        Assert.Equal("A7", AccountOf(record, "account", "A7"));
    }

    private string AccountOf(EventRecord into, string name, string value, string carrier = "")
    {
        CallMetric metric = new() { Metric = "m", Value = 1 };
        metric.Dimensions[name] = value;
        metric.Dimensions["carrier"] = carrier;
        decoder.Decode(new Envelope { CallMetric = metric }.ToByteArray(), into);
        return into.DimensionValues[into.Dimensions[into.DimensionSet.OrdinalOf("account"u8)]];
    }

    // Of a value that is put in place of a text as long as it is.
    private static byte[] Bytes(string name, string text, params byte[] value)
    {
        CallMetric metric = new() { Metric = "m", Value = 1 };
        metric.Dimensions[name] = text;
        byte[] bytes = new Envelope { CallMetric = metric }.ToByteArray();
        value.CopyTo(bytes, bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text)));
        return bytes;
    }
}
