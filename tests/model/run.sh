#!/bin/sh
# Checks the models of the recording path's concurrency with Spin: each must hold, and each of its planted faults must be found.
# Prints states and depth. Needs spin and a C compiler; exit 77 when spin is missing.
set -eu
cd "$(dirname "$0")"
command -v spin >/dev/null 2>&1 || { echo 'skipped: spin is not installed'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# check MODEL FAULT: FAULT empty: no error may be found; else one must be.
check() {
    model=$1 fault=$2
    (
        cd "$work"
        rm -f pan.c pan pan.log
        spin ${fault:+-D$fault} -a "$OLDPWD/$model.pml" >spin.log 2>&1
        ${CC:-cc} -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=4000 -o pan pan.c
        ./pan -m200000 >pan.log 2>&1
    ) || true
    errors=$(sed -nE 's/.*errors: ([0-9]+).*/\1/p' "$work/pan.log")
    states=$(sed -nE 's/^ *([0-9.e+]+) states, stored.*/\1/p' "$work/pan.log")
    depth=$(sed -nE 's/.*depth reached ([0-9]+).*/\1/p' "$work/pan.log")
    if [ -z "$fault" ] && [ "$errors" = 0 ] && ! grep -q 'Search not completed\|max search depth' "$work/pan.log"; then
        printf 'ok %s: holds; %s states, depth %s\n' "$model" "$states" "$depth"
    elif [ -n "$fault" ] && [ "${errors:-0}" -gt 0 ]; then
        printf 'ok %s: %s is found\n' "$model" "$fault"
    else
        printf 'not ok %s%s\n' "$model" "${fault:+: $fault is not found}"
        cat "$work/spin.log" "$work/pan.log"
        failed=$((failed + 1))
        return 0
    fi
    passed=$((passed + 1))
}

for file in *.pml; do
    check "${file%.pml}" ''
    sed -nE 's/^#ifn?def (BREAK_[A-Z_]+).*/\1/p' "$file" | sort -u >"$work/planted"
    while read -r planted; do
        check "${file%.pml}" "$planted"
    done <"$work/planted"
done
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
