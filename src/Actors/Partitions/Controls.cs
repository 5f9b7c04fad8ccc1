using Earshot.Schemas.V1;

namespace Earshot.Actors.Partitions;

/// <summary>What the control records of one partition say, read in order.</summary>
internal sealed class Controls
{
    /// <summary>Records to skip, by offset, with the error they raised.</summary>
    public Dictionary<long, string> Skips { get; } = [];

    /// <summary>The offset at which the finite input was declared complete.</summary>
    public long? EndedAt { get; private set; }

    /// <summary>The offset the pipeline began at; null where it began at 0.</summary>
    public long? Started { get; private set; }

    /// <summary>
    /// How a stage is named in control records. The aggregator writes none; call and fused stage
    /// read the same events.
    /// </summary>
    public static string StageOf(string stage) =>
        stage is "call" or "fused" ? "" : stage;

    /// <summary>Takes in the next record.</summary>
    public void Take(Control control)
    {
        switch (control.WhatCase)
        {
            case Control.WhatOneofCase.Skip:
                Skips[control.AtOffset] = control.Skip.Error;
                break;
            case Control.WhatOneofCase.Ended:
                EndedAt = control.AtOffset;
                break;
            case Control.WhatOneofCase.Started:
                Started = control.AtOffset;
                break;
        }
    }
}
