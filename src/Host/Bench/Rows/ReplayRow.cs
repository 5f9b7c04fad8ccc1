using System.Globalization;
using Earshot.Host.Data;
using Earshot.Host.Replay;
using Earshot.Sources.Traffic;

namespace Earshot.Host.Bench.Rows;

/// <summary>
/// <c>earshot replay</c> of a delimited file of generated traffic, as a process of its own, from
/// its start to its end: read, both stages fused, log, snapshot, archive.
/// </summary>
internal sealed class ReplayRow : IBenchRow
{
    private const double TargetRate = 1_000_000;

    /// <summary>Calls per second in the file: 5 million events are about 17 minutes.</summary>
    private const double CallsPerSecond = 200;

    // Replays of less are started as ./earshot starts them.
    private const long ShortBytes = 2_000_000_000;

    private static readonly Dictionary<string, string> AsShort =
        new()
        {
            ["DOTNET_TieredPGO"] = "0",
            ["DOTNET_TC_CallCountThreshold"] = "100",
        };

    /// <inheritdoc/>
    public string Name => "replay";

    /// <inheritdoc/>
    public string What => "earshot replay of a delimited file of generated traffic, both stages "
        + "fused, archive written: the whole process";

    /// <inheritdoc/>
    public double Share => 0.2;

    /// <inheritdoc/>
    public async Task<BenchResult> RunAsync(BenchScope scope, CancellationToken cancel)
    {
        string file = Path.Combine(scope.Folder, "traffic.delimited");
        string data = Path.Combine(scope.Folder, "data");
        Write(file, scope.Events);
        Dictionary<string, string>? environment =
            new FileInfo(file).Length < ShortBytes ? AsShort : null;
        List<ReplaySummary> summaries = [];
        BenchResult result = await scope.MeasureAsync(
            this,
            [
                new Lap(Name, async () =>
                {
                    await SelfProcess.RunAsync(
                        ["replay", file, "--data", data], cancel, environment);
                    return scope.Events;
                })
                {
                    Prepare = () =>
                    {
                        AddSummary(data, summaries);
                        if (Directory.Exists(data))
                            Directory.Delete(data, recursive: true);
                        return Task.CompletedTask;
                    },
                },
                Lap.Of("walk the file", () => Walk(file)),
            ],
            cancel);
        AddSummary(data, summaries);
        double inside = Spread.Of(summaries.Select(s => s.RowsOfRun / s.Seconds)).Median;
        return result with
        {
            Target = new BenchTarget(TargetRate),
            PeakMemoryBytes = summaries.Max(s => s.PeakMemoryBytes),
            Elapsed = null,
            Cores = null,
            AllocatedPerEvent = null,
            Notes = [string.Create(
                CultureInfo.InvariantCulture,
                $"{new FileInfo(file).Length / (double)scope.Events:F0} B an event; without the "
                + $"start of the program {inside / 1000:F0} k/s; "
                + $"{summaries[^1].Books.ClosedWindows:N0} windows of "
                + $"{summaries[^1].Books.Keys:N0} keys closed")],
        };
    }

    private static void AddSummary(string data, List<ReplaySummary> summaries)
    {
        string path = Path.Combine(data, ReplaySummary.FileName);
        if (File.Exists(path))
            summaries.Add(FolderFile.Read<ReplaySummary>(path)!);
    }

    private static void Write(string path, int events)
    {
        TrafficGenerator generator = new(new TrafficOptions { CallsPerSecond = CallsPerSecond });
        using FileStream file = File.Create(path);
        using DelimitedWriter writer = new(file);
        for (int i = 0; i < events; i++)
            writer.Write(generator.Next().Bytes.Span);
    }

    /// <summary>Reads the file and goes from one length to the next.</summary>
    private static long Walk(string path)
    {
        const int BufferBytes = 1 << 20;
        byte[] buffer = new byte[BufferBytes];
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        long count = 0, skip = 0;
        long length = 0;
        int shift = 0;
        for (int read; (read = file.Read(buffer)) > 0;)
        {
            int at = 0;
            while (true)
            {
                int passed = (int)Math.Min(skip, read - at);
                at += passed;
                skip -= passed;
                if (at == read)
                    break;
                byte group = buffer[at++];
                length |= (long)(group & 0x7F) << shift;
                shift += 7;
                if (group >= 0x80)
                    continue;
                count++;
                (skip, length, shift) = (length, 0, 0);
            }
        }

        return count;
    }
}
