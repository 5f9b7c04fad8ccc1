namespace Earshot.Tests.Conformance.Postgres;

/// <summary>
/// The server that all tests of PostgreSQL share: the one of EARSHOT_TEST_POSTGRES, or a private
/// one. Each test has a database of its own on it.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private PostgresCluster? cluster;
    private string address = "";

    public async Task InitializeAsync()
    {
        // Without either, every test that would use it is skipped.
        if (PostgresPrograms.Server is { } named)
        {
            address = named;
        }
        else if (PostgresPrograms.Missing is null)
        {
            cluster = await PostgresCluster.StartAsync();
            address = cluster.ConnectionString;
        }
    }

    public async Task DisposeAsync()
    {
        if (cluster is not null)
            await cluster.DisposeAsync();
    }

    /// <summary>Makes a database.</summary>
    internal Task<PostgresDatabase> CreateDatabaseAsync() =>
        PostgresDatabase.CreateAsync(address);
}

/// <summary>The tests that share the server, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresTestGroup : ICollectionFixture<PostgresServer>
{
    public const string Name = "PostgreSQL";
}
