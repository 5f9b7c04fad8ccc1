using Xunit.Abstractions;
using Xunit.Sdk;

namespace Earshot.Tests.Conformance.Postgres;

/// <summary>A class whose tests need a PostgreSQL server: without one they are skipped.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsPostgresAttribute : Attribute
{
    /// <summary>Why the tests cannot run; null when they can.</summary>
    public static string? Reason => PostgresPrograms.Server is not null
        || PostgresPrograms.Missing is null
            ? null
            : $"{PostgresPrograms.Missing}, or name a server in {PostgresPrograms.ServerVariable}";
}

/// <summary>
/// A test of a suite that several stores pass: skipped, saying so, where the class that derives
/// the suite needs what is absent.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer(
    "Earshot.Tests.Conformance.Postgres.StoreFactDiscoverer", "Earshot.Tests.Conformance")]
public sealed class StoreFactAttribute : FactAttribute;

/// <summary>As <see cref="StoreFactAttribute"/>, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer(
    "Earshot.Tests.Conformance.Postgres.StoreTheoryDiscoverer", "Earshot.Tests.Conformance")]
public sealed class StoreTheoryAttribute : TheoryAttribute;

/// <summary>Finds the tests marked by <see cref="StoreFactAttribute"/>.</summary>
public sealed class StoreFactDiscoverer(IMessageSink messages) : FactDiscoverer(messages)
{
    protected override IXunitTestCase CreateTestCase(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod,
        IAttributeInfo factAttribute) =>
        StoreTestCase.SkipReasonOf(testMethod) is { } reason
            ? new StoreTestCase(DiagnosticMessageSink, testMethod, reason, null)
            : base.CreateTestCase(discoveryOptions, testMethod, factAttribute);
}

/// <summary>Finds the tests marked by <see cref="StoreTheoryAttribute"/>.</summary>
public sealed class StoreTheoryDiscoverer(IMessageSink messages) : TheoryDiscoverer(messages)
{
    protected override IEnumerable<IXunitTestCase> CreateTestCasesForDataRow(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod,
        IAttributeInfo theoryAttribute, object[] dataRow) =>
        StoreTestCase.SkipReasonOf(testMethod) is { } reason
            ? [new StoreTestCase(DiagnosticMessageSink, testMethod, reason, dataRow)]
            : base.CreateTestCasesForDataRow(
                discoveryOptions, testMethod, theoryAttribute, dataRow);
}

/// <summary>A test that is skipped for what is absent.</summary>
public sealed class StoreTestCase : XunitTestCase
{
    private string reason = "";

    /// <summary>For the deserializer of the test platform.</summary>
    [Obsolete("Called by the deserializer", error: true)]
    public StoreTestCase()
    {
    }

    public StoreTestCase(
        IMessageSink messages, ITestMethod method, string reason, object[]? arguments)
        : base(messages, TestMethodDisplay.ClassAndMethod, TestMethodDisplayOptions.None, method,
            arguments)
    {
        this.reason = reason;
        SkipReason = reason;
    }

    public override void Serialize(IXunitSerializationInfo data)
    {
        base.Serialize(data);
        data.AddValue(nameof(reason), reason);
    }

    public override void Deserialize(IXunitSerializationInfo data)
    {
        reason = data.GetValue<string>(nameof(reason));
        base.Deserialize(data);
    }

    internal static string? SkipReasonOf(ITestMethod method) =>
        method.TestClass.Class.GetCustomAttributes(typeof(NeedsPostgresAttribute)).Any()
            ? NeedsPostgresAttribute.Reason
            : null;

    protected override string GetSkipReason(IAttributeInfo factAttribute) => reason;
}
