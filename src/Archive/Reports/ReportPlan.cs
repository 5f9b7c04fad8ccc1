using Earshot.Analytics;

namespace Earshot.Archive.Reports;

/// <summary>
/// Which rows of the archive a report is made of, so that every call is in it once: the rows of
/// one grouping set and of tumbling windows of one length.
/// </summary>
public sealed record ReportPlan
{
    /// <summary>What was asked for.</summary>
    public required ReportRequest Request { get; init; }

    /// <summary>The smallest grouping set that has the dimensions asked for.</summary>
    public required GroupingSet Grouping { get; init; }

    /// <summary>The windows.</summary>
    public required WindowSpec Window { get; init; }

    /// <summary>Begin, a start of a window, ms since the epoch.</summary>
    public required long FromMs { get; init; }

    /// <summary>End, an end of a window, ms since the epoch.</summary>
    public required long ToMs { get; init; }

    /// <summary>Whether the range asked for cut windows, and so was made longer.</summary>
    public required bool Rounded { get; init; }

    /// <summary>Chooses the rows.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="extents">What the archive has; not empty.</param>
    /// <exception cref="ArgumentException">
    /// The archive does not have what is asked for; the message says what it has.
    /// </exception>
    public static ReportPlan Of(ReportRequest request, IReadOnlyList<WindowExtent> extents)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(extents);
        if (extents.Count == 0)
            throw new ArgumentException("There are no windows.", nameof(extents));
        GroupingSet grouping = SetOf(request, extents);
        List<WindowExtent> windows =
        [
            .. extents
                .Where(extent => extent.Grouping == grouping.Name
                    && extent.Window.SlideMs == extent.Window.LengthMs)
                .OrderBy(extent => extent.Window.LengthMs),
        ];
        if (windows.Count == 0)
            throw new ArgumentException(
                $"The archive has sliding windows alone of '{grouping}': in these a call is more "
                + "than once. Run the pipeline with a tumbling one too, such as --window 5m.");
        WindowExtent chosen = WindowOf(request, windows);
        long length = chosen.Window.LengthMs;
        long? from = request.FromMs is { } begin ? Panes.StartOf(begin, length) : null;
        long? to = request.ToMs is { } end ? Panes.StartOf(end + length - 1, length) : null;
        return new ReportPlan
        {
            Request = request,
            Grouping = grouping,
            Window = chosen.Window,
            FromMs = from ?? Math.Min(chosen.FirstMs, to ?? long.MaxValue),
            ToMs = to ?? Math.Max(chosen.LastMs, from ?? long.MinValue),
            Rounded = from != request.FromMs || to != request.ToMs,
        };
    }

    // Fewest dimensions: fewest rows to merge. Of as many, the first by name: always the same.
    private static GroupingSet SetOf(ReportRequest request, IReadOnlyList<WindowExtent> extents)
    {
        GroupingSet[] sets =
        [
            .. extents.Select(extent => extent.Grouping).Distinct()
                .Order(StringComparer.Ordinal)
                .Select(name => GroupingSet.ParseAll(name)[0]),
        ];
        GroupingSet[] fitting =
        [
            .. sets.Where(set => !request.Dimensions.Except(set.Dimensions).Any())
                .OrderBy(set => set.Dimensions.Count),
        ];
        if (fitting.Length > 0)
            return fitting[0];
        string wanted = string.Join(',', request.Dimensions);
        throw new ArgumentException(
            $"No grouping set of the archive has '{wanted}'; it has "
            + $"{string.Join("; ", sets.Select(set => set.Name))}. Ask for dimensions of one of "
            + $"these, or fill another data folder with --keys \"…;{wanted}\".");
    }

    /// <summary>
    /// The longest windows that fit the range and the length asked for exactly, if they reach as
    /// far as the shortest that fit (of long ones the last may not be closed yet, and so not be
    /// there); else the shortest, with the range made longer.
    /// </summary>
    private static WindowExtent WindowOf(ReportRequest request, List<WindowExtent> windows)
    {
        List<WindowExtent> ofLength = windows.FindAll(extent => Divides(extent, request.WindowMs));
        if (ofLength.Count == 0)
            throw new ArgumentException(
                $"Of the archive's windows of '{windows[0].Grouping}' ("
                + string.Join(", ", windows.Select(extent => extent.Window.Name))
                + $") none fits into {Durations.Format(request.WindowMs!.Value)} without a rest.");
        List<WindowExtent> exact = ofLength.FindAll(
            extent => Divides(extent, request.FromMs) && Divides(extent, request.ToMs));
        if (exact.Count == 0)
            return ofLength[0];
        long first = Math.Max(exact[0].FirstMs, request.FromMs ?? long.MinValue);
        long last = Math.Min(exact[0].LastMs, request.ToMs ?? long.MaxValue);
        return exact.FindLast(extent => extent.FirstMs <= first && extent.LastMs >= last)
            ?? exact[0];
    }

    private static bool Divides(WindowExtent extent, long? ms) =>
        ms is null || ms.Value % extent.Window.LengthMs == 0;
}
