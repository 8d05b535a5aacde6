#!/bin/sh
# Makes docs/reliability.md: the fault matrix, the models, the fuzzers, run here and now. `./run reliability` calls it.
set -eu
cd "$(dirname "$0")/../.."
cmake --preset gcc -DBUILD_TESTING=ON >/dev/null
cmake --build --preset gcc --target faults >/dev/null
out=$(mktemp)
trap 'rm -f "$out"' EXIT
failed=0

{
    cat <<'HEAD'
# Reliability

What goes wrong around a program, and what becomes of its spans. Made by `./run reliability` (about ten minutes); each row is also a test
of `./run test`. Every row runs in a process of its own, over real HTTP on loopback, and is judged from outside: a receiver that knows which spans were ended
decodes every request it got. **Delivered**: spans in requests it acknowledged. **Counted**: drops in `spw_stats_get()`. **Twice**: spans it took more
than once. Ended − delivered − counted − queued, *lost and not counted*, is 0 in every row, or the row fails. The times are those of start, two
attributes and end on the recording thread, the test's own two clock reads included; compare them with the first row of the same table, not with another machine.

## The fault matrix
HEAD
    build-gcc/tests/faults/faults --markdown || failed=1
    cat <<'MODELS'

## The models

Spin checks the lock-free parts over every interleaving (`tests/model/`), and finds the faults planted in them.

```
MODELS
    tests/model/run.sh || failed=1
    cat <<'FUZZ'
```

## The fuzzers

libFuzzer with the address and undefined-behaviour sanitizers, from the committed corpora (`tests/fuzz/`). `api` runs the recording calls in any order and
checks that each ended span arrives as OTLP; `propagation` injects what it extracted and wants it back the same.

```
FUZZ
    FUZZ_SECONDS=${FUZZ_SECONDS:-60} tests/fuzz/run.sh >build-gcc/fuzz.log || failed=1
    grep -E '^(ok|not ok|[0-9]+ passed)' build-gcc/fuzz.log || failed=1
    cat <<'TAIL'
```

## Not covered yet

Proxies, clock steps, every allocation failing outside configuration, kill -9 with a journal, soak hours, a worker starved by real-time threads. [compliance.md](compliance.md) and the README's status table say what else is missing.
TAIL
} >"$out" 2>/dev/null || failed=1
if [ "$failed" -eq 0 ]; then
    cp "$out" docs/reliability.md
    echo 'docs/reliability.md is new'
else
    cat "$out"
fi
exit "$failed"
