#!/bin/sh
# What the shared libraries export: spw_ only, each in its version node; what the headers declare is there; what libspanwire needs is libc.
#   symbols.sh BUILD_DIRECTORY
set -eu
build=$(cd "${1:-build}" && pwd)
cd "$(dirname "$0")/../.."
. tests/checks/lib.sh

core=$build/src/libspanwire.so
sdk=$build/src/libspanwire-sdk.so

exported() {
    nm -D --defined-only --with-symbol-versions "$1" | awk '$2 != "A" { print $3 }'
}

for library in "$core" "$sdk"; do
    name=${library##*/}
    if [ ! -e "$library" ]; then
        not_ok "$name was not built"
        continue
    fi
    case_of "$name exports spw_ in SPANWIRE_0.1 and spw__ in SPANWIRE_PRIVATE_0.1, nothing else" \
        "$(exported "$library" | grep -vE '^spw_[a-z][a-z0-9_]*@@SPANWIRE_0\.1$|^spw__[a-z][a-z0-9_]*@@SPANWIRE_PRIVATE_0\.1$' || true)"
    case_of "$name has SONAME $name.0" "$(readelf -d "$library" | grep SONAME | grep -vF "[$name.0]" || true)"
    case_of "$name stays loaded (nodelete)" "$(readelf -d "$library" | grep -q NODELETE || echo 'no NODELETE flag')"
    case_of "$name has no text relocations and no executable stack" \
        "$(readelf -d "$library" | grep TEXTREL || true; readelf -lW "$library" | awk '$1 == "GNU_STACK" && $0 ~ /RWE/' || true)"
done

# every function a header declares with SPW_API
declared=$(cat include/spanwire/*.h | sed -nE 's/^SPW_API[^(]*[ *]([a-z_0-9]+)\(.*/\1/p; s/^SPW_API extern [^;]*[ *]([a-z_0-9]+);.*/\1/p' | sort -u)
provided=$({ exported "$core"; exported "$sdk"; } | sed 's/@.*//' | sort -u)
missing=$(for s in $declared; do printf '%s\n' "$provided" | grep -qx "$s" || echo "$s"; done)
case_of 'what the headers declare is exported' "$missing"
undeclared=$(for s in $(printf '%s\n' "$provided" | grep -v '^spw__'); do printf '%s\n' "$declared" | grep -qx "$s" || echo "$s"; done)
case_of 'what is exported as public is declared in a header' "$undeclared"
case_of 'libspanwire needs libc only' \
    "$(readelf -d "$core" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -vE '^(libc\.so\.|libpthread\.so\.|ld-linux|ld64)' || true)"
finish
