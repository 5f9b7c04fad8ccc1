using Earshot.Sources;

namespace Earshot.Tests.Unit.Sources;

public sealed class InputFormatTests
{
    [Fact]
    public void The_formats_are_those_of_the_command_line()
    {
        Assert.Equal(
            [
                "getstats-csv", "signalling-csv", "call-event-json", "call-metric-json",
                "stream-report-json", "call-summary-json", "rtcstats-json", "vq-rtcpxr",
                "pcap", "csv", "delimited",
            ],
            InputFormat.Names);
        foreach (string name in InputFormat.Names)
            Assert.Equal(name, InputFormat.Parse(name.ToUpperInvariant()).Name);
    }

    [Fact]
    public void An_unknown_name_lists_the_known_ones()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => InputFormat.Parse("xml"));
        Assert.Contains("'xml'", e.Message, StringComparison.Ordinal);
        Assert.Contains("call-summary-json, rtcstats-json", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/data/rawData.csv.gz", "getstats-csv")]
    [InlineData("calls.csv.gz", "signalling-csv")]
    [InlineData("call-events.jsonl", "call-event-json")]
    [InlineData("CallMetric.json.GZ", "call-metric-json")]
    [InlineData("stream_reports.ndjson", "stream-report-json")]
    [InlineData("call-summaries.json", "call-summary-json")]
    [InlineData("traffic.pb.gz", "delimited")]
    [InlineData("rtcstats-dump.jsonl.gz", "rtcstats-json")]
    [InlineData("calls.rtcpxr", "vq-rtcpxr")]
    [InlineData("capture.pcap.gz", "pcap")]
    [InlineData("data.csv", null)]
    [InlineData("events.json", null)]
    public void Names_suggest_formats(string file, string? expected) =>
        Assert.Equal(expected, InputFormat.Guess(file)?.Name);
}
