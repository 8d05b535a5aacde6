#!/bin/sh
# tests/interop/ui.sh: the viewer's user interface rebuilt from its lock file is, byte for byte, what is committed. Works in a copy; what it
# needs and is not here is skipped, and said.
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
finish
