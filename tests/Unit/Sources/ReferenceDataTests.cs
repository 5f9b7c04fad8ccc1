using Earshot.Log;
using Earshot.Schemas;
using Earshot.Sources;
using static Earshot.Tests.Unit.Sources.SourcesTesting;

namespace Earshot.Tests.Unit.Sources;

/// <summary>The public capture of VOICE.md section 7, where it is present.</summary>
public sealed class ReferenceDataTests
{
    [ReferenceDataFact]
    public async Task Every_getstats_row_is_read()
    {
        Dictionary<DecodeResult, int> counts = await CountAsync("getstats-csv", "rawData.csv.gz");
        Assert.Equal(101_606, counts.Values.Sum());
        Assert.False(counts.ContainsKey(DecodeResult.Dead));
        // Audio: 13,006 inbound-rtp and 11,565 remote-inbound-rtp rows.
        Assert.Equal(24_571, counts[DecodeResult.Event]);
    }

    [ReferenceDataFact]
    public async Task Every_signalling_row_is_read()
    {
        Dictionary<DecodeResult, int> counts = await CountAsync("signalling-csv", "calls.csv.gz");
        Assert.Equal(26_314, counts.Values.Sum());
        Assert.False(counts.ContainsKey(DecodeResult.Dead));
        // Starts 4,764, running 4,705, ends 3,978, successes 3,974, failures 786.
        Assert.Equal(18_207, counts[DecodeResult.Event]);
    }

    private static async Task<Dictionary<DecodeResult, int>> CountAsync(string format, string file)
    {
        FileLog log = Open(format, 1, Path.Combine(ReferenceDataFactAttribute.Folder!, file));
        IRecordDecoder decoder = log.Format.CreateDecoder(log.Schema);
        EventRecord record = NewRecord();
        Dictionary<DecodeResult, int> counts = [];
        await using FileLogReader reader = log.OpenReader(new TopicPartition(Topic, 0), 0);
        while (await reader.ReadAsync(10_000, CancellationToken.None) is { } batch)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                DecodeResult result = decoder.Decode(batch[i].Value, record);
                counts[result] = counts.GetValueOrDefault(result) + 1;
            }
        }

        return counts;
    }
}

/// <summary>A test that skips itself where the public capture is absent.</summary>
public sealed class ReferenceDataFactAttribute : FactAttribute
{
    public ReferenceDataFactAttribute()
    {
        if (Folder is null)
        {
            Skip = "shared/data/onionrtc is in no folder above this one: set EARSHOT_DATA to the " +
                "folder that holds rawData.csv.gz and calls.csv.gz";
        }
    }

    /// <summary>Where the capture is; null when absent.</summary>
    public static string? Folder { get; } = Find();

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("EARSHOT_DATA") is { Length: > 0 } named)
            return Holds(named) ? named : null;
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "shared", "data", "onionrtc");
            if (Holds(folder))
                return folder;
        }

        return null;
    }

    private static bool Holds(string folder) => File.Exists(Path.Combine(folder, "rawData.csv.gz"));
}
