using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Earshot.Kafka.Testing;

namespace Earshot.Tests.Integration.Kafka;

/// <summary>A record as a client that is not ours read it.</summary>
internal sealed record ForeignRecord(
    int Partition, long Offset, string Key, byte[] Value, string Headers)
{
    /// <summary>The value of a header; null when it is absent.</summary>
    public string? Header(string name)
    {
        Match found = Regex.Match(
            Headers, $@"(?:^|,){Regex.Escape(name)}=(.*?)(?=,(?:earshot|__connect|content)|$)");
        return found.Success ? found.Groups[1].Value : null;
    }
}

/// <summary>kcat, on another librdkafka than ours: reads what we publish, feeds us.</summary>
internal static class Kcat
{
    // Nothing of a record has these in it.
    private const string KeyEnd = "<:key:>";
    private const string RecordEnd = "<:end:>";

    /// <summary>Why tests with it cannot run; null when they can.</summary>
    public static string? Missing { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, "kcat")))
            ? null
            : "kcat is not on the PATH (scripts/setup.sh tests installs Debian's)";

    /// <summary>Writes records, in order, to one partition.</summary>
    public static async Task ProduceAsync(
        string bootstrap, string topic, int partition,
        IEnumerable<(string Key, byte[] Value)> records, params string[] headers)
    {
        List<string> args =
        [
            "-P", "-b", bootstrap, "-t", topic, "-p", $"{partition}", "-K", KeyEnd, "-D", RecordEnd,
            .. headers.SelectMany(header => (string[])["-H", header]),
        ];
        using Process kcat = Start(args);
        Task<string> said = kcat.StandardError.ReadToEndAsync();
        await using (Stream into = kcat.StandardInput.BaseStream)
        {
            foreach ((string key, byte[] value) in records)
            {
                await into.WriteAsync(Encoding.UTF8.GetBytes(key + KeyEnd));
                await into.WriteAsync(value);
                await into.WriteAsync(Encoding.UTF8.GetBytes(RecordEnd));
            }
        }

        await kcat.WaitForExitAsync();
        Assert.True(kcat.ExitCode == 0, await said);
    }

    /// <summary>Everything a topic holds now.</summary>
    public static async Task<IReadOnlyList<ForeignRecord>> ConsumeAsync(
        string bootstrap, string topic, string isolation = "read_committed")
    {
        using Process kcat = Start(
        [
            "-C", "-b", bootstrap, "-t", topic, "-o", "beginning", "-e", "-q",
            "-X", $"isolation.level={isolation}", "-f", @"%p %o %K %S\n%k%s%h\n",
        ]);
        kcat.StandardInput.Close();
        Task<string> said = kcat.StandardError.ReadToEndAsync();
        using MemoryStream bytes = new();
        await kcat.StandardOutput.BaseStream.CopyToAsync(bytes);
        await kcat.WaitForExitAsync();
        Assert.True(kcat.ExitCode == 0, await said);
        return Parse(bytes.ToArray());
    }

    private static List<ForeignRecord> Parse(ReadOnlySpan<byte> left)
    {
        List<ForeignRecord> records = [];
        while (!left.IsEmpty)
        {
            long[] numbers = [.. Encoding.ASCII.GetString(Line(ref left)).Split(' ')
                .Select(number => long.Parse(number, CultureInfo.InvariantCulture))];
            int keyBytes = Math.Max(0, (int)numbers[2]), valueBytes = Math.Max(0, (int)numbers[3]);
            string key = Encoding.UTF8.GetString(left[..keyBytes]);
            byte[] value = left[keyBytes..(keyBytes + valueBytes)].ToArray();
            left = left[(keyBytes + valueBytes)..];
            records.Add(new ForeignRecord(
                (int)numbers[0], numbers[1], key, value,
                Encoding.UTF8.GetString(Line(ref left))));
        }

        return records;
    }

    private static ReadOnlySpan<byte> Line(ref ReadOnlySpan<byte> left)
    {
        int end = left.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = left[..end];
        left = left[(end + 1)..];
        return line;
    }

    private static Process Start(IEnumerable<string> args) => Process.Start(
        new ProcessStartInfo("kcat", args)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
}

/// <summary>Needs librdkafka, kcat and Node; says which is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KcatFactAttribute : FactAttribute
{
    public KcatFactAttribute() =>
        Skip = Requirements.MissingLibrary ?? Kcat.Missing ?? ForeignNode.Missing;
}

/// <summary>Needs a broker, kcat and Node; says which is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ForeignFactAttribute : FactAttribute
{
    public ForeignFactAttribute() =>
        Skip = Requirements.MissingBroker ?? Kcat.Missing ?? ForeignNode.Missing;
}

/// <summary>As BrokerFact, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrokerTheoryAttribute : TheoryAttribute
{
    public BrokerTheoryAttribute() => Skip = Requirements.MissingBroker;
}
