namespace Earshot.Tests.Simulation.World;

/// <summary>
/// The calls under way between the processes and what they share. The run decides when each is
/// carried out and answered; until then its caller waits. What awaits an answer goes on inside
/// <see cref="Step"/>, on the one thread of the run.
/// </summary>
internal sealed class Network(Random random)
{
    private readonly List<Call> calls = [];
    private readonly int thread = Environment.CurrentManagedThreadId;

    /// <summary>One in so many calls is put off; the others are answered at once if they can be.
    /// </summary>
    public int PutOffOneIn { get; set; } = 3;

    public int Count => calls.Count;

    /// <summary>A call that is carried out in one step, as soon as it can be.</summary>
    /// <param name="life">Who calls.</param>
    /// <param name="attempt">Carries it out; false: not yet.</param>
    public Task<T> Ask<T>(Life life, Attempt<T> attempt)
    {
        SimpleCall<T> call = new(life, attempt);
        Add(call, atOnce: random.Next(PutOffOneIn) != 0);
        return call.Answer;
    }

    /// <summary>Puts a call on its way.</summary>
    public void Add(Call call, bool atOnce)
    {
        Assert.Equal(thread, Environment.CurrentManagedThreadId);
        if (call.Life.Dead)
            return;
        if (atOnce && call.Step(random))
            return;
        calls.Add(call);
    }

    /// <summary>Lets some call take its next step.</summary>
    public void Step()
    {
        if (calls.Count == 0)
            return;
        Call call = calls[random.Next(calls.Count)];
        if (call.Step(random))
            calls.Remove(call);
    }

    /// <summary>
    /// A process has died: nobody waits for its calls, but what was sent may yet arrive.
    /// </summary>
    public void Abandon(Life life)
    {
        foreach (Call call in calls.Where(call => call.Life == life).ToArray())
        {
            call.Abandoned = true;
            if (random.Next(2) == 0)
                calls.Remove(call);
        }
    }

    public override string ToString() => string.Join(", ", calls);

    /// <summary>Carries a call out; false: not yet.</summary>
    public delegate bool Attempt<T>(out T result);

    /// <summary>A call under way.</summary>
    internal abstract class Call(Life life)
    {
        public Life Life { get; } = life;

        /// <summary>True when its caller is dead.</summary>
        public bool Abandoned { get; set; }

        /// <summary>Goes one step further; true when it is over.</summary>
        public abstract bool Step(Random random);
    }

    private sealed class SimpleCall<T>(Life life, Attempt<T> attempt) : Call(life)
    {
        // Whoever waits goes on inside SetResult.
        private readonly TaskCompletionSource<T> answer = new();

        public Task<T> Answer => answer.Task;

        public override bool Step(Random random)
        {
            T result;
            try
            {
                if (!attempt(out result))
                    return false;
            }
            catch (Exception e) when (e is IOException or Log.LogException)
            {
                if (!Abandoned)
                    answer.SetException(e);
                return true;
            }

            if (!Abandoned)
                answer.SetResult(result);
            return true;
        }
    }
}

/// <summary>One life of a process, from its start to its death.</summary>
internal sealed class Life(int process, int number)
{
    /// <summary>Which process.</summary>
    public int Process { get; } = process;

    /// <summary>Killed: nothing of it goes on.</summary>
    public bool Dead { get; set; }

    /// <summary>The generation of the group it believes itself in.</summary>
    public int Generation { get; set; }

    /// <summary>Tries until a snapshot is written, on average.</summary>
    public int SnapshotsTake { get; init; } = 1;

    /// <summary>What it believes to own.</summary>
    public HashSet<(string Group, Log.TopicPartition Source)> Owned { get; } = [];

    public override string ToString() => $"process {Process}.{number}";
}
