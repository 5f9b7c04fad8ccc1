#!/usr/bin/env bash
# Installs what Earshot needs beside the .NET SDK. Asks nothing, does nothing twice.
#
#   scripts/setup.sh         what the product needs: DuckDB's library, SQLite's library
#   scripts/setup.sh kafka   that, and librdkafka, which only Kafka needs
#   scripts/setup.sh tests   that, and what tests use: Node packages, PostgreSQL, kcat
#
# `./earshot`, `./test` and CI source this file and call the functions. Variables:
#
#   EARSHOT_TOOLS   where downloads are kept, shared by all clones of this user:
#                   duckdb-VERSION/, librdkafka-VERSION/ and test-tools/node_modules/.
#                   Default ${XDG_CACHE_HOME:-$HOME/.cache}/earshot
#   EARSHOT_DUCKDB  the path of a DuckDB library to use instead: none is fetched then
#   EARSHOT_LIBRDKAFKA  likewise, the path of a librdkafka 2.15.1 or newer
#   EARSHOT_TEST_POSTGRES
#                   connection string of a PostgreSQL server that tests are to use, of a user that
#                   may make databases and roles: none is installed then

earshot_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export EARSHOT_TOOLS=${EARSHOT_TOOLS:-${XDG_CACHE_HOME:-${HOME:-$earshot_root/artifacts}/.cache}/earshot}
case $EARSHOT_TOOLS in /*) ;; *) EARSHOT_TOOLS=$PWD/$EARSHOT_TOOLS ;; esac

duckdb_package_version=1.5.6-r.1
duckdb_version=${duckdb_package_version%-r.*}
duckdb_folder=$EARSHOT_TOOLS/duckdb-$duckdb_version

# This npm package carries the C sources of librdkafka 2.15.1.
librdkafka_package=@confluentinc/kafka-javascript@1.10.1
librdkafka_sha256=ada7d703bb1d3237e2292bfabf438d663b6160c9f1ac2a2406b5dc4257c81b66
librdkafka_version=2.15.1
librdkafka_folder=$EARSHOT_TOOLS/librdkafka-$librdkafka_version

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
        libsqlite3.so.0 "SQLite 3 (Fedora: sqlite-libs, Arch: sqlite)" libsqlite3-0
}

# install_package CHECK WHAT OTHERWISE PACKAGE…: installs Debian packages unless CHECK, a
# command, finds what they bring. WHAT names it, OTHERWISE what to install on other systems.
install_package() {
    local check=$1 what=$2 otherwise=$3 log=$EARSHOT_TOOLS/apt.log
    local -a packages=("${@:4}") root=()
    "$check" && return # another process was first
    if ! command -v apt-get >/dev/null; then
        fail "$what was not found: install $otherwise with this system's packages," \
            "then start again."
        return
    fi
    [[ $(id -u) == 0 ]] || root=(sudo -n)
    if [[ ${#root[@]} -gt 0 ]] && ! sudo -n true 2>/dev/null; then
        fail "$what was not found and installing it needs root:" \
            "run 'sudo apt-get install ${packages[*]}', then start again."
        return
    fi
    say "installing ${packages[*]} with apt-get"
    local -a install=("${root[@]}" env DEBIAN_FRONTEND=noninteractive
        apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold
        "${packages[@]}")
    # A fresh image has no package lists: only then is an update needed.
    if "${install[@]}" >"$log" 2>&1 </dev/null && "$check"; then return; fi
    "${root[@]}" apt-get update >>"$log" 2>&1 </dev/null
    if "${install[@]}" >>"$log" 2>&1 </dev/null && "$check"; then return; fi
    tail -n 20 "$log" >&2
    fail "apt-get could not install ${packages[*]}: install it, then start again."
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

# A Kafka client that is not ours. Without it, likewise.
have_kcat() { command -v kcat >/dev/null; }

setup_kcat() {
    have_kcat || with_lock "$EARSHOT_TOOLS/setup.lock" install_package have_kcat \
        "kcat (for tests)" "kcat (Homebrew: kcat)" kcat ||
        say "tests with kcat will be skipped."
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
    install_package have_postgres "PostgreSQL (for tests)" \
        "PostgreSQL's server (Fedora: postgresql-server, Homebrew: postgresql)" postgresql
}

# librdkafka, for Kafka only. Debian's is too old for Confluent.Kafka: this one is compiled,
# once a machine.
setup_librdkafka() {
    [[ -n ${EARSHOT_LIBRDKAFKA:-} || -f $librdkafka_folder/librdkafka.so.1 ]] && return
    if [[ $(uname -s) != Linux ]]; then
        fail "librdkafka $librdkafka_version is built on Linux only: install it (Homebrew:" \
            "librdkafka) and set EARSHOT_LIBRDKAFKA to the path of its library."
        return
    fi
    need_npm && with_lock "$EARSHOT_TOOLS/setup.lock" install_librdkafka
}

can_compile_librdkafka() {
    command -v make >/dev/null && command -v gcc >/dev/null &&
        printf '#include <%s>\n' stdio.h zlib.h zstd.h openssl/ssl.h |
        gcc -E - >/dev/null 2>&1
}

install_librdkafka() {
    [[ -f $librdkafka_folder/librdkafka.so.1 ]] && return # another process was first
    local temp library=package/deps/librdkafka/src/librdkafka.so.1
    install_package can_compile_librdkafka "what librdkafka is compiled with" \
        "gcc, make and the headers of zlib, zstd and OpenSSL" \
        gcc make libc6-dev libzstd-dev libssl-dev zlib1g-dev || return
    temp=$(mktemp -d "$EARSHOT_TOOLS/librdkafka.XXXXXX") || return
    say "compiling librdkafka $librdkafka_version (once, about a minute) into" \
        "$librdkafka_folder"
    if compile_librdkafka "$temp" >"$temp/log" 2>&1 </dev/null &&
        mkdir -p "$librdkafka_folder" &&
        mv -f "$temp/$library" "$librdkafka_folder/librdkafka.so.1"; then
        rm -rf "$temp"
        return
    fi
    tail -n 20 "$temp/log" >&2
    rm -rf "$temp"
    fail "librdkafka could not be compiled: check that npm can fetch $librdkafka_package," \
        "or set EARSHOT_LIBRDKAFKA to the path of librdkafka $librdkafka_version."
}

# Without curl and SASL/GSSAPI (Kerberos): SASL/PLAIN, SCRAM and TLS are in.
compile_librdkafka() ( # FOLDER
    cd "$1" && npm pack --silent "$librdkafka_package" || exit
    actual=$(sha256 ./*.tgz)
    if [[ $actual != "$librdkafka_sha256" ]]; then
        echo "$librdkafka_package: SHA-256 is $actual, expected $librdkafka_sha256"
        exit 1
    fi
    tar -xzf ./*.tgz package/deps/librdkafka && cd package/deps/librdkafka || exit
    chmod +x configure lds-gen.py && ./configure --disable-gssapi --disable-curl || exit
    for part in WITH_SSL WITH_ZSTD WITH_ZLIB; do
        grep -q "^#define $part 1" config.h || { echo "configured without $part"; exit 1; }
    done
    make -j2 -C src librdkafka.so.1 && strip --strip-unneeded src/librdkafka.so.1
)

setup_dotnet() {
    command -v dotnet >/dev/null ||
        fail "dotnet was not found: install the .NET SDK 10 (https://dot.net/download)," \
            "put it in PATH, then start again."
}

# What the product needs at run time. Costs a few file look-ups when all is there.
setup_app() { setup_dotnet && setup_duckdb && setup_sqlite; }

# Node packages that tests read archives, topics and pages with. The stamp names the lock file they
# were installed from.
node_stamp() { echo "$EARSHOT_TOOLS/test-tools/.installed-$(sha256 "$node_lock" | cut -c1-16)"; }

setup_tests() {
    # Elsewhere it is not compiled: tests of Kafka say why they are skipped.
    if [[ $(uname -s) == Linux ]]; then setup_librdkafka || return; fi
    setup_postgres && setup_kcat && setup_node_packages
}

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
    if (cd "$temp" && npm ci --no-audit --no-fund --ignore-scripts) \
        >"$temp/log" 2>&1 </dev/null; then
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
        kafka) setup_librdkafka || exit 1 ;;
        tests) setup_tests || exit 1 ;;
        *) fail "usage: scripts/setup.sh [kafka|tests]" || exit 2 ;;
    esac
    say "set-up is complete; tools are in $EARSHOT_TOOLS"
fi
