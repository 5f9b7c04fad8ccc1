using System.Globalization;
using System.Text;
using Earshot.Schemas.V1;

namespace Earshot.Batch;

/// <summary>What identifies a row of the tables aggregates, insights and predictions.</summary>
/// <param name="Window">The window's name, "5m".</param>
/// <param name="WindowStartMs">Its start, ms since the epoch.</param>
/// <param name="Grouping">The grouping set's name, "carrier,country".</param>
/// <param name="Dimensions">
/// The dimensions with a value, by name: "carrier=telco_a, country=US". In values \, = and , have
/// a \ before them.
/// </param>
/// <param name="Metric">The metric; empty for insights.</param>
public readonly record struct RowId(
    string Window, long WindowStartMs, string Grouping, string Dimensions, string Metric)
{
    /// <summary>The identity of a row.</summary>
    /// <param name="key">Its key and window.</param>
    /// <param name="metric">Its metric; empty for insights.</param>
    public static RowId Of(RowKey key, string metric = "") => new(
        key.Window, key.WindowStart, key.Grouping, TextOf(key.Dimensions), metric);

    /// <summary>Dimensions and their values as one text; missing ones left out.</summary>
    public static string TextOf(IEnumerable<KeyValuePair<string, string>> dimensions)
    {
        StringBuilder text = new();
        foreach ((string name, string value) in dimensions.OrderBy(
            dimension => dimension.Key, StringComparer.Ordinal))
        {
            if (text.Length > 0)
                text.Append(", ");
            text.Append(name).Append('=');
            foreach (char c in value)
                (c is '\\' or '=' or ',' ? text.Append('\\') : text).Append(c);
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string start = WindowStartMs is >= 0 and <= 253_402_300_799_999
            ? DateTimeOffset.FromUnixTimeMilliseconds(WindowStartMs)
                .ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture)
            : WindowStartMs.ToString(CultureInfo.InvariantCulture) + " ms";
        string key = Dimensions.Length == 0 ? Grouping : $"{Grouping}: {Dimensions}";
        return Metric.Length == 0
            ? $"{Window} from {start}, {key}"
            : $"{Window} from {start}, {key}, {Metric}";
    }
}
