using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Earshot.Tests.Conformance.Postgres;

/// <summary>A private PostgreSQL server on 127.0.0.1, gone when the tests end.</summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private const string Password = "p=a;s s'w\"ord"; // with what needs quoting

    // initdb takes a second or two; a machine under load more.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process process;

    private PostgresCluster(Process process) => this.process = process;

    /// <summary>Its port on 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary>Connection string of its superuser.</summary>
    public string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = "earshot_test",
        Password = Password,
        Database = "postgres",
    }.ConnectionString;

    /// <summary>Starts one.</summary>
    public static async Task<PostgresCluster> StartAsync()
    {
        string script = Path.Combine(AppContext.BaseDirectory, "Postgres", "cluster.sh");
        // Read by the shell, which may not have the right to read the file itself.
        string text = await File.ReadAllTextAsync(script);
        List<string> command = ["sh", "-c", text, "cluster.sh", PostgresPrograms.Folder!, Password];
        // The server refuses to be run by root; its package has made a user for it.
        if (Environment.IsPrivilegedProcess)
        {
            command.InsertRange(
                0, ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        }
        ProcessStartInfo start = new(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        PostgresCluster cluster = new(Process.Start(start)!);
        string? port = await cluster.ReadLineAsync();
        if (port is null)
        {
            string error = await cluster.process.StandardError.ReadToEndAsync();
            await cluster.DisposeAsync();
            throw new InvalidOperationException($"PostgreSQL did not start: {error}");
        }
        cluster.Port = int.Parse(port, CultureInfo.InvariantCulture);
        return cluster;
    }

    /// <summary>Kills it: connections break, what is not committed is lost.</summary>
    public Task CrashAsync() => OrderAsync("crash");

    /// <summary>Starts it again, on the same port.</summary>
    public Task RestartAsync() => OrderAsync("start");

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync().WaitAsync(Patience);
        process.Dispose();
    }

    private async Task OrderAsync(string order)
    {
        await process.StandardInput.WriteLineAsync(order);
        await process.StandardInput.FlushAsync();
        Assert.Equal("done", await ReadLineAsync());
    }

    private async Task<string?> ReadLineAsync() =>
        await process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
}
