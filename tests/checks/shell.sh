#!/bin/sh
# The shell scripts, by shellcheck.
set -eu
cd "$(dirname "$0")/../.."
. tests/checks/lib.sh

if ! command -v shellcheck >/dev/null 2>&1; then
    skip 'shell scripts: no shellcheck'
    finish
fi
for script in run .ci/run $(find tests bench cmake -name '*.sh'); do
    case_of "$script" "$(shellcheck -x "$script" 2>&1 || true)"
done
finish
