using System.Globalization;
using Earshot.Schemas;

namespace Earshot.Host.Data;

/// <summary>An input file, known again by its name, length and content.</summary>
/// <param name="Name">File name without its folder: moving a file does not change it.</param>
/// <param name="Bytes">Length, bytes.</param>
/// <param name="Content">XXH64 of the first and last 64 KiB, hexadecimal.</param>
internal sealed record InputFile(string Name, long Bytes, string Content)
{
    private const int SampleBytes = 64 * 1024;

    /// <summary>Looks at a file.</summary>
    /// <exception cref="UsageException">There is no such file, or it is a folder.</exception>
    /// <exception cref="FailedException">It cannot be read.</exception>
    public static InputFile Examine(string path)
    {
        if (Directory.Exists(path))
            throw new UsageException($"{path} is a folder: name the files to replay.");
        if (!File.Exists(path))
            throw new UsageException($"there is no file {path}.");
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] sample = new byte[2 * SampleBytes];
            int used = file.ReadAtLeast(
                sample.AsSpan(0, SampleBytes), SampleBytes, throwOnEndOfStream: false);
            file.Position = Math.Max(0, file.Length - SampleBytes);
            used += file.ReadAtLeast(
                sample.AsSpan(used, SampleBytes), SampleBytes, throwOnEndOfStream: false);
            ulong hash = StableHash.Of(sample.AsSpan(0, used));
            return new InputFile(
                Path.GetFileName(path), file.Length,
                hash.ToString("x16", CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailedException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Name and length, for messages.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Name} ({Bytes:N0} bytes)");
}
