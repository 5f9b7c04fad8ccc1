using System.Globalization;
using System.Text;
using Earshot.Sources.Text;

namespace Earshot.Tests.Unit.Sources;

public sealed class TextTests
{
    [Theory]
    [InlineData("0")]
    [InlineData("-0.0")]
    [InlineData("0.013")]
    [InlineData("196.0")]
    [InlineData("0.015625476851710562")]
    [InlineData("9.155552842799158e-05")]
    [InlineData("999999999999999")]
    [InlineData("9999999999999999")]
    [InlineData("0.000000000000001")]
    [InlineData("123456789.123456")]
    [InlineData("1e999")]
    [InlineData(".5")]
    [InlineData("NaN")]
    [InlineData("-Infinity")]
    public void Numbers_read_as_NET_reads_them(string text)
    {
        double expected = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        Assert.True(Numbers.TryDouble(Encoding.ASCII.GetBytes(text), out double value));
        Assert.Equal(
            BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(value));
    }

    [Fact]
    public void Random_numbers_read_as_NET_reads_them()
    {
        Random random = new(7);
        for (int i = 0; i < 20_000; i++)
        {
            string text = (random.NextDouble() * Math.Pow(10, random.Next(-5, 8)))
                .ToString("F" + random.Next(0, 18), CultureInfo.InvariantCulture);
            Assert.True(Numbers.TryDouble(Encoding.ASCII.GetBytes(text), out double value));
            Assert.Equal(double.Parse(text, CultureInfo.InvariantCulture), value);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("1,5")]
    [InlineData("0x10")]
    [InlineData("1 ")]
    [InlineData("1.2.3")]
    [InlineData("abc")]
    public void What_is_no_number_is_refused(string text) =>
        Assert.False(Numbers.TryDouble(Encoding.ASCII.GetBytes(text), out _));

    [Theory]
    [InlineData("196.0", 196L)]
    [InlineData("-3", -3L)]
    [InlineData("1.96e2", 196L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("9223372036854775808", null)]
    [InlineData("1.5", null)]
    [InlineData("NaN", null)]
    public void Whole_numbers(string text, long? expected)
    {
        bool read = Numbers.TryLong(Encoding.ASCII.GetBytes(text), out long value);
        Assert.Equal(expected, read ? value : null);
    }

    [Theory]
    [InlineData("2022-12-15 15:15:59.439689", "2022-12-15T15:15:59.439Z")]
    [InlineData("2022-12-15 15:15:59", "2022-12-15T15:15:59Z")]
    [InlineData("2022-12-15T15:15:59.4Z", "2022-12-15T15:15:59.400Z")]
    [InlineData("2024-02-29t23:59:59z", "2024-02-29T23:59:59Z")]
    [InlineData("2022-12-15T15:15:59.999999999+05:30", "2022-12-15T09:45:59.999Z")]
    [InlineData("2022-01-01T00:00:00-08:00", "2022-01-01T08:00:00Z")]
    [InlineData("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z")]
    [InlineData("1969-12-31T23:59:59.9Z", "1969-12-31T23:59:59.900Z")]
    public void Times(string text, string expected)
    {
        DateTimeOffset time = DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture);
        Assert.True(Timestamps.TryParse(Encoding.ASCII.GetBytes(text), out long timeMs));
        Assert.Equal(time.ToUnixTimeMilliseconds(), timeMs);
    }

    [Theory]
    [InlineData("2022-12-15")]
    [InlineData("2023-02-29T00:00:00Z")]
    [InlineData("2022-13-01T00:00:00Z")]
    [InlineData("2022-12-15T24:00:00Z")]
    [InlineData("2022-12-15T15:15:59.Z")]
    [InlineData("2022-12-15T15:15:59+0530")]
    [InlineData("2022-12-15T15:15:59Zx")]
    [InlineData("2022-12-15T15:1a:59Z")]
    [InlineData("0000-12-15T15:15:59Z")]
    public void What_is_no_time_is_refused(string text) =>
        Assert.False(Timestamps.TryParse(Encoding.ASCII.GetBytes(text), out _));
}
