namespace Earshot.Host.Settings;

/// <summary>
/// Values that need not stand on a command line: env:VARIABLE and file:PATH are read from there.
/// </summary>
internal static class Secret
{
    /// <summary>Reads a value.</summary>
    /// <param name="where">Where it was given, for people.</param>
    /// <param name="value">The value, or where it is.</param>
    /// <exception cref="UsageException">It is not there.</exception>
    public static string Read(string where, string value)
    {
        const string FromEnvironment = "env:";
        const string FromFile = "file:";
        if (value.StartsWith(FromEnvironment, StringComparison.Ordinal))
        {
            string variable = value[FromEnvironment.Length..];
            return Environment.GetEnvironmentVariable(variable)
                ?? throw new UsageException($"{where}: the variable {variable} is not set.");
        }

        if (!value.StartsWith(FromFile, StringComparison.Ordinal))
            return value;
        string path = value[FromFile.Length..];
        return File.Exists(path)
            ? File.ReadAllText(path).TrimEnd('\r', '\n')
            : throw new UsageException($"{where}: there is no file {path}.");
    }
}
