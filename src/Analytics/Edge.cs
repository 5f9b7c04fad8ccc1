namespace Earshot.Analytics;

/// <summary>
/// Where in the network a call or a report was measured (edge_type of Twilio's call summaries).
/// Some limits hold at gateways only, some at clients only.
/// </summary>
public enum Edge : byte
{
    /// <summary>Not said, or a kind of its own: judged as a gateway.</summary>
    Unknown,

    /// <summary>A gateway towards a carrier: carrier_edge.</summary>
    Carrier,

    /// <summary>A gateway towards a customer's SIP equipment: sip_edge.</summary>
    Sip,

    /// <summary>A client in a browser or on a phone: client_edge.</summary>
    Client,

    /// <summary>An SDK in an application: sdk_edge.</summary>
    Sdk,
}

/// <summary>The names of edges in the dimension <c>edge</c>, and what is true of them.</summary>
public static class Edges
{
    /// <summary>Number of edges, the unknown one included.</summary>
    public const int Count = 5;

    private static readonly string[] Names =
        ["", "carrier_edge", "sip_edge", "client_edge", "sdk_edge"];

    /// <summary>All edges that have a name.</summary>
    public static IReadOnlyList<Edge> Named { get; } =
        [Edge.Carrier, Edge.Sip, Edge.Client, Edge.Sdk];

    /// <summary>The name of an edge; "" for the unknown one.</summary>
    public static string NameOf(Edge edge) => Names[(int)edge];

    /// <summary>The edge of a name; the unknown one for null and other names.</summary>
    public static Edge Of(string? name) => (Edge)Math.Max(0, Array.IndexOf(Names, name));

    /// <summary>True where the measuring end is the caller's own software.</summary>
    public static bool IsClient(Edge edge) => edge is Edge.Client or Edge.Sdk;

    /// <summary>True for a gateway: it has no ICE connection of its own.</summary>
    public static bool IsGateway(Edge edge) => edge is Edge.Carrier or Edge.Sip;
}
