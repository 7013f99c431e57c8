# SPDX-License-Identifier: MIT
#
# pathwait.fish - fish completion for pathwait

# Is the cursor before --run, where options are pathwait's own?
function __pathwait_own
    not contains -- --run (commandline -opc)
end

# What follows --run is a command line of its own.
function __pathwait_command
    set -l words (commandline -opc)
    set -l run (contains -i -- --run $words)
    or return
    set -l rest $words[(math $run + 1)..-1]
    complete --do-complete=(string join -- ' ' (string escape -- $rest) (commandline -ct))
end

# A list of names, each of which may be taken away with a -.
function __pathwait_events
    set -l word (commandline -ct | string replace -r '^--event=' '')
    set -l before (string match -r '^.*,' -- $word; or echo)
    for name in access modify attrib close_write close_nowrite open moved_from moved_to \
            create delete delete_self move_self unmount \
            exists written close move changes all
        echo $before$name
        echo $before-$name
    end
end

# @PATH is left out.
function __pathwait_left_out
    set -l word (commandline -ct)
    string match -q '@*' -- $word
    or return
    for path in (__fish_complete_path (string sub -s 2 -- $word))
        echo @$path
    end
end

complete -c pathwait -n 'not __pathwait_own' -f -a '(__pathwait_command)'
complete -c pathwait -n __pathwait_own -a '(__pathwait_left_out)'
complete -c pathwait -n __pathwait_own -s u -l until -x -a 'written exists gone changed' -d 'What to wait for'
complete -c pathwait -n __pathwait_own -l any -d 'The first PATH suffices'
complete -c pathwait -n __pathwait_own -l existing -d 'Complete files that are there already count'
complete -c pathwait -n __pathwait_own -l settle -x -d 'Written, and then unchanged for this time'
complete -c pathwait -n __pathwait_own -s n -l count -x -d 'So many files, or changes'
complete -c pathwait -n __pathwait_own -s 0 -l null -d 'NUL ends paths and lines of --from-file'
complete -c pathwait -n __pathwait_own -l format -x -d 'How a record looks'
complete -c pathwait -n __pathwait_own -l timefmt -x -d 'How %T looks'
complete -c pathwait -n __pathwait_own -l time-format -x -d 'How %T looks'
complete -c pathwait -n __pathwait_own -s j -l json -d 'One JSON object a record'
complete -c pathwait -n __pathwait_own -s c -l csv -d 'Comma separated values'
complete -c pathwait -n __pathwait_own -l raw -d 'Control characters in names are not escaped'
complete -c pathwait -n __pathwait_own -l no-newline -d 'Nothing is added to a --format record'
complete -c pathwait -n __pathwait_own -s e -l event -x -a '(__pathwait_events)' -d 'These events'
complete -c pathwait -n __pathwait_own -s r -l recursive -d 'The directories below too'
complete -c pathwait -n __pathwait_own -l max-depth -x -d 'With -r, so many levels'
complete -c pathwait -n __pathwait_own -s x -l one-file-system -d 'Do not enter other file systems'
complete -c pathwait -n __pathwait_own -s P -l no-dereference -d 'Watch a PATH that is a symbolic link itself'
complete -c pathwait -n __pathwait_own -l include -x -d 'Only paths that match'
complete -c pathwait -n __pathwait_own -l includei -x -d 'Only these, in upper or lower case'
complete -c pathwait -n __pathwait_own -l exclude -x -d 'Not paths that match'
complete -c pathwait -n __pathwait_own -l excludei -x -d 'Not these, in upper or lower case'
complete -c pathwait -n __pathwait_own -l ignore -x -d 'Not what the pattern of gitignore matches'
complete -c pathwait -n __pathwait_own -l ignore-file -r -F -d 'Patterns of gitignore in a file'
complete -c pathwait -n __pathwait_own -l from-file -r -F -d 'More PATHs, one a line'
complete -c pathwait -n __pathwait_own -l fromfile -r -F -d 'More PATHs, one a line'
complete -c pathwait -n __pathwait_own -l run -d 'Start a command once all is armed'
complete -c pathwait -n __pathwait_own -l ready-fd -x -d 'Write a newline to this descriptor once all is armed'
complete -c pathwait -n __pathwait_own -s t -l timeout -x -d 'End after this time'
complete -c pathwait -n __pathwait_own -l strict -d 'What cannot be watched is an error'
complete -c pathwait -n __pathwait_own -l backend -x -a 'auto inotify' -d 'Where events come from'
complete -c pathwait -n __pathwait_own -l queue-limit -x -d 'Memory for events that wait'
complete -c pathwait -n __pathwait_own -s q -l quiet -d 'No warnings'
complete -c pathwait -n __pathwait_own -s v -l verbose -d 'Say what is watched'
complete -c pathwait -n __pathwait_own -s h -l help -d 'Print a summary of the options'
complete -c pathwait -n __pathwait_own -s V -l version -d 'Print the version'
