#!/bin/sh
# spanwire inside another project, by add_subdirectory: tests/consumers/parent asserts what must not happen to that project.
# shellcheck disable=SC2317
set -eu
cd "$(dirname "$0")/../.."
root=$(pwd)
. tests/checks/lib.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# as_part_of_another NAME CMAKE_ARGUMENT...
as_part_of_another() {
    name=$1
    shift
    attempt "$name: configures, and the parent stays as it is" cmake -G Ninja -S tests/consumers/parent -B "$work/$name" "-DSPANWIRE_SOURCE=$root" "$@"
    attempt "$name: builds with the parent's warnings, which are errors" cmake --build "$work/$name"
    attempt "$name: runs" clean_env ctest --test-dir "$work/$name" --no-tests=error --output-on-failure
    attempt "$name: installs" cmake --install "$work/$name" --prefix "$work/$name-prefix"
    case_of "$name: installs nothing of spanwire's" "$(find "$work/$name-prefix" -name '*spanwire*' 2>/dev/null || true)"
}

as_part_of_another shared
case_of 'shared: libraries of its own for all that record' "$(ldd "$work/shared/quickstart" | grep -q libspanwire.so.0 || echo 'it is static')"
as_part_of_another static -DBUILD_SHARED_LIBS=OFF -DGIVEN_BUILD_SHARED_LIBS=OFF -DCMAKE_BUILD_TYPE=Release -DGIVEN_CMAKE_BUILD_TYPE=Release
case_of 'static: where the parent wants that' "$(ldd "$work/static/quickstart" | grep libspanwire || true)"
finish
