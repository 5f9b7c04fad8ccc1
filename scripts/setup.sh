#!/usr/bin/env bash
# Installs what Earshot needs beside the .NET SDK. Asks nothing, does nothing twice.
#
#   scripts/setup.sh         what the product needs: DuckDB's library, SQLite's library
#   scripts/setup.sh tests   that, and what tests use: Node packages, PostgreSQL
#
# `./earshot`, `./test` and CI source this file and call the functions. Variables:
#
#   EARSHOT_TOOLS   where downloads are kept, shared by all clones of this user:
#                   duckdb-VERSION/ and test-tools/node_modules/.
#                   Default ${XDG_CACHE_HOME:-$HOME/.cache}/earshot
#   EARSHOT_DUCKDB  the path of a DuckDB library to use instead: none is fetched then
#   EARSHOT_TEST_POSTGRES
#                   connection string of a PostgreSQL server that tests are to use, of a user that
#                   may make databases and roles: none is installed then

earshot_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export EARSHOT_TOOLS=${EARSHOT_TOOLS:-${XDG_CACHE_HOME:-${HOME:-$earshot_root/artifacts}/.cache}/earshot}
case $EARSHOT_TOOLS in /*) ;; *) EARSHOT_TOOLS=$PWD/$EARSHOT_TOOLS ;; esac

duckdb_package_version=1.5.6-r.1
duckdb_version=${duckdb_package_version%-r.*}
duckdb_folder=$EARSHOT_TOOLS/duckdb-$duckdb_version

say() { printf 'earshot: %s\n' "$*" >&2; }
fail() { say "$*"; return 1; }

# Runs the command that follows with file $1 locked, so that one process at a time works.
# Systems without flock (macOS) go on unlocked: every step below ends in a rename, so two
# at once cost time, not correctness. The lock is closed for children (8>&-): a build server
# that outlives its command must not hold it.
with_lock() {
    local lock=$1
    shift
    mkdir -p "$(dirname "$lock")" || return 1
    if ! command -v flock >/dev/null; then
        "$@"
        return
    fi
    (
        flock 8 || exit 1
        "$@" 8>&-
    ) 8>"$lock"
}

# sha256 FILE: the digest alone.
sha256() {
    if command -v sha256sum >/dev/null; then
        sha256sum <"$1"
    else
        shasum -a 256 <"$1"
    fi | cut -d' ' -f1
}

need_npm() {
    command -v npm >/dev/null && return
    fail "npm was not found: install Node.js 20 or newer (https://nodejs.org), then start again."
}

# Sets duckdb_platform, duckdb_file and duckdb_sha256 for this machine. Only linux-x64 has a
# recorded digest: the other packages were out of reach when it was written. npm checks the
# package itself against the registry's digest on every platform.
duckdb_target() {
    duckdb_file=libduckdb.so
    duckdb_sha256=
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64)
            duckdb_platform=linux-x64
            duckdb_sha256=3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633
            ;;
        Linux-aarch64) duckdb_platform=linux-arm64 ;;
        Darwin-arm64) duckdb_platform=darwin-arm64 duckdb_file=libduckdb.dylib ;;
        Darwin-x86_64) duckdb_platform=darwin-x64 duckdb_file=libduckdb.dylib ;;
        *) fail "no DuckDB library is known for $(uname -s) on $(uname -m)." ;;
    esac
}

setup_duckdb() {
    [[ -n ${EARSHOT_DUCKDB:-} ]] && return
    [[ -f $duckdb_folder/libduckdb.so || -f $duckdb_folder/libduckdb.dylib ]] && return
    duckdb_target && need_npm && with_lock "$EARSHOT_TOOLS/setup.lock" install_duckdb
}

install_duckdb() {
    [[ -f $duckdb_folder/$duckdb_file ]] && return # another process was first
    local package=@duckdb/node-bindings-$duckdb_platform@$duckdb_package_version
    local temp
    temp=$(mktemp -d "$EARSHOT_TOOLS/duckdb.XXXXXX") || return
    say "fetching DuckDB $duckdb_version ($duckdb_platform, about 25 MB, once) into $duckdb_folder"
    if unpack_duckdb "$package" "$temp" && mkdir -p "$duckdb_folder" &&
        mv -f "$temp/package/$duckdb_file" "$duckdb_folder/$duckdb_file"; then
        rm -rf "$temp"
        return
    fi
    tail -n 20 "$temp/log" >&2
    rm -rf "$temp"
    fail "DuckDB could not be installed: check that npm can fetch $package, then start again."
}

unpack_duckdb() { # PACKAGE FOLDER
    local package=$1 folder=$2 actual
    (cd "$folder" && npm pack --silent "$package") >"$folder/log" 2>&1 </dev/null || return
    tar -xzf "$folder"/*.tgz -C "$folder" "package/$duckdb_file" >>"$folder/log" 2>&1 || return
    [[ -z $duckdb_sha256 ]] && return
    actual=$(sha256 "$folder/package/$duckdb_file")
    [[ $actual == "$duckdb_sha256" ]] && return
    echo "$duckdb_file: SHA-256 is $actual, expected $duckdb_sha256" >>"$folder/log"
    return 1
}

# SQLite is the operating system's own, so that it gets the system's security updates.
have_sqlite() {
    [[ $(uname -s) == Darwin ]] && return # part of macOS
    local folder
    for folder in /usr/lib/*-linux-gnu* /lib/*-linux-gnu* /usr/lib64 /lib64 /usr/lib /lib; do
        [[ -e $folder/libsqlite3.so.0 ]] && return
    done
    PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null | grep -q 'libsqlite3\.so\.0 '
}

setup_sqlite() {
    have_sqlite || with_lock "$EARSHOT_TOOLS/setup.lock" install_package have_sqlite \
        libsqlite3-0 libsqlite3.so.0 "SQLite 3 (Fedora: sqlite-libs, Arch: sqlite)"
}

# install_package CHECK PACKAGE WHAT ELSEWHERE: installs a Debian package, unless function CHECK
# finds that what it brings is there. WHAT is missing, for people; ELSEWHERE is what other systems
# call the package.
install_package() {
    local check=$1 package=$2 what=$3 elsewhere=$4
    local -a root=()
    local log=$EARSHOT_TOOLS/apt.log
    "$check" && return # another process was first
    if ! command -v apt-get >/dev/null; then
        fail "$what was not found: install $elsewhere with this system's packages," \
            "then start again."
        return
    fi
    [[ $(id -u) == 0 ]] || root=(sudo -n)
    if [[ ${#root[@]} -gt 0 ]] && ! sudo -n true 2>/dev/null; then
        fail "$what was not found and installing it needs root:" \
            "run 'sudo apt-get install $package', then start again."
        return
    fi
    say "installing $package with apt-get"
    local -a install=("${root[@]}" env DEBIAN_FRONTEND=noninteractive
        apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$package")
    # A fresh image has no package lists: only then is an update needed.
    if "${install[@]}" >"$log" 2>&1 </dev/null && "$check"; then return; fi
    "${root[@]}" apt-get update >>"$log" 2>&1 </dev/null
    if "${install[@]}" >>"$log" 2>&1 </dev/null && "$check"; then return; fi
    tail -n 20 "$log" >&2
    fail "apt-get could not install $package: install it, then start again."
}

# PostgreSQL's programs, with which tests start a server of their own.
have_postgres() {
    local folder
    for folder in /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin \
        /usr/local/opt/postgresql*/bin; do
        [[ -x $folder/initdb ]] && return
    done
    command -v initdb >/dev/null
}

