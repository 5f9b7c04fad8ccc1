using System.Globalization;
using System.Text;
using Earshot.Log;
using Earshot.Sources;
using static Earshot.Tests.Unit.Sources.SourcesTesting;

namespace Earshot.Tests.Unit.Sources;

public sealed class FileLogTests : IDisposable
{
    private const string Header = "_id,client_username,iplocation,logging_type,room_id,timestamp\n";

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Offsets_are_lines_over_all_files()
    {
        FileLog log = Open(
            "call-event-json", 1, folder.Write("a.jsonl", "{1}\n\n{2}\n"),
            folder.Write("empty.jsonl", ""),
            folder.Write("b.jsonl.gz", Gzip("\n{3}\n{4}"u8.ToArray())),
            folder.Write("c.jsonl", "{5}\n\n"));
        string a = folder.PathOf("a.jsonl"), b = folder.PathOf("b.jsonl.gz");
        Assert.Equal(
            [
                new(0, "{1}", a, 1), new(2, "{2}", a, 3), new(4, "{3}", b, 2), new(5, "{4}", b, 3),
                new(6, "{5}", folder.PathOf("c.jsonl"), 1),
            ],
            await ReadAllAsync(log));
        OffsetRange range = await log.ReadRangeAsync(new(Topic, 0), CancellationToken.None);
        Assert.Equal(new OffsetRange(0, 8), range);
    }

