using Earshot.Kafka;
using Earshot.Kafka.Testing;
using Earshot.Log;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>Finding librdkafka, and saying what to do when it is not there.</summary>
public sealed class KafkaLibraryTests
{
    [KafkaFact]
    public void The_library_is_new_enough() => Assert.True(
        Version.Parse(KafkaLibrary.Require().Split('-')[0]) >= Version.Parse(KafkaLibrary.Version));

    [Fact]
    public void A_named_file_that_is_no_library_is_refused_and_no_other_is_taken()
    {
        using ScratchFolder folder = new();
        string text = folder.File("librdkafka.so.1");
        File.WriteAllText(text, "not a library");
        foreach (string named in (string[])[text, folder.File("nothing.so"), "no-such-library"])
        {
            LogException error = Assert.Throws<LogException>(() => KafkaLibrary.Load(named));
            Assert.Contains(named, error.Message, StringComparison.Ordinal);
            Assert.Contains("scripts/setup.sh kafka", error.Message, StringComparison.Ordinal);
            Assert.Contains(KafkaLibrary.PathVariable, error.Message, StringComparison.Ordinal);
        }
    }
}
