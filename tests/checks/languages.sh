#!/bin/sh
# C11, C23 and C++17 against an installed copy: the same values have the same types on the wire in each; spanwire.hpp does what it says, with
# and without exceptions and RTTI, and refuses what it must.
#   languages.sh BUILD_DIRECTORY
# shellcheck disable=SC2317
set -eu
build=$(cd "${1:-build}" && pwd)
cd "$(dirname "$0")/../.."
consumers=$(pwd)/tests/consumers
. tests/checks/lib.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings='-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror'
cmake --install "$build" --prefix "$work/prefix" >/dev/null
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name spanwire-sdk.pc)")
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
export PKG_CONFIG_PATH LD_LIBRARY_PATH
flags=$(pkg-config --cflags --libs spanwire-sdk)
cd "$work"

# build_and_run COMPILER FLAGS FILE OUT
build_and_run() {
    # shellcheck disable=SC2086
    "$1" $2 $warnings "$consumers/$3" $flags -o program && clean_env ./program >"$4"
}

# has COMPILER WHAT
has() {
    command -v "$1" >/dev/null 2>&1 && return 0
    skip "$2: no $1"
    return 1
}

same_wire_types() {
    build_and_run "$1" "$2" "$3" types.txt && diff "$consumers/wire_types.txt" types.txt
}

for cc in gcc clang; do
    has "$cc" 'wire types in C' || continue
    attempt "spw_set in C11 by $cc: the wire types of wire_types.txt" same_wire_types "$cc" -std=c11 wire_types.c
    attempt "spw_set in C23 by $cc: the same" same_wire_types "$cc" -std=c2x wire_types.c
done
for cxx in g++ clang++; do
    has "$cxx" 'C++' || continue
    attempt "set() in C++17 by $cxx: the same" same_wire_types "$cxx" -std=c++17 wire_types.cpp
    attempt "spanwire.hpp in C++17 by $cxx" build_and_run "$cxx" -std=c++17 cpp.cpp cpp.txt
    attempt "spanwire.hpp without exceptions and RTTI by $cxx" build_and_run "$cxx" '-std=c++17 -fno-exceptions -fno-rtti' cpp.cpp cpp.txt
done
if has g++ 'what spanwire.hpp refuses'; then
    # shellcheck disable=SC2086
    attempt "what the next cases vary compiles" g++ -std=c++17 -fsyntax-only $flags "$consumers/cpp_refused.cpp"
    for case in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
        # shellcheck disable=SC2086
        refused "spanwire.hpp refuses case $case of cpp_refused.cpp" g++ -std=c++17 -fsyntax-only $flags "-DCASE=$case" "$consumers/cpp_refused.cpp"
    done
fi
if has g++ 'spanwire.hpp under sanitizers'; then
    attempt 'spanwire.hpp in C++20, under the address and undefined-behaviour sanitizers' \
        build_and_run g++ '-std=c++20 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all' cpp.cpp cpp.txt
fi
finish
