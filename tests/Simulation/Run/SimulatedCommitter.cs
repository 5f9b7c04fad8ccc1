using Earshot.Actors.Partitions;
using Earshot.Log;

namespace Earshot.Tests.Simulation.Run;

/// <summary>
/// What EpochCommitter does with its loop, without one: one thing after the other on a
/// <see cref="CommitResolver"/>, and what waits together goes into one transaction.
/// </summary>
internal sealed class SimulatedCommitter(CommitResolver resolver, Random random)
{
    private readonly Queue<(PendingEpoch Epoch, TaskCompletionSource<CommitResult> Answer)>
        epochs = [];

    private readonly Queue<TaskCompletionSource> settles = [];
    private bool busy;

    public async Task<CommitResult> CommitAsync(LogTransaction transaction)
    {
        TaskCompletionSource<CommitResult> answer = new();
        epochs.Enqueue((new PendingEpoch(transaction), answer));
        _ = WorkAsync();
        return await answer.Task;
    }

    public async Task SettleAsync()
    {
        TaskCompletionSource settled = new();
        settles.Enqueue(settled);
        _ = WorkAsync();
        await settled.Task;
    }

    private async Task WorkAsync()
    {
        if (busy)
            return;
        busy = true;
        while (epochs.Count + settles.Count > 0)
        {
            if (settles.TryDequeue(out TaskCompletionSource? settled))
                await SettleAsync(settled);
            else
                await CommitGroupAsync();
        }

        busy = false;
    }

    private async Task SettleAsync(TaskCompletionSource settled)
    {
        try
        {
            await resolver.SettleAsync(CancellationToken.None);
        }
        catch (LogException e)
        {
            settled.SetException(e);
            return;
        }

        settled.SetResult();
    }

    private async Task CommitGroupAsync()
    {
        List<(PendingEpoch Epoch, TaskCompletionSource<CommitResult> Answer)> group = [];
        int max = random.Next(1, 8);
        while (group.Count < max && epochs.Count > 0)
            group.Add(epochs.Dequeue());
        await resolver.CommitAsync([.. group.Select(g => g.Epoch)], CancellationToken.None);
        foreach ((PendingEpoch epoch, TaskCompletionSource<CommitResult> answer) in group)
            answer.SetResult(epoch.Result!.Value);
    }
}
