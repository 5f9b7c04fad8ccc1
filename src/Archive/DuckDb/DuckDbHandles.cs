using System.Runtime.InteropServices;

namespace Earshot.Archive.DuckDb;

/// <summary>A pointer DuckDB gave out, returned to it exactly once.</summary>
internal abstract class DuckDbHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected abstract void Destroy(ref nint pointer);

    protected override bool ReleaseHandle()
    {
        Destroy(ref handle);
        return true;
    }
}

internal sealed class DatabaseHandle : DuckDbHandle
{
    protected override void Destroy(ref nint pointer) => DuckDbNative.Close(ref pointer);
}

internal sealed class ConnectionHandle : DuckDbHandle
{
    protected override void Destroy(ref nint pointer) => DuckDbNative.Disconnect(ref pointer);
}

internal sealed class ExtractedHandle : DuckDbHandle
{
    protected override void Destroy(ref nint pointer) => DuckDbNative.DestroyExtracted(ref pointer);
}

internal sealed class StatementHandle : DuckDbHandle
{
    protected override void Destroy(ref nint pointer) => DuckDbNative.DestroyPrepare(ref pointer);
}

internal sealed class PendingHandle : DuckDbHandle
{
    protected override void Destroy(ref nint pointer) => DuckDbNative.DestroyPending(ref pointer);
}

internal sealed class AppenderHandle : DuckDbHandle
{
    // What was appended and not flushed is flushed or lost here; DuckDbAppender.Finish reports it.
    protected override void Destroy(ref nint pointer) =>
        _ = DuckDbNative.DestroyAppender(ref pointer);
}

internal sealed class LogicalTypeHandle : DuckDbHandle
{
    protected override void Destroy(ref nint pointer) => DuckDbNative.DestroyType(ref pointer);
}

internal sealed class ScalarFunctionHandle : DuckDbHandle
{
    protected override void Destroy(ref nint pointer) =>
        DuckDbNative.DestroyScalarFunction(ref pointer);
}
