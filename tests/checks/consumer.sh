#!/bin/sh
# A stranger's use: install to a fresh prefix, build by the plain compiler line and by find_package, run.
#   consumer.sh BUILD_DIRECTORY
# shellcheck disable=SC2016,SC2317
set -eu
build=$(cd "${1:-build}" && pwd)
cd "$(dirname "$0")/../.."
root=$(pwd)
. tests/checks/lib.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
if ! cmake --install "$build" --prefix "$prefix" >"$work/install.log" 2>&1; then
    tail -20 "$work/install.log"
    not_ok 'cmake --install'
    finish
fi
ok 'cmake --install into an empty prefix'
pc=$(dirname "$(find "$prefix" -name spanwire-sdk.pc)")
lib=$(dirname "$pc")
PKG_CONFIG_PATH=$pc
LD_LIBRARY_PATH=$lib
export PKG_CONFIG_PATH LD_LIBRARY_PATH
cd "$work"

# attempt NAME COMMAND...: the command's output is shown only when it fails
attempt() {
    attempt_name=$1
    shift
    if out=$("$@" 2>&1); then ok "$attempt_name"; else case_of "$attempt_name" "${out:-failed without a word}"; fi
}

# no OTEL_ variable of the caller reaches a program here
clean_env() {
    env -i PATH="$PATH" LD_LIBRARY_PATH="$LD_LIBRARY_PATH" "$@"
}

plain_line() {
    # shellcheck disable=SC2046
    cc "$1" $(pkg-config --cflags --libs spanwire-sdk) -o "$2"
}

attempt 'samples/quickstart.c by: cc app.c $(pkg-config --cflags --libs spanwire-sdk)' plain_line "$root/samples/quickstart.c" quickstart
attempt 'it runs with the console exporter' clean_env OTEL_TRACES_EXPORTER=console ./quickstart
attempt 'it runs with the SDK disabled' clean_env OTEL_SDK_DISABLED=true ./quickstart

cat >library.c <<'C'
#define SPW_DEFAULT_TRACER tracer
#include <spanwire/trace.h>
static spw_tracer tracer = SPW_TRACER_INIT("library", "1.0");
int library_work(int n);
int library_work(int n)
{
    SPW_SPAN(span, "work");
    spw_set(span, "n", n);
    return n + 1;
}
C
cat >host.c <<'C'
int library_work(int n);
int main(void)
{
    return library_work(41) == 42 ? 0 : 1;
}
C
# shellcheck disable=SC2046
attempt 'an instrumented library by: cc -shared lib.c $(pkg-config --cflags --libs spanwire)' \
    cc -shared -fPIC -Wl,-z,defs library.c $(pkg-config --cflags --libs spanwire) -o liblibrary.so
attempt 'a program of it without an SDK: links' cc host.c -L. -llibrary -Wl,-rpath-link,"$lib" -o host
attempt 'a program of it without an SDK: runs' env LD_LIBRARY_PATH="$LD_LIBRARY_PATH:." ./host
case_of 'the library costs its users libspanwire and libc, nothing more' \
    "$(ldd liblibrary.so | grep -vE 'libspanwire\.so|libc\.so|libpthread|linux-vdso|ld-linux|/ld64' || true)"

mkdir cmake-user
cat >cmake-user/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(spanwire 0.1 REQUIRED)
add_executable(user ${QUICKSTART})
target_link_libraries(user PRIVATE spanwire::spanwire-sdk)
CMAKE
attempt 'find_package(spanwire): configures' cmake -G Ninja -S cmake-user -B cmake-build "-DCMAKE_PREFIX_PATH=$prefix" "-DQUICKSTART=$root/samples/quickstart.c"
attempt 'find_package(spanwire): builds' cmake --build cmake-build
attempt 'find_package(spanwire): runs' clean_env OTEL_TRACES_EXPORTER=console cmake-build/user

program=$prefix/bin/spanwire
if [ -x "$program" ]; then
    attempt 'the installed program starts without LD_LIBRARY_PATH' env -u LD_LIBRARY_PATH "$program" --help
else
    skip 'the installed program: not built'
fi
finish
