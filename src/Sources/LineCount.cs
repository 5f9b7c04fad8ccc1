using Earshot.Log;
using Earshot.Sources.Rows;

namespace Earshot.Sources;

/// <summary>Counts the offsets a file takes, without looking at its records.</summary>
internal static class LineCount
{
    /// <summary>Physical lines, the last one even without a line end; delimited: records.</summary>
    /// <exception cref="LogException">The file cannot be read to its end.</exception>
    public static long Of(InputFile file, RowFraming framing)
    {
        // A CSV row or a report may be several lines: lines are counted as such.
        RowFraming counted =
            framing.IsCsv() || framing == RowFraming.VqReports ? RowFraming.Lines : framing;
        FileStream stream = file.Open();
        long line = 0;
        try
        {
            using RowReader rows = file.OpenRows(stream, counted);
            while (rows.TryRead())
                line = rows.Next;
            return rows.Next;
        }
        catch (Exception e) when (InputFile.IsReadError(e))
        {
            throw file.Failure(e, stream.CanRead ? stream.Position : file.SizeBytes, line);
        }
        finally
        {
            stream.Dispose();
        }
    }
}
