namespace Earshot.Tests.Conformance.Postgres;

/// <summary>
/// A test that starts a PostgreSQL server of its own; skipped, saying so, where there is none.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute()
    {
        Skip = PostgresPrograms.Missing;
    }
}
