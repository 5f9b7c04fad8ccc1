#!/usr/bin/env bash
# Runs the micro-benchmarks; builds them first. Options go on to BenchmarkDotNet.
#
#   bench/micro.sh                                   all, with many iterations
#   bench/micro.sh --job short                       all, with few: about five minutes
#   bench/micro.sh --job short --filter '*Decode*'   some
#
# Reports: artifacts/bench/results/.

# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/build.sh"

project=$earshot_root/bench/Earshot.Bench
setup_dotnet && setup_sqlite || exit 1
say "building the benchmarks ..."
build_solution Release "$project/Earshot.Bench.csproj" || exit 1
exec dotnet "$project/bin/Release/net10.0/Earshot.Bench.dll" \
    --artifacts "$artifacts/bench" "$@"
