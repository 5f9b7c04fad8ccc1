using Earshot.Log;
using Earshot.Sources;
using Earshot.Sources.Traffic;

namespace Earshot.Host.Dead;

/// <summary>
/// Writes dead letters to a file in the form they came in, so that they can be mended and replayed.
/// </summary>
internal static class DeadLetterFile
{
    private const byte LineFeed = (byte)'\n';

    /// <summary>Writes letters.</summary>
    /// <param name="path">The file; one that is there is refused.</param>
    /// <param name="place">The pipeline.</param>
    /// <param name="filter">Which letters.</param>
    /// <param name="terminal">Told where the header of a CSV file is missing.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    /// <returns>How many were written, and the format's name.</returns>
    public static async Task<(long Written, string Format)> WriteAsync(
        string path, DeadLetterPlace place, DeadLetterFilter filter, Terminal terminal,
        CancellationToken cancel)
    {
        if (File.Exists(path) || Directory.Exists(path))
            throw new UsageException($"--to {path}: that is there already; name a new file.");
        RowFraming framing = place.Files?.Framing ?? RowFraming.Delimited;
        DeadLetterBox box = new(place.Log, place.Options.Topics);
        string aside = path + ".tmp";
        long written = 0;
        try
        {
            using (FileStream file = File.Create(aside))
            using (BufferedStream output = new(file))
            using (DelimitedWriter delimited = new(output))
            {
                await foreach (DeadLetterEntry letter in box.ReadAsync(late: false, cancel))
                {
                    if (!filter.Takes(letter))
                        continue;
                    if (framing.IsCsv() && written == 0)
                        WriteHeader(output, letter.Origin, place.Files!, terminal);
                    written++;
                    if (framing == RowFraming.Delimited)
                    {
                        delimited.Write(letter.Record);
                        continue;
                    }

                    output.Write(letter.Record);
                    output.WriteByte(LineFeed);
                    // A blank line ends a report.
                    if (framing == RowFraming.VqReports)
                        output.WriteByte(LineFeed);
                }
            }

            File.Move(aside, path);
            // The reports made of a capture are JSON lines.
            string name = framing == RowFraming.Pcap
                ? "stream-report-json"
                : place.Files?.Name ?? "delimited";
            return (written, name);
        }
        finally
        {
            File.Delete(aside);
        }
    }

    private static void WriteHeader(
        Stream output, string origin, InputFormat format, Terminal terminal)
    {
        try
        {
            FileLog files = new([origin], format, "", 1, TimeProvider.System);
            string header = files.Schema.ToHeader(format.Framing.Delimiter());
            output.Write(System.Text.Encoding.UTF8.GetBytes(header + "\n"));
        }
        catch (LogException e)
        {
            terminal.Say(
                $"The header line is missing, because {origin} cannot be read any more "
                + $"({e.Message}): put it first before you replay the file.");
        }
    }
}
