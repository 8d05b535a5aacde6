#!/bin/sh
# tests/interop/ui.sh [BUILD_DIRECTORY]: the viewer's user interface rebuilt from its lock file is, byte for byte, what is committed, and its
# pages do in Debian's Chromium what their tests say. Works in a copy; what it needs and is not here is skipped, and said.
set -eu
cd "$(dirname "$0")/../.."
. tests/checks/lib.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# npm_does WHAT ARGUMENTS: the end of its output is shown when it fails
npm_does() {
    npm_what=$1
    shift
    if (cd "$work/ui" && timeout 300 npm "$@") >"$work/log" 2>&1; then
        ok "viewer/ui: $npm_what"
    else
        not_ok "viewer/ui: $npm_what"
        tail -20 "$work/log"
        return 1
    fi
}

# What went wrong lies in the network, not here.
offline() {
    grep -qE 'npm (ERR!|error) code (ENOTFOUND|EAI_AGAIN|ECONN[A-Z]+|E[A-Z]*TIMEDOUT|ERR_SOCKET_TIMEOUT|EHOSTUNREACH|ENETUNREACH|E40[1347]|E5[0-9][0-9])' "$1"
}

if ! command -v npm >/dev/null 2>&1; then
    skip 'rebuilding viewer/ui: npm is not installed'
    finish
fi
mkdir "$work/ui"
(cd viewer/ui && tar -cf - --exclude=./node_modules --exclude=./dist .) | tar -xf - -C "$work/ui"
rc=0
(cd "$work/ui" && npm_config_fetch_retries=1 npm_config_fetch_timeout=60000 timeout 300 npm ci) >"$work/log" 2>&1 || rc=$?
if [ "$rc" -ne 0 ]; then
    if [ "$rc" -eq 124 ] || offline "$work/log"; then
        skip 'rebuilding viewer/ui: its packages cannot be had from the npm registry'
    else
        not_ok 'viewer/ui: npm ci'
        tail -20 "$work/log"
    fi
    finish
fi
ok 'viewer/ui: npm ci'
if npm_does 'npm run build' run build; then
    case_of 'viewer/ui/dist is what its sources make' "$(diff -rq viewer/ui/dist "$work/ui/dist" 2>&1 || true)"
fi
npm_does 'npm run check' run check || true
npm_does 'npm test' test || true

# The pages of the program as it is built here, with the figures its tests print.
browser_tests() {
    root=$PWD
    build=$root/${1:-build-gcc}
    [ -n "${1:-}" ] || [ -x "$build/cli/spanwire" ] || build=$root/build-interop
    if ! [ -x "$build/cli/spanwire" ]; then
        skip "the pages in a browser: spanwire is not built in $build"
        return
    fi
    if ! command -v chromium >/dev/null 2>&1; then
        skip 'the pages in a browser: chromium is not installed'
        return
    fi
    if (cd "$work/ui" && SPW_ROOT=$root SPW_BUILD=$build SPW_CHROMIUM=$(command -v chromium) timeout -k 10 900 npm run test:browser) >"$work/log" 2>&1; then
        ok 'viewer/ui: the pages in a browser'
    else
        not_ok 'viewer/ui: the pages in a browser'
        grep -E -A12 '^not ok' "$work/log" | head -60
    fi
    sed -n 's/^# figure: /    /p' "$work/log"
}
browser_tests "$@"
finish
