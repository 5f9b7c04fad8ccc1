using System.Diagnostics;
using Earshot.Archive.DuckDb;
using Earshot.Log;
using Google.Protobuf;

namespace Earshot.Archive.Schema;

/// <summary>Reads the row a record holds.</summary>
internal delegate T RowReader<out T>(LogRecord record);

/// <summary>A table whose records are messages of one type.</summary>
internal sealed class TableLayout<T> : ArchiveTable where T : IMessage<T>
{
    private readonly RowReader<T> read;
    private readonly TableColumn<T>[] columns;

    internal TableLayout(
        string name, string description, MessageParser<T> parser,
        IEnumerable<TableColumn<T>> columns)
        : this(name, description, record => parser.ParseFrom(record.Value), columns)
    {
    }

    internal TableLayout(
        string name, string description, RowReader<T> read, IEnumerable<TableColumn<T>> columns)
        : base(name, description)
    {
        this.read = read;
        this.columns =
        [
            .. columns,
            TableColumns.Integer<T>(
                "log_partition", "partition of the log this row came from", row => row.Partition),
            TableColumns.BigInt<T>("log_offset", "its offset there", row => row.Offset),
        ];
        Columns = [.. this.columns.Select(column => column.Column)];
    }

    public override IReadOnlyList<ArchiveColumn> Columns { get; }

    /// <summary>Throws where a row holds something the table has no column for.</summary>
    internal required Action<T> Check { get; init; }

    /// <summary>The time (ms since the epoch) whose day a row lies in, else append time.</summary>
    internal required Func<T, long, long> DayTimeMs { get; init; }

    internal override IReadOnlySet<int> Append(
        DuckDbAppender appender, int partition, IReadOnlyList<RecordBatch> batches,
        CancellationToken cancel)
    {
        Debug.Assert(appender.ColumnCount == columns.Length + 1, "all columns and the day");
        SortedSet<int> days = [];
        ArchiveRow<T>[] rows = new ArchiveRow<T>[DuckDbAppender.ChunkRowsMax];
        int[] rowDays = new int[rows.Length];
        int count = 0;
        foreach (RecordBatch batch in batches)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                T message = Decode(batch, i);
                LogRecord record = batch[i];
                rows[count] = new ArchiveRow<T>(message, partition, record.Offset);
                // Records of one batch may have been appended at different times.
                rowDays[count] = DayOf(DayTimeMs(message, record.AppendTimeMs));
                days.Add(rowDays[count++]);
                if (count < rows.Length)
                    continue;
                cancel.ThrowIfCancellationRequested();
                AppendChunk(appender, rows.AsSpan(0, count), rowDays);
                count = 0;
            }
        }

        if (count > 0)
            AppendChunk(appender, rows.AsSpan(0, count), rowDays);
        appender.Finish();
        return days;
    }

    private static int DayOf(long milliseconds) =>
        (int)Math.Floor(milliseconds / TimeSpan.FromDays(1).TotalMilliseconds);

    private T Decode(RecordBatch batch, int index)
    {
        LogRecord record = batch[index];
        try
        {
            T message = read(record);
            Check(message);
            return message;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or FormatException)
        {
            throw new InvalidDataException(
                $"{Name}: record {batch.Source} at offset {record.Offset} is no row "
                + $"of this table: {e.Message}", e);
        }
    }

    private void AppendChunk(
        DuckDbAppender appender, ReadOnlySpan<ArchiveRow<T>> rows, ReadOnlySpan<int> days)
    {
        for (int i = 0; i < columns.Length; i++)
            columns[i].Fill(appender.Column(i), rows);
        DuckDbVector dayColumn = appender.Column(columns.Length);
        for (int row = 0; row < rows.Length; row++)
            dayColumn.Set(row, days[row]);
        appender.Append(rows.Length);
    }
}
