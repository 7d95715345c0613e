# bash completion for hayate; save it as ~/.local/share/bash-completion/completions/hayate
_hayate() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path="" offered="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${path:+$path }${COMP_WORDS[i]}" in
    "" | "help" | "completions" | "sample" | "help sample" | "sample plot") path="${path:+$path }${COMP_WORDS[i]}" ;;
    *) break ;;
    esac
  done
  case "${path:+$path }$previous" in
    "sample --chunked") offered="auto always never" ;;
  esac
  [ -n "$offered" ] || case "$path" in
    "") offered="sample help completions --help -h --version -v" ;;
    "help") offered="sample" ;;
    "completions") offered="bash zsh fish" ;;
    "sample") offered="plot --connections -c --duration -d --workers --ratio --max-memory --header -H --chunked --keepalive --no-keepalive --insecure -k --quiet -q --even --socket -P --help -h --version -v" ;;
    "help sample") offered="plot signals" ;;
    "sample plot") offered="--output -o --help -h --version -v" ;;
  esac
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
  [ ${#COMPREPLY[@]} -gt 0 ] || compopt -o default 2>/dev/null
}
complete -F _hayate hayate
