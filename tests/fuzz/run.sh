#!/bin/sh
# Builds the fuzzers and runs each for FUZZ_SECONDS (60), two at a time, from the committed seeds and corpora; prints what each did.
# The fuzzers are those of fuzzers.txt, or those named: `run.sh baggage query`. New findings stay in the build directory;
# `run.sh --grow` merges new coverage into the corpora.
set -eu
cd "$(dirname "$0")/../.."
seconds=${FUZZ_SECONDS:-60}
here=tests/fuzz
command -v clang >/dev/null 2>&1 || { echo 'skipped: no clang'; exit 77; }

grow=
if [ "${1:-}" = --grow ]; then
    grow=1
    shift
fi
fuzzers=${*:-$(sed -nE 's/^([a-z_]+)\|.*/\1/p' $here/fuzzers.txt)}

cmake --preset fuzz -DBUILD_TESTING=ON >/dev/null
targets=
for name in $fuzzers; do targets="$targets fuzz_$name"; done
# shellcheck disable=SC2086
cmake --build --preset fuzz --target $targets
work=$PWD/build-fuzz/runs
mkdir -p "$work"

fuzz() {
    mkdir -p "$work/$1" "$here/corpus/$1" "$here/seeds/$1"
    rc=0
    rm -f "$work/$1.profraw"
    LLVM_PROFILE_FILE=$work/$1.profraw timeout -s KILL $((seconds + 120)) "build-fuzz/$here/fuzz_$1" -max_total_time="$seconds" -timeout=20 \
        -rss_limit_mb=2048 -max_len=4096 -len_control=0 -print_final_stats=1 -verbosity=1 -artifact_prefix="$work/$1-" \
        "$work/$1" "$here/corpus/$1" "$here/seeds/$1" >"$work/$1.log" 2>&1 || rc=$?
    echo "$rc" >"$work/$1.rc"
}

# tool NAME: llvm's, by the name of this clang's version if there is one.
tool() {
    version=$(clang -dumpversion)
    command -v "$1-${version%%.*}" || command -v "$1" || true
}

# How many of the lines that read what fuzzer $1 throws were reached; empty without llvm's tools.
lines_of() {
    profdata=$(tool llvm-profdata) cov=$(tool llvm-cov)
    if [ -z "$profdata" ] || [ -z "$cov" ]; then
        return 0
    fi
    "$profdata" merge -sparse "$work/$1.profraw" -o "$work/$1.profdata" 2>/dev/null || return 0
    # shellcheck disable=SC2046
    "$cov" report "build-fuzz/$here/fuzz_$1" -instr-profile="$work/$1.profdata" $(sed -nE "s/^$1\|([^|]*)\|.*/\1/p" $here/fuzzers.txt) 2>/dev/null |
        awk '$1 == "TOTAL" { sub(/%/, "", $10); printf "%.0f", $10 }'
}

passed=0 failed=0 total=0
report() {
    runs=$(sed -nE 's/^stat::number_of_executed_units: *([0-9]+).*/\1/p' "$work/$1.log")
    cover=$(sed -nE 's/.* cov: ([0-9]+) .*/\1/p' "$work/$1.log" | tail -1)
    lines=$(lines_of "$1")
    if [ "$(cat "$work/$1.rc")" -eq 0 ]; then
        printf 'ok %-14s %10s inputs in %s s, %s edges%s\n' "$1" "$runs" "$seconds" "$cover" "${lines:+, $lines % of the lines that read them}"
        passed=$((passed + 1))
        total=$((total + runs))
    else
        printf 'not ok %s: see %s\n' "$1" "build-fuzz/runs/$1.log"
        grep -aE 'ERROR|SUMMARY|runtime error|Test unit written' "$work/$1.log" || tail -5 "$work/$1.log"
        failed=$((failed + 1))
    fi
}

# shellcheck disable=SC2086
set -- $fuzzers
while [ $# -gt 0 ]; do
    fuzz "$1" &
    first=$!
    second=
    if [ $# -gt 1 ]; then
        fuzz "$2" &
        second=$!
    fi
    wait "$first"
    report "$1"
    shift
    if [ -n "$second" ]; then
        wait "$second"
        report "$1"
        shift
    fi
done

if [ -n "$grow" ]; then
    for name in $fuzzers; do
        new=$(mktemp -d)
        "build-fuzz/$here/fuzz_$name" -merge=1 -use_counters=0 -max_len=512 "$new" "$here/corpus/$name" "$work/$name" >/dev/null 2>&1
        rm -rf "$here/corpus/$name"
        mv "$new" "$here/corpus/$name"
        chmod 755 "$here/corpus/$name"
    done
fi
printf '%d inputs\n%d passed, %d failed, 0 skipped\n' "$total" "$passed" "$failed"
[ "$failed" -eq 0 ]
