#!/bin/sh
# A private PostgreSQL server of one test run, on 127.0.0.1, in a folder of its own.
#
#   cluster.sh FOLDER-OF-PROGRAMS PASSWORD
#
# Prints its port when it is up, then obeys lines of its input: `crash` ends it at once, as a
# lost machine would, `start` starts it again; each is answered with `done`. The end of the input
# (its test run has ended, in whatever way) stops the server and removes the folder.
# PostgreSQL refuses to run as root: the caller sees to that.

programs=$1
password=$2
folder=$(mktemp -d /tmp/earshot-postgres.XXXXXX) || exit 1
data=$folder/data
cd "$folder" || exit 1
trap '' INT TERM HUP

finish() {
    "$programs/pg_ctl" -D "$data" -m immediate stop >/dev/null 2>&1
    cd / && rm -rf "$folder"
    exit "$1"
}

# Prints what went wrong and leaves.
give_up() {
    tail -n 20 "$folder/log" >&2
    finish 1
}

# The caller's pipes are closed for the server: they would otherwise never end.
start() {
    "$programs/pg_ctl" -D "$data" -w -t 60 -l "$folder/server.log" start </dev/null \
        >"$folder/log" 2>&1
}

# A port that the system just gave away may be taken: another one, then.
start_somewhere() {
    tries=0
    while [ "$tries" -lt 20 ]; do
        port=$(od -An -N2 -tu2 /dev/urandom | awk '{ print 20000 + $1 % 12000 }')
        echo "port = $port" >"$data/port.conf"
        start && return
        tries=$((tries + 1))
    done
    cat "$folder/server.log" >>"$folder/log"
    return 1
}

printf '%s\n' "$password" >"$folder/password"
"$programs/initdb" -D "$data" -U earshot_test --pwfile="$folder/password" -E UTF8 --locale=C \
    --auth=scram-sha-256 --no-sync >"$folder/log" 2>&1 || give_up
# fsync is off: the programs are killed here, the machine is not.
cat >>"$data/postgresql.conf" <<END
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
include 'port.conf'
END
start_somewhere || give_up
echo "$port"
while read -r order; do
    case $order in
        crash) "$programs/pg_ctl" -D "$data" -w -m immediate stop >/dev/null 2>&1 ;;
        start) start || give_up ;;
    esac
    echo done
done
finish 0
