using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Earshot.Actors;
using Earshot.Host.Generate;
using Earshot.Log;
using Earshot.Snapshots;
using Microsoft.Extensions.Logging;

namespace Earshot.Host.Service;

/// <summary>
/// Looks at everything a service on Kafka needs before it starts, and tells all that is wrong at
/// once: brokers, topics, transactions, database, archive, port.
/// </summary>
internal sealed class StartupCheck(RunRequest request, string archive, ILogger logger)
{
    /// <summary>Partitions of an input topic that has to be made and none were asked for.</summary>
    private const int PartitionsDefault = TopicRequest.PartitionsDefault;

    private readonly List<string> problems = [];

    /// <summary>Checks, and opens the log on the way.</summary>
    /// <returns>The log, and the pipeline with the partitions its topic has.</returns>
    /// <exception cref="FailedException">The message lists all that is wrong.</exception>
    public async Task<(ILog Log, PipelineOptions Options)> RunAsync(CancellationToken cancel)
    {
        CheckPort();
        CheckArchive();
        await CheckSnapshotsAsync(cancel);
        ILog? log = await OpenLogAsync(cancel);
        PipelineOptions? options = null;
        bool fine = false;
        try
        {
            if (log is not null)
            {
                options = await CheckTopicsAsync(log, cancel);
                await CheckTransactionsAsync(log, cancel);
            }

            Throw();
            fine = true;
            return (log!, options!);
        }
        finally
        {
            if (!fine && log is not null)
                await log.DisposeAsync();
        }
    }

    private void Throw()
    {
        if (problems.Count == 0)
            return;
        IEnumerable<string> lines = problems.Select((problem, i) => string.Create(
            CultureInfo.InvariantCulture,
            $"{i + 1}. {problem.ReplaceLineEndings("\n     ")}"));
        throw new FailedException(
            (problems.Count == 1 ? "it cannot start:\n  " : string.Create(
                CultureInfo.InvariantCulture,
                $"it cannot start, for {problems.Count} reasons:\n  "))
            + string.Join("\n  ", lines));
    }

    private void CheckPort()
    {
        Uri address = new(request.Url);
        if (!address.IsLoopback)
            return;
        try
        {
            using TcpListener listener = new(IPAddress.Loopback, address.Port);
            listener.Start();
        }
        catch (SocketException e)
        {
            problems.Add(
                $"{request.Url} cannot be used ({e.Message}). Stop the other program (perhaps "
                + "another earshot), or choose another port with --port N.");
        }
    }

    private void CheckArchive()
    {
        try
        {
            // It is made later: now nothing is left behind.
            string there = archive;
            while (!Directory.Exists(there))
            {
                if (File.Exists(there))
                    throw new IOException($"{there} is a file.");
                there = Path.GetDirectoryName(there) ?? Path.GetPathRoot(archive)!;
            }

            string probe = Path.Combine(there, $".probe-{Guid.NewGuid():N}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add(
                $"The archive's folder {archive} cannot be written: {e.Message} Give it to this "
                + "user, or name another one with --archive.");
        }
    }

    private async Task CheckSnapshotsAsync(CancellationToken cancel)
    {
        if (request.Snapshots is not { } connection)
            return;
        try
        {
            await using PostgresSnapshotStore store = await PostgresSnapshotStore.OpenAsync(
                connection, request.Options.PipelineId, cancel);
        }
        catch (SnapshotException e)
        {
            problems.Add(e.Message);
        }
    }

    private async Task<ILog?> OpenLogAsync(CancellationToken cancel)
    {
        try
        {
            return await KafkaConnection.OpenAsync(
                request.Kafka!, request.Options, logger, cancel);
        }
        catch (LogException e)
        {
            problems.Add(e.Message);
            return null;
        }
    }

    private async Task<PipelineOptions> CheckTopicsAsync(ILog log, CancellationToken cancel)
    {
        PipelineOptions options = request.Options;
        try
        {
            int? count = await log.ReadPartitionCountAsync(options.InputTopic, cancel);
            int wanted = request.PartitionsGiven ? options.Partitions : count ?? PartitionsDefault;
            if (count is { } there && there != wanted && !options.Rekey)
            {
                problems.Add(
                    $"Topic {options.InputTopic} has {there} partitions, not {wanted}: leave "
                    + "--partitions out, or spread its records anew with --rekey.");
            }

            options = options with { Partitions = wanted, RekeyPartitions = count ?? wanted };
            List<TopicSpec> topics = [.. options.Topics.Written(wanted)];
            if (count is null)
                topics.Add(new TopicSpec(options.InputTopic, wanted));
            await log.EnsureTopicsAsync(topics, cancel);
        }
        catch (LogException e)
        {
            problems.Add(e.Message);
        }

        return options;
    }

    private async Task CheckTransactionsAsync(ILog log, CancellationToken cancel)
    {
        try
        {
            await using ILogProducer producer = await log.OpenProducerAsync(
                $"{request.Options.PipelineId}.check", cancel);
        }
        catch (LogException e)
        {
            problems.Add($"Transactions are not possible: {e.Message}");
        }
    }
}
