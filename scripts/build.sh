#!/usr/bin/env bash
# Builds, for `./earshot`, `./test` and Cake: one place, so that none of them builds twice.
#
#   scripts/build.sh            the whole solution
#   scripts/build.sh publish    the program, into artifacts/earshot, if it is not current
#
# A build is published to artifacts/builds/FINGERPRINT; the link artifacts/earshot names the
# current one. A running program so keeps its own files while a newer one is built; a build
# that is neither current nor in use is removed.
#
# Everything is built in Release: the program's and the tests' builds then share one
# compilation, and simulations run at full speed. `./test --configuration Debug` is there for
# Debug.Assert.

# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

artifacts=$earshot_root/artifacts
app_link=$artifacts/earshot
build_lock=$artifacts/build.lock

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false
export DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=true

# One line per source file: name, size, time of last change. Reading contents would cost more
# and tell no more; a pull, an edit, a removed file and a checkout all change this.
source_list() {
    cd "$earshot_root" || return
    local -a roots=(src proto global.json)
    local file
    for file in Directory.*.props Directory.*.targets nuget.config NuGet.config; do
        [[ -e $file ]] && roots+=("$file")
    done
    local -a skip=('(' -name bin -o -name obj ')' -prune -o -type f)
    if [[ $(uname -s) == Darwin ]]; then
        find "${roots[@]}" "${skip[@]}" -exec stat -f '%N %z %Fm' {} +
    else
        find "${roots[@]}" "${skip[@]}" -printf '%p %s %T@\n'
    fi | LC_ALL=C sort
}

fingerprint() { source_list | sha256 /dev/stdin | cut -c1-16; }

# Sets app to the current build's folder; fails if there is none for the present sources.
find_app() {
    app=$artifacts/builds/$(fingerprint)
    [[ -f $app/earshot.dll && $app_link -ef $app ]]
}

# build LOG ARGUMENTS…: runs dotnet, output to LOG, which is shown if it fails. No build node
# stays behind, and no question can be asked.
run_build() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")" || return
    dotnet "$@" -nodeReuse:false >"$log" 2>&1 </dev/null && return
    cat "$log" >&2
    return 1
}

# Publishes the program if the sources changed since the last time, and sets app.
ensure_app() {
    find_app && return
    setup_dotnet && with_lock "$build_lock" publish_app || return
    app=$(cd -P "$app_link" && pwd)
}

publish_app() {
    find_app && return # another process was first
    local temp=$artifacts/earshot.tmp log=$artifacts/publish.log when='about half a minute'
    if [[ ! -d $earshot_root/src/Host ]]; then
        fail "src/Host is missing: this clone is not complete."
        return
    fi
    [[ -e $app_link ]] || when='first start, about a minute'
    say "building ($when) ..."
    rm -rf "$temp"
    # Compiled ahead of time it starts in half the time and a short replay is a fifth faster;
    # where that compiler's package cannot be had, without.
    if ! run_build "$log" publish "$earshot_root/src/Host" -c Release -o "$temp" \
        --use-current-runtime --self-contained false -p:PublishReadyToRun=true 2>/dev/null &&
        ! run_build "$log" publish "$earshot_root/src/Host" -c Release -o "$temp"; then
        fail "the build failed; its output is above and in $log"
        return
    fi
    [[ -f $temp/earshot.dll ]] || { fail "the build made no earshot.dll; see $log"; return; }
    rm -rf "$app"
    touch "$temp/.in-use" && mkdir -p "$artifacts/builds" && mv "$temp" "$app" && link_app &&
        remove_old_builds
}

link_app() {
    [[ -d $app_link && ! -L $app_link ]] && rm -rf "$app_link"
    ln -sfn "builds/$(basename "$app")" "$app_link.new" || return
    mv -Tf "$app_link.new" "$app_link" 2>/dev/null || mv -fh "$app_link.new" "$app_link"
}

# A running program holds a shared lock on its build's .in-use file: see hold_app.
remove_old_builds() {
    command -v flock >/dev/null || return 0
    local old
    for old in "$artifacts"/builds/*; do
        [[ $old == "$app" ]] || flock -n "$old/.in-use" rm -rf "$old"
    done
    return 0
}

# Keeps the current build from being removed for as long as this process, or what it is
# replaced by with exec, lives. Fails if a newer build removed it just now.
hold_app() {
    command -v flock >/dev/null || return 0
    { exec 7<"$app/.in-use"; } 2>/dev/null && flock -s 7 && [[ -f $app/earshot.dll ]]
}

build_solution() { # CONFIGURATION [PROJECT]
    setup_dotnet &&
        with_lock "$build_lock" run_build "$artifacts/build.log" \
            build "${2:-$earshot_root/Earshot.slnx}" -c "$1"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    case ${1:-} in
        '') build_solution Release || exit 1 ;;
        publish) ensure_app || exit 1 ;;
        *) fail "usage: scripts/build.sh [publish]" || exit 2 ;;
    esac
fi