# Without PostgreSQL the other tests can still run, and those that need it say that they were
# skipped: so this never fails.
setup_postgres() {
    [[ -n ${EARSHOT_TEST_POSTGRES:-} ]] && return
    have_postgres || with_lock "$EARSHOT_TOOLS/setup.lock" install_postgres ||
        say "tests that need PostgreSQL will be skipped."
}

# Debian's package makes a server for the whole machine and starts it, unless this file, which is
# read before, says otherwise. One that is there is left as it is, and so is one there may be.
install_postgres() {
    have_postgres && return # another process was first
    local settings=/etc/postgresql-common/createcluster.conf
    local -a root=()
    [[ $(id -u) == 0 ]] || root=(sudo -n)
    if command -v apt-get >/dev/null && [[ ! -e $settings ]]; then
        echo 'create_main_cluster = false' |
            "${root[@]}" sh -c "mkdir -p ${settings%/*} && cat >$settings" 2>/dev/null
    fi
    install_package have_postgres postgresql "PostgreSQL (for tests)" \
        "PostgreSQL's server (Fedora: postgresql-server, Homebrew: postgresql)"
}

setup_dotnet() {
    command -v dotnet >/dev/null ||
        fail "dotnet was not found: install the .NET SDK 10 (https://dot.net/download)," \
            "put it in PATH, then start again."
}

# What the product needs at run time. Costs a few file look-ups when all is there.
setup_app() { setup_dotnet && setup_duckdb && setup_sqlite; }

# Node packages that tests read archives and pages with. The stamp names the lock file they
# were installed from.
node_stamp() { echo "$EARSHOT_TOOLS/test-tools/.installed-$(sha256 "$node_lock" | cut -c1-16)"; }

setup_tests() { setup_postgres && setup_node_packages; }

setup_node_packages() {
    node_lock=$earshot_root/tests/tools/package-lock.json
    [[ -f $node_lock ]] || return 0
    [[ -f $(node_stamp) ]] && return
    need_npm && with_lock "$EARSHOT_TOOLS/setup.lock" install_node_packages
}

install_node_packages() {
    local temp stamp folder=$EARSHOT_TOOLS/test-tools
    stamp=$(node_stamp)
    [[ -f $stamp ]] && return # another process was first
    temp=$(mktemp -d "$EARSHOT_TOOLS/node.XXXXXX") || return
    say "fetching the tests' Node packages (once) into $folder"
    cp "$earshot_root"/tests/tools/package*.json "$temp" || return
    if (cd "$temp" && npm ci --no-audit --no-fund) >"$temp/log" 2>&1 </dev/null; then
        rm -rf "$folder" && touch "$temp/$(basename "$stamp")" && mv "$temp" "$folder"
        return
    fi
    tail -n 20 "$temp/log" >&2
    rm -rf "$temp"
    fail "the tests' Node packages could not be installed: check that npm can fetch them."
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    setup_app || exit 1
    case ${1:-} in
        '') ;;
        tests) setup_tests || exit 1 ;;
        *) fail "usage: scripts/setup.sh [tests]" || exit 2 ;;
    esac
    say "set-up is complete; tools are in $EARSHOT_TOOLS"
fi
