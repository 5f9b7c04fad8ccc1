using System.Globalization;

namespace Earshot.Analytics.Quality;

/// <summary>What the E-model knows of a speech codec.</summary>
/// <param name="Name">Its name in reports, such as "G.729A+VAD".</param>
/// <param name="Ie">Equipment impairment factor without loss, 0 to 95.</param>
/// <param name="Bpl">Packet-loss robustness factor, above 0; null: none is published.</param>
/// <param name="Source">Where the values come from.</param>
/// <param name="Aliases">
/// The names sources use, such as the encoding names of RTP (RFC 3551); case and punctuation do
/// not matter.
/// </param>
public sealed record Codec(
    string Name, double Ie, double? Bpl, string Source, params IReadOnlyList<string> Aliases)
{
    /// <summary>Checks the values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Ie or Bpl cannot be.</exception>
    /// <exception cref="ArgumentException">Name or source is missing.</exception>
    public void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Name);
        ArgumentException.ThrowIfNullOrWhiteSpace(Source);
        if (!(Ie >= 0 && Ie <= 95))
        {
            throw new ArgumentOutOfRangeException(nameof(Ie), Ie, string.Create(
                CultureInfo.InvariantCulture, $"Ie of {Name} is {Ie}; allowed is 0 to 95."));
        }

        if (Bpl is { } bpl && !(bpl > 0 && double.IsFinite(bpl)))
        {
            throw new ArgumentOutOfRangeException(nameof(Bpl), bpl, string.Create(
                CultureInfo.InvariantCulture,
                $"Bpl of {Name} is {bpl}; allowed is a finite number above 0."));
        }
    }
}

/// <summary>
/// The codecs by the names sources use. Immutable: <see cref="With"/> gives a table with more.
/// </summary>
public sealed class CodecTable
{
    private const string G113 = "ITU-T G.113 Appendix I, Ie and Bpl";
    private const string G113NoBpl = "ITU-T G.113 Appendix I, Ie; no Bpl is published";

    private readonly Dictionary<string, Codec> byName = [];
    private readonly List<Codec> codecs = [];

    private CodecTable(IEnumerable<Codec> codecs)
    {
        foreach (Codec codec in codecs)
            Add(codec);
    }

    /// <summary>
    /// The codecs of ITU-T G.113 Appendix I. Opus and other codecs that are not in it have no
    /// published values on the narrowband scale: they are found only once configured.
    /// G.729 stands for G.729A with VAD, as RTP uses one name for both and Bpl is published for
    /// the latter alone.
    /// </summary>
    public static CodecTable Standard { get; } = new(
    [
        new("G.711", 0, 4.3, G113, "PCMU", "PCMA", "G711U", "G711A", "ulaw", "mulaw", "alaw"),
        new("G.711 with PLC", 0, 25.1, G113, "G711PLC", "PCMU+PLC", "PCMA+PLC"),
        new("G.729A+VAD", 11, 19, G113, "G729", "G729A", "G729AB", "G729B"),
        new("G.723.1 6.3k", 15, 16.1, G113, "G723", "G7231", "G723.1+VAD"),
        new("GSM-EFR", 5, 10, G113, "EFR"),
        new("G.723.1 5.3k", 19, null, G113NoBpl),
        new("G.726-40", 2, null, G113NoBpl, "AAL2-G726-40"),
        new("G.726-32", 7, null, G113NoBpl, "G726", "G721", "AAL2-G726-32"),
        new("G.726-24", 25, null, G113NoBpl, "AAL2-G726-24"),
        new("G.726-16", 50, null, G113NoBpl, "AAL2-G726-16"),
        new("G.728", 7, null, G113NoBpl),
        new("GSM-FR", 20, null, G113NoBpl, "GSM"),
        new("GSM-HR", 23, null, G113NoBpl, "GSM-HR-08"),
    ]);

    /// <summary>All codecs, in the order in which they were added.</summary>
    public IReadOnlyList<Codec> All => codecs;

    /// <summary>A table with codecs added; a name that is there gets the new values.</summary>
    /// <exception cref="ArgumentException">A codec's values cannot be.</exception>
    public CodecTable With(params IReadOnlyList<Codec> more)
    {
        ArgumentNullException.ThrowIfNull(more);
        CodecTable table = new(codecs);
        foreach (Codec codec in more)
        {
            ArgumentNullException.ThrowIfNull(codec);
            table.Add(codec);
        }

        return table;
    }

    /// <summary>
    /// The codec of a name as sources write it: "PCMU", "pcma/8000", "audio/opus", "G.729;
    /// annexb=no". Null: not in the table, or no name.
    /// </summary>
    public Codec? Find(string? name) =>
        name is not null && byName.TryGetValue(Plain(name), out Codec? codec) ? codec : null;

    /// <summary>
    /// The codec of a static RTP payload type (RFC 3551, table 4). Null: dynamic, not a speech
    /// codec, or not in the table.
    /// </summary>
    public Codec? Find(int payloadType) => payloadType switch
    {
        0 => Find("PCMU"),
        2 => Find("G721"),
        3 => Find("GSM"),
        4 => Find("G723"),
        8 => Find("PCMA"),
        9 => Find("G722"),
        15 => Find("G728"),
        18 => Find("G729"),
        _ => null,
    };

    private void Add(Codec codec)
    {
        codec.Validate();
        int same = codecs.FindIndex(other => Plain(other.Name) == Plain(codec.Name));
        if (same >= 0)
        {
            codec = codec with { Aliases = [.. codecs[same].Aliases, .. codec.Aliases] };
            codecs[same] = codec;
        }
        else
        {
            codecs.Add(codec);
        }

        byName[Plain(codec.Name)] = codec;
        foreach (string alias in codec.Aliases)
            byName[Plain(alias)] = codec;
    }

    /// <summary>
    /// Without a media type before ("audio/"), a clock rate or parameters behind, punctuation and
    /// case.
    /// </summary>
    private static string Plain(string name)
    {
        ReadOnlySpan<char> text = name.AsSpan().Trim();
        if (text.StartsWith("audio/", StringComparison.OrdinalIgnoreCase))
            text = text["audio/".Length..];
        int end = text.IndexOfAny('/', ';');
        if (end >= 0)
            text = text[..end];
        Span<char> plain = stackalloc char[Math.Min(text.Length, 64)];
        int length = 0;
        foreach (char c in text)
        {
            if (char.IsLetterOrDigit(c) && length < plain.Length)
                plain[length++] = char.ToUpperInvariant(c);
        }

        return new string(plain[..length]);
    }
}
