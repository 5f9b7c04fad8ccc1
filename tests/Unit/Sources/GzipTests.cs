using System.Text;
using Earshot.Log;
using Earshot.Sources;
using static Earshot.Tests.Unit.Sources.SourcesTesting;

namespace Earshot.Tests.Unit.Sources;

public sealed class GzipTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly byte[] first = Lines(0, 3000), second = Lines(3000, 5000);

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Members_are_read_one_after_the_other()
    {
        byte[] packed = [.. Gzip(first), .. Gzip([]), .. Gzip(second)];
        FileLog log = Open("call-event-json", 1, folder.Write("a.jsonl.gz", packed));
        List<ReadRow> rows = await ReadAllAsync(log, maxRecords: 999);
        Assert.Equal(5000, rows.Count);
        Assert.All(rows, row => Assert.StartsWith($"{{\"n\":{row.Offset},", row.Text,
            StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_cut_off_anywhere_is_told_of_after_what_is_whole()
    {
        byte[] packed = [.. Gzip(first), .. Gzip(second)];
        int member = Gzip(first).Length;
        int[] cuts =
        [
            member / 2, member - 8, member - 1, member + 1, member + 5, member + 12,
            packed.Length / 2, packed.Length - 9, packed.Length - 8, packed.Length - 1,
        ];
        foreach (int cut in cuts)
        {
            string path = folder.Write("cut.jsonl.gz", packed[..cut]);
            LogException e = await ReadToFailureAsync(path);
            Assert.Contains("gzip -t", e.Message, StringComparison.Ordinal);
            Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
            Assert.Contains($"of {cut})", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_damaged_file_is_told_of()
    {
        byte[] packed = Gzip(first);
        // In the checksum: elsewhere, some of what comes out before it is found is wrong.
        packed[^6] ^= 0x55;
        LogException e = await ReadToFailureAsync(folder.Write("d.jsonl.gz", packed));
        Assert.Contains("cannot be read", e.Message, StringComparison.Ordinal);
        byte[] followed = [.. Gzip(first), 1, 2, 3];
        e = await ReadToFailureAsync(folder.Write("f.jsonl.gz", followed));
        Assert.Contains("not gzip", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("plain text")]
    public void What_is_not_gzip_is_refused_at_the_start(string text)
    {
        string path = folder.Write("a.jsonl.gz", text);
        LogException e = Assert.Throws<LogException>(() => Open("call-event-json", 1, path));
        Assert.Contains("cannot be read at its beginning", e.Message, StringComparison.Ordinal);
    }

    // Reads until it fails: what came before is whole lines in order, and it fails again.
    private static async Task<LogException> ReadToFailureAsync(string path)
    {
        FileLog log = Open("call-event-json", 1, path);
        await using FileLogReader reader = log.OpenReader(new(Topic, 0), 0);
        long position = 0;
        while (true)
        {
            RecordBatch? batch;
            try
            {
                batch = await reader.ReadAsync(100_000, CancellationToken.None);
            }
            catch (LogException e)
            {
                LogException again = await Assert.ThrowsAsync<LogException>(
                    async () => await reader.ReadAsync(1, CancellationToken.None));
                Assert.Equal(e.Message, again.Message);
                await Assert.ThrowsAsync<LogException>(async () =>
                    await log.ReadRangeAsync(new(Topic, 0), CancellationToken.None));
                return e;
            }

            Assert.NotNull(batch);
            Assert.Equal(position, batch.From);
            for (int i = 0; i < batch.Count; i++)
            {
                Assert.Equal(position + i, batch[i].Offset);
                Assert.Equal((byte)'}', batch[i].Value[^1]);
            }

            position = batch.To;
        }
    }

    private static byte[] Lines(int from, int to)
    {
        Random random = new(from);
        StringBuilder text = new();
        for (int i = from; i < to; i++)
            text.Append("{\"n\":").Append(i).Append(",\"r\":").Append(random.Next()).Append("}\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
