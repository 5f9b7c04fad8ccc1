using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Host.Verify;

/// <summary>The input of a pipeline, to be read once more.</summary>
internal interface IVerifyInput
{
    /// <summary>What it is, for people.</summary>
    string Title { get; }

    /// <summary>Makes a decoder of its format.</summary>
    IRecordDecoder CreateDecoder();

    /// <summary>The smallest offset a partition still keeps.</summary>
    ValueTask<long> ReadBeginAsync(int partition, CancellationToken cancel);

    /// <summary>Opens a reader of a partition from an offset on.</summary>
    ILogReader OpenReader(int partition, long from);
}
