#!/bin/sh
# tests/interop/run.sh [BUILD_DIRECTORY]: this project's programs against other implementations of OpenTelemetry. What they need and is
# not here is skipped, and said. The Collector and Jaeger are built once and kept in out/cache/, packages of npm and PyPI in build-interop/.
set -eu
cd "$(dirname "$0")/../.."
. tests/checks/lib.sh
. tests/interop/packages.sh

jobs=$(nproc 2>/dev/null || echo 2)
work=$(mktemp -d)
child=
cache=out/cache
export GOTOOLCHAIN=local # what is here, or nothing: no other Go is fetched
export GOWORK=off

# shellcheck disable=SC2317 # called by the traps
cleanup() {
    trap - EXIT INT TERM HUP
    [ -z "$child" ] || kill "$child" 2>/dev/null || true
    rm -rf "$work" "$cache/$$.new"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# limited SECONDS COMMAND...: in the background, so that the traps above run at once; killed when it takes longer
limited() {
    timeout "$@" &
    child=$!
    limited_rc=0
    wait "$child" || limited_rc=$?
    child=
    return "$limited_rc"
}

# find_go MINOR: sets `go`; says why when there is none to build with.
find_go() {
    go=$(command -v go 2>/dev/null || true)
    [ -n "$go" ] || go=/usr/local/go/bin/go # where its own installer puts it, often outside of PATH
    if [ ! -x "$go" ]; then
        printf 'Go is not installed\n'
        return 1
    fi
    minor=$("$go" version | sed -nE 's/.*go1\.([0-9]+).*/\1/p')
    if [ "${minor:-0}" -lt "$1" ]; then
        printf 'it needs Go 1.%s, here is %s\n' "$1" "$("$go" version)"
        return 1
    fi
}

# The build to test: the one given, the one of the gcc tests, or one of its own.
need_programs() {
    build=${1:-build-gcc}
    if [ ! -f "$build/CMakeCache.txt" ]; then
        build='build-interop'
        cmake -S . -B "$build" -G Ninja -DBUILD_TESTING=OFF -DSPW_BUILD_BENCH=OFF ||
            cmake -S . -B "$build" -G Ninja -DBUILD_TESTING=OFF -DSPW_BUILD_VIEWER=OFF -DSPW_BUILD_BENCH=OFF || return
    fi
    cmake --build "$build" --parallel "$jobs" --target agent linecount spanwire-sdk || return
    ! has_viewer || cmake --build "$build" --parallel "$jobs" --target spanwire-cli || return
    # against the public headers and the shared libraries, as a program of a user's
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Iinclude tests/interop/witness/*.c -o "$work/witness" \
        -L"$build/src" -lspanwire-sdk -lspanwire -pthread "-Wl,-rpath,$PWD/$build/src"
}

has_viewer() {
    grep -q '^SPW_BUILD_VIEWER:BOOL=ON' "$build/CMakeCache.txt"
}

# need_receiver NAME PACKAGE FILES...: sets `receiver`, the program of tests/interop/NAME, from the cache or built; the hash of its sources is in
# its name, so that a changed pin makes another.
need_receiver() {
    name=$1 package=$2
    shift 2
    hash=$(cd "tests/interop/$name" && cat "$@" | sha256sum | cut -c1-16)
    receiver=$cache/$name-$hash
    [ ! -x "$receiver" ] || return 0
    mkdir -p "$cache"
    limited 1200 "$go" -C "tests/interop/$name" build -mod=readonly -trimpath -ldflags='-s -w' -p 2 -o "$PWD/$cache/$$.new" "$package" || return
    rm -f "$cache/$name"-*
    mv "$cache/$$.new" "$receiver"
}

# What went wrong lies in the network, not here.
offline() {
    grep -qE 'dial tcp|no such host|i/o timeout|connection refused|reading https?://.*: (403|404|410|5[0-9][0-9]) ' "$1"
}

not_built() {
    not_ok "building $1"
    tail -20 "$work/build.log"
}

# shows LOG STATUS WHAT: a comparison's cases, counted; WHAT ended without a word
shows() {
    cat "$1"
    passed=$((passed + $(grep -c '^ok - ' "$1" || true)))
    wrong=$(grep -c '^not ok - ' "$1" || true)
    failed=$((failed + wrong))
    if [ "$2" -ne 0 ] && [ "$wrong" -eq 0 ]; then
        not_ok "$3 ended with status $2"
    fi
}

# test_receiver WHAT MINOR NAME PACKAGE FILES...: what it is called, the Go it needs, and as for need_receiver
test_receiver() {
    what=$1
    find_go "$2" >"$work/why" || { skip "$what: $(cat "$work/why")"; return; }
    shift 2
    "$go" -C tests/interop/check build -o "$work/check" . >"$work/build.log" 2>&1 || { not_built 'the comparison'; return; }
    if ! need_receiver "$@" >"$work/build.log" 2>&1; then
        if offline "$work/build.log"; then
            skip "$what: its modules cannot be had from the module proxy"
            tail -3 "$work/build.log"
        else
            not_built "$what"
        fi
        return
    fi
    rc=0
    limited 400 "$work/check" "-$1" "$receiver" -witness "$work/witness" -agent "$build/samples/agent" >"$work/check.log" 2>&1 || rc=$?
    shows "$work/check.log" "$rc" "the comparison with $what"
}

test_python() {
    need_python python 300 >"$work/build.log" 2>&1 || { no_package 'a decoder in Python (opentelemetry-proto)'; return; }
    rc=0
    clean_env timeout 120 "$venv/bin/python" tests/interop/python/decode.py "$work/witness" "$work" >"$work/check.log" 2>&1 || rc=$?
    shows "$work/check.log" "$rc" 'the decoder in Python'
}

test_phoenix() {
    need_python phoenix 900 >"$work/build.log" 2>&1 || { no_package 'Phoenix'; return; }
    mkdir "$work/phoenix"
    rc=0
    clean_env timeout 300 "$venv/bin/python" tests/interop/phoenix/check.py "$venv/bin/phoenix" "$build/samples/agent" "$work/phoenix" >"$work/check.log" 2>&1 || rc=$?
    shows "$work/check.log" "$rc" 'the comparison with Phoenix'
}

# The viewer on a free port, with these files opened; its process in `child` (its own, not that of a shell around it), its port in `port`.
start_viewer() {
    rm -f "$work/port" "$work/pid"
    # shellcheck disable=SC2016 # for the inner shell
    clean_env sh -c 'echo $$ >"$1"; shift; exec "$@"' sh "$work/pid" \
        "$build/cli/spanwire" view --quiet --listen 127.0.0.1:0 --port-file "$work/port" "$@" &
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -f "$work/port" ] && break
        sleep 0.3
    done
    child=$(cat "$work/pid")
    port=$(cat "$work/port")
}

stop_viewer() {
    kill "$child" 2>/dev/null || true
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        kill -0 "$child" 2>/dev/null || break
        sleep 0.2
    done
    child=
}

# The agent's spans in a file, the file in a viewer, and a client that agents use.
test_mcp() {
    has_viewer || { skip "the Model Context Protocol's client: this build has no viewer"; return; }
    need_python mcp 300 >"$work/build.log" 2>&1 || { no_package "the Model Context Protocol's client"; return; }
    clean_env OTEL_TRACES_EXPORTER=file SPANWIRE_TRACES_FILE="$work/agent.jsonl" "$build/samples/agent" src/record >"$work/agent.log" 2>&1 ||
        { not_ok 'the agent runs'; return; }
    start_viewer "$work/agent.jsonl" || { not_ok 'the viewer does not start'; return; }
    rc=0
    clean_env timeout 150 "$venv/bin/python" tests/interop/mcp/client.py "http://127.0.0.1:$port/mcp" "$work/agent.jsonl" >"$work/check.log" 2>&1 || rc=$?
    stop_viewer
    shows "$work/check.log" "$rc" "the Model Context Protocol's client"
}

test_npm() {
    has_viewer || { skip 'senders from npm: this build has no viewer'; return; }
    need_npm >"$work/build.log" 2>&1 || { no_package 'senders from npm (OpenTelemetry for JavaScript)'; return; }
    start_viewer || { not_ok 'the viewer does not start'; return; }
    for sender in send send_signals; do
        rc=0
        clean_env timeout 120 node "$modules/$sender.mjs" "http://127.0.0.1:$port" >"$work/check.log" 2>&1 || rc=$?
        shows "$work/check.log" "$rc" 'the senders from npm'
    done
    stop_viewer
}

if need_programs "$@" >"$work/build.log" 2>&1; then
    test_receiver 'OpenTelemetry Collector' 23 collector . go.mod go.sum main.go
    test_receiver 'Jaeger' 25 jaeger github.com/jaegertracing/jaeger/cmd/jaeger go.mod go.sum
    test_python
    test_phoenix
    test_mcp
    test_npm
else
    not_built 'what is tested'
fi
finish
