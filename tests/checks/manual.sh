#!/bin/sh
# What `spanwire help` names is in the manual page and in the completion, and the page is well formed.
set -eu
cd "$(dirname "$0")/../.."
. tests/checks/lib.sh

help=$(sed -n '/^static const char usage/,/;$/p' cli/tool.c)
missing=
for option in $(printf '%s\n' "$help" | grep -oE '\-\-[a-z][a-z-]+' | sort -u); do
    sed 's/\\-/-/g' cli/man/spanwire.1 | grep -qe "$option" || missing="$missing the page: $option;"
    grep -qe "$option" cli/completion/spanwire.bash || missing="$missing bash: $option;"
    grep -qe "'${option}[=[]" -e "[*,]{*${option}[=[]" -e ",$option=}" cli/completion/_spanwire || missing="$missing zsh: $option;"
done
commands=$(sed -nE 's/^ *"  spanwire ([a-z]+).*/\1/p' cli/tool.c | sort -u)
for command in $commands; do
    grep -qE "spanwire $command|\\\\fB$command" cli/man/spanwire.1 || missing="$missing the page: $command;"
    grep -qE "[ ']${command}[ ')]" cli/completion/spanwire.bash || missing="$missing bash: $command;"
    grep -qE "^ *'${command}:" cli/completion/_spanwire || missing="$missing zsh: $command;"
done
case_of 'the manual page and the completions know every command and option' "$missing"

if command -v groff >/dev/null 2>&1; then
    case_of 'the manual page is well formed' "$(groff -man -Tutf8 -ww -z cli/man/spanwire.1 2>&1)"
else
    skip 'the manual page is well formed: no groff'
fi
if command -v zsh >/dev/null 2>&1; then
    case_of 'the completion for zsh is well formed' "$(zsh -n cli/completion/_spanwire 2>&1)"
    case_of 'the completion for zsh completes' "$(tests/checks/zsh_completion.zsh 2>&1)"
else
    skip 'the completion for zsh: no zsh'
fi
if command -v bash >/dev/null 2>&1; then
    # shellcheck disable=SC2016 # for bash
    case_of 'the completion completes' "$(bash -c '. cli/completion/spanwire.bash
        COMP_WORDS=(spanwire exec --ki) COMP_CWORD=2; _spanwire; [ "${COMPREPLY[*]}" = --kind ] || echo "--ki: ${COMPREPLY[*]}"
        COMP_WORDS=(spanwire e) COMP_CWORD=1; _spanwire; [ "${COMPREPLY[*]}" = exec ] || echo "e: ${COMPREPLY[*]}"
        COMP_WORDS=(spanwire span "") COMP_CWORD=2; _spanwire; [ "${COMPREPLY[*]}" = "start event end" ] || echo "span: ${COMPREPLY[*]}"' 2>&1)"
fi
finish
