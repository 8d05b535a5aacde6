#!/bin/sh
# Every public header alone, as C11, C23 and C++17, without a warning.
set -eu
cd "$(dirname "$0")/../.."
. tests/checks/lib.sh

warnings='-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Werror'

# compiles COMPILER LANGUAGE STANDARD HEADER
compiles() {
    command -v "$1" >/dev/null 2>&1 || {
        skip "$4 as $3: no $1"
        return 0
    }
    # shellcheck disable=SC2086
    out=$(printf '#include <spanwire/%s>\nint spw_check_unit;\n' "$4" | "$1" -x "$2" "-std=$3" $warnings -Iinclude -fsyntax-only - 2>&1) || out="${out:-failed}"
    case_of "$4 as $3 by $1" "$out"
}

for path in include/spanwire/*.h; do
    header=${path##*/}
    if [ "$header" = curl.h ] && ! pkg-config --exists libcurl; then
        skip 'curl.h: no libcurl'
        continue
    fi
    for cc in gcc clang; do
        compiles "$cc" c c11 "$header"
        compiles "$cc" c c2x "$header"
    done
    for cxx in g++ clang++; do
        compiles "$cxx" c++ c++17 "$header"
    done
done
# Every struct that opens with struct_size has an initialiser of its name, which names every member.
headers=$(find include/spanwire -name '*.h' ! -name curl.h | LC_ALL=C sort)
# shellcheck disable=SC2086
unit=$(
    printf '#include <%s>\n' $headers | sed 's|<include/|<|'
    awk '/^typedef struct [a-z_0-9]+ \{|^struct [a-z_0-9]+ \{/ { name = $1 == "struct" ? $2 : $3; next }
         name != "" && /size_t struct_size;/ { printf "extern %s check_%s;\n%s check_%s = %s_INIT;\n", name, name, name, name, toupper(name) }
         { name = "" }' $headers
)
case_of 'there are structs that grow' "$(printf '%s\n' "$unit" | grep -c _INIT | awk '$1 < 20 { print $1 " only" }')"
for line in 'gcc c c11' 'clang c c11' 'g++ c++ c++17' 'clang++ c++ c++17'; do
    # shellcheck disable=SC2086
    set -- $line
    command -v "$1" >/dev/null 2>&1 || continue
    # shellcheck disable=SC2086
    case_of "what grows has an initialiser, as $3 by $1" "$(printf '%s\n' "$unit" | "$1" -x "$2" "-std=$3" $warnings -Iinclude -fsyntax-only - 2>&1)"
done

for path in include/spanwire/*.hpp; do
    [ -e "$path" ] || continue
    for cxx in g++ clang++; do
        compiles "$cxx" c++ c++17 "${path##*/}"
    done
done
finish
