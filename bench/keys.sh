#!/usr/bin/env bash
# Very many live keys: peak memory, bytes per key, events per second, snapshots and recovery.
#
#   bench/keys.sh [KEYS]     default 1000000: about 4 GiB of memory, 2 GiB of disk, some minutes
#
# Fills in one process and loads in another, so that each says its own peak.

# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/build.sh"

keys=${1:-1000000}
if ! [[ $keys =~ ^[1-9][0-9]*$ ]]; then
    fail "allowed is a number of keys"
    exit 2
fi

# As the service is built, in a container of 4 GiB: without a limit the collector takes what
# there is.
export DOTNET_gcConcurrent=0 DOTNET_GCHeapHardLimit=0xD0000000

project=$earshot_root/bench/Earshot.Bench
setup_dotnet && setup_sqlite || exit 1
say "building the benchmarks ..."
build_solution Release "$project/Earshot.Bench.csproj" || exit 1
mkdir -p "$artifacts/bench" && scratch=$(mktemp -d "$artifacts/bench/keys.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
for step in fill load; do
    echo "== $step"
    dotnet "$project/bin/Release/net10.0/Earshot.Bench.dll" \
        keys "$step" "$keys" "$scratch/snapshots.db" || exit 1
done
