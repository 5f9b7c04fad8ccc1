using System.Net;
using System.Net.Sockets;

namespace Earshot.Tests.Conformance.Postgres;

/// <summary>What happens to the next connection that is about to commit.</summary>
internal enum WireFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The server gets the COMMIT and carries it out; its answer is lost.</summary>
    LoseAnswer,

    /// <summary>The COMMIT is lost, and the connection with it.</summary>
    LoseOrder,
}

/// <summary>A way to a server, on 127.0.0.1, that breaks when it is told to.</summary>
internal sealed class FaultyWire : IAsyncDisposable
{
    private readonly int serverPort;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ended = new();
    private readonly List<Task> links = [];
    private readonly Task accepting;
    private long sent;

    // Set while an answer is waited for in order to lose it.
    private volatile TaskCompletionSource? answerLost;

    public FaultyWire(int serverPort)
    {
        this.serverPort = serverPort;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>What happens at the next COMMIT; none afterwards.</summary>
    public WireFault Fault { get; set; }

    /// <summary>Run once, before the COMMIT is passed on or lost.</summary>
    public Func<Task>? OnCommit { get; set; }

    /// <summary>Run once, when <see cref="SentMax"/> bytes were sent to the server.</summary>
    public Func<Task>? OnSent { get; set; }

    /// <summary>See <see cref="OnSent"/>.</summary>
    public long SentMax { get; set; }

    /// <summary>How many COMMITs came.</summary>
    public int Commits { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        listener.Stop();
        await accepting;
        await Task.WhenAll(links);
        ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync(ended.Token);
                links.Add(LinkAsync(client));
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task LinkAsync(TcpClient client)
    {
        using TcpClient server = new();
        using (client)
        {
            using CancellationTokenSource cut =
                CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, serverPort, cut.Token);
                Task back = PassBackAsync(server.GetStream(), client.GetStream(), cut);
                await PassOnAsync(client.GetStream(), server.GetStream(), cut);
                await back;
            }
            catch (Exception error) when (error is IOException or SocketException
                or OperationCanceledException)
            {
                // Cut, by a fault or by either end.
            }
        }
    }

    private async Task PassOnAsync(
        NetworkStream client, NetworkStream server, CancellationTokenSource cut)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await client.ReadAsync(buffer, cut.Token) is > 0 and int count)
            {
                sent += count;
                if (sent >= SentMax && OnSent is { } reached)
                {
                    OnSent = null;
                    await reached();
                }
                // The message is a short one of its own.
                bool commit = buffer.AsSpan(0, count).IndexOf("COMMIT\0"u8) >= 0;
                if (commit && await BreaksAsync(buffer.AsMemory(0, count), server))
                    return;
                await server.WriteAsync(buffer.AsMemory(0, count), cut.Token);
            }
        }
        finally
        {
            await cut.CancelAsync();
        }
    }

    // True when the connection is to be cut.
    private async Task<bool> BreaksAsync(ReadOnlyMemory<byte> commit, NetworkStream server)
    {
        Commits++;
        WireFault fault = Fault;
        Fault = WireFault.None;
        if (OnCommit is { } due)
        {
            OnCommit = null;
            await due();
        }
        if (fault == WireFault.LoseAnswer)
        {
            TaskCompletionSource lost = new();
            answerLost = lost;
            await server.WriteAsync(commit, ended.Token);
            await lost.Task.WaitAsync(ended.Token);
        }
        return fault != WireFault.None;
    }

    private async Task PassBackAsync(
        NetworkStream server, NetworkStream client, CancellationTokenSource cut)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await server.ReadAsync(buffer, cut.Token) is > 0 and int count)
            {
                if (answerLost is { } lost)
                {
                    answerLost = null;
                    lost.TrySetResult();
                    return;
                }
                await client.WriteAsync(buffer.AsMemory(0, count), cut.Token);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // Cut.
        }
        finally
        {
            await cut.CancelAsync();
        }
    }
}
