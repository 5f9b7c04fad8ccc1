using Xunit.Abstractions;
using Xunit.Sdk;

namespace Earshot.Tests.Conformance;

/// <summary>
/// On a test class: what its tests need. Where it is missing they are skipped, also those it
/// inherits from a suite, and say why.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public abstract class NeedsAttribute : Attribute
{
    /// <summary>Why the tests cannot run; null when they can.</summary>
    public abstract string? Missing { get; }

    internal static string? MissingFor(ITestMethod method) => method.TestClass.Class
        .GetCustomAttributes(typeof(NeedsAttribute).AssemblyQualifiedName!)
        .OfType<IReflectionAttributeInfo>()
        .Select(attribute => (attribute.Attribute as NeedsAttribute)?.Missing)
        .FirstOrDefault(reason => reason is not null);
}

/// <summary>A test of a suite: it heeds what the class it runs in needs.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer(
    "Earshot.Tests.Conformance." + nameof(SuiteFactDiscoverer), "Earshot.Tests.Conformance")]
public sealed class SuiteFactAttribute : FactAttribute;

/// <summary>The same for tests with parameters.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer(
    "Earshot.Tests.Conformance." + nameof(SuiteTheoryDiscoverer), "Earshot.Tests.Conformance")]
public sealed class SuiteTheoryAttribute : TheoryAttribute;

/// <summary>Finds the tests marked with <see cref="SuiteFactAttribute"/>.</summary>
public sealed class SuiteFactDiscoverer(IMessageSink sink) : FactDiscoverer(sink)
{
    protected override IXunitTestCase CreateTestCase(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod,
        IAttributeInfo factAttribute) => new SuiteTestCase(
            DiagnosticMessageSink, discoveryOptions.MethodDisplayOrDefault(),
            discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod);
}

/// <summary>Finds the tests marked with <see cref="SuiteTheoryAttribute"/>.</summary>
public sealed class SuiteTheoryDiscoverer(IMessageSink sink) : TheoryDiscoverer(sink)
{
    protected override IEnumerable<IXunitTestCase> CreateTestCasesForDataRow(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod,
        IAttributeInfo theoryAttribute, object[] dataRow) =>
        [new SuiteTestCase(
            DiagnosticMessageSink, discoveryOptions.MethodDisplayOrDefault(),
            discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod, dataRow)];
}

/// <summary>A test that is skipped where its class misses something.</summary>
public sealed class SuiteTestCase : XunitTestCase
{
    /// <summary>For deserialising.</summary>
    [Obsolete("For deserialising only.")]
    public SuiteTestCase()
    {
    }

    public SuiteTestCase(
        IMessageSink sink, TestMethodDisplay display, TestMethodDisplayOptions options,
        ITestMethod method, object[]? arguments = null)
        : base(sink, display, options, method, arguments)
    {
    }

    protected override string? GetSkipReason(IAttributeInfo factAttribute) =>
        base.GetSkipReason(factAttribute) ?? NeedsAttribute.MissingFor(TestMethod);
}
