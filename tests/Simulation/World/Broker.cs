using Earshot.Actors;
using Earshot.Log;

namespace Earshot.Tests.Simulation.World;

/// <summary>
/// The log's server: topics, transactions, offsets and the group's generation, with Kafka's rules
/// (markers take offsets, an open transaction holds readers back, an offset in a transaction not
/// yet decided makes those who ask for it wait, old generations are refused) or with those of the
/// embedded logs (a transaction is one step, an offset that moved is refused).
/// </summary>
internal sealed class Broker(bool kafka, Random random)
{
    private readonly Dictionary<TopicPartition, Topic> topics = [];
    private readonly Dictionary<(string Group, TopicPartition Source), long> offsets = [];
    private readonly Dictionary<string, int> epochs = [];
    private readonly List<Transaction> open = [];

    public bool Kafka { get; } = kafka;

    /// <summary>Partitions of every topic.</summary>
    public int Partitions { get; init; } = 1;

    /// <summary>Append time of every record, ms since the epoch.</summary>
    public long AppendTimeMs { get; init; }

    /// <summary>The group's generation: who has another one is refused.</summary>
    public int Generation { get; set; }

    /// <summary>False: an old generation may commit (a bug).</summary>
    public bool ChecksGeneration { get; set; } = true;

    /// <summary>Chance in 1,000 that a bundle is written twice, as by an old producer's resend.
    /// </summary>
    public int DuplicateBundles { get; init; }

    /// <summary>How many bundles were written twice and can be told to be repeats.</summary>
    public int Duplicated { get; private set; }

    /// <summary>Of these, the repeats of a source's end: nobody may be there to notice.</summary>
    public int DuplicatedEnds { get; private set; }

    public int OpenTransactions => open.Count;

    /// <summary>Appends a record of the input, and markers after it.</summary>
    public void AppendInput(TopicPartition target, byte[] value, int markers)
    {
        Of(target).Entries.Add(new Entry(new StoredRecord([], value, []), null));
        for (int marker = 0; marker < markers; marker++)
            Of(target).Entries.Add(new Entry(null, null));
    }

    /// <summary>The end of what may be read.</summary>
    public long EndOf(TopicPartition source) => Of(source).StableEnd;

    /// <summary>The value of a record.</summary>
    public ReadOnlySpan<byte> ValueOf(TopicPartition source, long offset) =>
        Of(source).Entries[(int)offset].Record!.Value;

    /// <summary>The next records, or only offsets without any; null at the end.</summary>
    public RecordBatch? Read(TopicPartition source, long from, int max)
    {
        Topic topic = Of(source);
        long end = topic.StableEnd;
        if (from >= end)
            return null;
        RecordBatchBuilder builder = new();
        long to = from;
        for (long offset = from; offset < end && builder.Count < max; offset++)
        {
            Entry entry = topic.Entries[(int)offset];
            if (!entry.Visible)
                continue;
            StoredRecord record = entry.Record!;
            builder.Add(offset, record.Key, record.Value, record.Headers);
            to = offset + 1;
        }

        // What lies behind the last record may come with it, or as a batch without records.
        if (builder.Count == 0 || (builder.Count < max && random.Next(2) == 0))
            to = end;
        return builder.Build(source, from, to, AppendTimeMs, source.Topic);
    }

    /// <summary>
    /// A group's offset; false while a transaction that moves it is undecided.
    /// </summary>
    public bool TryReadCommitted(string group, TopicPartition source, out long? offset)
    {
        offset = CommittedOf(group, source);
        return !open.Exists(t => t.Moves.Any(m => m.Group == group && m.Source == source));
    }

    public long? CommittedOf(string group, TopicPartition source) =>
        offsets.TryGetValue((group, source), out long offset) ? offset : null;

    /// <summary>Makes a new producer the owner of an id and decides what is open of older ones.
    /// </summary>
    public int OpenProducer(string id)
    {
        int epoch = epochs[id] = epochs.GetValueOrDefault(id) + 1;
        foreach (Transaction transaction in open.Where(t => t.ProducerId == id).ToArray())
            Decide(transaction, commit: transaction.Prepared);
        return epoch;
    }

