#!/bin/sh
# Makes docs/reliability.md: the fault matrix, the models, the fuzzers, run here and now. `./run reliability` calls it.
set -eu
cd "$(dirname "$0")/../.."
cmake --preset gcc -DBUILD_TESTING=ON >/dev/null
cmake --build --preset gcc --target faults measure_amplification spanwire-cli >/dev/null
out=$(mktemp)
trap 'rm -f "$out"' EXIT
failed=0

# A row for each fuzzer: what tests/fuzz/fuzzers.txt says of it, and what build-gcc/fuzz.log has it do.
fuzz_table() {
    echo '| fuzzer | what it throws | what must hold | executions | edges | lines reached of what reads it |'
    echo '|---|---|---|---:|---:|---:|'
    grep -v '^#' tests/fuzz/fuzzers.txt | while IFS='|' read -r name _ thrown hold; do
        row=$(sed -nE "s/^ok $name +([0-9]+) inputs in [0-9]+ s, ([0-9]+) edges(, ([0-9]+) %.*)?$/| \1 | \2 | \4 % |/p" build-gcc/fuzz.log)
        printf '| %s | %s | %s %s\n' "$name" "$thrown" "$hold" "${row:-| failed | | |}"
    done
    printf '\n%s executions in all.\n' "$(sed -nE 's/^([0-9]+) inputs$/\1/p' build-gcc/fuzz.log)"
}

{
    cat <<'HEAD'
# Reliability

What goes wrong around a program, and what becomes of its spans. Made by `./run reliability` (about twenty minutes); each row is also a test
of `./run test`. Every row runs in a process of its own, over real HTTP on loopback, and is judged from outside: a receiver that knows which spans were ended
decodes every request it got. **Delivered**: spans in requests it acknowledged. **Counted**: drops in `spw_stats_get()`. **Twice**: spans it took more
than once. Ended − delivered − counted − queued, *lost and not counted*, is 0 in every row, or the row fails. The times are those of start, two
attributes and end on the recording thread, the test's own two clock reads included; compare them with the first row of the same table, not with another machine.

## The fault matrix
HEAD
    build-gcc/tests/faults/faults --markdown || failed=1
    cat <<'MODELS'

## The models

Spin goes through every interleaving of the lock-free parts (`tests/model/`): no assertion fails, nobody waits for ever, and no search was cut short. Faults planted
in each model are found. What the models take for granted about memory is in the last column, with the tests that ThreadSanitizer watches (`./run test --step tsan`).

MODELS
    tests/model/run.sh --markdown >build-gcc/models.log || failed=1
    grep -E '^(\||$)' build-gcc/models.log || failed=1
    cat <<FUZZ
## The fuzzers

libFuzzer with the address and undefined-behaviour sanitizers, ${FUZZ_SECONDS:-60} seconds each, from the committed seeds and corpora (\`tests/fuzz/\`). A fuzzer fails on a crash, a leak,
undefined behaviour, an input of 20 seconds, and on any answer that is not what must hold.

FUZZ
    FUZZ_SECONDS=${FUZZ_SECONDS:-60} tests/fuzz/run.sh >build-gcc/fuzz.log || failed=1
    fuzz_table
    cat <<'RECEIVER'

## The receiver

What the viewer's memory grows by, over idle, for one request of the nastiest kinds that were thought of (`measure_amplification PROGRAM`, in `tests/viewer`):

RECEIVER
    build-gcc/tests/viewer/measure_amplification build-gcc/cli/spanwire >build-gcc/amplification.log || failed=1
    cat build-gcc/amplification.log
    cat <<'TAIL'

## For longer

Rows that can go on, by hand (`tests/faults/main.c`), with what they found on 22 and 23 November 2026, on two cores that others used too:

| command | found |
|---|---|
| `FAULTS_SHUTDOWN_RACES=1000000 faults --row shutdown_races 1` | 1,000,000 starts and shutdowns beside 3 recording threads, 250,000 of the latter also on another thread: 44,714,788 spans ended, 39,735,488 taken once, 4,979,300 counted, after every round exactly. With 500,000 on the 23rd: 43,593,658 ended, 43,003,823 taken once, 589,835 counted; the slowest shutdown 46 ms |
| `FAULTS_SOAK_S=420 faults --row dead_collector 1` | 4,098,456,231 spans from 4 threads, no collector: all counted, memory at most 66,372 KiB more than before (max_buffer_bytes is 64 MiB), +0.0 KiB and 0 descriptors a second at the end (on the 23rd) |
| `FAULTS_PROGRAMS=10000 faults --row short_programs 1` | as many programs as are wanted |

## What is not supported

`_exit()`, `quick_exit()` and death by a signal deliver nothing that has not been flushed. A child of `clone()` with `CLONE_VM` that goes on beside its parent shares its thread's
memory, and may not call us, or the C library; one that only runs a new program (`vfork()`, `posix_spawn()`) may record before it does, as its parent.

## Not covered yet

Kill -9 with a journal, soak hours. [compliance.md](compliance.md) and the README's status table say what else is missing.
TAIL
} >"$out" 2>/dev/null || failed=1
if [ "$failed" -eq 0 ]; then
    cp "$out" docs/reliability.md
    echo 'docs/reliability.md is new'
else
    cat "$out"
fi
exit "$failed"
