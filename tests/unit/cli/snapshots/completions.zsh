#compdef hayate
# zsh completion for hayate; save it as _hayate in a directory of $fpath
_hayate() {
  local path_so_far="" word i
  local -a words_offered flags_offered
  for ((i = 2; i < CURRENT; i++)); do
    word="${path_so_far:+$path_so_far }${words[i]}"
    case "$word" in
    "" | "help" | "completions" | "sample" | "help sample" | "sample plot") path_so_far="$word" ;;
    *) break ;;
    esac
  done
  case "$path_so_far" in
    "")
      words_offered=('sample:shows every kind of flag' 'help:help topics of a mode' 'completions:completions for bash, zsh or fish')
      flags_offered=('--help:Show this help.' '-h:Show this help.' '--version:Show the version.' '-v:Show the version.') ;;
    "help")
      words_offered=('sample:shows every kind of flag')
      flags_offered=() ;;
    "completions")
      words_offered=('bash:completions for bash' 'zsh:completions for zsh' 'fish:completions for fish')
      flags_offered=() ;;
    "sample")
      words_offered=('plot:draws it')
      flags_offered=('--connections:Connections to keep open.' '-c:Connections to keep open.' '--duration:How long to run.' '-d:How long to run.' '--workers:Processes.' '--ratio:A share.' '--max-memory:Memory of a worker.' '--header:Adds a header field.' '-H:Adds a header field.' '--chunked:When to chunk.' '--keepalive:Reuse connections.' '--no-keepalive:Reuse connections.' '--insecure:Trust any certificate.' '-k:Trust any certificate.' '--quiet:Say nothing.' '-q:Say nothing.' '--even:An even number.' '--socket:A unix socket to connect to whatever the URL says, which is long.' '-P:A unix socket to connect to whatever the URL says, which is long.' '--help:Show this help.' '-h:Show this help.' '--version:Show the version.' '-v:Show the version.') ;;
    "help sample")
      words_offered=('plot:draws it' 'signals:what each signal does')
      flags_offered=() ;;
    "sample plot")
      words_offered=()
      flags_offered=('--output:It'\''s the file: a picture.' '-o:It'\''s the file: a picture.' '--help:Show this help.' '-h:Show this help.' '--version:Show the version.' '-v:Show the version.') ;;
  esac
  if [[ "${words[CURRENT]}" == -* ]]; then
    _describe -o flag flags_offered
  else
    _describe word words_offered || _files
  fi
}
if [ "$funcstack[1]" = "_hayate" ]; then _hayate "$@"; else compdef _hayate hayate; fi
