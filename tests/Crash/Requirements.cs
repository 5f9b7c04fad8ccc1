using Earshot.Archive.DuckDb;
using Earshot.Kafka.Testing;
using Earshot.Tests.Conformance.Postgres;

namespace Earshot.Tests.Crash;

/// <summary>
/// A test that needs DuckDB's library; skipped with the reason where it is missing.
/// </summary>
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

/// <summary>A test that needs an Apache Kafka broker too.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KafkaArchiveFactAttribute : FactAttribute
{
    public KafkaArchiveFactAttribute()
    {
        Skip = Requirements.MissingBroker
            ?? (DuckDbLibrary.Find() is null ? DuckDbLibrary.MissingMessage : null);
    }
}

/// <summary>A test that needs Apache Kafka and PostgreSQL.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedWorkFactAttribute : FactAttribute
{
    public SharedWorkFactAttribute()
    {
        Skip = new KafkaArchiveFactAttribute().Skip
            ?? (PostgresPrograms.Server is null ? PostgresPrograms.Missing : null);
    }
}
