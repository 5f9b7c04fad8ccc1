#!/usr/bin/env bash
# The regression check: measures the rows that run on one core, and holds them against
# bench/baseline.json. By hand or nightly; not part of the tests.
#
#   bench/check.sh            exit code 1 where a row is slower, or allocates more, than allowed
#   bench/check.sh --write    measures and writes a new baseline, for a change that means it
#
# Always over 300,000 events: what an event allocates depends on how many there are.
# Speeds are compared over that of a yardstick (XXH64) taken in the same rounds, or, where the
# baseline is of another processor, over the row's floor: so the machine, and other programs on
# it, matter little. What else is given goes on to `earshot bench`.

# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/setup.sh"

baseline=$earshot_root/bench/baseline.json
option=--baseline
case ${1:-} in
    --write) option=--write-baseline && shift ;;
    -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
esac
exec "$earshot_root/earshot" bench --only core --only call --only call-traffic --only close \
    --events 300000 --rounds 5 --seconds 600 "$option" "$baseline" "$@"
