#!/bin/sh
# A stranger's use of an installed copy: by the plain compiler line, by find_package, by a library that records, from a language without a C
# compiler. The copy is moved after it was installed: nothing in it may know where it was.
#   consumer.sh BUILD_DIRECTORY
# shellcheck disable=SC2016,SC2317
set -eu
build=$(cd "${1:-build}" && pwd)
cd "$(dirname "$0")/../.."
root=$(pwd)
. tests/checks/lib.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
consumers=$root/tests/consumers
warnings='-Wall -Wextra -Wpedantic -Wconversion -Werror'
if ! cmake --install "$build" --prefix "$work/here" >"$work/install.log" 2>&1; then
    tail -20 "$work/install.log"
    not_ok 'cmake --install'
    finish
fi
ok 'cmake --install into an empty prefix'
prefix=$work/elsewhere
mv "$work/here" "$prefix"
case_of 'what is installed as text names neither its prefix nor its source' \
    "$(grep -rIlE "$work/here|$build|$root" "$prefix" || true)"
pc=$(dirname "$(find "$prefix" -name spanwire-sdk.pc)")
lib=$(dirname "$pc")
case_of 'nor does a run path' \
    "$(readelf -d "$lib"/*.so "$prefix/bin/spanwire" "$prefix"/libexec/spanwire/* 2>/dev/null | grep -E 'RUNPATH|RPATH' | grep -vE '\[\$ORIGIN(/[^]:]*)?\]' || true)"
PKG_CONFIG_PATH=$pc
LD_LIBRARY_PATH=$lib
export PKG_CONFIG_PATH LD_LIBRARY_PATH
cd "$work"

# ---- pkg-config and the plain compiler line ----

plain_line() {
    # shellcheck disable=SC2046
    cc "$1" $(pkg-config --cflags --libs spanwire-sdk) -o "$2"
}

attempt 'samples/quickstart.c by: cc app.c $(pkg-config --cflags --libs spanwire-sdk)' plain_line "$root/samples/quickstart.c" quickstart
attempt 'it runs with the console exporter' clean_env OTEL_TRACES_EXPORTER=console ./quickstart
attempt 'it runs with the SDK disabled' clean_env OTEL_SDK_DISABLED=true ./quickstart
attempt 'samples/pump.c in the same way' plain_line "$root/samples/pump.c" pump
attempt 'it pumps: OTLP, to nobody' clean_env OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 ./pump
attempt 'it pumps: console' clean_env OTEL_TRACES_EXPORTER=console ./pump

# ---- a library that records ----

# shellcheck disable=SC2046,SC2086
attempt 'an instrumented library by: cc -shared lib.c $(pkg-config --cflags --libs spanwire)' \
    cc $warnings -shared -fPIC -Wl,-z,defs "$consumers/library.c" $(pkg-config --cflags --libs spanwire) -o liblibrary.so
case_of 'it costs its users libspanwire and libc, nothing more' \
    "$(ldd liblibrary.so | grep -vE 'libspanwire\.so|libc\.so|libpthread|linux-vdso|ld-linux|/ld64' || true)"
attempt 'a program of it without an SDK: links' cc "$consumers/host.c" -L. -llibrary -Wl,-rpath-link,"$lib" -o host
case_of 'a program of it without an SDK: no curl, no protobuf, no SDK' "$(LD_LIBRARY_PATH="$lib:." ldd host | grep -E 'curl|protobuf|spanwire-sdk' || true)"
attempt 'a program of it without an SDK: runs' clean_env LD_LIBRARY_PATH="$lib:." ./host
# shellcheck disable=SC2046,SC2086
attempt 'a program of it with an SDK: links' \
    cc $warnings "$consumers/host_sdk.c" -L. -llibrary $(pkg-config --cflags --libs spanwire-sdk) -o host_sdk
attempt 'a program of it with an SDK: its spans arrive in the program'\''s trace' clean_env LD_LIBRARY_PATH="$lib:." ./host_sdk

# ---- find_package ----

attempt 'find_package(spanwire): configures' cmake -G Ninja -S "$consumers/user" -B cmake-build "-DCMAKE_PREFIX_PATH=$prefix" "-DCONSUMERS=$consumers"
attempt 'find_package(spanwire): builds' cmake --build cmake-build
attempt 'find_package(spanwire): runs, without an SDK' clean_env cmake-build/host
attempt 'find_package(spanwire): runs, with an SDK' clean_env cmake-build/host_sdk

program=$prefix/bin/spanwire
if [ -x "$program" ]; then
    attempt 'the installed program starts without LD_LIBRARY_PATH' env -u LD_LIBRARY_PATH "$program" --help
    attempt 'and wraps a command' env -u LD_LIBRARY_PATH OTEL_SDK_DISABLED=false OTEL_TRACES_EXPORTER=none "$program" exec --wait -- true
else
    skip 'the installed program: not built'
fi

# ---- a binding: spans.lua says what it makes ----

# Of the spans in OTLP JSON, a line each: what is it in, its kind (OTLP's number) and its status; parents by name.
tree() {
    sed 's/{"traceId"/\n&/g' "$1" | awk '
        function field(key) { return match($0, "\"" key "\":\"?[^\",}]*") ? substr($0, RSTART, RLENGTH) : "" }
        function value(key) { text = field(key); sub(/^[^:]*:"?/, "", text); return text }
        /^\{"traceId"/ { id = value("spanId"); names[id] = value("name"); parents[id] = value("parentSpanId")
                         told[id] = "kind " value("kind") ", status " (value("code") == "" ? 0 : value("code")); traces[value("traceId")] }
        END { for (id in names) print names[id] ": in " (parents[id] == "" ? "nothing" : names[parents[id]]) ", " told[id]
              for (t in traces) count++
              print "traces: " count }' | LC_ALL=C sort
}

cat >tree.txt <<'TREE'
lua elsewhere: in lua run, kind 3, status 0
lua leaf: in lua step, kind 1, status 0
lua run: in nothing, kind 1, status 0
lua step: in lua run, kind 1, status 2
traces: 1
TREE
if command -v luajit >/dev/null 2>&1; then
    attempt 'LuaJIT calls the libraries' clean_env OTEL_TRACES_EXPORTER=otlp/stdout sh -c 'luajit "$1" >spans.json' - "$consumers/spans.lua"
    case_of 'its spans are a tree' "$(tree spans.json | diff tree.txt - || true)"
    for text in '"lua.string","value":{"stringValue":"zero\\u0000inside"}' '"lua.int","value":{"intValue":"7"}' '"lua.double","value":{"doubleValue":2.5}' \
        '"lua.bool","value":{"boolValue":true}' '"error.type","value":{"stringValue":"timeout"}' '"attempt","value":{"intValue":"2"}' '"scope":{"name":"lua","version":"5.1"'; do
        case_of "and hold what was set: $text" "$(grep -qF -- "$(printf '%b' "$text")" spans.json || echo 'it is not there')"
    done
else
    skip 'LuaJIT calls the libraries: no luajit (Debian: luajit)'
fi
finish
