using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Earshot.Tests.Integration.Kafka;

/// <summary>What a <see cref="BrokerProxy"/> holds back.</summary>
internal enum Held
{
    Nothing,

    /// <summary>What is written: requests to produce. Reading goes on.</summary>
    Outputs,

    /// <summary>Everything, both ways: a broker that does not answer.</summary>
    Everything,
}

/// <summary>
/// Between clients and one broker on this machine: can hold back what passes, and let it go again.
/// In what the broker says, its own address is replaced by the proxy's, so that clients stay here.
/// </summary>
internal sealed class BrokerProxy : IAsyncDisposable
{
    private const short ProduceRequest = 0;
    private const int SizeBytes = 4;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly string host;
    private readonly int port;
    private readonly byte[] addressThere;
    private readonly byte[] addressHere;
    private readonly Task accepting;
    private volatile Held held;
    private volatile TaskCompletionSource released = new();

    /// <param name="bootstrap">host:port of the broker, as it tells clients.</param>
    public BrokerProxy(string bootstrap)
    {
        int colon = bootstrap.LastIndexOf(':');
        host = bootstrap[..colon];
        port = int.Parse(bootstrap[(colon + 1)..]);
        listener.Start();
        int here = ((IPEndPoint)listener.LocalEndpoint).Port;
        addressThere = Address(port);
        addressHere = Address(here);
        Bootstrap = $"{host}:{here}";
        accepting = AcceptAsync();
    }

    /// <summary>Its own address.</summary>
    public string Bootstrap { get; }

    /// <summary>Holds back, or lets go.</summary>
    public void Hold(Held what)
    {
        TaskCompletionSource before = released;
        held = what;
        released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        before.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        stop.Dispose();
    }

    // As the protocol writes it: the host's text, then the port in four bytes.
    private byte[] Address(int number)
    {
        byte[] address = [.. Encoding.UTF8.GetBytes(host), 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(address.AsSpan(host.Length), number);
        return address;
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
                connections.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient here = client, broker = new();
        using CancellationTokenSource end =
            CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        try
        {
            here.NoDelay = broker.NoDelay = true;
            await broker.ConnectAsync(host, port, end.Token);
            await Task.WhenAny(
                PumpAsync(here.GetStream(), broker.GetStream(), isRequest: true, end.Token),
                PumpAsync(broker.GetStream(), here.GetStream(), isRequest: false, end.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            return;
        }
        finally
        {
            await end.CancelAsync();
        }
    }

    /// <summary>Passes on whole requests or responses until either side ends.</summary>
    private async Task PumpAsync(
        Stream from, Stream to, bool isRequest, CancellationToken cancel)
    {
        byte[] frame = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            while (true)
            {
                await from.ReadExactlyAsync(frame.AsMemory(0, SizeBytes), cancel);
                int length = SizeBytes + BinaryPrimitives.ReadInt32BigEndian(frame);
                if (length > frame.Length)
                    frame = Larger(frame, length);
                await from.ReadExactlyAsync(frame.AsMemory(SizeBytes..length), cancel);
                bool produces = isRequest
                    && BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(SizeBytes))
                        == ProduceRequest;
                if (!isRequest)
                    Redirect(frame.AsSpan(SizeBytes..length));
                await PassAsync(produces, cancel);
                await to.WriteAsync(frame.AsMemory(0, length), cancel);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException
            or ObjectDisposedException)
        {
            return;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    private async Task PassAsync(bool produces, CancellationToken cancel)
    {
        while (true)
        {
            Task next = released.Task;
            if (held == Held.Nothing || (held == Held.Outputs && !produces))
                return;
            await next.WaitAsync(cancel);
        }
    }

    private void Redirect(Span<byte> response)
    {
        int at;
        while ((at = response.IndexOf(addressThere)) >= 0)
        {
            addressHere.CopyTo(response[at..]);
            response = response[(at + addressHere.Length)..];
        }
    }

    private static byte[] Larger(byte[] frame, int length)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(length);
        frame.AsSpan(0, SizeBytes).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(frame);
        return larger;
    }
}
