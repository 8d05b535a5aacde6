# Shared by the checks: each says its cases one a line and closes with `N passed, N failed, N skipped`.
# shellcheck shell=sh
passed=0
failed=0
skipped=0

ok() {
    passed=$((passed + 1))
    printf 'ok - %s\n' "$*"
}

not_ok() {
    failed=$((failed + 1))
    printf 'not ok - %s\n' "$*"
}

skip() {
    skipped=$((skipped + 1))
    printf 'skip - %s\n' "$*"
}

# case_of NAME OUTPUT: passes when OUTPUT is empty
case_of() {
    if [ -z "$2" ]; then
        ok "$1"
    else
        not_ok "$1"
        printf '%s\n' "$2" | sed 's/^/    /'
    fi
}

# attempt NAME COMMAND...: the end of the command's output is shown only when it fails
attempt() {
    attempt_name=$1
    shift
    if attempt_out=$("$@" 2>&1); then ok "$attempt_name"; else case_of "$attempt_name" "$(printf '%s\n' "${attempt_out:-failed without a word}" | tail -30)"; fi
}

# refused NAME COMMAND...: passes when the command fails
refused() {
    attempt_name=$1
    shift
    if "$@" >/dev/null 2>&1; then not_ok "$attempt_name"; else ok "$attempt_name"; fi
}

# clean_env COMMAND...: no OTEL_ variable of the caller reaches it
clean_env() {
    env -i PATH="$PATH" LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}" "$@"
}

finish() {
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ]
    exit
}
