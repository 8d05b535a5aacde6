# Sourced by run.sh, which has the directory `work` and not_built(). What the comparisons need from npm and PyPI, fetched once into build-interop/; a changed pin makes another. Each function says what is
# missing and returns 77 when it is not to be had here, 1 when something went wrong.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of run.sh, and for it

# in_cache NAME FILES...: the directory for what these files name, in `cached`; returns 1 when it has to be filled
in_cache() {
    cached=build-interop/$1-$(shift && cat "$@" | sha256sum | cut -c1-16)
    [ -f "$cached/.complete" ] && return
    rm -rf "build-interop/$1-"*
    mkdir -p "$cached"
    return 1
}

# no_network LOG: what went wrong lies there, not here
no_network() {
    grep -qE 'npm (ERR!|error) code (ENOTFOUND|EAI_AGAIN|ECONN[A-Z]+|E[A-Z]*TIMEDOUT|EHOSTUNREACH|ENETUNREACH|E40[1347]|E5[0-9][0-9])|No matching distribution found|NewConnectionError|ConnectTimeoutError|Read timed out' "$1"
}

# no_package WHAT: says what is in the log of the attempt, which is build.log
no_package() {
    if why=$(grep '^missing: ' "$work/build.log"); then
        skip "$1: ${why#missing: }"
    elif no_network "$work/build.log"; then
        skip "$1: its packages cannot be had from here"
        tail -3 "$work/build.log"
    else
        not_built "$1"
    fi
}

# Sets `modules`, a directory with the senders and what they import.
need_npm() {
    command -v npm >/dev/null 2>&1 || { printf 'missing: npm is not installed\n'; return 77; }
    command -v node >/dev/null 2>&1 || { printf 'missing: node is not installed\n'; return 77; }
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 6) ? 0 : 1)' ||
        { printf 'missing: it needs Node 20.6, here is %s\n' "$(node --version)"; return 77; }
    if ! in_cache npm tests/interop/npm/package.json tests/interop/npm/package-lock.json; then
        cp tests/interop/npm/package.json tests/interop/npm/package-lock.json tests/interop/npm/.npmrc "$cached/"
        (cd "$cached" && npm_config_fetch_retries=1 npm_config_fetch_timeout=60000 timeout 300 npm ci --ignore-scripts) || return
        touch "$cached/.complete"
    fi
    modules=$cached
    cp tests/interop/npm/*.mjs "$modules/"
}

# need_python NAME SECONDS: sets `venv`, with what tests/interop/NAME/requirements.txt names.
need_python() {
    command -v python3 >/dev/null 2>&1 || { printf 'missing: python3 is not installed\n'; return 77; }
    python3 -c 'import venv, ensurepip' || { printf 'missing: python3 has no venv (Debian: python3-venv)\n'; return 77; }
    if ! in_cache "$1" "tests/interop/$1/requirements.txt"; then
        python3 -m venv "$cached" || return
        timeout "$2" "$cached/bin/pip" install --disable-pip-version-check --retries 1 -r "tests/interop/$1/requirements.txt" || return
        touch "$cached/.complete"
    fi
    venv=$cached
}
