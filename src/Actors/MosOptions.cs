using System.Collections.Immutable;
using Earshot.Analytics.Quality;

namespace Earshot.Actors;

/// <summary>How the mean opinion score of stream reports is estimated.</summary>
public sealed record MosOptions
{
    /// <summary>Whether reports without a score get an estimated one.</summary>
    public bool Estimate { get; init; } = true;

    /// <summary>Name of the codec that is taken where the source's is missing or unknown.</summary>
    public string DefaultCodec { get; init; } = "G.711";

    /// <summary>Codecs beside those of ITU-T G.113, by name.</summary>
    public ImmutableSortedDictionary<string, Codec> Codecs { get; init; } =
        ImmutableSortedDictionary.Create<string, Codec>(StringComparer.Ordinal);

    /// <summary>The share of a round-trip time that counts as delay, above 0 to 1.</summary>
    public double RttShare { get; init; } = 1;

    /// <summary>The connection: what no report brings along.</summary>
    public EModelParameters Connection { get; init; } = EModelParameters.Default;

    /// <summary>The estimator that these make; null when nothing is to be estimated.</summary>
    /// <exception cref="ArgumentException">A setting is not allowed.</exception>
    public MosEstimator? ToEstimator()
    {
        CodecTable table = CodecTable.Standard.With([.. Codecs.Values]);
        MosEstimator estimator = new()
        {
            Codecs = table,
            DefaultCodec = table.Find(DefaultCodec) ?? throw new ArgumentException(
                $"mos.codec is '{DefaultCodec}', which is none of the codecs known: "
                + string.Join(", ", table.All.Select(codec => codec.Name))),
            RttShare = RttShare,
            Connection = Connection,
        };
        estimator.Validate();
        return Estimate ? estimator : null;
    }
}
