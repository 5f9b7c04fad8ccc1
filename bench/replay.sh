#!/usr/bin/env bash
# The end-to-end benchmark: generates a file of events, replays it several times, each time into
# an empty data folder, and prints events per second and peak memory of each run and the median.
#
#   bench/replay.sh [--events N] [--rate R] [--runs K] [OPTION…]
#
#   --events N   records in the file, default 2000000
#   --rate R     calls per second in it, default 200
#   --runs K     replays, default 5
#   OPTION…      goes on to `earshot replay`, as --partitions 2
#
# The file is kept in artifacts/bench/ for the next time. Exit code 1 if a replay failed.

# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/setup.sh"

events=2000000 rate=200 runs=5
options=()
while (($# > 0)); do
    case $1 in
        --events | --rate | --runs)
            (($# > 1)) || { fail "$1 needs a number"; exit 2; }
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
        *) options+=("$1") ;;
    esac
    shift
done
if ! [[ $events =~ ^[1-9][0-9]*$ && $runs =~ ^[1-9][0-9]*$ ]]; then
    fail "--events and --runs: allowed is a whole number from 1 on"
    exit 2
fi

folder=$earshot_root/artifacts/bench
input=$folder/events-$events-rate-$rate.delimited
scratch=
trap '[[ -n $scratch ]] && rm -rf "$scratch"' EXIT

# The number in the line of the summary that begins with $1, without its thousands' commas.
number() { sed -n "s/^$1  *\([0-9,.]*\).*/\1/p" "$scratch/summary" | tr -d ,; }

# Prints median, least and greatest of the numbers on standard input.
spread() {
    sort -n | awk '{ v[NR] = $1 }
        END { m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
              printf "%.0f %.0f %.0f\n", m, v[1], v[NR] }'
}

replay() { # RUN
    rm -rf "$scratch/data"
    if ! "$earshot_root/earshot" replay "$input" --data "$scratch/data" "${options[@]}" \
        >"$scratch/summary" 2>"$scratch/errors" </dev/null; then
        cat "$scratch/summary" "$scratch/errors" >&2
        fail "replay $1 failed"
        return
    fi
    local speed memory
    speed=$(number 'rows per second') memory=$(number 'peak memory')
    if [[ -z $speed || -z $memory ]]; then
        cat "$scratch/summary" >&2
        fail "the summary of replay $1 has no figures"
        return
    fi
    echo "$speed" >>"$scratch/speeds"
    echo "$memory" >>"$scratch/memories"
    printf '%-8s %12s %12s\n' "$1" "$speed" "$memory"
}

mkdir -p "$folder" && scratch=$(mktemp -d "$folder/replay.XXXXXX") || exit 1
if [[ ! -f $input ]]; then
    "$earshot_root/earshot" generate --events "$events" --rate "$rate" --out "$input" || exit 1
fi
printf '%-8s %12s %12s\n' run events/s 'peak MiB'
for ((run = 1; run <= runs; run++)); do replay "$run" || exit 1; done
read -r speed speed_min speed_max < <(spread <"$scratch/speeds")
read -r memory memory_min memory_max < <(spread <"$scratch/memories")
printf '%-8s %12s %12s\n' median "$speed" "$memory" least "$speed_min" "$memory_min" \
    greatest "$speed_max" "$memory_max"
