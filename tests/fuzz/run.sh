#!/bin/sh
# Builds the fuzzers and runs each for FUZZ_SECONDS (20), two at a time, from the committed corpus; prints what each did.
# New findings stay in the build directory; `run.sh --grow` merges new coverage into the corpus.
set -eu
cd "$(dirname "$0")/../.."
seconds=${FUZZ_SECONDS:-20}
fuzzers='propagation otlp_text otlp_response reader api viewer otlp_json'
command -v clang >/dev/null 2>&1 || { echo 'skipped: no clang'; exit 77; }

cmake --preset fuzz -DBUILD_TESTING=ON >/dev/null
targets=
for name in $fuzzers; do targets="$targets fuzz_$name"; done
# shellcheck disable=SC2086
cmake --build --preset fuzz --target $targets
work=$PWD/build-fuzz/runs
mkdir -p "$work"

fuzz() {
    mkdir -p "$work/$1" "tests/fuzz/corpus/$1"
    rc=0
    timeout -s KILL $((seconds + 120)) "build-fuzz/tests/fuzz/fuzz_$1" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 -len_control=0 \
        -print_final_stats=1 -verbosity=1 -artifact_prefix="$work/$1-" "$work/$1" "tests/fuzz/corpus/$1" >"$work/$1.log" 2>&1 || rc=$?
    echo "$rc" >"$work/$1.rc"
}

passed=0 failed=0
report() {
    runs=$(sed -nE 's/^stat::number_of_executed_units: *([0-9]+).*/\1/p' "$work/$1.log")
    cover=$(sed -nE 's/.* cov: ([0-9]+) .*/\1/p' "$work/$1.log" | tail -1)
    if [ "$(cat "$work/$1.rc")" -eq 0 ]; then
        printf 'ok %-14s %10s inputs in %s s, %s edges\n' "$1" "$runs" "$seconds" "$cover"
        passed=$((passed + 1))
    else
        printf 'not ok %s: see %s\n' "$1" "build-fuzz/runs/$1.log"
        grep -E 'ERROR|SUMMARY|runtime error|Test unit written' "$work/$1.log" || tail -5 "$work/$1.log"
        failed=$((failed + 1))
    fi
}

# shellcheck disable=SC2086
set -- $fuzzers "${1:-}"
while [ $# -gt 1 ]; do
    fuzz "$1" &
    first=$!
    second=
    if [ $# -gt 2 ]; then
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

if [ "$1" = --grow ]; then
    for name in $fuzzers; do
        new=$(mktemp -d)
        "build-fuzz/tests/fuzz/fuzz_$name" -merge=1 -use_counters=0 -max_len=512 "$new" "tests/fuzz/corpus/$name" "$work/$name" >/dev/null 2>&1
        rm -rf "tests/fuzz/corpus/$name"
        mv "$new" "tests/fuzz/corpus/$name"
        chmod 755 "tests/fuzz/corpus/$name"
    done
fi
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
