namespace Earshot.Schemas;

/// <summary>
/// Arrays for hash tables. A place that is looked at before it is written to is given the kernel's
/// one page of zeros first, and a page of its own at the write: that is two faults, and the second
/// one interrupts the other processors. An array whose zeros were written has had its one.
/// </summary>
public static class TouchedArray
{
    /// <summary>An array of zeros.</summary>
    public static T[] Of<T>(int length)
    {
        T[] array = GC.AllocateUninitializedArray<T>(length);
        Array.Clear(array);
        return array;
    }
}
