using Earshot.Archive.DuckDb;

namespace Earshot.Tests.Integration.Archive;

/// <summary>A test that needs DuckDB's library; skipped, saying so, where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DuckDbFactAttribute : FactAttribute
{
    public DuckDbFactAttribute()
    {
        if (DuckDbLibrary.Find() is null)
            Skip = DuckDbLibrary.MissingMessage;
    }
}

/// <summary>As <see cref="DuckDbFactAttribute"/>, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DuckDbTheoryAttribute : TheoryAttribute
{
    public DuckDbTheoryAttribute()
    {
        if (DuckDbLibrary.Find() is null)
            Skip = DuckDbLibrary.MissingMessage;
    }
}
