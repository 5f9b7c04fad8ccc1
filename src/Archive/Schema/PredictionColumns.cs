using Earshot.Schemas.V1;

namespace Earshot.Archive.Schema;

/// <summary>The columns of predictions, after the key.</summary>
internal static class PredictionColumns
{
    internal static readonly TableColumn<Prediction>[] All =
    [
        TableColumns.Text<Prediction>("metric", "metric", row => row.Message.Metric),
        TableColumns.Double<Prediction>(
            "expected", "mean of this window as expected before it, in the metric's unit; NULL "
            + "without enough history",
            row => row.Message.HasExpected ? row.Message.Expected : null),
        TableColumns.Double<Prediction>(
            "low", "lower end of the expected interval",
            row => row.Message.HasLow ? row.Message.Low : null),
        TableColumns.Double<Prediction>(
            "high", "upper end of the expected interval",
            row => row.Message.HasHigh ? row.Message.High : null),
        TableColumns.Double<Prediction>(
            "observed", "mean of this window, in the metric's unit", row => row.Message.Observed),
        TableColumns.Double<Prediction>(
            "next_expected", "expected mean of the next window; NULL without enough history",
            row => row.Message.HasNextExpected ? row.Message.NextExpected : null),
        TableColumns.Double<Prediction>(
            "next_low", "lower end of the next window's interval",
            row => row.Message.HasNextLow ? row.Message.NextLow : null),
        TableColumns.Double<Prediction>(
            "next_high", "upper end of the next window's interval",
            row => row.Message.HasNextHigh ? row.Message.NextHigh : null),
        TableColumns.BigInt<Prediction>(
            "history", "windows the expectation rests on", row => row.Message.History),
        TableColumns.Text<Prediction>("model", "model and version", row => row.Message.Model),
    ];
}
