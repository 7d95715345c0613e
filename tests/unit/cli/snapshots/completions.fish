# fish completion for hayate; save it as ~/.config/fish/completions/hayate.fish
# True when the words so far are exactly this command path.
function __hayate_at
    set -l place
    for word in (commandline -opc)[2..-1]
        set -l next (string trim "$place $word")
        contains -- "$next" '' 'help' 'completions' 'sample' 'help sample' 'sample plot'; or break
        set place $next
    end
    test "$place" = "$argv[1]"
end
complete -c hayate -n "__hayate_at ''" -f -a 'sample' -d 'shows every kind of flag'
complete -c hayate -n "__hayate_at ''" -f -a 'help' -d 'help topics of a mode'
complete -c hayate -n "__hayate_at ''" -f -a 'completions' -d 'completions for bash, zsh or fish'
complete -c hayate -n "__hayate_at ''" -l help -s h -d 'Show this help.'
complete -c hayate -n "__hayate_at ''" -l version -s v -d 'Show the version.'
complete -c hayate -n "__hayate_at 'help'" -f -a 'sample' -d 'shows every kind of flag'
complete -c hayate -n "__hayate_at 'completions'" -f -a 'bash' -d 'completions for bash'
complete -c hayate -n "__hayate_at 'completions'" -f -a 'zsh' -d 'completions for zsh'
complete -c hayate -n "__hayate_at 'completions'" -f -a 'fish' -d 'completions for fish'
complete -c hayate -n "__hayate_at 'sample'" -f -a 'plot' -d 'draws it'
complete -c hayate -n "__hayate_at 'sample'" -l connections -s c -r -d 'Connections to keep open.'
complete -c hayate -n "__hayate_at 'sample'" -l duration -s d -r -d 'How long to run.'
complete -c hayate -n "__hayate_at 'sample'" -l workers -r -d 'Processes.'
complete -c hayate -n "__hayate_at 'sample'" -l ratio -r -d 'A share.'
complete -c hayate -n "__hayate_at 'sample'" -l max-memory -r -d 'Memory of a worker.'
complete -c hayate -n "__hayate_at 'sample'" -l header -s H -r -d 'Adds a header field.'
complete -c hayate -n "__hayate_at 'sample'" -l chunked -x -a 'auto always never' -d 'When to chunk.'
complete -c hayate -n "__hayate_at 'sample'" -l keepalive -d 'Reuse connections.'
complete -c hayate -n "__hayate_at 'sample'" -l insecure -s k -d 'Trust any certificate.'
complete -c hayate -n "__hayate_at 'sample'" -l quiet -s q -d 'Say nothing.'
complete -c hayate -n "__hayate_at 'sample'" -l even -r -d 'An even number.'
complete -c hayate -n "__hayate_at 'sample'" -l socket -s P -r -d 'A unix socket to connect to whatever the URL says, which is long.'
complete -c hayate -n "__hayate_at 'sample'" -l help -s h -d 'Show this help.'
complete -c hayate -n "__hayate_at 'sample'" -l version -s v -d 'Show the version.'
complete -c hayate -n "__hayate_at 'help sample'" -f -a 'plot' -d 'draws it'
complete -c hayate -n "__hayate_at 'help sample'" -f -a 'signals' -d 'what each signal does'
complete -c hayate -n "__hayate_at 'sample plot'" -l output -s o -r -d 'It\'s the file: a picture.'
complete -c hayate -n "__hayate_at 'sample plot'" -l help -s h -d 'Show this help.'
complete -c hayate -n "__hayate_at 'sample plot'" -l version -s v -d 'Show the version.'
