using System.Security.Cryptography;
using Earshot.Sqlite;
using Microsoft.Data.Sqlite;

namespace Earshot.Tests.Conformance.Snapshots.Golden;

/// <summary>The golden files are as they were made, and the present format has one.</summary>
public sealed class GoldenTests
{
    // A digest is added with its file and never changed: a file that was edited shows nothing.
    [Theory]
    [InlineData("input.pb",
        "3fd8cafc8a74fbea706feeadd75a9c67c954b72fa4882a64f7573005aaa6b2e0")]
    [InlineData("v1/snapshots.db",
        "4af6fe0f6a19e3a968eae35ba7329ee918ee3e6958f20d64c2ee20ea9b112918")]
    [InlineData("v2/snapshots.db",
        "27d6b0574e39aa6177742efb52506d796a8f695669d8d8adea65f17bd4a8c26a")]
    [InlineData("v3/snapshots.db",
        "64ccf5fec76eeba725765ab5503302b31732e69ce49570ae1523a61355abb98f")]
    public void No_golden_file_was_edited(string file, string sha256)
    {
        string path = System.IO.Path.Combine(GoldenFiles.Folder, file);
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));
    }

    [Fact]
    public async Task The_format_written_at_present_has_a_golden_file()
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        string made = System.IO.Path.Combine(AppContext.BaseDirectory, "golden-candidate.db");
        File.Delete(made);
        await GoldenFiles.MakeAsync(made, limit.Token);
        int version = ReadVersion(made);
        Assert.True(
            File.Exists(GoldenFiles.SnapshotOf(version)),
            $"the snapshot format {version} has no golden file: copy {made} to "
            + $"tests/Conformance/Snapshots/Golden/v{version}/snapshots.db, and add its digest "
            + "to this class and its number to GoldenFiles.Versions");
        Assert.Equal(version, GoldenFiles.Versions[^1]);
        Assert.Equal(version, ReadVersion(GoldenFiles.SnapshotOf(version)));
    }

    // A header begins with a magic number of four bytes; the version follows.
    private static int ReadVersion(string path)
    {
        using ScratchFolder folder = new();
        string copy = folder.File("copy.db");
        File.Copy(path, copy);
        using SqliteSession session = new SqliteFile(copy).Open();
        using SqliteDataReader row = session.Query("SELECT header FROM heads WHERE stage = 'call'");
        Assert.True(row.Read());
        return BitConverter.ToUInt16(row.GetFieldValue<byte[]>(0), 4);
    }
}
