using Earshot.Actors;
using Earshot.Actors.Stages;
using Earshot.Log;

namespace Earshot.Tests.Unit.Actors;

public sealed class EpochOutputsTests
{
    [Fact]
    public void What_is_too_much_for_one_batch_comes_in_several_in_order()
    {
        const int Records = 100, RecordBytes = 300_000;
        EpochOutputs outputs = new(Topics.Default, 0);
        for (int i = 0; i < Records; i++)
        {
            outputs.Add("large", [(byte)i], new byte[RecordBytes]);
            outputs.Add("small", [(byte)i], [1]);
        }

        Assert.Equal(Records * (RecordBytes + 3L), outputs.SizeBytes);
        IReadOnlyList<RecordAppend> taken = outputs.Take();
        Assert.Single(taken, append => append.Target.Topic == "small");
        foreach (string topic in (string[])["large", "small"])
        {
            List<byte> keys = [];
            foreach (RecordAppend append in taken.Where(append => append.Target.Topic == topic))
            {
                Assert.InRange(append.Records.Count, 1, Records);
                for (int i = 0; i < append.Records.Count; i++)
                    keys.Add(append.Records[i].Key[0]);
            }

            Assert.Equal(Enumerable.Range(0, Records).Select(i => (byte)i), keys);
        }

        Assert.Equal(0, outputs.SizeBytes);
        Assert.Empty(outputs.Take());
    }

    [Fact]
    public void The_memory_of_an_epoch_that_is_given_back_is_used_again()
    {
        const int Records = 1000, RecordBytes = 400;
        EpochOutputs outputs = new(Topics.Default, 0);
        byte[] value = new byte[RecordBytes];
        _ = Fill();
        Assert.InRange(Fill(), 0, 5_000);

        long Fill()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Records; i++)
                outputs.Add("topic", [], value);
            Assert.Single(outputs.Take()).Records.Release();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }
}
