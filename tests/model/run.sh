#!/bin/sh
# Checks the models of the recording path's concurrency with Spin: each must hold over every interleaving, and each of its planted faults
# must be found. Then that the tests exist which structures.txt names for what threads share. `--markdown` prints tables.
# Needs spin and a C compiler; exit 77 when spin is missing.
set -eu
cd "$(dirname "$0")"
command -v spin >/dev/null 2>&1 || { echo 'skipped: spin is not installed'; exit 77; }
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
markdown=
[ "${1:-}" != --markdown ] || markdown=1

# explore MODEL FAULT: leaves states, depth and errors of the search.
explore() {
    (
        cd "$work"
        rm -f pan.c pan pan.log
        spin ${2:+-D$2} -a "$here/$1.pml" >spin.log 2>&1
        ${CC:-cc} -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=4000 -o pan pan.c
        ./pan -m200000 >pan.log 2>&1
    ) || true
    errors=$(sed -nE 's/.*errors: ([0-9]+).*/\1/p' "$work/pan.log")
    states=$(sed -nE 's/^ *([0-9.e+]+) states, stored.*/\1/p' "$work/pan.log")
    depth=$(sed -nE 's/.*depth reached ([0-9]+).*/\1/p' "$work/pan.log")
}

fail() {
    printf 'not ok %s\n' "$1"
    cat "$work/spin.log" "$work/pan.log" 2>/dev/null || true
    failed=$((failed + 1))
}

say() {
    [ -n "$markdown" ] || printf '%s\n' "$1"
    passed=$((passed + 1))
}

# The whole of a model: no error may be found, and the search must have seen every state.
check() {
    explore "$1" ''
    if [ "$errors" = 0 ] && ! grep -q 'Search not completed\|max search depth' "$work/pan.log"; then
        say "ok $1: holds; $states states, depth $depth, exhaustive"
    else
        fail "$1"
    fi
    row_states=$states row_depth=$depth
}

check_fault() {
    explore "$1" "$2"
    if [ "${errors:-0}" -gt 0 ]; then
        say "ok $1: $2 is found"
        found=$((found + 1))
    else
        fail "$1: $2 is not found"
    fi
}

# column MODEL N
column() {
    sed -nE "s/^($1\|.*)/\1/p" models.txt | cut -d'|' -f"$2"
}

[ -z "$markdown" ] || printf '| model of | proven over every interleaving | states | depth | planted faults found | memory; the rest is for ThreadSanitizer |\n|---|---|---|---|---|---|\n'
for file in *.pml; do
    model=${file%.pml}
    found=0
    [ -n "$(column "$model" 1)" ] || fail "$model is not in models.txt"
    check "$model"
    sed -nE 's/^#ifn?def (BREAK_[A-Z_]+).*/\1/p' "$file" | sort -u >"$work/planted"
    while read -r planted; do
        check_fault "$model" "$planted"
    done <"$work/planted"
    [ -z "$markdown" ] || printf '| %s (%s) | %s | %s | %s | %s of %s | %s |\n' "$model" "$(column "$model" 2)" "$(column "$model" 3)" "$row_states" \
        "$row_depth" "$found" "$(wc -l <"$work/planted")" "$(column "$model" 4)"
done

# Every test that is said to have threads at a structure is there.
[ -z "$markdown" ] || printf '\n| what threads share | where | tests |\n|---|---|---|\n'
grep -v '^#' structures.txt >"$work/structures"
while IFS='|' read -r what where tests; do
    names=
    for test in $tests; do
        file=$(find ../unit ../stress -name "${test%%:*}.c")
        names="$names${names:+, }${test##*:}"
        if [ -z "$file" ] || ! grep -q "void ${test##*:}(" "$file"; then fail "$what: there is no test $test"; fi
    done
    say "ok $what: $names"
    [ -z "$markdown" ] || printf '| %s | %s | %s |\n' "$what" "$where" "$names"
done <"$work/structures"
[ -z "$markdown" ] || echo
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
