using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Earshot.Tests.Integration.Host;

namespace Earshot.Tests.Integration.Kafka;

/// <summary><c>earshot run</c> as users run it: a process of its own, ended by a signal.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    /// <summary>Longest wait for anything; far more than it takes.</summary>
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(180);

    private static readonly TimeSpan pace = TimeSpan.FromMilliseconds(100);
    private static readonly HttpClient client = new() { Timeout = TimeSpan.FromSeconds(10) };

    private readonly Process process;
    private readonly StringBuilder error = new();
    private readonly Uri status;

    private ServiceProcess(Process process, Uri status)
    {
        this.process = process;
        this.status = status;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += (_, line) =>
        {
            lock (error)
                error.AppendLine(line.Data);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>What it said on standard error.</summary>
    public string Error
    {
        get
        {
            lock (error)
                return error.ToString();
        }
    }

    /// <summary>Memory it holds, bytes.</summary>
    public long WorkingSetBytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>Starts it on a free port.</summary>
    public static ServiceProcess Start(params string[] args)
    {
        string address = $"http://127.0.0.1:{ServiceTests.FreePort()}";
        string app = Path.Combine(AppContext.BaseDirectory, "earshot.dll");
        ProcessStartInfo start = new("dotnet", [app, "run", "--urls", address, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new ServiceProcess(Process.Start(start)!, new Uri(address + "/status"));
    }

    /// <summary>Waits until its status is as wanted.</summary>
    public async Task<JsonElement> WaitAsync(Func<JsonElement, bool> wanted)
    {
        using CancellationTokenSource limit = new(patience);
        using PeriodicTimer timer = new(pace);
        JsonElement? last = null;
        while (true)
        {
            Assert.False(process.HasExited, $"it ended by itself:\n{Error}");
            if (await AskAsync() is { } now)
            {
                if (wanted(now))
                    return now;
                last = now;
            }

            try
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"waited {patience} for nothing:\n{last}\n{Error}");
            }
        }
    }

    /// <summary>
    /// Waits until it has read so many records and every stage has come to its end, in two looks
    /// one after the other: between two stages there may be something on its way.
    /// </summary>
    public async Task WaitUntilReadAsync(long records)
    {
        string? done = null;
        await WaitAsync(now =>
        {
            bool idle = now.Read() == records && now.GetProperty("partitions").EnumerateArray()
                .All(part => part.GetProperty("lag").GetInt64() == 0);
            string at = now.GetProperty("timestamp").GetString()!;
            if (idle && done is not null && done != at)
                return true;
            done = idle ? done ?? at : null;
            return false;
        });
    }

    /// <summary>SIGTERM.</summary>
    /// <returns>Its exit code, and how long it took.</returns>
    public Task<(int Code, TimeSpan Took)> StopAsync()
    {
        using Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        return EndAsync();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<(int Code, TimeSpan Took)> EndAsync()
    {
        using CancellationTokenSource limit = new(patience);
        long begun = Stopwatch.GetTimestamp();
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, Stopwatch.GetElapsedTime(begun));
    }

    /// <summary>Ends it cleanly; fails if it does not.</summary>
    public async Task RequireStopAsync()
    {
        (int code, TimeSpan _) = await StopAsync();
        Assert.True(code == 0, $"exit code {code}:\n{Error}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private async Task<JsonElement?> AskAsync()
    {
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(status);
            if (!answer.IsSuccessStatusCode)
                return null;
            using Stream body = await answer.Content.ReadAsStreamAsync();
            using JsonDocument json = await JsonDocument.ParseAsync(body);
            return json.RootElement.Clone();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }
}

/// <summary>What the status page says.</summary>
internal static class StatusReading
{
    /// <summary>Records read by the call stage.</summary>
    public static long Read(this JsonElement status) =>
        status.GetProperty("books").GetProperty("read").GetInt64();

    /// <summary>Records of the input that are committed.</summary>
    public static long Committed(this JsonElement status, string stage = "call") =>
        status.GetProperty("partitions").EnumerateArray()
            .Where(part => part.GetProperty("stage").GetString() == stage)
            .Sum(part => part.GetProperty("committed") is { ValueKind: JsonValueKind.Number } at
                ? at.GetInt64() : 0);
}
