#!/bin/sh
# What recording costs. Called by `./run bench record` and by the bench step of `./run test`.
#
#   bench/run.sh              times beside their floor, instructions, allocations; then the way to a sink
#   bench/run.sh --quick      fewer repetitions, no sink
#   bench/run.sh --gate       instructions only, against bench/baseline.txt: fails when a case costs more than is allowed
#   bench/run.sh --update     writes this machine's counts for this compiler into bench/baseline.txt
#
# CC chooses the compiler, SPW_BENCH_BUILD the build directory. Leaves 0 for good, 1 for worse, 77 for "cannot be judged here".
set -eu
cd "$(dirname "$0")/.."

build=${SPW_BENCH_BUILD:-build-bench}
baseline=bench/baseline.txt
tolerance=3 # per cent

say() { printf '%s\n' "$*"; }

die() {
    printf 'bench: %s\n' "$*" >&2
    exit 1
}

skip() {
    say "skipped: $*"
    exit 77
}

mode=full
while [ $# -gt 0 ]; do
    case $1 in
    record) ;;
    --gate) mode=gate ;;
    --update) mode=update ;;
    --quick) mode=quick ;;
    *) die "bench record does not know $1; there are --quick, --gate, --update" ;;
    esac
    shift
done

# Settings of the caller must not reach what is measured.
for name in $(env | sed -nE 's/^(OTEL_[A-Z0-9_]*|TRACEPARENT|TRACESTATE)=.*/\1/p'); do unset "$name"; done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Always optimised, whatever the caller builds by default: counts of another build type would compare with nothing.
build_programs() {
    # -gdwarf-4: what the valgrind of Debian 12 reads of clang, too
    if ! cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_FLAGS=-gdwarf-4 -DSPW_BUILD_VIEWER=OFF -DSPW_BUILD_SAMPLES=OFF \
        -DBUILD_TESTING=OFF -DSPW_BUILD_BENCH=ON >"$work/build.log" 2>&1 ||
        ! cmake --build "$build" --parallel "$(nproc 2>/dev/null || echo 2)" >>"$work/build.log" 2>&1; then
        tail -30 "$work/build.log"
        die 'the build failed'
    fi
}

# What instruction counts depend on: compiler and its major version, machine, build type.
key_of_build() {
    version=$(sed -nE 's/^set\(CMAKE_C_COMPILER_VERSION "([0-9]+).*/\1/p' "$build"/CMakeFiles/*/CMakeCCompiler.cmake | head -1)
    name=$(sed -nE 's/^set\(CMAKE_C_COMPILER_ID "([A-Za-z]+)".*/\1/p' "$build"/CMakeFiles/*/CMakeCCompiler.cmake | head -1)
    case $name in
    GNU) name=gcc ;;
    Clang) name=clang ;;
    esac
    printf '%s-%s/%s/RelWithDebInfo\n' "$name" "$version" "$(uname -m)"
}

# Lines `case instructions` into $work/counts: callgrind's sum for each case over its spans.
count_instructions() {
    command -v valgrind >/dev/null 2>&1 || return 1
    # libc picks its memcpy and strlen by the processor: held to the common ones, so that machines agree
    LD_BIND_NOW=1 GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX,-ERMS valgrind --tool=callgrind --collect-atstart=no --callgrind-out-file="$work/callgrind" \
        "$build/bench/bench_record" --count >"$work/spans" 2>"$work/valgrind.log" || {
        tail -20 "$work/valgrind.log"
        die 'counting failed'
    }
    for dump in "$work"/callgrind.*; do
        awk '/^desc: Trigger: Client Request: / { name = $5 } /^totals: / { print name, $2 }' "$dump"
    done >"$work/sums"
    awk 'NR == FNR { sum[$1] = $2; next } sum[$1] > 0 { printf "%s %.1f\n", $1, sum[$1] / $2 }' "$work/sums" "$work/spans" >"$work/counts"
    [ -s "$work/counts" ] || die 'no counts: bench_record was built without valgrind/callgrind.h'
}

update() {
    count_instructions || die 'no valgrind'
    grep -v "^$key " "$baseline" 2>/dev/null >"$work/others" || true
    {
        [ -s "$work/others" ] || cat <<HEAD
# Instructions a span on the recording thread, counted by callgrind; tolerance in per cent.
# Written by bench/run.sh --update, compared by bench/run.sh --gate.
# compiler/machine/build case instructions tolerance
HEAD
        cat "$work/others"
        sed "s|^|$key |; s|\$| $tolerance|" "$work/counts"
    } >"$work/baseline"
    cp "$work/baseline" "$baseline"
    say "$baseline now holds, for $key:"
    cat "$work/counts"
}

gate() {
    grep -q "^$key " "$baseline" 2>/dev/null || skip "$baseline has no counts for $key; counts of different compilers do not compare"
    count_instructions || skip 'no valgrind'
    say "Instructions a span, $key, beside $baseline"
    awk -v key="$key" '
        NR == FNR { if ($1 == key) { base[$2] = $3; tolerance[$2] = $4; expected++ } next }
        !($1 in base) { printf "not ok  %-20s %9.1f  is not in the baseline\n", $1, $2; failed++; next }
        {
            met++
            change = (base[$1] > 0 ? ($2 / base[$1] - 1) * 100 : 0)
            verdict = change > tolerance[$1] ? "not ok" : "ok"
            note = change > tolerance[$1] ? "worse" : change < -tolerance[$1] ? "better" : ""
            if (verdict == "not ok") failed++; else passed++
            if (note == "better") better++
            printf "%-7s %-20s %9.1f  was %9.1f  %+6.1f %%  %s\n", verdict, $1, $2, base[$1], change, note
        }
        END {
            if (met < expected) { print "not ok  a case of the baseline was not measured"; failed++ }
            if (failed) print "If the cost is wanted: bench/run.sh --update, and say why in the commit."
            else if (better) print "Better than the baseline: keep it with bench/run.sh --update."
            printf "%d passed, %d failed, 0 skipped\n", passed, failed
            exit failed > 0
        }' "$baseline" "$work/counts"
}

table() {
    : >"$work/counts"
    count_instructions || say 'No valgrind: instructions are not counted.'
    say "Recording, on the thread that records ($key)"
    # shellcheck disable=SC2086
    "$build/bench/bench_record" $1 --instructions "$work/counts" || die 'the numbers above are not valid'
}

build_programs
key=$(key_of_build)
case $mode in
gate) gate ;;
update) update ;;
quick) table --quick ;;
full)
    table ''
    say
    [ ! -x "$build/bench/bench_sink" ] || "$build/bench/bench_sink" || die 'the numbers above are not valid'
    ;;
esac
