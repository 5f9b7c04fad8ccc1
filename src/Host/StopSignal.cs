using System.Runtime.InteropServices;

namespace Earshot.Host;

/// <summary>
/// SIGINT and SIGTERM as a cancellation. The first one asks for a clean end; a second one ends
/// the process at once, which loses nothing either: what was not committed is done again.
/// </summary>
internal sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource stop;
    private readonly PosixSignalRegistration[] registrations;
    private int exitCode;

    /// <summary>Starts to listen.</summary>
    /// <param name="cancel">Another reason to stop (tests).</param>
    public StopSignal(CancellationToken cancel)
    {
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
        ];
    }

    /// <summary>Cancelled when the process is asked to end.</summary>
    public CancellationToken Token => stop.Token;

    /// <summary>128 + the number of the signal.</summary>
    public int ExitCode => Volatile.Read(ref exitCode) is int code and not 0
        ? code
        : ExitCodes.Interrupted;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in registrations)
            registration.Dispose();
        stop.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (stop.IsCancellationRequested)
            return;
        context.Cancel = true;
        Volatile.Write(ref exitCode, context.Signal == PosixSignal.SIGTERM
            ? ExitCodes.Terminated
            : ExitCodes.Interrupted);
        stop.Cancel();
    }
}
