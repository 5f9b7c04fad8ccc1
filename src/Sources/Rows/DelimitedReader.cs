namespace Earshot.Sources.Rows;

/// <summary>Records after their length as a varint (protobuf's delimited form).</summary>
internal sealed class DelimitedReader : RowReader
{
    // Five groups of seven bits hold any length up to 2^31.
    private const int PrefixBytesMax = 5;

    private long leftToPass;

    public DelimitedReader(Stream stream) : base(stream, skipMark: false)
    {
    }

    public override bool TryRead()
    {
        PassRest();
        if (!TryReadLength(out int length, out int prefix))
            return false;
        // The length is dropped first so that the record alone has to fit the buffer.
        Start += prefix;
        int kept = Math.Min(length, RowBytesMax + 1);
        while (End - Start < kept)
        {
            if (!Fill())
            {
                throw new InvalidDataException(
                    $"record {Next + 1} is {length} bytes long, but only {End - Start} follow");
            }
        }

        Take(kept, kept, 1);
        leftToPass = length - kept;
        return true;
    }

    private bool TryReadLength(out int length, out int prefix)
    {
        long value = 0;
        for (prefix = 0; prefix < PrefixBytesMax; prefix++)
        {
            if (Start + prefix == End && !Fill())
            {
                length = 0;
                if (prefix == 0)
                    return false;
                throw new InvalidDataException($"record {Next + 1} ends inside its length");
            }

            byte group = Buffer[Start + prefix];
            value |= (long)(group & 0x7F) << (7 * prefix);
            if (group < 0x80)
            {
                prefix++;
                length = (int)Math.Min(value, int.MaxValue);
                if (length == value)
                    return true;
                break;
            }
        }

        throw new InvalidDataException($"record {Next + 1} has no valid length before it");
    }

    private void PassRest()
    {
        while (leftToPass > 0)
        {
            int passed = (int)Math.Min(leftToPass, End - Start);
            Start += passed;
            leftToPass -= passed;
            if (leftToPass > 0 && !Fill())
                throw new InvalidDataException($"record {Next} ends {leftToPass} bytes too early");
        }
    }
}
