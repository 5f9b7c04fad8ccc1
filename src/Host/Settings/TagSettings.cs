using System.Globalization;
using Earshot.Analytics;

namespace Earshot.Host.Settings;

/// <summary>The settings of the tags: every limit for all edges, and for each edge alone.</summary>
internal static class TagSettings
{
    /// <summary>The value of an edge's limit that is not set: the common one holds.</summary>
    private const string Common = "common";

    /// <summary>All of them: tags.mos, tags.sdk_edge.mos, …</summary>
    public static IEnumerable<PipelineSetting> All =>
        TagLimit.All.Select(Everywhere).Concat(
            from edge in Edges.Named
            from limit in TagLimit.All
            where limit.IsFor(edge)
            select At(edge, limit));

    private static PipelineSetting Everywhere(TagLimit limit) => new(
        $"tags.{limit.Name}", limit.Allowed, "Limit of an insight tag.", Shapes: true,
        o => Text(limit.Of(o.Tags.Common)),
        (o, text) => o with { Tags = o.Tags.With(limit.With(o.Tags.Common, Parse(text))) });

    private static PipelineSetting At(Edge edge, TagLimit limit) => new(
        $"tags.{Edges.NameOf(edge)}.{limit.Name}",
        $"{limit.Allowed}, or {Common}: as tags.{limit.Name}",
        "Limit of an insight tag at one edge.", Shapes: true,
        o => o.Tags.OwnLimit(edge, limit) is { } value ? Text(value) : Common,
        (o, text) => o with
        {
            Tags = o.Tags.With(edge, limit, text == Common ? null : Parse(text)),
        });

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static double Parse(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw new FormatException("it is not a number");
}
