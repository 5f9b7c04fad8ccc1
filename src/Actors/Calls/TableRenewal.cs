using System.Collections;
using Earshot.Actors.Keys;
using Earshot.Schemas;

namespace Earshot.Actors.Calls;

/// <summary>
/// Keeps a call stage's tables of keys and texts from growing for ever: when a period of the key
/// limit has ended, and when the input brings very many texts, an epoch's end drops what is not
/// in use. Changes nothing in what comes out.
/// </summary>
internal sealed class TableRenewal(
    SymbolTable values, SymbolTable metrics, PartialTable partials, KeyLimit keys, CallJoin calls,
    PddBaselines baselines, ReportEstimates estimates)
{
    /// <summary>Texts held before their number alone is a reason.</summary>
    private const int TextsMin = 200_000;

    private long period = long.MinValue;
    private int textsMax = TextsMin;

    /// <summary>An epoch has ended and its partials are taken back.</summary>
    public void AfterEpoch()
    {
        if (keys.Period == period && values.Held + metrics.Held <= textsMax)
            return;
        period = keys.Period;
        partials.Renew();
        BitArray usedValues = new(values.Count), usedMetrics = new(metrics.Count);
        calls.MarkSymbols(usedValues, usedMetrics);
        baselines.MarkSymbols(usedValues);
        estimates.ForgetSymbols();
        values.Sweep(usedValues);
        metrics.Sweep(usedMetrics);

        // Those in use stay: without more room they would be looked through at every epoch.
        textsMax = Math.Max(TextsMin, 2 * (values.Held + metrics.Held));
    }
}
