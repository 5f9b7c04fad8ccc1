using Earshot.Archive;
using Google.Protobuf;

namespace Earshot.Tests.Integration.Archive;

public sealed class RetentionTests : IDisposable
{
    // Rows of windows that end before midnight, and one day later.
    private const int FirstDay = 0;
    private const int SecondDay = 288;

    private static readonly DateTimeOffset Midnight = new(2024, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ArchiveFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [DuckDbFact]
    public async Task DaysThatEndedBeforeGo()
    {
        await FillAsync(fixture.Archive);
        Assert.Equal(0, await fixture.Archive.ApplyRetentionAsync(
            Midnight.AddSeconds(-1), default));
        Assert.Equal(1, await fixture.Archive.ApplyRetentionAsync(Midnight, default));
        Assert.Equal(
            [Midnight.UtcDateTime.Date],
            fixture.Query("SELECT DISTINCT window_start::date::timestamp FROM aggregates")
                .Select(row => (DateTime)row[0]!));
        Assert.Equal(0, await fixture.Archive.ApplyRetentionAsync(Midnight, default));
    }

    [DuckDbFact]
    public async Task ThePartitionsOfOthersStay()
    {
        await FillAsync(fixture.Archive);
        await fixture.Archive.ReleaseAsync("aggregates", 0, default);
        Assert.Equal(0, await fixture.Archive.ApplyRetentionAsync(
            Midnight.AddDays(9), default));
        Assert.Equal(2, fixture.Files("aggregates").Length);
    }

    private static async Task FillAsync(ParquetArchive archive)
    {
        await archive.RecoverAsync("aggregates", 0, 0, default);
        IMessage[] rows =
        [
            ArchiveFixture.Jitter(FirstDay, "DE", [1, 2]),
            ArchiveFixture.Jitter(SecondDay, "DE", [3, 4]),
        ];
        await archive.WriteAsync("aggregates", 0, [ArchiveFixture.Batch(0, rows)], default);
    }
}
