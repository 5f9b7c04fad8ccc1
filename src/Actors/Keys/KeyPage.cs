using System.Globalization;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// Keys written together into one part of a snapshot: a part for each would cost a store more
/// than the keys themselves. A page is never changed. A key that changed is in a later page: of
/// all pages that have it the one with the greatest number counts.
/// </summary>
internal sealed class KeyPage(int number)
{
    private const byte Version = 1;

    /// <summary>Pages are numbered in the order in which they are written.</summary>
    public int Number => number;

    /// <summary>Keys written into it.</summary>
    public int Total { get; set; }

    /// <summary>Of these, how many are in no later page.</summary>
    public int Live { get; set; }

    /// <summary>The key of a page's part, or of what belongs to it.</summary>
    public static string PartKey(string prefix, int number) =>
        prefix + number.ToString("d10", CultureInfo.InvariantCulture);

    /// <summary>The number in the key of a part.</summary>
    public static int NumberOf(string prefix, string partKey) =>
        int.Parse(partKey.AsSpan(prefix.Length), CultureInfo.InvariantCulture);

    /// <summary>A page's bytes.</summary>
    public static byte[] Write(ReadOnlySpan<KeyActor> actors, SymbolTable metrics)
    {
        using MemoryStream page = new(), one = new();
        using BinaryWriter writer = new(page), oneWriter = new(one);
        writer.Write(Version);
        writer.Write7BitEncodedInt(actors.Length);
        foreach (KeyActor actor in actors)
        {
            one.SetLength(0);
            actor.Write(oneWriter, metrics);
            oneWriter.Flush();
            writer.Write(actor.Key.Id);
            writer.Write7BitEncodedInt((int)one.Length);
            writer.Write(one.GetBuffer(), 0, (int)one.Length);
        }

        writer.Flush();
        return page.ToArray();
    }

    /// <summary>Reads the keys of a page that are wanted.</summary>
    /// <param name="bytes">The page.</param>
    /// <param name="metrics">Metric symbols.</param>
    /// <param name="wants">Says which.</param>
    public static IEnumerable<KeyActor> Read(
        byte[] bytes, SymbolTable metrics, Func<GroupingKey, bool> wants)
    {
        using PageReader reader = new(bytes);
        int count = ReadCount(reader);
        for (int i = 0; i < count; i++)
        {
            GroupingKey key = GroupingKey.Parse(reader.ReadText());
            int length = reader.Read7BitEncodedInt();
            if (wants(key))
                yield return KeyActor.Read(key, reader, metrics);
            else
                reader.Skip(length);
        }
    }

    /// <summary>How many keys were written into a page.</summary>
    public static int CountOf(byte[] bytes)
    {
        using PageReader reader = new(bytes);
        return ReadCount(reader);
    }

    private static int ReadCount(PageReader reader)
    {
        byte version = reader.ReadByte();
        if (version != Version)
            throw new InvalidDataException($"a page of keys of version {version}");
        return reader.Read7BitEncodedInt();
    }
}
