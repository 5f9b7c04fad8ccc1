namespace Earshot.Archive.Sql;

/// <summary>How results are printed.</summary>
public enum SqlFormat
{
    /// <summary>Aligned columns, for people.</summary>
    Table,

    /// <summary>RFC 4180, with a header; NULL is empty, an empty text is "".</summary>
    Csv,

    /// <summary>
    /// An array of objects, one a line; timestamps ISO 8601 in UTC, blobs base64, NaN and
    /// infinities as text.
    /// </summary>
    Json,

    /// <summary>Parquet, zstd.</summary>
    Parquet,
}
