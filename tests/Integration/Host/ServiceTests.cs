using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Earshot.Actors;
using Earshot.Host;
using Earshot.Host.Service;
using Microsoft.Extensions.Logging;

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

    // No time at all, for the whole stop or for a partition: what it waits for is given up at once.
    [Theory]
    [InlineData(0, 8)]
    [InlineData(60, 0)]
    public async Task A_stop_that_is_cut_short_does_not_end_with_0(int all, int partition)
    {
        RunRequest request = new(
            new PipelineOptions { FinishWithin = TimeSpan.FromSeconds(partition) },
            CallsPerSecond: 5, Backfill: TimeSpan.Zero, LogRetention: TimeSpan.FromDays(1),
            LogBytesMax: null, Url: $"http://127.0.0.1:{FreePort()}", SqlCommand: "sql")
        {
            StopWithin = TimeSpan.FromSeconds(all),
        };
        StartedWriter output = new();
        StringWriter error = new();
        Terminal terminal = new(
            output, TextWriter.Synchronized(error), () => Stream.Null, Interactive: false);
        using CancellationTokenSource stop = new();
        Task<int> service = ServiceHost.RunAsync(
            request, cli.DataFolder, archive: null, LogLevel.Warning, terminal, stop.Token);
        await Task.WhenAny(output.Started, service).WaitAsync(patience);
        await stop.CancelAsync();
        Assert.Equal(130, await service.WaitAsync(patience));
        Assert.Contains("stopped before all was finished", error.ToString());
        Assert.DoesNotContain("Stopped. The next start", error.ToString());
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

    /// <summary>Tells when the service says that it runs.</summary>
    private sealed class StartedWriter : StringWriter
    {
        private readonly TaskCompletionSource started =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Started => started.Task;

        public override void WriteLine(string? value) => started.TrySetResult();
    }

    internal static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
