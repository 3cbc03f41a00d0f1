# Completion of the command line of veloci for bash: `source` this file, or install it as
# /usr/share/bash-completion/completions/veloci. For zsh, in ~/.zshrc, before it is sourced:
#   autoload -Uz compinit bashcompinit && compinit && bashcompinit
# (There paths are completed as words of their own, not behind an equals sign.)
@TABLE@
# Sets `kind` to what the value of a flag is, empty for a switch. Fails when there is no such flag.
_veloci_kind() {
  [[ " $known " == *" $1="* ]] || return 1
  kind=" $known "
  kind=${kind#*" $1="}
  kind=${kind%% *}
}

# Sets `kind` to the value that a flag takes from the next word, empty when it takes none.
_veloci_takes() {
  local name=${1#-} letter
  name=${name#-}
  kind=
  [[ $name == *=* ]] && return
  _veloci_kind "$name" && return
  [[ $1 == --* ]] && return
  # Letters in one word: the first that takes a value has the rest of the word, or else the next one.
  while [[ -n $name ]]; do
    letter=${name%"${name#?}"}
    name=${name#?}
    _veloci_kind "$letter" || return
    [[ -z $kind ]] && continue
    [[ -n $name ]] && kind=
    return
  done
}

# Prints what a value of this kind may be, one a line.
_veloci_values() {
  local newline=$'\n'
  case $kind in
    FLAG) printf '%s\n' "${offered// /$newline}" ;;
    DIR) compgen -d -- "$value" ;;
    FILE) compgen -f -- "$value" ;;
    ID) "$program" ${root:+--root "$root"} list -q 2> /dev/null ;;
    SIGNAL) compgen -A signal -- SIG ;;
    COMMAND) printf '%s\n' "${_veloci_commands// /$newline}" ;;
    *'|'*) printf '%s\n' "${kind//|/$newline}" ;;
  esac
}

# Called with the command and the word that is completed: bash begins one behind = and :, zsh does not.
_veloci() {
  local program=$1 rest=${COMP_LINE:0:$COMP_POINT} word flag='' root='' plain='' command='' value head='' cut reply
  local kind='' known=$_veloci_global_known offered=$_veloci_global_offered operands='' flags_end=''
  local -i place=-1
  COMPREPLY=()

  # The words before the one that is completed, split at blanks alone.
  while [[ $rest == *[[:blank:]]* ]]; do
    word=${rest%%[[:blank:]]*}
    rest=${rest#"$word"?}
    [[ -z $word ]] && continue
    if ((place < 0)); then # the program itself
      place=0
    elif [[ -n $kind ]]; then # the value of the flag before it
      [[ $flag == -root || $flag == --root ]] && root=$word
      kind=
    elif [[ -z $plain && $word == -- ]]; then
      plain=1
    elif [[ -z $plain && ($word == --?* || $word == -[a-zA-Z?]*) ]]; then
      flag=$word
      _veloci_takes "$flag"
      [[ $flag == -root=* || $flag == --root=* ]] && root=${flag#*=}
    elif [[ -z $command ]]; then
      command=$word
      _veloci_command "$command" || return 0
    else
      place+=1
      operands=${operands#* }
      [[ -n $flags_end ]] && ((place >= flags_end)) && plain=1
    fi
  done
  root=${root/#'~/'/$HOME/}

  value=$rest
  if [[ -n $kind ]]; then
    :
  elif [[ -z $plain && $rest == -*=* ]]; then
    head=${rest%%=*}=
    value=${rest#*=}
    flag=${head#-}
    flag=${flag#-}
    _veloci_kind "${flag%=}" || return 0
  elif [[ -z $plain && $rest == -* ]]; then
    kind=FLAG
  elif [[ -z $command ]]; then
    kind=COMMAND
  else
    kind=${operands%% *}
  fi

  case $kind in
    DIR | FILE) compopt -o filenames 2> /dev/null ;;
  esac
  cut=${rest%"$2"}
  while IFS= read -r reply; do
    [[ $kind == SIGNAL && $value != SI* ]] && reply=${reply#SIG}
    [[ -n $reply && $reply == "$value"* ]] || continue
    reply=$head$reply
    COMPREPLY+=("${reply#"$cut"}")
  done <<< "$(_veloci_values)"
}

complete -F _veloci veloci
