# SPDX-License-Identifier: MIT
#
# pathwatch.fish - fish completion for pathwatch

# Is the cursor before --run, where options are pathwatch's own?
function __pathwatch_own
    not contains -- --run (commandline -opc)
end

# What follows --run is a command line of its own.
function __pathwatch_command
    set -l words (commandline -opc)
    set -l run (contains -i -- --run $words)
    or return
    set -l rest $words[(math $run + 1)..-1]
    complete --do-complete=(string join -- ' ' (string escape -- $rest) (commandline -ct))
end

# A list of names, each of which may be taken away with a -.
function __pathwatch_events
    set -l word (commandline -ct | string replace -r '^--event=' '')
    set -l before (string match -r '^.*,' -- $word; or echo)
    for name in access modify attrib close_write close_nowrite open moved_from moved_to \
            create delete delete_self move_self unmount \
            overflow exists ready error written added removed sync close move changes all
        echo $before$name
        echo $before-$name
    end
end

# @PATH is left out.
function __pathwatch_left_out
    set -l word (commandline -ct)
    string match -q '@*' -- $word
    or return
    for path in (__fish_complete_path (string sub -s 2 -- $word))
        echo @$path
    end
end

complete -c pathwatch -n 'not __pathwatch_own' -f -a '(__pathwatch_command)'
complete -c pathwatch -n __pathwatch_own -a '(__pathwatch_left_out)'
complete -c pathwatch -n __pathwatch_own -l initial -d 'List what is there first'
complete -c pathwatch -n __pathwatch_own -l existing -d 'Written for files that are complete already'
complete -c pathwatch -n __pathwatch_own -l settle -x -d 'One record for each path that was quiet so long'
complete -c pathwatch -n __pathwatch_own -l batch -d 'One record for all, when all was quiet so long'
complete -c pathwatch -n __pathwatch_own -l max-delay -x -d 'But so long after the first change at the latest'
complete -c pathwatch -n __pathwatch_own -l cooldown -x -d 'At least so long between batches'
complete -c pathwatch -n __pathwatch_own -s n -l count -x -d 'End after so many records'
complete -c pathwatch -n __pathwatch_own -s o -l outfile -r -F -d 'Append to a file'
complete -c pathwatch -n __pathwatch_own -l control -d 'Commands on standard input: add, remove, sync'
complete -c pathwatch -n __pathwatch_own -s 0 -l null -d 'NUL ends records and lines of --from-file'
complete -c pathwatch -n __pathwatch_own -l format -x -d 'How a record looks'
complete -c pathwatch -n __pathwatch_own -l timefmt -x -d 'How %T looks'
complete -c pathwatch -n __pathwatch_own -l time-format -x -d 'How %T looks'
complete -c pathwatch -n __pathwatch_own -s j -l json -d 'One JSON object a record'
complete -c pathwatch -n __pathwatch_own -s c -l csv -d 'Comma separated values'
complete -c pathwatch -n __pathwatch_own -l raw -d 'Control characters in names are not escaped'
complete -c pathwatch -n __pathwatch_own -l no-newline -d 'Nothing is added to a --format record'
complete -c pathwatch -n __pathwatch_own -s e -l event -x -a '(__pathwatch_events)' -d 'These events'
complete -c pathwatch -n __pathwatch_own -s r -l recursive -d 'The directories below too'
complete -c pathwatch -n __pathwatch_own -l max-depth -x -d 'With -r, so many levels'
complete -c pathwatch -n __pathwatch_own -s x -l one-file-system -d 'Do not enter other file systems'
complete -c pathwatch -n __pathwatch_own -s P -l no-dereference -d 'Watch a PATH that is a symbolic link itself'
complete -c pathwatch -n __pathwatch_own -l include -x -d 'Only paths that match'
complete -c pathwatch -n __pathwatch_own -l includei -x -d 'Only these, in upper or lower case'
complete -c pathwatch -n __pathwatch_own -l exclude -x -d 'Not paths that match'
complete -c pathwatch -n __pathwatch_own -l excludei -x -d 'Not these, in upper or lower case'
complete -c pathwatch -n __pathwatch_own -l ignore -x -d 'Not what the pattern of gitignore matches'
complete -c pathwatch -n __pathwatch_own -l ignore-file -r -F -d 'Patterns of gitignore in a file'
complete -c pathwatch -n __pathwatch_own -l from-file -r -F -d 'More PATHs, one a line'
complete -c pathwatch -n __pathwatch_own -l fromfile -r -F -d 'More PATHs, one a line'
complete -c pathwatch -n __pathwatch_own -l allow-missing -d 'A PATH need not exist yet'
complete -c pathwatch -n __pathwatch_own -l run -d 'Start a command once all is armed'
complete -c pathwatch -n __pathwatch_own -l ready-fd -x -d 'Write a newline to this descriptor once all is armed'
complete -c pathwatch -n __pathwatch_own -s t -l timeout -x -d 'End after this time'
complete -c pathwatch -n __pathwatch_own -l strict -d 'What cannot be watched is an error'
complete -c pathwatch -n __pathwatch_own -l backend -x -a 'auto inotify' -d 'Where events come from'
complete -c pathwatch -n __pathwatch_own -l queue-limit -x -d 'Memory for events that wait'
complete -c pathwatch -n __pathwatch_own -s q -l quiet -d 'No warnings'
complete -c pathwatch -n __pathwatch_own -s v -l verbose -d 'Say what is watched'
complete -c pathwatch -n __pathwatch_own -s h -l help -d 'Print a summary of the options'
complete -c pathwatch -n __pathwatch_own -s V -l version -d 'Print the version'
