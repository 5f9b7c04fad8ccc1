using System.Globalization;
using Earshot.Actors;
using Earshot.Analytics.Quality;

namespace Earshot.Host.Settings;

/// <summary>The settings of MOS estimates: all under "mos.".</summary>
internal static class MosSettings
{
    /// <summary>One's own codecs, each "NAME=Ie/Bpl"; a file names them one by one below this.
    /// </summary>
    public const string CodecsName = "mos.codecs";

    private const string NoCodecs = "none";

    // A stream brings these along.
    private static readonly string[] ofStreams = ["Ie", "Bpl", "Ppl", "BurstR", "T", "Ta", "Tr"];

    /// <summary>All of them.</summary>
    public static IEnumerable<PipelineSetting> All =>
    [
        new("mos.estimate", "on or off", "Estimate the MOS of stream reports that bring none.",
            Shapes: true, o => o.Mos.Estimate ? "on" : "off",
            (o, text) => o with { Mos = o.Mos with { Estimate = ParseSwitch(text) } }),
        new("mos.codec", "the name of a codec", "Codec that is taken where a report's is missing "
                + "or unknown.", Shapes: true, o => o.Mos.DefaultCodec,
            (o, text) => o with { Mos = o.Mos with { DefaultCodec = text.Trim() } }),
        new("mos.rtt-share", "a number above 0, to 1", "Share of a round trip that counts as "
                + "delay; 0.5: both ways are equally slow.", Shapes: true,
            o => Text(o.Mos.RttShare),
            (o, text) => o with { Mos = o.Mos with { RttShare = ParseShare(text) } }),
        new(CodecsName, "NAME=Ie/Bpl, several separated by commas, for example opus=2/12; Ie from "
                + "0 to 95, Bpl above 0", "Codecs beside those of ITU-T G.113.", Shapes: true,
            ReadCodecs, AddCodecs),
        .. EModelParameters.All.Where(p => !ofStreams.Contains(p.Symbol)).Select(Parameter),
    ];

    /// <summary>Checks what single settings cannot: that the default codec is known.</summary>
    /// <exception cref="UsageException">It is not.</exception>
    public static void Check(PipelineOptions options)
    {
        try
        {
            options.Mos.ToEstimator();
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static PipelineSetting Parameter(EModelParameter parameter)
    {
        string range = parameter.Max.Equals(double.MaxValue)
            ? "a finite number"
            : string.Create(
                CultureInfo.InvariantCulture, $"a number from {parameter.Min} to {parameter.Max}");
        return new PipelineSetting(
            "mos." + parameter.Symbol, range,
            $"{parameter.Symbol} of ITU-T G.107, {parameter.Unit}".TrimEnd(' ', ','), Shapes: true,
            o => Text(parameter.Read(o.Mos.Connection)),
            (o, text) =>
            {
                double value = ParseNumber(text);
                if (!parameter.Permits(value))
                    throw new FormatException("it is outside of the range of ITU-T G.107");
                EModelParameters connection = parameter.Set(o.Mos.Connection, value);
                return o with { Mos = o.Mos with { Connection = connection } };
            });
    }

    private static string ReadCodecs(PipelineOptions options) =>
        options.Mos.Codecs.IsEmpty
            ? NoCodecs
            : string.Join(',', options.Mos.Codecs.Values.Select(codec => string.Create(
                CultureInfo.InvariantCulture, $"{codec.Name}={codec.Ie:R}/{codec.Bpl:R}")));

    private static PipelineOptions AddCodecs(PipelineOptions options, string text)
    {
        if (text.Trim() == NoCodecs)
            return options;
        foreach (string part in text.Split(','))
        {
            Codec codec = ParseCodec(part);
            options = options with
            {
                Mos = options.Mos with { Codecs = options.Mos.Codecs.SetItem(codec.Name, codec) },
            };
        }

        return options;
    }

    private static Codec ParseCodec(string text)
    {
        string[] named = text.Split('=');
        string[] numbers = named[^1].Split('/');
        string name = named[0].Trim();
        bool isName = name.Any(char.IsAsciiLetterOrDigit)
            && name.All(c => char.IsAsciiLetterOrDigit(c) || " .-_+".Contains(c));
        if (named.Length != 2 || numbers.Length != 2 || !isName)
            throw new FormatException($"'{text.Trim()}' is no NAME=Ie/Bpl");
        (double ie, double bpl) = (ParseNumber(numbers[0]), ParseNumber(numbers[1]));
        if (ie is not (>= 0 and <= 95) || bpl is not (> 0 and <= double.MaxValue))
            throw new FormatException($"Ie or Bpl of {name} is outside of its range");
        return new Codec(name, ie, bpl, "configuration");
    }

    private static bool ParseSwitch(string text) => text.Trim().ToLowerInvariant() switch
    {
        "on" or "true" => true,
        "off" or "false" => false,
        _ => throw new FormatException("it is neither on nor off"),
    };

    private static double ParseShare(string text) =>
        ParseNumber(text) is > 0 and <= 1 and double share
            ? share : throw new FormatException("it is outside of that");

    private static double ParseNumber(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value : throw new FormatException("it is not a number");

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
