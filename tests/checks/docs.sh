#!/bin/sh
# The pages of docs/api, one a public header: every function of the header is on its page, every function on a page exists, and every example
# there (and in the README) compiles without a warning; those with a main() run.
#   docs.sh BUILD_DIRECTORY
# shellcheck disable=SC2317
set -eu
build=$(cd "${1:-build}" && pwd)
cd "$(dirname "$0")/../.."
root=$(pwd)
. tests/checks/lib.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror'
LD_LIBRARY_PATH=$build/src
export LD_LIBRARY_PATH

# declared FILE...: the public functions of headers
declared() {
    sed -nE 's/^(SPW_API|SPW_INLINE|static inline)[^(]*[ *](spw_[a-z][a-z_0-9]*)\(.*/\2/p' "$@" | sort -u
}

# named FILE...: what pages call a function
named() {
    cat "$@" | grep -oE 'spw_[a-z][a-z_0-9]*\(' | tr -d '(' | sort -u
}

# lines of FILE1 that FILE2 has not
without() {
    grep -vxFf "$2" "$1" || true
}

declared include/spanwire/*.h >"$work/all"
sed -nE 's/^#define (spw_[a-z_]+)\(.*/\1/p' include/spanwire/*.h >>"$work/all"
for header in include/spanwire/*.h include/spanwire/spanwire.hpp; do
    name=$(basename "${header%.h}")
    page=docs/api/$name.md
    if [ ! -e "$page" ]; then
        not_ok "$page: there is none for $header"
        continue
    fi
    declared "$header" >"$work/declared"
    named "$page" >"$work/named"
    case_of "$page names every function of its header" "$(without "$work/declared" "$work/named")"
    case_of "$page names no function that does not exist" "$(without "$work/named" "$work/all" | grep -vE '^spw_(my|example)_' || true)"
    case_of "README.md or docs/api/README.md links $page" "$(grep -qF "($name.md)" docs/api/README.md || echo 'it does not')"
done

# blocks PAGE PREFIX: its C and C++ examples as PREFIX-1.c, PREFIX-2.cpp, ...
blocks() {
    awk -v prefix="$2" '/^```(c|cpp)$/ { file = prefix "-" ++n "." substr($0, 4); next } /^```/ { file = "" } file != "" { print > file }' "$1"
}

# example FILE: compiles it, and runs it when it is a program
example() {
    case $1 in
    *.cpp) compiler='g++ -std=c++17' ;;
    *) compiler='gcc -std=c11 -D_GNU_SOURCE' ;;
    esac
    if grep -q 'int main(' "$1"; then
        # shellcheck disable=SC2046,SC2086
        $compiler $warnings "-I$root/include" "$1" "-L$build/src" -lspanwire-sdk -lspanwire $(grep -q 'curl.h' "$1" && pkg-config --libs libcurl) -pthread \
            -o "$1.program" && (cd "$work" && clean_env OTEL_TRACES_EXPORTER=console timeout 30 "$1.program")
    else
        # shellcheck disable=SC2086
        $compiler $warnings -Wno-unused-function -Wno-unused-variable "-I$root/include" -fsyntax-only "$1"
    fi
}

for page in README.md docs/api/*.md; do
    prefix=$work/$(basename "$page" .md)
    blocks "$page" "$prefix"
    count=0
    for file in "$prefix"-*.c "$prefix"-*.cpp; do
        [ -e "$file" ] || continue
        count=$((count + 1))
        attempt "$page, example $count$(grep -q 'int main(' "$file" && echo ', a program')" example "$file"
    done
    [ "$count" -gt 0 ] || [ "$page" = docs/api/README.md ] || not_ok "$page has no example"
done
# tests_named FILE: `path: function` for each test a page claims: a path in backquotes, and the names in backquotes after it
tests_named() {
    awk -F'`' '{ file = ""
        for (i = 2; i <= NF; i += 2) {
            if ($i ~ /^(unit|integration|stress|viewer|browser)\/[a-z_0-9]+\.c$/) { file = $i; print file }
            else if (file != "" && $i ~ /^[a-z][a-z_0-9]+$/ && $(i - 1) ~ /^(: |, )$/) print file " " $i
            else file = ""
        } }' "$1" | sort -u
}

for page in docs/compliance.md docs/architecture.md; do
    tests_named "$page" >"$work/claims"
    case_of "$page names tests that exist" "$(while read -r file name; do
        grep -qE "\\b$name\\(" "tests/$file" 2>/dev/null || echo "tests/$file: $name"
    done <"$work/claims")"
done
finish
