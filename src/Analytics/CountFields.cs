using Earshot.Analytics.Quality;

namespace Earshot.Analytics;

/// <summary>
/// Where each count of <see cref="CallCounts"/> is. Snapshots and bundles rest on it: new ones go
/// to the end.
/// </summary>
internal static class CountFields
{
    public const int Calls = 0;
    public const int Attempts = 1;
    public const int Answered = 2;
    public const int ConnectedMs = 3;
    public const int NormalSessions = 4;
    public const int Busy = 5;
    public const int NoAnswer = 6;
    public const int Rejected = 7;
    public const int Failed = 8;
    public const int Canceled = 9;
    public const int ShortCalls = 10;
    public const int LongCalls = 11;
    public const int SipKnown = 12;
    public const int Reports = 13;
    public const int Values = 14;
    public const int DurationKnown = 15;

    /// <summary>Tag i has its calls at 2i from here, and its reports after them.</summary>
    public const int Tags = 16;

    public const int Invites = Tags + (2 * TagNames.Count);
    public const int Redirected = Invites + 1;
    public const int Established = Invites + 2;
    public const int Effective = Invites + 3;
    public const int Ineffective = Invites + 4;
    public const int Completed = Invites + 5;
    public const int MosGiven = Completed + 1;
    public const int MosEstimated = MosGiven + 1;

    /// <summary>The input of bit i of <see cref="AssumedInputs"/> is at i from here.</summary>
    public const int Assumed = MosEstimated + 1;

    /// <summary>All are below this.</summary>
    public const int End = Assumed + MosSource.AssumedCount;
}
