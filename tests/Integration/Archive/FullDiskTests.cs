using System.Diagnostics;
using Earshot.Archive.DuckDb;
using Earshot.Log;
using Earshot.Schemas.V1;

namespace Earshot.Tests.Integration.Archive;

/// <summary>What happens when the disk is full: on a small tmpfs.</summary>
public sealed class FullDiskTests
{
    [SmallDiskFact]
    public async Task NothingIsHalfWritten()
    {
        using SmallDisk disk = new(megabytes: 2);
        using ArchiveFixture fixture = new(disk.Folder);
        await fixture.Archive.RecoverAsync("aggregates", 0, 0, default);
        await fixture.WriteAsync("aggregates", 0, RecoveryTests.Rows(0, 5));
        string[] before = fixture.Files("aggregates");

        RecordBatch tooMuch = ArchiveFixture.Batch(5, Incompressible(seed: 1, 6000));
        IOException error = await Assert.ThrowsAsync<IOException>(
            () => fixture.Archive.WriteAsync("aggregates", 0, [tooMuch], default).AsTask());
        Assert.Contains("aggregates [5, 6005) is not written", error.Message);
        Assert.Contains("space", error.Message);
        Assert.Equal(before, fixture.Files("aggregates"));
        Assert.Empty(Directory.GetFiles(Path.Combine(disk.Folder, ".tmp")));

        disk.Resize(megabytes: 64);
        await fixture.Archive.WriteAsync("aggregates", 0, [tooMuch], default);
        Assert.Equal([6005L], fixture.Query("SELECT count(*) FROM aggregates").Single());
    }

    [SmallDiskFact]
    public async Task AMergeThatDoesNotFitChangesNothing()
    {
        using SmallDisk disk = new(megabytes: 3);
        using ArchiveFixture fixture = new(disk.Folder);
        await fixture.Archive.RecoverAsync("aggregates", 0, 0, default);
        for (int i = 0; i < 10; i++)
            await fixture.WriteAsync("aggregates", i * 300, Incompressible(seed: i, 300));
        string[] before = fixture.Files("aggregates");
        await Assert.ThrowsAsync<IOException>(() => fixture.Archive.CompactAsync(default).AsTask());
        Assert.Equal(before, fixture.Files("aggregates"));
        Assert.Empty(Directory.GetFiles(Path.Combine(disk.Folder, ".tmp")));
    }

    [DuckDbFact]
    public async Task AFolderThatCannotBeMadeIsAnIOException()
    {
        using ArchiveFixture fixture = new();
        await fixture.Archive.RecoverAsync("aggregates", 0, 0, default);
        await File.WriteAllTextAsync(Path.Combine(fixture.Folder, "aggregates"), "in the way");
        await Assert.ThrowsAsync<IOException>(
            () => fixture.WriteAsync("aggregates", 0, RecoveryTests.Rows(0, 5)).AsTask());
        Assert.Empty(Directory.GetFiles(Path.Combine(fixture.Folder, ".tmp")));
    }

    private static Aggregate[] Incompressible(int seed, int count)
    {
        Random random = new(seed);
        byte[] noise = new byte[600];
        return
        [
            .. Enumerable.Range(0, count).Select(_ =>
            {
                random.NextBytes(noise);
                return ArchiveFixture.Jitter(0, Convert.ToBase64String(noise), [1]);
            }),
        ];
    }
}

/// <summary>A mounted tmpfs of a given size.</summary>
public sealed class SmallDisk : IDisposable
{
    public SmallDisk(int megabytes)
    {
        Directory.CreateDirectory(Folder);
        if (Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", Folder) != 0)
            throw new IOException($"no tmpfs could be mounted at {Folder}");
    }

    public string Folder { get; } =
        Path.Combine(Path.GetTempPath(), $"earshot-small-{Guid.NewGuid():N}");

    public void Resize(int megabytes) =>
        Assert.Equal(0, Run("mount", "-o", $"remount,size={megabytes}m", Folder));

    public void Dispose()
    {
        Assert.Equal(0, Run("umount", Folder));
        Directory.Delete(Folder);
    }

    internal static int Run(string command, params string[] arguments)
    {
        ProcessStartInfo start = new(command, arguments) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}

/// <summary>A test that needs to mount a tmpfs; skipped where that is not allowed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SmallDiskFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> allowed = new(TryMount);

    public SmallDiskFactAttribute()
    {
        if (DuckDbLibrary.Find() is null)
            Skip = DuckDbLibrary.MissingMessage;
        else if (!allowed.Value)
            Skip = "a small disk needs Linux, root, and the right to mount a tmpfs";
    }

    private static bool TryMount()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
            return false;
        string folder = Directory.CreateTempSubdirectory("earshot-mount-").FullName;
        bool mounted = SmallDisk.Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder) == 0;
        if (mounted)
            SmallDisk.Run("umount", folder);
        Directory.Delete(folder);
        return mounted;
    }
}
