# Completion of spanwire for bash.
_spanwire() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i
    local commands='view show tail convert exec span doctor config version help'
    local exec_options='--name --service --kind --attrs --endpoint --timeout --wait --hide-args --tp-print --tp-ignore-env --quiet'
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
        return
    fi
    case $before in
    --color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") && return ;;
    --kind | -k) mapfile -t COMPREPLY < <(compgen -W 'internal server client producer consumer' -- "$word") && return ;;
    --to) mapfile -t COMPREPLY < <(compgen -W 'otlp speedscope chrome' -- "$word") && return ;;
    --status-code) mapfile -t COMPREPLY < <(compgen -W 'ok error unset' -- "$word") && return ;;
    esac
    local options=
    case ${COMP_WORDS[1]} in
    view) options='--listen --db --max-bytes --allow-host --port-file --open --quiet' ;;
    show) options='--url --width --color --ascii latest' ;;
    tail) options='--url --width --color --ascii --count' ;;
    convert) options='--to --output' ;;
    doctor) options='--endpoint --timeout' ;;
    span)
        options='--service --kind --attrs --endpoint --timeout --status-code --status-description --traceparent'
        ((COMP_CWORD == 2)) && options='start event end'
        ;;
    exec)
        for ((i = 2; i < COMP_CWORD; i++)); do # behind the command its own completion is in charge
            if [[ ${COMP_WORDS[i]} == -- ]]; then
                declare -F _command_offset >/dev/null && _command_offset $((i + 1))
                return
            fi
        done
        options="$exec_options --"
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    [[ $word == -* || ${COMP_WORDS[1]} != @(view|show|convert) ]] || mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
}
complete -o filenames -F _spanwire spanwire
