#!/bin/sh
# Static libraries: built, installed, and linked by `pkg-config --static` and by find_package.
# shellcheck disable=SC2317
set -eu
cd "$(dirname "$0")/../.."
root=$(pwd)
. tests/checks/lib.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

static_line() {
    # shellcheck disable=SC2046
    cc "$root/samples/quickstart.c" $(PKG_CONFIG_PATH=$pc pkg-config --static --cflags --libs spanwire-sdk) -o "$work/quickstart"
}

find_package_user() {
    mkdir "$work/user"
    cat >"$work/user/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(spanwire 0.1 REQUIRED)
add_executable(user ${QUICKSTART})
target_link_libraries(user PRIVATE spanwire::spanwire-sdk)
CMAKE
    cmake -G Ninja -S "$work/user" -B "$work/user-build" "-DCMAKE_PREFIX_PATH=$work/prefix" "-DQUICKSTART=$root/samples/quickstart.c" &&
        cmake --build "$work/user-build"
}

attempt 'static: configures' cmake -S . -B "$work/build" -G Ninja -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF -DSPW_BUILD_VIEWER=OFF \
    -DSPW_BUILD_SAMPLES=OFF -DSPW_BUILD_BENCH=OFF -DSPW_WERROR=ON
attempt 'static: builds' cmake --build "$work/build"
attempt 'static: installs' cmake --install "$work/build" --prefix "$work/prefix"
pc=$(dirname "$(find "$work/prefix" -name spanwire-sdk.pc)")
attempt 'static: links by pkg-config --static' static_line
attempt 'static: runs' env -i OTEL_TRACES_EXPORTER=console "$work/quickstart"
case_of 'static: needs no shared library of ours' "$(ldd "$work/quickstart" | grep spanwire || true)"
attempt 'static: links by find_package' find_package_user
attempt 'static: runs, linked by find_package' env -i OTEL_TRACES_EXPORTER=console "$work/user-build/user"
finish
