using System.Text;
using Earshot.Schemas;
using Earshot.Sources.Csv;
using Earshot.Sources.Json;
using Earshot.Sources.Rows;
using Earshot.Sources.Text;

namespace Earshot.Sources.Mapping;

/// <summary>A row of CSV as an event, as a <see cref="ColumnMap"/> says.</summary>
internal sealed class MappedDecoder : IRecordDecoder
{
    private readonly ColumnMap map;
    private readonly CsvRow row;
    private readonly Source[] fields;
    private readonly Source[] dimensions;

    /// <exception cref="ArgumentException">A column of the map is not there.</exception>
    public MappedDecoder(ColumnMap map, InputSchema schema)
    {
        this.map = map;
        row = new CsvRow(schema.Columns.Count, (byte)map.Framing.Delimiter());
        fields = [.. map.Columns.Select(field => new Source(field.Key, field.Value, schema)
        {
            Meaning = MappedField.Of(field.Key, map.Kind),
        })];
        dimensions = [.. map.Dimensions.Select(d => new Source(d.Key, d.Value, schema))];
    }

    public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into)
    {
        into.Reset();
        if (record.Length > RowReader.RowBytesMax)
            return Detail.Dead(into, Detail.TooLong);
        string? error = row.Split(record);
        if (error is not null)
            return Detail.Dead(into, error);
        into.Kind = map.Kind;
        int metric = 0;
        double? metricValue = null;
        foreach (Source field in fields)
        {
            ReadOnlySpan<byte> value = field.Of(record, row);
            if (value.IsEmpty)
                continue;
            if (field.Meaning.Field == JsonField.MetricName)
                metric = into.Metrics.InternUtf8(value);
            else if (field.Meaning.Field != JsonField.MetricValue)
                error = Read(field, value, into);
            else if (Numbers.TryDouble(value, out double number))
                metricValue = number * field.Scale;
            else
                error = Detail.Of(field.Label, value, "a number");
            if (error is not null)
                return Detail.Dead(into, error);
        }

        if (into.EventTimeMs == 0)
            return Detail.Dead(into, "event_time is empty or 0");
        if (map.Kind == EventKind.CallMetric)
        {
            if (metric == 0 || metricValue is null)
                return Detail.Dead(into, metric == 0 ? "metric is empty" : "value is empty");
            into.AddValue(metric, metricValue.Value);
        }

        foreach (Source dimension in dimensions)
        {
            ReadOnlySpan<byte> value = dimension.Of(record, row);
            if (!value.IsEmpty)
                into.SetDimension(dimension.Name, value);
        }

        return DecodeResult.Event;
    }

    public ulong RoutingHash(ReadOnlySpan<byte> record)
    {
        if (row.Split(record) is not null)
            return StableHash.Of(record);
        ReadOnlySpan<byte> id = default;
        foreach (Source field in fields)
        {
            bool isCall = field.Meaning.Field == JsonField.CallId;
            if (!isCall && (field.Meaning.Field != JsonField.EventId || !id.IsEmpty))
                continue;
            ReadOnlySpan<byte> value = field.Of(record, row);
            if (!value.IsEmpty)
                id = value;
            if (isCall && !value.IsEmpty)
                break;
        }

        return StableHash.Of(id.IsEmpty ? record : id);
    }

    private string? Read(Source field, ReadOnlySpan<byte> value, EventRecord into)
    {
        if (EventFields.TryRead(field.Meaning.Field, value, into))
            return null;
        switch (field.Meaning.Field)
        {
            case JsonField.EventTime or JsonField.LoggedTime:
                return ReadTime(field, value, into);
            case JsonField.IceState:
                into.SetIceState(value);
                return null;
            case JsonField.Metric or JsonField.AudioLevelIn or JsonField.AudioLevelOut:
                return ReadNumber(field, value, into);
            default:
                return EventFields.ReadWhole(field.Meaning.Field, field.Label, value, into);
        }
    }

    private string? ReadTime(Source field, ReadOnlySpan<byte> value, EventRecord into)
    {
        long timeMs = 0;
        double seconds = 0;
        bool valid = map.Time switch
        {
            MappedTime.Ms => Numbers.TryFloor(value, out timeMs),
            MappedTime.Iso8601 => Timestamps.TryParse(value, out timeMs),
            _ => Numbers.TryDouble(value, out seconds) && Math.Abs(seconds) < 1e12,
        };
        if (!valid)
        {
            return Detail.Of(field.Label, value, map.Time switch
            {
                MappedTime.Ms => "a time in ms",
                MappedTime.S => "a time in s",
                _ => "a time such as 2022-12-15T15:15:59Z",
            });
        }

        // Rounded first: 1.001 s times 1000 is a little less than 1001 ms.
        if (map.Time == MappedTime.S)
            timeMs = (long)Math.Floor(Math.Round(seconds * 1000, 3));
        if (field.Meaning.Field == JsonField.EventTime)
            into.EventTimeMs = timeMs;
        else
            into.LoggedTimeMs = timeMs;
        return null;
    }

    private static string? ReadNumber(Source field, ReadOnlySpan<byte> value, EventRecord into)
    {
        if (!Numbers.TryDouble(value, out double number))
            return Detail.Of(field.Label, value, "a number");
        number *= field.Scale;
        if (field.Meaning.Field == JsonField.Metric)
            into.AddValue(field.Meaning.Metric, number);
        else if (field.Meaning.Field == JsonField.AudioLevelIn)
            into.AudioLevelIn = number;
        else
            into.AudioLevelOut = number;
        return null;
    }

    private sealed class Source(string name, MappedColumn column, InputSchema schema)
    {
        private readonly byte[]? constant =
            column.Constant is null ? null : Encoding.UTF8.GetBytes(column.Constant);

        private readonly int index = column.Column is null ? -1 : schema.Require(column.Column);

        public byte[] Name { get; } = Encoding.UTF8.GetBytes(name);

        public (JsonField Field, int Metric) Meaning { get; init; }

        public double Scale { get; } = column.Scale;

        public string Label { get; } = column.Column is null ? name : $"column {column.Column}";

        public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> record, CsvRow row) =>
            constant ?? row.Field(record, index);
    }
}
