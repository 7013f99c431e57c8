# SPDX-License-Identifier: MIT
#
# pathstat.fish - fish completion for pathstat

# Is the cursor before --run, where options are pathstat's own?
function __pathstat_own
    not contains -- --run (commandline -opc)
end

# What follows --run is a command line of its own.
function __pathstat_command
    set -l words (commandline -opc)
    set -l run (contains -i -- --run $words)
    or return
    set -l rest $words[(math $run + 1)..-1]
    complete --do-complete=(string join -- ' ' (string escape -- $rest) (commandline -ct))
end

# A list of names, each of which may be taken away with a -.
function __pathstat_events
    set -l word (commandline -ct | string replace -r '^--event=' '')
    set -l before (string match -r '^.*,' -- $word; or echo)
    for name in access modify attrib close_write close_nowrite open moved_from moved_to \
            create delete delete_self move_self unmount \
            close move changes all
        echo $before$name
        echo $before-$name
    end
end

# @PATH is left out.
function __pathstat_left_out
    set -l word (commandline -ct)
    string match -q '@*' -- $word
    or return
    for path in (__fish_complete_path (string sub -s 2 -- $word))
        echo @$path
    end
end

complete -c pathstat -n 'not __pathstat_own' -f -a '(__pathstat_command)'
complete -c pathstat -n __pathstat_own -a '(__pathstat_left_out)'
complete -c pathstat -n __pathstat_own -l by -x -a 'path dir root ext' -d 'What a row is'
complete -c pathstat -n __pathstat_own -s i -l interval -x -d 'Report after each time too'
complete -c pathstat -n __pathstat_own -s s -l sort -x -a 'total path access modify attrib close_write close_nowrite open moved_from moved_to create delete delete_self move_self unmount close move' -d 'Order of the rows'
complete -c pathstat -n __pathstat_own -l reverse -d 'The other way round'
complete -c pathstat -n __pathstat_own -s n -l top -x -d 'So many rows, and one for the rest'
complete -c pathstat -n __pathstat_own -s z -l zero -d 'Columns of events that did not happen too'
complete -c pathstat -n __pathstat_own -s j -l json -d 'One JSON object a row'
complete -c pathstat -n __pathstat_own -s c -l csv -d 'Comma separated values'
complete -c pathstat -n __pathstat_own -s 0 -l null -d 'NUL ends lines of --from-file'
complete -c pathstat -n __pathstat_own -s e -l event -x -a '(__pathstat_events)' -d 'These events'
complete -c pathstat -n __pathstat_own -s r -l recursive -d 'The directories below too'
complete -c pathstat -n __pathstat_own -l max-depth -x -d 'With -r, so many levels'
complete -c pathstat -n __pathstat_own -s x -l one-file-system -d 'Do not enter other file systems'
complete -c pathstat -n __pathstat_own -s P -l no-dereference -d 'Watch a PATH that is a symbolic link itself'
complete -c pathstat -n __pathstat_own -l include -x -d 'Only paths that match'
complete -c pathstat -n __pathstat_own -l includei -x -d 'Only these, in upper or lower case'
complete -c pathstat -n __pathstat_own -l exclude -x -d 'Not paths that match'
complete -c pathstat -n __pathstat_own -l excludei -x -d 'Not these, in upper or lower case'
complete -c pathstat -n __pathstat_own -l ignore -x -d 'Not what the pattern of gitignore matches'
complete -c pathstat -n __pathstat_own -l ignore-file -r -F -d 'Patterns of gitignore in a file'
complete -c pathstat -n __pathstat_own -l from-file -r -F -d 'More PATHs, one a line'
complete -c pathstat -n __pathstat_own -l fromfile -r -F -d 'More PATHs, one a line'
complete -c pathstat -n __pathstat_own -l allow-missing -d 'A PATH need not exist yet'
complete -c pathstat -n __pathstat_own -l run -d 'Start a command once all is armed'
complete -c pathstat -n __pathstat_own -l ready-fd -x -d 'Write a newline to this descriptor once all is armed'
complete -c pathstat -n __pathstat_own -s t -l timeout -x -d 'End after this time'
complete -c pathstat -n __pathstat_own -l strict -d 'What cannot be watched is an error'
complete -c pathstat -n __pathstat_own -l backend -x -a 'auto inotify' -d 'Where events come from'
complete -c pathstat -n __pathstat_own -l queue-limit -x -d 'Memory for events that wait'
complete -c pathstat -n __pathstat_own -s q -l quiet -d 'No warnings'
complete -c pathstat -n __pathstat_own -s v -l verbose -d 'Say what is watched'
complete -c pathstat -n __pathstat_own -s h -l help -d 'Print a summary of the options'
complete -c pathstat -n __pathstat_own -s V -l version -d 'Print the version'
