using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace Earshot.Snapshots.Postgres;

/// <summary>
/// What the errors of one PostgreSQL server mean for us, and what a person can do about them.
/// Says where and as whom, never a password.
/// </summary>
internal sealed class PostgresFailure
{
    public const string ReadOnlyMessage =
        "The PostgreSQL server is read-only (a standby?), and snapshots have to be written: name "
        + "the primary in the connection string, or add Target Session Attributes=primary.";

    // Npgsql has no name for it.
    private const string IdleInTransactionTimeout = "25P03";

    private readonly string server;
    private readonly string database;
    private readonly string user;

    public PostgresFailure(NpgsqlConnectionStringBuilder settings)
    {
        server = settings.Host!.Contains(',', StringComparison.Ordinal)
            || settings.Host.StartsWith('/')
                ? settings.Host
                : $"{settings.Host}:{settings.Port}";
        user = settings.Username ?? Environment.GetEnvironmentVariable("PGUSER")
            ?? Environment.UserName;
        database = settings.Database ?? user;
    }

    /// <summary>True for the errors that a server or the way to it can cause.</summary>
    public static bool Covers(Exception error) => error is NpgsqlException or SocketException
        or IOException or TimeoutException or AuthenticationException;

    /// <summary>The error in our words.</summary>
    public SnapshotException Explain(Exception error)
    {
        (string text, bool transient) = error switch
        {
            PostgresException refused => Describe(refused),
            _ => DescribeConnection(error),
        };
        return new SnapshotException(text, error) { IsTransient = transient };
    }

    // SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
    private (string Text, bool Transient) Describe(PostgresException error)
    {
        string said = $"({error.SqlState}: {error.MessageText})";
        return error.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword or
                PostgresErrorCodes.InvalidAuthorizationSpecification => (
                $"PostgreSQL at {server} does not let user {user} into database {database} "
                + $"{said}: check Username and the password (in the connection string, "
                + "PGPASSWORD, or a file named by PGPASSFILE), and the server's pg_hba.conf.",
                false),
            PostgresErrorCodes.InvalidCatalogName => (
                $"PostgreSQL at {server} has no database {database}: create it (CREATE DATABASE "
                + $"\"{database}\" OWNER \"{user}\"), or name another with Database=.", false),
            PostgresErrorCodes.InsufficientPrivilege => (
                $"PostgreSQL user {user} lacks a right in database {database} at {server} {said}. "
                + "Let an administrator run there: CREATE SCHEMA IF NOT EXISTS earshot "
                + $"AUTHORIZATION \"{user}\"; or, where the tables are there already, GRANT USAGE "
                + $"ON SCHEMA earshot TO \"{user}\" and GRANT SELECT, INSERT, UPDATE, DELETE ON "
                + $"ALL TABLES IN SCHEMA earshot TO \"{user}\".", false),
            PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName
                or PostgresErrorCodes.UndefinedColumn => (
                $"The snapshot tables in database {database} at {server} are missing or changed "
                + $"{said}: restore them from a backup, or start again to have them made.", false),
            PostgresErrorCodes.ReadOnlySqlTransaction => (ReadOnlyMessage, true),
            PostgresErrorCodes.TooManyConnections => (
                $"PostgreSQL at {server} has no connection left {said}: raise its "
                + "max_connections, or let fewer programs use it.", true),
            PostgresErrorCodes.DiskFull => (
                $"PostgreSQL at {server} has no disk space left: free some. Nothing is "
                + "half-written.", true),
            PostgresErrorCodes.LockNotAvailable => (
                $"Another owner of this partition keeps its snapshot locked in PostgreSQL at "
                + $"{server}; if this goes on, look for a hanging process.", true),
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown
                or PostgresErrorCodes.CannotConnectNow => (
                $"PostgreSQL at {server} is stopping or starting {said}: wait until it is up, and "
                + "look into its log if it does not come.", true),
            PostgresErrorCodes.UndefinedFunction => (
                $"PostgreSQL at {server} is too old {said}: version 12 or newer is needed.",
                false),
            _ => ($"PostgreSQL at {server} failed on a snapshot {said}.", IsPassing(error)),
        };
    }

    private static bool IsPassing(PostgresException error) => error.IsTransient
        || error.SqlState is PostgresErrorCodes.QueryCanceled or IdleInTransactionTimeout;

    private (string Text, bool Transient) DescribeConnection(Exception error)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case SocketException { SocketErrorCode: SocketError.HostNotFound or
                    SocketError.NoData or SocketError.TryAgain }:
                    return ($"The host of PostgreSQL at {server} is not known to this machine's "
                        + "name service: check Host in the connection string.", true);
                case SocketException refused:
                    return ($"No PostgreSQL answers at {server} ({refused.Message}): start it, or "
                        + "check Host and Port in the connection string and the firewall.", true);
                case AuthenticationException tls:
                    return ($"No TLS connection to PostgreSQL at {server} ({tls.Message}): check "
                        + "SSL Mode and Root Certificate in the connection string.", false);
                case TimeoutException:
                    return ($"PostgreSQL at {server} did not answer in time: check Host and Port, "
                        + "the firewall, and the server's load.", true);
                case IOException:
                    return ($"The connection to PostgreSQL at {server} was lost: see that it "
                        + "runs, and look into its log.", true);
            }
        }

        if (error.Message.Contains("No password", StringComparison.Ordinal))
        {
            return ($"PostgreSQL at {server} wants a password for user {user} and none is given: "
                + "set Password in the connection string, PGPASSWORD, or PGPASSFILE.", false);
        }
        bool transient = error is NpgsqlException { IsTransient: true };
        return ($"PostgreSQL at {server} cannot be used: {error.Message}", transient);
    }
}
