using Earshot.Log;

namespace Earshot.Tests.Conformance.Logs;

/// <summary>Keeps what a member of a group is told.</summary>
internal sealed class RecordingListener : IGroupListener
{
    private readonly Lock guard = new();
    private readonly HashSet<TopicPartition> owned = [];

    /// <summary>Work that ends before a revocation returns.</summary>
    public Func<Task> OnRevoked { get; set; } = static () => Task.CompletedTask;

    /// <summary>Partitions were gone before it was told.</summary>
    public bool HasLost { get; private set; }

    public IReadOnlyList<TopicPartition> Owned
    {
        get
        {
            lock (guard)
                return [.. owned];
        }
    }

    /// <summary>Pulsed at every change.</summary>
    public SemaphoreSlim Changed { get; } = new(0);

    public ValueTask AssignedAsync(IReadOnlyList<TopicPartition> partitions)
    {
        lock (guard)
        {
            foreach (TopicPartition partition in partitions)
                Assert.True(owned.Add(partition), $"{partition} was assigned twice");
        }
        Changed.Release();
        return ValueTask.CompletedTask;
    }

    public async ValueTask RevokedAsync(IReadOnlyList<TopicPartition> partitions, bool lost)
    {
        await OnRevoked();
        lock (guard)
        {
            foreach (TopicPartition partition in partitions)
                Assert.True(owned.Remove(partition), $"{partition} was not owned");
            HasLost |= lost;
        }
        Changed.Release();
    }

    /// <summary>Waits until it owns so many partitions.</summary>
    public async Task WaitOwnedAsync(int count, CancellationToken cancel)
    {
        while (Owned.Count != count)
            await Changed.WaitAsync(cancel);
    }
}