    [Fact]
    public async Task A_header_takes_its_offset_and_is_no_record()
    {
        FileLog log = Open(
            "signalling-csv", 1,
            folder.Write("a.csv", "\uFEFF" + Header + "1,,\"{\n}\",,,\r\n2,,,,,\n"),
            folder.Write("b.csv", Header + "3,,,,,\n"));
        Assert.Equal(Header.TrimEnd().Split(','), log.Schema.Columns);
        Assert.Equal(
            [(1, "1,,\"{\n}\",,,", 2), (3, "2,,,,,", 4), (5, "3,,,,,", 2)],
            (await ReadAllAsync(log)).Select(row => (row.Offset, row.Text, row.Line)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Reading_may_begin_at_any_offset(int partitions)
    {
        string[] files = WriteMany();
        FileLog log = Open("signalling-csv", partitions, files);
        for (int p = 0; p < partitions; p++)
        {
            List<ReadRow> all = await ReadAllAsync(log, p);
            for (long from = 0; from < 330; from += 3)
            {
                // A new log each time: nothing is known of the files yet.
                FileLog fresh = from % 2 == 0 ? log : Open("signalling-csv", partitions, files);
                Assert.Equal(
                    all.Where(row => row.Offset >= from),
                    await ReadAllAsync(fresh, p, from, maxRecords: 1 + (int)(from % 50)));
            }
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Partitions_are_disjoint_and_complete_and_keep_calls_together(int partitions)
    {
        string[] files = WriteMany();
        List<ReadRow> whole = await ReadAllAsync(Open("signalling-csv", 1, files));
        FileLog log = Open("signalling-csv", partitions, files);
        List<ReadRow> together = [];
        Dictionary<string, int> owners = [];
        for (int p = 0; p < partitions; p++)
        {
            List<ReadRow> rows = await ReadAllAsync(log, p);
            Assert.NotEmpty(rows);
            together.AddRange(rows);
            foreach (string call in rows.Where(row => row.Text != "dead,row")
                .Select(row => row.Text.Split(',')[4]))
            {
                Assert.Equal(p, owners.TryAdd(call, p) ? p : owners[call]);
            }
        }

        Assert.Equal(whole, together.OrderBy(row => row.Offset));
    }

    [Fact]
    public async Task Batches_end_at_a_number_of_bytes()
    {
        string row = $"{{\"a\":\"{new string('x', 100_000)}\"}}\n";
        string file = folder.Write("a.jsonl", string.Concat(Enumerable.Repeat(row, 30)));
        FileLog log = Open("call-event-json", 1, file);
        await using FileLogReader reader = log.OpenReader(new(Topic, 0), 0);
        int records = 0;
        while (await reader.ReadAsync(int.MaxValue, CancellationToken.None) is { } batch)
        {
            Assert.InRange(batch.SizeBytes, 1, FileLogReader.BatchBytesMax + row.Length);
            Assert.InRange(reader.BytesRead, 1, log.BytesTotal);
            records += batch.Count;
        }

        Assert.Equal(30, records);
    }

    [Fact]
    public async Task A_partition_without_records_still_covers_the_input()
    {
        string file = folder.Write("a.jsonl", "{\"call_id\":\"C\"}\n");
        FileLog log = Open("call-event-json", 2, file);
        int counted = 0;
        for (int p = 0; p < 2; p++)
        {
            await using FileLogReader reader = log.OpenReader(new(Topic, p), 0);
            RecordBatch? batch = await reader.ReadAsync(10, CancellationToken.None);
            Assert.Equal((0, 1), (batch!.From, batch.To));
            counted += batch.Count;
            Assert.Null(await reader.ReadAsync(10, CancellationToken.None));
        }

        Assert.Equal(1, counted);
    }

    [Fact]
    public async Task Delimited_offsets_are_record_numbers()
    {
        FileLog log = Open(
            "delimited", 1, folder.Write("a.pb", [1, 65, 2, 66, 66]),
            folder.Write("b.pb.gz", Gzip([1, 67])));
        Assert.Equal(
            [(0, "A"), (1, "BB"), (2, "C")],
            (await ReadAllAsync(log)).Select(row => (row.Offset, row.Text)));
    }

    [Fact]
    public async Task Cancelling_ends_the_reading_and_it_can_go_on()
    {
        FileLog log = Open("signalling-csv", 1, WriteMany());
        await using FileLogReader reader = log.OpenReader(new(Topic, 0), 0);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await reader.ReadAsync(10, new CancellationToken(true)));
        RecordBatch? batch = await reader.ReadAsync(10, CancellationToken.None);
        Assert.Equal((0, 10), (batch!.From, batch.Count));
    }

    [Fact]
    public void Unusable_files_are_refused_with_what_to_do()
    {
        string events = folder.Write("a.csv", Header + "1,,,,,\n");
        Refused("no such file", "signalling-csv", folder.PathOf("none.csv"));
        Refused("is empty; signalling-csv needs a header", "signalling-csv",
            folder.Write("empty.csv", "\n\n"));
        Refused("no column 'callId'", "getstats-csv", folder.Write("stats.csv",
            "timestamp,userId\n"));
        Refused("Name its format with --format", "getstats-csv", events);
        Refused("columns differ from those of", "signalling-csv", events,
            folder.Write("b.csv", "x," + Header));
        Refused("the header cannot be read: field 2: its quote", "signalling-csv",
            folder.Write("c.csv", "_id,\"client\n"));
        Assert.Throws<ArgumentException>(() => Open("delimited", 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Open("signalling-csv", 0, events));
        FileLog log = Open("signalling-csv", 2, events);
        Assert.Throws<ArgumentException>(() => log.OpenReader(new(Topic, 2), 0));
        Assert.Throws<ArgumentException>(() => log.OpenReader(new("other", 0), 0));
    }

    private static void Refused(string expected, string format, params string[] files)
    {
        LogException e = Assert.Throws<LogException>(() => Open(format, 1, files));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.StartsWith(files[^1], e.Message, StringComparison.Ordinal);
    }

    // 300 lines in three files: 40 calls, rows over two lines, blank lines, dead rows.
    private string[] WriteMany()
    {
        List<string> paths = [];
        for (int f = 0; f < 3; f++)
        {
            StringBuilder text = new(Header);
            for (int i = 1; i < 100; i++)
            {
                int n = (f * 100) + i;
                if (i % 17 == 0)
                    text.Append("\r\n");
                else if (i % 13 == 0)
                    text.Append("dead,row\n");
                else if (i % 11 == 0 && i < 98)
                    text.Append(Invariant, $"{n},u,\"{{\n}}\",X,room{n % 40},t\n");
                else
                    text.Append(Invariant, $"{n},u,,X,room{n % 40},t\r\n");
            }

            paths.Add(f == 1
                ? folder.Write("b.csv.gz", Gzip(Encoding.UTF8.GetBytes(text.ToString())))
                : folder.Write($"{f}.csv", text.ToString()));
        }

        return [.. paths];
    }
}
