using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Earshot.Tests.Integration.Host;

/// <summary>The service on generated traffic, in this process.</summary>
public sealed class ServiceTests : IDisposable
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);

    private readonly CommandLine cli = new();

    public void Dispose() => cli.Dispose();

    [Fact]
    public async Task It_runs_tells_its_status_ends_and_goes_on()
    {
        long first = await RunUntilReadAsync(0);
        long second = await RunUntilReadAsync(first);
        Assert.True(second > first);
        CommandResult ids = await CommandLine.RunAsync(
            "sql", "SELECT count(*) > 0 AS any FROM aggregates", "--format", "csv", "--data",
            cli.DataFolder);
        Assert.Equal("any\r\ntrue\r\n", ids.Output);
    }

    [Fact]
    public async Task A_port_in_use_is_told_of()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        CommandResult result = await CommandLine.RunAsync(
            "run", "--urls", $"http://127.0.0.1:{port}", "--data", cli.DataFolder);
        Assert.Equal(1, result.Code);
        Assert.Contains("in use by another program", result.Error);
    }

    /// <summary>
    /// Runs until more than some rows are read and a window is closed; returns how many were read.
    /// </summary>
    private async Task<long> RunUntilReadAsync(long rows)
    {
        string url = $"http://127.0.0.1:{FreePort()}";
        using CancellationTokenSource stop = new();
        Task<CommandResult> service = CommandLine.RunAsync(
            ["run", "--urls", url, "--backfill", "30m", "--rate", "5", "--data", cli.DataFolder],
            stop.Token);
        using CancellationTokenSource limit = new(patience);
        long read = 0;
        long closed = 0;
        while ((read <= rows || closed == 0) && !service.IsCompleted)
        {
            // The question itself takes its time: no pause is needed between two.
            limit.Token.ThrowIfCancellationRequested();
            CommandResult status = await CommandLine.RunAsync("status", "--url", url);
            if (status.Code != 0)
                continue;
            using JsonDocument json = JsonDocument.Parse(status.Output);
            JsonElement books = json.RootElement.GetProperty("books");
            Assert.True(books.GetProperty("balanced").GetBoolean());
            read = books.GetProperty("read").GetInt64();
            closed = books.GetProperty("closedWindows").GetInt64();
        }

        await stop.CancelAsync();
        CommandResult ended = await service;
        Assert.Equal(0, ended.Code);
        Assert.Contains("earshot sql", ended.Output);
        return read;
    }

    internal static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
