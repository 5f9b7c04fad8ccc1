// One entry for build, test, bench and publish:
//
//   dotnet tool restore && dotnet cake [--target=Build|Test|Bench|Publish]
//
// The work is in ./test, ./earshot, bench/ and scripts/, which need no tool beside the SDK: a
// target only calls them. What follows `--arguments=` goes on to the command, as in
// dotnet cake --target=Test --arguments="Unit --filter Watermark"
// dotnet cake --target=Bench --arguments="--job short"

var target = Argument("target", "Build");
var arguments = Argument("arguments", "");

void Run(string command, string commandArguments)
{
    int code = StartProcess(command, new ProcessSettings
    {
        Arguments = commandArguments,
        WorkingDirectory = Context.Environment.WorkingDirectory,
    });
    if (code != 0)
        throw new CakeException(code, $"{command} {commandArguments} ended with exit code {code}");
}

Task("Build")
    .Description("Builds the whole solution.")
    .Does(() => Run("scripts/build.sh", ""));

Task("Test")
    .Description("Runs the tests: ./test")
    .Does(() => Run("./test", arguments));

Task("Bench")
    .Description("Runs the benchmarks: bench/micro.sh, then bench/replay.sh")
    .Does(() =>
    {
        Run("bench/micro.sh", arguments);
        Run("bench/replay.sh", "");
    });

Task("Publish")
    .Description("Publishes the program into artifacts/earshot, if it is not current.")
    .Does(() => Run("scripts/build.sh", "publish"));

RunTarget(target);
