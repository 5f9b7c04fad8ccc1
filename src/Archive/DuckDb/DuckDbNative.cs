using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Earshot.Archive.DuckDb;

/// <summary>The part of DuckDB's C API (duckdb.h) that the archive needs, name for name.</summary>
internal static unsafe partial class DuckDbNative
{
    private const string Lib = DuckDbLibrary.Name;

    // Not a field initialiser: the resolver must be in place before the first import is bound.
    static DuckDbNative() => DuckDbLibrary.Register();

    [LibraryImport(Lib, EntryPoint = "duckdb_create_config")]
    internal static partial int CreateConfig(out nint config);

    [LibraryImport(
        Lib, EntryPoint = "duckdb_set_config", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SetConfig(nint config, string name, string option);

    [LibraryImport(Lib, EntryPoint = "duckdb_destroy_config")]
    internal static partial void DestroyConfig(ref nint config);

    [LibraryImport(Lib, EntryPoint = "duckdb_open_ext", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(
        string? path, out DatabaseHandle database, nint config, out nint error);

    [LibraryImport(Lib, EntryPoint = "duckdb_close")]
    internal static partial void Close(ref nint database);

    [LibraryImport(Lib, EntryPoint = "duckdb_connect")]
    internal static partial int Connect(DatabaseHandle database, out ConnectionHandle connection);

    [LibraryImport(Lib, EntryPoint = "duckdb_interrupt")]
    internal static partial void Interrupt(ConnectionHandle connection);

    [LibraryImport(Lib, EntryPoint = "duckdb_disconnect")]
    internal static partial void Disconnect(ref nint connection);

    [LibraryImport(Lib, EntryPoint = "duckdb_free")]
    internal static partial void Free(nint memory);

    [LibraryImport(
        Lib, EntryPoint = "duckdb_extract_statements", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial ulong ExtractStatements(
        ConnectionHandle connection, string sql, out ExtractedHandle statements);

    [LibraryImport(Lib, EntryPoint = "duckdb_extract_statements_error")]
    internal static partial byte* ExtractError(ExtractedHandle statements);

    [LibraryImport(Lib, EntryPoint = "duckdb_destroy_extracted")]
    internal static partial void DestroyExtracted(ref nint statements);

    [LibraryImport(Lib, EntryPoint = "duckdb_prepare_extracted_statement")]
    internal static partial int PrepareExtracted(
        ConnectionHandle connection, ExtractedHandle all, ulong index,
        out StatementHandle statement);

    [LibraryImport(Lib, EntryPoint = "duckdb_prepare_error")]
    internal static partial byte* PrepareError(StatementHandle statement);

    [LibraryImport(Lib, EntryPoint = "duckdb_destroy_prepare")]
    internal static partial void DestroyPrepare(ref nint statement);

    [LibraryImport(Lib, EntryPoint = "duckdb_pending_prepared_streaming")]
    internal static partial int PendingStreaming(
        StatementHandle statement, out PendingHandle pending);

    [LibraryImport(Lib, EntryPoint = "duckdb_pending_error")]
    internal static partial byte* PendingError(PendingHandle pending);

    [LibraryImport(Lib, EntryPoint = "duckdb_execute_pending")]
    internal static partial int ExecutePending(PendingHandle pending, ResultStruct* result);

    [LibraryImport(Lib, EntryPoint = "duckdb_destroy_pending")]
    internal static partial void DestroyPending(ref nint pending);

    [LibraryImport(Lib, EntryPoint = "duckdb_result_error")]
    internal static partial byte* ResultError(ResultStruct* result);

    [LibraryImport(Lib, EntryPoint = "duckdb_destroy_result")]
    internal static partial void DestroyResult(ResultStruct* result);

    [LibraryImport(Lib, EntryPoint = "duckdb_column_count")]
    internal static partial ulong ColumnCount(ResultStruct* result);

    [LibraryImport(Lib, EntryPoint = "duckdb_column_name")]
    internal static partial byte* ColumnName(ResultStruct* result, ulong column);

    [LibraryImport(Lib, EntryPoint = "duckdb_column_logical_type")]
    internal static partial LogicalTypeHandle ColumnType(ResultStruct* result, ulong column);

    [LibraryImport(Lib, EntryPoint = "duckdb_fetch_chunk")]
    internal static partial nint FetchChunk(ResultStruct result);

    [LibraryImport(Lib, EntryPoint = "duckdb_create_data_chunk")]
    internal static partial nint CreateChunk(nint* types, ulong count);

    [LibraryImport(Lib, EntryPoint = "duckdb_destroy_data_chunk")]
    internal static partial void DestroyChunk(ref nint chunk);

    [LibraryImport(Lib, EntryPoint = "duckdb_data_chunk_reset")]
    internal static partial void ResetChunk(nint chunk);

    [LibraryImport(Lib, EntryPoint = "duckdb_data_chunk_get_size")]
    internal static partial ulong ChunkSize(nint chunk);

    [LibraryImport(Lib, EntryPoint = "duckdb_data_chunk_set_size")]
    internal static partial void SetChunkSize(nint chunk, ulong size);

    [LibraryImport(Lib, EntryPoint = "duckdb_data_chunk_get_vector")]
    internal static partial nint ChunkVector(nint chunk, ulong column);

    [LibraryImport(Lib, EntryPoint = "duckdb_vector_size")]
    internal static partial ulong VectorSize();

    [LibraryImport(Lib, EntryPoint = "duckdb_vector_get_data")]
    internal static partial void* VectorData(nint vector);

    [LibraryImport(Lib, EntryPoint = "duckdb_vector_get_validity")]
    internal static partial ulong* VectorValidity(nint vector);

    [LibraryImport(Lib, EntryPoint = "duckdb_vector_ensure_validity_writable")]
    internal static partial void EnsureValidity(nint vector);

    [LibraryImport(Lib, EntryPoint = "duckdb_vector_assign_string_element_len")]
    internal static partial void AssignString(nint vector, ulong row, byte* text, ulong length);

    [LibraryImport(Lib, EntryPoint = "duckdb_list_vector_get_child")]
    internal static partial nint ListChild(nint vector);

    [LibraryImport(Lib, EntryPoint = "duckdb_list_vector_reserve")]
    internal static partial int ListReserve(nint vector, ulong capacity);

    [LibraryImport(Lib, EntryPoint = "duckdb_list_vector_set_size")]
    internal static partial int ListSetSize(nint vector, ulong size);

    [LibraryImport(Lib, EntryPoint = "duckdb_struct_vector_get_child")]
    internal static partial nint StructChild(nint vector, ulong index);

    [LibraryImport(Lib, EntryPoint = "duckdb_array_vector_get_child")]
    internal static partial nint ArrayChild(nint vector);

    [LibraryImport(
        Lib, EntryPoint = "duckdb_appender_create", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int CreateAppender(
        ConnectionHandle connection, string? schema, string table, out AppenderHandle appender);

    [LibraryImport(Lib, EntryPoint = "duckdb_appender_column_count")]
    internal static partial ulong AppenderColumnCount(AppenderHandle appender);

    [LibraryImport(Lib, EntryPoint = "duckdb_appender_column_type")]
    internal static partial LogicalTypeHandle AppenderColumnType(
        AppenderHandle appender, ulong column);

    [LibraryImport(Lib, EntryPoint = "duckdb_appender_error")]
    internal static partial byte* AppenderError(AppenderHandle appender);

    [LibraryImport(Lib, EntryPoint = "duckdb_append_data_chunk")]
    internal static partial int AppendChunk(AppenderHandle appender, nint chunk);

    [LibraryImport(Lib, EntryPoint = "duckdb_appender_flush")]
    internal static partial int FlushAppender(AppenderHandle appender);

    [LibraryImport(Lib, EntryPoint = "duckdb_appender_destroy")]
    internal static partial int DestroyAppender(ref nint appender);

    [LibraryImport(Lib, EntryPoint = "duckdb_destroy_logical_type")]
    internal static partial void DestroyType(ref nint type);

    [LibraryImport(Lib, EntryPoint = "duckdb_get_type_id")]
    internal static partial int TypeId(LogicalTypeHandle type);

    [LibraryImport(Lib, EntryPoint = "duckdb_decimal_width")]
    internal static partial byte DecimalWidth(LogicalTypeHandle type);

    [LibraryImport(Lib, EntryPoint = "duckdb_decimal_scale")]
    internal static partial byte DecimalScale(LogicalTypeHandle type);

    [LibraryImport(Lib, EntryPoint = "duckdb_enum_dictionary_size")]
    internal static partial uint EnumSize(LogicalTypeHandle type);

    [LibraryImport(Lib, EntryPoint = "duckdb_enum_dictionary_value")]
    internal static partial nint EnumValue(LogicalTypeHandle type, ulong index);

    [LibraryImport(Lib, EntryPoint = "duckdb_list_type_child_type")]
    internal static partial LogicalTypeHandle ListChildType(LogicalTypeHandle type);

    [LibraryImport(Lib, EntryPoint = "duckdb_array_type_child_type")]
    internal static partial LogicalTypeHandle ArrayChildType(LogicalTypeHandle type);

    [LibraryImport(Lib, EntryPoint = "duckdb_array_type_array_size")]
    internal static partial ulong ArraySize(LogicalTypeHandle type);

    [LibraryImport(Lib, EntryPoint = "duckdb_map_type_key_type")]
    internal static partial LogicalTypeHandle MapKeyType(LogicalTypeHandle type);

    [LibraryImport(Lib, EntryPoint = "duckdb_map_type_value_type")]
    internal static partial LogicalTypeHandle MapValueType(LogicalTypeHandle type);

    [LibraryImport(Lib, EntryPoint = "duckdb_struct_type_child_count")]
    internal static partial ulong StructChildCount(LogicalTypeHandle type);

    [LibraryImport(Lib, EntryPoint = "duckdb_struct_type_child_name")]
    internal static partial nint StructChildName(LogicalTypeHandle type, ulong index);

    [LibraryImport(Lib, EntryPoint = "duckdb_struct_type_child_type")]
    internal static partial LogicalTypeHandle StructChildType(LogicalTypeHandle type, ulong index);

    [LibraryImport(Lib, EntryPoint = "duckdb_create_logical_type")]
    internal static partial LogicalTypeHandle CreateType(int id);

    [LibraryImport(Lib, EntryPoint = "duckdb_create_scalar_function")]
    internal static partial ScalarFunctionHandle CreateScalarFunction();

    [LibraryImport(Lib, EntryPoint = "duckdb_destroy_scalar_function")]
    internal static partial void DestroyScalarFunction(ref nint function);

    [LibraryImport(
        Lib, EntryPoint = "duckdb_scalar_function_set_name",
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void SetFunctionName(ScalarFunctionHandle function, string name);

    [LibraryImport(Lib, EntryPoint = "duckdb_scalar_function_add_parameter")]
    internal static partial void AddParameter(
        ScalarFunctionHandle function, LogicalTypeHandle type);

    [LibraryImport(Lib, EntryPoint = "duckdb_scalar_function_set_return_type")]
    internal static partial void SetReturnType(
        ScalarFunctionHandle function, LogicalTypeHandle type);

    [LibraryImport(Lib, EntryPoint = "duckdb_scalar_function_set_function")]
    internal static partial void SetFunction(
        ScalarFunctionHandle function, delegate* unmanaged[Cdecl]<nint, nint, nint, void> body);

    [LibraryImport(
        Lib, EntryPoint = "duckdb_scalar_function_set_error",
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void SetFunctionError(nint info, string error);

    [LibraryImport(Lib, EntryPoint = "duckdb_register_scalar_function")]
    internal static partial int RegisterScalarFunction(
        ConnectionHandle connection, ScalarFunctionHandle function);

    /// <summary>Text DuckDB keeps; "" for none.</summary>
    internal static string Text(byte* text) =>
        Marshal.PtrToStringUTF8((nint)text) ?? "";

    /// <summary>Text DuckDB hands over: it is freed here.</summary>
    internal static string TakeText(nint text)
    {
        string taken = Marshal.PtrToStringUTF8(text) ?? "";
        Free(text);
        return taken;
    }

    /// <summary>duckdb_result: opaque but for its size.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ResultStruct
    {
        private Words words;

        [InlineArray(6)]
        private struct Words
        {
            private nint first;
        }
    }
}
