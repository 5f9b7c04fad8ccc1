namespace Earshot.Host;

/// <summary>What a command's exit code says.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>Tried and failed; standard error says why.</summary>
    public const int Failed = 1;

    /// <summary>Called wrongly: nothing was changed.</summary>
    public const int Usage = 2;

    /// <summary>
    /// Stopped by a signal before the end: 128 + its number, as shells do. The service has no end:
    /// stopped, and not finished with what was under way in time.
    /// </summary>
    public const int Interrupted = 130, Terminated = 143;
}

/// <summary>Called wrongly; the message says what is allowed. Exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>The command could not do its work; the message says what to do. Exit code 1.</summary>
internal sealed class FailedException : Exception
{
    public FailedException(string message) : base(message)
    {
    }

    public FailedException(string message, Exception inner) : base(message, inner)
    {
    }
}
