#!/bin/sh
# Who may include whom. Run from anywhere.
set -eu
cd "$(dirname "$0")/../.."
. tests/checks/lib.sh

# file:line:"name" or file:line:<name> of every #include under the given folders
includes() {
    find "$@" \( -name '*.[ch]' -o -name '*.hpp' -o -name '*.cc' \) -not -path '*/node_modules/*' -exec grep -nHE '^[[:space:]]*#[[:space:]]*include' {} + 2>/dev/null |
        sed -E 's/^([^:]*:[0-9]+):[[:space:]]*#[[:space:]]*include[[:space:]]*([<"][^>"]*[>"]).*/\1:\2/'
}

# Quoted includes that name no file of the folder; the generated OTLP messages are a library.
foreign() {
    includes "$1" | grep ':"' | while IFS=: read -r file line name; do
        name=$(printf '%s' "$name" | tr -d '"')
        case $name in
        opentelemetry/*) continue ;;
        esac
        [ -e "$(dirname "$file")/$name" ] || [ -e "$1/$name" ] || printf '%s:%s: "%s"\n' "$file" "$line" "$name"
    done
}

case_of 'public headers: only their own, stdint, stddef, stdbool, stdarg; curl.h libcurl too' \
    "$(includes include | grep -v '\.hpp:' | grep -v '/curl\.h:[0-9]*:<curl/curl\.h>$' | grep -vE ':<(spanwire/[a-z_]+\.h|stdint\.h|stddef\.h|stdbool\.h|stdarg\.h)>$' || true)"
case_of 'src/ never exporters/, viewer/, cli/' "$(includes src | grep -E '[<"]((\.\./)*)(exporters|viewer|cli)/' || true)"
case_of 'src/record: libc and pthreads only, never src/sdk' \
    "$(includes src/record | grep -E '"sdk/|<(curl|protobuf-c|google|zlib|microhttpd|sqlite3|opentelemetry)|"(\.\./)+sdk' || true)"
case_of 'exporters/: public headers, their own, their libraries' "$(foreign exporters)"
case_of 'exporters/: one exporter nothing of another; what they share is json/, stdout/ and builtin.h' \
    "$(includes exporters | grep -vE '^exporters/builtin\.[ch]:' | grep -E '"(\.\./)*(console|file|memory|otlp)/' || true
    includes exporters/json exporters/stdout | grep -E '"(\.\./)' || true)"
case_of 'exporters/: nothing of src/, viewer/, cli/' "$(includes exporters | grep -E '[<"]((\.\./)*)(src|sdk|record|viewer|cli)/' || true)"
case_of 'viewer/: shares only proto/ with the SDK' "$(includes viewer | grep -E '[<"]((\.\./)*)(spanwire|src|sdk|record|exporters)/' || true)"
case_of 'samples/: public headers only' \
    "$(foreign samples; includes samples | grep -E '[<"]((\.\./)*)(src|sdk|record|exporters|viewer|cli|opentelemetry)/' || true)"
case_of 'src/, exporters/: memory by <spanwire/allocator.h>, not by malloc' \
    "$(grep -nHE '(^|[^[:alnum:]_.>])(malloc|calloc|realloc|free|strdup|strndup|asprintf)\(' -r src exporters --include='*.c' --include='*.h' |
        grep -vE '^src/record/allocate\.c:|^[^:]*:[0-9]+:[[:space:]]*(/?\*|//)' || true)"
case_of 'no test helpers in what ships' "$(includes src exporters viewer cli include | grep -E '[<"]((\.\./)*)(tests|support|cmocka)' || true)"
finish