    /// <summary>Takes a transaction's records and offsets in; null and why not otherwise.</summary>
    public Transaction? Begin(
        string id, int epoch, int generation, LogTransaction what, out CommitResult refusal)
    {
        refusal = new CommitResult(CommitOutcome.Fenced, "an older producer");
        if (epochs[id] != epoch)
            return null;
        if (Kafka && ChecksGeneration && generation != Generation)
        {
            refusal = new CommitResult(
                random.Next(2) == 0 ? CommitOutcome.Fenced : CommitOutcome.Aborted,
                "an older generation");
            return null;
        }

        if (!Kafka && what.Offsets.Any(
            m => m.From is not null && m.From != CommittedOf(m.Group, m.Source)))
        {
            refusal = new CommitResult(CommitOutcome.Fenced, "an offset was moved");
            return null;
        }

        Transaction transaction = new(id, what.Offsets);
        open.Add(transaction);
        foreach (RecordAppend append in what.Appends)
            Place(append, transaction);
        return transaction;
    }

    /// <summary>The client's word to commit; false when it was aborted before.</summary>
    public bool Prepare(string id, int epoch, Transaction transaction)
    {
        if (transaction.Decided || epochs[id] != epoch)
            return transaction.Committed;
        transaction.Prepared = true;
        return true;
    }

    /// <summary>Commits or aborts, once.</summary>
    public void Decide(Transaction transaction, bool commit)
    {
        if (transaction.Decided)
            return;
        transaction.Decided = true;
        transaction.Committed = commit;
        open.Remove(transaction);
        foreach (Topic topic in transaction.Touched)
        {
            topic.Undecided.RemoveAll(u => u.Transaction == transaction);
            if (Kafka)
                topic.Entries.Add(new Entry(null, null));
        }

        if (!commit)
            return;
        Duplicated += transaction.Duplicated;
        DuplicatedEnds += transaction.DuplicatedEnds;
        foreach (OffsetMove move in transaction.Moves)
            offsets[(move.Group, move.Source)] = move.To;
    }

    /// <summary>The server ends what nobody ends: a prepared one is committed, others time out.
    /// </summary>
    public void DecideSome(bool timeOut)
    {
        if (open.Count == 0)
            return;
        Transaction transaction = open[random.Next(open.Count)];
        if (transaction.Prepared || timeOut)
            Decide(transaction, transaction.Prepared);
    }

    private void Place(RecordAppend append, Transaction transaction)
    {
        Topic topic = Of(append.Target);
        if (transaction.Touched.Add(topic))
            topic.Undecided.Add((topic.Entries.Count, transaction));
        bool bundles = append.Target.Topic == Topics.Default.Bundles;
        int times = bundles && random.Next(1000) < DuplicateBundles ? 2 : 1;
        for (int time = 0; time < times; time++)
        {
            for (int i = 0; i < append.Records.Count; i++)
            {
                StoredRecord record = StoredRecord.Of(append.Records[i]);
                topic.Entries.Add(new Entry(record, transaction));
                if (time > 0 && Bundles.CanBeToldFromItsRepeat(record.Value))
                {
                    transaction.Duplicated++;
                    transaction.DuplicatedEnds += Bundles.IsEnd(record.Value) ? 1 : 0;
                }
            }
        }
    }

    private Topic Of(TopicPartition source)
    {
        if (!topics.TryGetValue(source, out Topic? topic))
            topics.Add(source, topic = new Topic());
        return topic;
    }

    /// <summary>A transaction on the server.</summary>
    internal sealed class Transaction(string producerId, IReadOnlyList<OffsetMove> moves)
    {
        public string ProducerId { get; } = producerId;

        public IReadOnlyList<OffsetMove> Moves { get; } = moves;

        public HashSet<Topic> Touched { get; } = [];

        /// <summary>The client has asked to commit: it will be.</summary>
        public bool Prepared { get; set; }

        public bool Decided { get; set; }

        public bool Committed { get; set; }

        public int Duplicated { get; set; }

        public int DuplicatedEnds { get; set; }
    }

    /// <summary>A record, or a marker without one.</summary>
    internal readonly record struct Entry(StoredRecord? Record, Transaction? Transaction)
    {
        public bool Visible => Record is not null && Transaction is not { Committed: false };
    }

    internal sealed class Topic
    {
        public List<Entry> Entries { get; } = [];

        public List<(long First, Transaction Transaction)> Undecided { get; } = [];

        public long StableEnd =>
            Undecided.Count == 0 ? Entries.Count : Undecided.Min(u => u.First);
    }
}
