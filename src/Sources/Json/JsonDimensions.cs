using Earshot.Schemas;

namespace Earshot.Sources.Json;

/// <summary>
/// Collects a line's dimensions. What stands in its dimensions object counts before what stands
/// beside it, in whichever order they come; of several names for one the first counts.
/// </summary>
internal sealed class JsonDimensions
{
    private const int NameBytesMax = 64;

    private readonly byte[] snakeCase = new byte[NameBytesMax];
    private int[] beside = [];
    private bool anyBeside;

    /// <summary>Begins a line.</summary>
    public void Reset(EventRecord into)
    {
        if (beside.Length != into.Dimensions.Length)
            beside = new int[into.Dimensions.Length];
        else if (anyBeside)
            Array.Clear(beside);
        anyBeside = false;
    }

    /// <summary>The ordinal of a property beside the dimensions object; -1 for none.</summary>
    public int OrdinalOf(ReadOnlySpan<byte> name, DimensionSet set)
    {
        int ordinal = set.OrdinalOf(name);
        return ordinal >= 0 || !name.ContainsAnyInRange((byte)'A', (byte)'Z')
            ? ordinal
            : set.OrdinalOf(SnakeCase(name));
    }

    /// <summary>Takes a value from beside the dimensions object.</summary>
    public void SetBeside(int ordinal, ReadOnlySpan<byte> value, EventRecord into)
    {
        if (beside[ordinal] != 0)
            return;
        beside[ordinal] = into.DimensionValues.InternUtf8(value);
        anyBeside = true;
    }

    /// <summary>Fills in what the dimensions object has not said.</summary>
    public void Finish(EventRecord into)
    {
        if (!anyBeside)
            return;
        for (int i = 0; i < beside.Length; i++)
        {
            if (into.Dimensions[i] == 0)
                into.Dimensions[i] = beside[i];
        }
    }

    // Empty when it does not fit: then it is no name of ours.
    private ReadOnlySpan<byte> SnakeCase(ReadOnlySpan<byte> name)
    {
        int length = 0;
        foreach (byte b in name)
        {
            if (length + 2 > NameBytesMax)
                return default;
            bool upper = b is >= (byte)'A' and <= (byte)'Z';
            if (upper)
                snakeCase[length++] = (byte)'_';
            snakeCase[length++] = upper ? (byte)(b | 0x20) : b;
        }

        return snakeCase.AsSpan(0, length);
    }
}
