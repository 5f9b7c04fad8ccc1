using Earshot.Batch;

namespace Earshot.Host.Verify;

/// <summary>A row of the archive.</summary>
/// <param name="Id">What identifies it.</param>
/// <param name="Final">False when its window was open; predictions are final.</param>
/// <param name="Values">The compared columns, in their order.</param>
internal readonly record struct ArchivedRow(RowId Id, bool Final, object?[] Values);

/// <summary>Statistics that met a closed window: they are in the late table instead.</summary>
/// <param name="Partials">How many partial aggregates.</param>
/// <param name="Count">Values of aggregates, or calls, reports and values of insights.</param>
internal readonly record struct LateStatistics(int Partials, long Count);
