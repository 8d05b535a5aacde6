#!/bin/sh
# The ABI against the dumps in tests/abi, by libabigail: what programs were built against is still there and still the same. What may grow by
# VERSIONING.md (new names; new members at the end of structs that open with struct_size) is no difference.
#   abi.sh BUILD_DIRECTORY [--update]
set -eu
build=$(cd "${1:-build}" && pwd)
update=${2:-}
cd "$(dirname "$0")/../.."
. tests/checks/lib.sh

if ! command -v abidw >/dev/null 2>&1 || [ "$(uname -m)" != x86_64 ]; then
    skip 'ABI: the dumps are of x86-64, and compared by abidw (Debian: abigail-tools)'
    finish
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# growing HEADER...: as a suppression, the structs that open with struct_size
growing() {
    printf '[suppress_type]\n  type_kind = struct\n  has_data_member_inserted_at = end\n  name_regexp = ^('
    awk '/^typedef struct [a-z_0-9]+ \{/ { name = $3; next } name != "" && /size_t struct_size;/ { print name } { name = "" }' "$@" | paste -sd '|' | tr -d '\n'
    printf ')$\n'
}

# public_names LIBRARY: what programs may bind to; the node SPANWIRE_PRIVATE is our own libraries' affair
public_names() {
    echo '[abi_whitelist]'
    nm -D --defined-only --with-symbol-versions "$1" | sed -nE 's/.* ([a-z_0-9]+)@@SPANWIRE_[0-9].*/  \1/p' | LC_ALL=C sort
}

# dump LIBRARY HEADERS OUT: its public symbols and their types; no path of this machine
dump() {
    public_names "$1" >"$work/names"
    abidw -w "$work/names" --headers-dir "$2" --drop-private-types --exported-interfaces-only --no-corpus-path --no-comp-dir-path --no-show-locs \
        --no-parameter-names --type-id-style hash "$1" | sed -E "s|(<abi-instr [^>]*path=')[^']*/|\1|" >"$3"
}

# differences OLD NEW SUPPRESSIONS: nothing when who was built against the old one can use the new one
differences() {
    if out=$(abidiff --no-added-syms --suppressions "$3" "$1" "$2" 2>&1); then return 0; fi
    printf '%s\n' "${out:-abidiff failed without a word}"
}

# compile NAME TEXT: a library of it, for the check of the check
compile() {
    mkdir -p "$work/$1"
    printf '%s\n' "$2" >"$work/$1/check.h"
    printf '#include "check.h"\nlong take(const struct growing *g, const struct fixed *f) { return (long)g->struct_size + f->a; }\n%s\n' "${3:-}" >"$work/$1/check.c"
    gcc -g -shared -fPIC "$work/$1/check.c" -o "$work/$1/lib.so"
    abidw --headers-dir "$work/$1" --drop-private-types --no-corpus-path --no-comp-dir-path "$work/$1/lib.so" >"$work/$1/abi"
}

# Whether it tells what is allowed from what is not.
check_the_check() {
    open=$(printf '#include <stddef.h>\ntypedef struct growing {\n    size_t struct_size;')
    compile old "$open long b; } growing; typedef struct fixed { long a; } fixed;" 'void gone(void) {}'
    compile grown "$open long b; long c; } growing; typedef struct fixed { long a; } fixed;" 'void gone(void) {} void more(void) {}'
    compile moved "$open long c; long b; } growing; typedef struct fixed { long a; } fixed;" 'void gone(void) {}'
    compile larger "$open long b; } growing; typedef struct fixed { long a; long b; } fixed;" 'void gone(void) {}'
    compile less "$open long b; } growing; typedef struct fixed { long a; } fixed;"
    growing "$work/old/check.h" >"$work/check.suppr"
    case_of 'what grows where it may is no difference' "$(differences "$work/old/abi" "$work/grown/abi" "$work/check.suppr")"
    for kind in moved larger less; do
        case_of "a difference is found: $kind" "$([ -n "$(differences "$work/old/abi" "$work/$kind/abi" "$work/check.suppr")" ] || echo 'it was not')"
    done
}

growing include/spanwire/*.h >"$work/growing.suppr"
for name in libspanwire libspanwire-sdk; do
    kept=tests/abi/$name.abi
    dump "$build/src/$name.so" include/spanwire "$work/$name.abi"
    case_of "the dump of $name has no path of this machine" "$(grep -nE "(/work|/home|/tmp|/usr|/root|/build)" "$work/$name.abi" | head -3 || true)"
    if [ "$update" = --update ]; then
        mkdir -p tests/abi
        cp "$work/$name.abi" "$kept"
    fi
    found=$(differences "$kept" "$work/$name.abi" "$work/growing.suppr")
    case_of "$name keeps its ABI" "$found"
    [ -z "$found" ] || echo '    Undo it, or, where VERSIONING.md allows it, say it in CHANGELOG.md and run: ./run abi --update'
    [ -n "$found" ] || abidiff "$kept" "$work/$name.abi" >/dev/null 2>&1 ||
        echo "note - $name has grown since the dump; from ./run abi --update on, which every release needs, what is new stays as well"
done
[ "$update" = --update ] || check_the_check
finish
