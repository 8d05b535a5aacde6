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

finish() {
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ]
    exit
}
