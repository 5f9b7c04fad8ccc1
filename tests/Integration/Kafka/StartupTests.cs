using System.Net;
using System.Net.Sockets;
using Earshot.Kafka.Testing;
using Earshot.Tests.Integration.Host;

namespace Earshot.Tests.Integration.Kafka;

/// <summary>What a service on Kafka needs is looked at before it starts.</summary>
public sealed class StartupTests : IDisposable
{
    private readonly CommandLine cli = new();

    public void Dispose() => cli.Dispose();

    [KafkaFact]
    public async Task Everything_that_is_wrong_is_told_of_at_once()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        string file = cli.PathOf("a-file");
        await File.WriteAllTextAsync(file, "");
        CommandResult result = await CommandLine.RunAsync(
            "run", "--kafka", "127.0.0.1:1", "--urls", $"http://127.0.0.1:{port}",
            "--archive", Path.Combine(file, "archive"), "--data", cli.DataFolder,
            "--snapshots", "Host=127.0.0.1;Port=1;Username=nobody;Database=nothing;Timeout=5");
        Assert.Equal(1, result.Code);
        Assert.Contains("it cannot start, for 4 reasons:", result.Error);
        foreach (string said in (string[])
            ["127.0.0.1:1 did not", $":{port} cannot be used", "a-file", "PostgreSQL"])
            Assert.Contains(said, result.Error);
        Assert.False(Directory.Exists(cli.DataFolder), "something was left behind");
    }

    [KafkaFact]
    public async Task An_option_that_is_ours_or_nobodys_is_refused()
    {
        foreach ((string option, string said) in ((string, string)[])
        [
            ("isolation.level=read_uncommitted", "only committed records are read"),
            ("producer.transactional.id=mine", "it follows from the pipeline"),
            ("no.such.option=1", "no.such.option"),
            ("sasl.password=env:NOT_SET_ANYWHERE", "NOT_SET_ANYWHERE is not set"),
            ("sasl.password=file:/no/such/file", "there is no file"),
        ])
        {
            CommandResult result = await CommandLine.RunAsync(
                "run", "--kafka", "127.0.0.1:1", "--kafka-option", option, "--urls",
                $"http://127.0.0.1:{ServiceTests.FreePort()}", "--data", cli.DataFolder);
            Assert.NotEqual(0, result.Code);
            Assert.Contains(said, result.Error);
        }
    }
}
