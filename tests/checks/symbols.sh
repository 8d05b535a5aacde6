#!/bin/sh
# What the shared libraries export: spw_ only, each in its version node; what the headers declare is there; what libspanwire needs is libc.
#   symbols.sh BUILD_DIRECTORY
set -eu
build=$(cd "${1:-build}" && pwd)
cd "$(dirname "$0")/../.."
. tests/checks/lib.sh

core=$build/src/libspanwire.so
sdk=$build/src/libspanwire-sdk.so

version=$(sed -nE 's/^project\(spanwire VERSION ([0-9]+\.[0-9]+)\.[0-9]+.*/\1/p' CMakeLists.txt)
node=SPANWIRE_$version
case_of 'the version in CMakeLists.txt is the one in common.h' \
    "$(grep -q "VERSION $(sed -nE 's/^#define SPW_VERSION "(.*)"/\1/p' include/spanwire/common.h) " CMakeLists.txt || echo 'they differ')"

exported() {
    nm -D --defined-only --with-symbol-versions "$1" | awk '$2 != "A" { print $3 }'
}

for library in "$core" "$sdk"; do
    name=${library##*/}
    if [ ! -e "$library" ]; then
        not_ok "$name was not built"
        continue
    fi
    case_of "$name exports spw_ names in $node and SPANWIRE_PRIVATE_$version, nothing else" \
        "$(exported "$library" | grep -vE "^spw_[a-z][a-z0-9_]*@@$node\$|^spw__[a-z][a-z0-9_]*@@(SPANWIRE_PRIVATE_$version|$node)\$" || true)"
    case_of "$name has SONAME $name.0" "$(readelf -d "$library" | grep SONAME | grep -vF "[$name.0]" || true)"
    case_of "$name stays loaded (nodelete)" "$(readelf -d "$library" | grep -q NODELETE || echo 'no NODELETE flag')"
    case_of "$name has no text relocations and no executable stack" \
        "$(readelf -d "$library" | grep TEXTREL || true; readelf -lW "$library" | awk '$1 == "GNU_STACK" && $0 ~ /RWE/' || true)"
done

# names REGULAR_EXPRESSION: of what the headers declare with SPW_API or SPW_INLINE, those that match
names() {
    cat include/spanwire/*.h | sed -nE 's/^(SPW_API|SPW_INLINE)[^(]*[ *](spw_[a-z_0-9]+)\(.*/\2/p; s/^SPW_API extern [^;]*[ *](spw_[a-z_0-9]+);.*/\1/p' | grep -E "$1" | sort -u
}

# without FILE1 FILE2: the lines of FILE1 that FILE2 has not
without() {
    grep -vxFf "$2" "$1" || true
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{ exported "$core"; exported "$sdk"; } | sort -u >"$work/exported"
grep "@@$node\$" "$work/exported" | sed 's/@.*//' >"$work/public"
names . >"$work/declared"
case_of "what the headers declare is exported, in $node (what inline functions call stands in src/libspanwire.map by name)" "$(without "$work/declared" "$work/public")"
case_of "what is exported in $node is declared in a header" "$(without "$work/public" "$work/declared")"
# curl.h calls libcurl, which libspanwire must not need: it stays a header.
case_of 'a public inline function is declared SPW_INLINE, so that it is exported too; but for those of curl.h' \
    "$(grep -nE '^static inline [^(]*[ *]spw_[a-z][a-z_0-9]*\(' include/spanwire/*.h | grep -v '^include/spanwire/curl\.h:' || true)"
fixed=$(awk '/^typedef struct [a-z_0-9]+ \{/ { name = $3; getline; if ($0 !~ /struct_size/ && name !~ /^spw__/) print name }' include/spanwire/*.h)
case_of 'a struct that cannot grow, for want of struct_size, has its reason in VERSIONING.md' \
    "$(for name in $fixed; do grep -qF "\`$name\`" VERSIONING.md || echo "$name"; done)"
case_of 'libspanwire needs libc only' \
    "$(readelf -d "$core" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -vE '^(libc\.so\.|libpthread\.so\.|ld-linux|ld64)' || true)"
finish
