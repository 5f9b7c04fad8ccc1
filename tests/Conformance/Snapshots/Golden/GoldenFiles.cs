using Earshot.Snapshots;
using Earshot.Sqlite;

namespace Earshot.Tests.Conformance.Snapshots.Golden;

/// <summary>
/// The golden files: a recorded input, and per version of the snapshot format a SQLite file with
/// the state that a program of that version had at <see cref="GoldenRun.GoldenOffset"/>. They are
/// only added to.
/// </summary>
internal static class GoldenFiles
{
    /// <summary>The versions of the snapshot format that were ever written.</summary>
    public static readonly IReadOnlyList<int> Versions = [1, 2, 3];

    /// <summary>Where they are.</summary>
    public static readonly string Folder = System.IO.Path.Combine(
        AppContext.BaseDirectory, "Snapshots", "Golden");

    /// <summary>The recorded input: length-prefixed Envelopes.</summary>
    public static string Input => System.IO.Path.Combine(Folder, "input.pb");

    /// <summary>The state as version <paramref name="version"/> stored it.</summary>
    public static string SnapshotOf(int version) =>
        System.IO.Path.Combine(Folder, $"v{version}", "snapshots.db");

    /// <summary>Makes the golden file of the present version.</summary>
    public static async Task MakeAsync(string path, CancellationToken cancel)
    {
        GoldenRun run = new();
        await using (SqliteSnapshotStore store =
            await SqliteSnapshotStore.OpenAsync(
                path, cancel, settings: GoldenRun.Settings))
        {
            // A whole state and changes to it, so that both ways of saving are in the file.
            run.RunTo(GoldenRun.GoldenOffset / 2);
            await run.SaveAsync(store, cancel);
            run.RunTo(GoldenRun.GoldenOffset);
            await run.SaveAsync(store, cancel);
        }

        // One small file, without a journal beside it.
        using SqliteSession session = new SqliteFile(path).Open();
        session.Script("PRAGMA journal_mode = DELETE; PRAGMA page_size = 1024; VACUUM");
    }
}
