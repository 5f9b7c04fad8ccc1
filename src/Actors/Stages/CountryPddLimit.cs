namespace Earshot.Actors.Stages;

/// <summary>The present limit of post-dial delay for calls to a country, for people.</summary>
/// <param name="Country">The country, as the input says it.</param>
/// <param name="LimitSeconds">
/// A call above this is tagged high_pdd, s: the 95th percentile of the samples. Null: they are too
/// few, and the configured limit holds.
/// </param>
/// <param name="HourMs">Where the hours of the samples end, ms since the epoch.</param>
/// <param name="Samples">Delays in those hours.</param>
public sealed record CountryPddLimit(
    string Country, double? LimitSeconds, long HourMs, long Samples);
