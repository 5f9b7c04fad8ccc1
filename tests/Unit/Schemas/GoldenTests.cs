using System.Collections;
using Earshot.Schemas.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Earshot.Tests.Unit.Schemas;

/// <summary>
/// The wire contract (proto/README.md): this code reads and writes the bytes that lie in Golden.
/// A missing file is written when EARSHOT_WRITE_GOLDEN=1; an existing one never.
/// </summary>
public sealed class GoldenTests
{
    public static TheoryData<string> Names() => [.. GoldenMessages.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Reads_and_writes_the_same_bytes(string name)
    {
        IMessage expected = GoldenMessages.All[name];
        string path = Path.Combine(Folder(), name + ".bin");
        if (!File.Exists(path) && Environment.GetEnvironmentVariable("EARSHOT_WRITE_GOLDEN") == "1")
            File.WriteAllBytes(path, expected.ToByteArray());
        byte[] bytes = File.ReadAllBytes(path);

        IMessage read = expected.Descriptor.Parser.ParseFrom(bytes);
        AssertSame(expected, read, name);
        Assert.Equal(bytes, expected.ToByteArray());
        Assert.Equal(bytes, read.ToByteArray());
    }

    [Fact]
    public void Every_file_has_its_message() => Assert.Equal(
        GoldenMessages.All.Keys.Order(StringComparer.Ordinal),
        Directory.GetFiles(Folder(), "*.bin")
            .Select(path => Path.GetFileNameWithoutExtension(path))
            .Order(StringComparer.Ordinal));

    [Fact]
    public void Every_field_of_every_message_is_in_some_file()
    {
        HashSet<string> set = [];
        foreach (IMessage message in GoldenMessages.All.Values)
            CollectSetFields(message, set);
        FileDescriptor[] files =
            [EventsReflection.Descriptor, BundleReflection.Descriptor, RowsReflection.Descriptor];
        IEnumerable<string> all = files.SelectMany(file => file.MessageTypes)
            .SelectMany(type => type.NestedTypes.Prepend(type))
            .Where(type => type.ClrType is not null)
            .SelectMany(type => type.Fields.InDeclarationOrder())
            .Select(field => field.FullName);
        Assert.Empty(all.Except(set));
    }

    private static string Folder()
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Earshot.slnx")))
            root = root.Parent;
        Assert.NotNull(root);
        return Path.Combine(root.FullName, "tests", "Unit", "Schemas", "Golden");
    }

    private static bool IsSet(FieldDescriptor field, IMessage message) =>
        field.IsRepeated ? ((ICollection)field.Accessor.GetValue(message)).Count > 0
        : field.HasPresence ? field.Accessor.HasValue(message)
        : !field.Accessor.GetValue(message).Equals(Default(field));

    private static object Default(FieldDescriptor field) =>
        field.Accessor.GetValue(field.ContainingType.Parser.ParseFrom([]));

    private static IEnumerable<IMessage> Children(FieldDescriptor field, IMessage message) =>
        field.FieldType != FieldType.Message || field.IsMap ? []
        : field.IsRepeated ? ((IEnumerable)field.Accessor.GetValue(message)).Cast<IMessage>()
        : field.Accessor.HasValue(message) ? [(IMessage)field.Accessor.GetValue(message)] : [];

    private static void CollectSetFields(IMessage message, HashSet<string> into)
    {
        foreach (FieldDescriptor field in message.Descriptor.Fields.InDeclarationOrder())
        {
            if (IsSet(field, message))
                into.Add(field.FullName);
            foreach (IMessage child in Children(field, message))
                CollectSetFields(child, into);
        }
    }

    // Field by field, so that a difference has a name.
    private static void AssertSame(IMessage expected, IMessage actual, string path)
    {
        foreach (FieldDescriptor field in expected.Descriptor.Fields.InDeclarationOrder())
        {
            string name = path + "." + field.Name;
            Assert.True(IsSet(field, expected) == IsSet(field, actual), name);
            IMessage[] ours = [.. Children(field, expected)];
            IMessage[] theirs = [.. Children(field, actual)];
            Assert.True(ours.Length == theirs.Length, name);
            for (int i = 0; i < ours.Length; i++)
                AssertSame(ours[i], theirs[i], name);
            object want = field.Accessor.GetValue(expected) ?? "null";
            object got = field.Accessor.GetValue(actual) ?? "null";
            Assert.True(want.Equals(got), $"{name}: {want} became {got}");
        }
    }
}
