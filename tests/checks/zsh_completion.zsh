#!/usr/bin/env zsh
# Asks a real zsh, in a pseudo-terminal, what it completes; prints what differs from what it should.
emulate -L zsh
zmodload zsh/zpty || { print 'no zsh/zpty'; exit 1 }
completion=$PWD/cli/completion

zpty shell zsh -f -i
zpty -w shell "PS1='' TERM=dumb; unsetopt zle_bracketed_paste 2>/dev/null; bindkey -e; fpath=($completion \$fpath); autoload -Uz compinit; compinit -D -u"
# What stands in the line after TAB, between two marks.
zpty -w shell 'mark() { print -r -- "<<$BUFFER>>"; BUFFER=; zle -I }; zle -N mark; bindkey "^X" mark; print re""ady'
zpty -r -m shell said '*ready*' || { print 'zsh did not start'; exit 1 }

expect() { # LINE, then what TAB makes of it
    zpty -n -w shell "$1"$'\t\x18'
    local said
    zpty -r -m shell said '*<<*>>*' || { print -r -- "$1: no answer"; return }
    said=${${said##*<<}%%>>*}
    [[ $said == "$2" ]] || print -r -- "\"$1\" became \"$said\", not \"$2\""
}

expect 'spanwire ex' 'spanwire exec '
expect 'spanwire exec --ki' 'spanwire exec --kind='
expect 'spanwire exec --kind=cl' 'spanwire exec --kind=client '
expect 'spanwire span st' 'spanwire span start '
expect 'spanwire span start x --status-c' 'spanwire span start x --status-code='
expect 'spanwire convert --to=ch' 'spanwire convert --to=chrome '
zpty -d shell
