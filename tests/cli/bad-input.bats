#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What the programs refuse, each by one clear line before anything is watched or started.

load helper

# refused STATUS TEXT PROGRAM [ARG]...: it ends with STATUS, its messages begin with its name and
# hold TEXT, it prints nothing, and says nothing to --ready-fd.
refused() {
	local want=$1 text=$2 program=$3 t=$BATS_TEST_TMPDIR got=0

	shift 3
	bounded "$program" --ready-fd 9 "$@" >"$t/out" 2>"$t/messages" 9>"$t/ready" || got=$?
	if [ "$got" -ne "$want" ] || [ -s "$t/out" ] || [ -s "$t/ready" ] || [ -e started ] ||
		! head -n 1 "$t/messages" | grep -q "^$program: " ||
		! grep -q -F -e "$text" "$t/messages"; then
		echo "$program $*: exit $got, expected $want and '$text'; it said:"
		cat "$t/out" "$t/messages"
		return 1
	fi
}

each() {	# each STATUS TEXT ARG...: of all three programs
	local want=$1 text=$2 program

	shift 2
	for program in pathwait pathwatch pathstat; do
		refused "$want" "$text" "$program" "$@" || return
	done
}

setup() {
	helper_setup
	mkdir d
	touch file
}

@test "bad input: options that there are not" {
	each 1 "unknown option '--nonsense'" --nonsense d
	each 1 "unknown option '--nonsense'" --nonsense=5 d
	each 1 "unknown option '-Z'; see" -Z d
	each 1 "unknown option '-Z' in '-rZ'" -rZ d
	each 1 "'--re' could be several" --re d
	each 1 "'--recursive' takes no argument" --recursive=yes d
	for option in event timeout max-depth exclude excludei include includei ignore ignore-file \
		from-file fromfile backend queue-limit; do
		each 1 "option '--$option' needs an argument" "--$option"
	done
	each 1 "option '-t' needs an argument" -t
	touch -- -Q
	each 1 "write ./-Q" -Q
}

@test "bad input: options of one program are unknown to the others" {
	refused 1 "unknown option '--until'" pathwatch --until gone d
	refused 1 "unknown option '--initial'" pathwait --initial d
	refused 1 "unknown option '--allow-missing'" pathwait --allow-missing d
	refused 1 "unknown option '--format'" pathstat --format x d
	refused 1 "unknown option '--top'" pathwatch --top 3 d
	refused 1 "unknown option '--outfile'" pathstat --outfile x d
}

@test "bad input: times" {
	for time in '' x 5x -1 +1 ' 5' '5 ' 0x10 1e3 5s5 . 5. .5 99999999999999999999 9999999999h; do
		each 1 "--timeout '$time'" -t "$time" d
		refused 1 "--interval '$time'" pathstat -i "$time" d
	done
	each 1 'write 5, 0.5, 300ms' -t soon d
	refused 1 "--interval '0': must be more" pathstat --interval 0 d
}

@test "bad input: numbers" {
	for number in '' x 5x -1 +1 ' 5' 1.5 0x10 99999999999999999999; do
		refused 1 "--count '$number'" pathwatch -n "$number" d
		refused 1 "--count '$number'" pathwait -n "$number" d
		refused 1 "--top '$number'" pathstat -n "$number" d
		each 1 "--max-depth '$number'" -r --max-depth "$number" d
	done
	refused 1 "--count '0': too small" pathwatch -n 0 d
	refused 1 "--top '0': too small" pathstat -n 0 d
	each 1 "--max-depth '0': too small" -r --max-depth 0 d
	each 1 "--max-depth '4294967296': too large" -r --max-depth 4294967296 d
	for size in '' x K 5X 5KK -5 1.5M 0 99999999999999999999 99999999999G; do
		each 1 "--queue-limit '$size'" --queue-limit "$size" d
	done
}

@test "bad input: words" {
	each 1 "--backend 'kqueue': unknown; it is one of auto, inotify" --backend kqueue d
	refused 1 "--until 'finished': unknown; it is one of written" pathwait --until finished d
	refused 1 "--by 'size': unknown; it is one of path" pathstat --by size d
	refused 1 "--sort 'size': neither total nor path nor an event" pathstat -s size d
	refused 1 "--sort 'create,open'" pathstat -s create,open d
	refused 1 "--sort 'open': --event leaves it out" pathstat -s open -e create d
}

@test "bad input: events" {
	each 1 "--event 'nonsense': there is no event 'nonsense'" -e nonsense d
	each 1 "there is no event 'creat'" -e open,creat,delete d
	each 1 "there is no event '-creat'" -e all,-creat d
	each 1 "--event '': a name is missing" -e '' d
	each 1 "--event 'open,': a name is missing" -e open, d
	each 1 "--event 'open,-open': leaves no event" -e open,-open d
	each 1 "the events are: access " -e nonsense d
}

@test "bad input: events that a program never has are refused, and whose they are is said" {
	local e

	for e in added removed sync; do
		refused 1 "--event '$e' is not counted; it is an answer of pathwatch --control" \
			pathstat -e "$e" d
		refused 1 "--event '$e' never happens to a PATH" pathwait -e "create,$e" d
		refused 1 "--event '$e' is an answer to a command: add --control" \
			pathwatch -e "create,$e" d
	done
	for e in written exists ready overflow error; do
		refused 1 "--event '$e' is not counted; pathwatch prints it" \
			pathstat -e "close_write,$e" d
	done
	refused 1 "--event 'exists,written' is not counted" pathstat -e written -e all,exists d
	for e in ready overflow error; do
		refused 1 "--event '$e' never happens to a PATH" pathwait -e "create,$e" d
		# the same of pathwatch comes, or may come
		bounded pathwatch -t 0 -e "create,$e" d || [ "$?" -eq 2 ]
	done
	bounded pathwatch --control -e create,added,removed,sync d </dev/null
	# what is taken away is not asked for
	run bounded pathstat -e -written -t 0 d
	[ "$status" -eq 0 ]
}

@test "bad input: regular expressions" {
	for option in --exclude --excludei --include --includei; do
		each 1 "$option '(a': not a regular expression" "$option" '(a' d
	done
	each 1 "--exclude '[a'" --exclude '[a' d
}

@test "bad input: formats" {
	for program in pathwatch pathwait; do
		refused 1 "--format '%q'" "$program" --format '%q' d
		refused 1 "'%{nonsense}'" "$program" --format 'a %{nonsense} b' d
		refused 1 "'%{path'" "$program" --format '%{path' d
		refused 1 "%T needs a time format" "$program" --format '%T' d
		refused 1 "--timefmt needs --format" "$program" --timefmt '%Y' d
		refused 1 "--no-newline needs --format" "$program" --no-newline d
	done
}

@test "bad input: paths" {
	each 1 "'': an empty PATH" ''
	each 1 "'@': an empty PATH" d @
	refused 1 "A PATH is needed" pathwait
	for program in pathwatch pathstat; do
		refused 1 "cannot watch 'nowhere': No such file or directory (--allow-missing" \
			"$program" d nowhere
		refused 1 "cannot watch 'file/x': Not a directory" "$program" file/x
		refused 1 "cannot watch 'file/': Not a directory" "$program" file/
	done
	ln -s loop loop
	refused 1 "(its symbolic links go in circles" pathwatch loop
	refused 1 "to be left out" pathwatch d @d/
	refused 1 "neither a file nor a directory" pathwait /dev/null
}

@test "bad input: all missing paths are told" {
	refused 1 "cannot watch 'b'" pathwatch a b
	grep -q "cannot watch 'a'" "$BATS_TEST_TMPDIR/messages"
}

@test "bad input: a name in a message cannot reach the terminal" {
	refused 1 "cannot watch 'a\\nb\\x1b[31m'" pathwatch $'a\nb\e[31m'
}

@test "bad input: lists and files" {
	each 1 "--from-file 'nowhere': No such file" --from-file nowhere
	each 1 "--from-file 'd': Is a directory" --from-file d
	each 1 "--from-file '/dev/null': there is no PATH in it" --from-file /dev/null
	printf 'd\0' >list
	each 1 "--from-file 'list': holds NUL" --from-file list
	echo @ >list
	each 1 "'@' without a path" --from-file list
	each 1 "--ignore-file 'nowhere': No such file" --ignore-file nowhere d
	each 1 "--ignore-file 'd': Is a directory" --ignore-file d d
	refused 1 "cannot open 'nowhere/x' for writing: No such file" pathwatch -o nowhere/x d
	refused 1 "cannot open 'd' for writing: Is a directory" pathwatch -o d d
}

@test "bad input: --ready-fd" {
	each 1 "--ready-fd 'x': not a whole number" --ready-fd x d
	each 1 "--ready-fd '8': not an open descriptor" --ready-fd 8 d
	for fd in 0 1 2; do
		each 1 "--ready-fd '$fd': 0, 1 and 2 have their own use" --ready-fd "$fd" d
	done
	exec 8</dev/null
	each 1 "--ready-fd '8': open for reading only" --ready-fd 8 d
	exec 8<&-
}

@test "bad input: options that contradict each other are named" {
	each 1 "--quiet and --verbose cannot be combined" -q -v d
	each 1 "--json and --csv cannot be combined" -j -c d
	each 1 "--json and --csv cannot be combined" --csv --json d
	each 1 "--max-depth needs --recursive" --max-depth 2 d
	for program in pathwatch pathwait; do
		refused 1 "--json and --format cannot" "$program" --json --format x d
		refused 1 "--csv and --format cannot" "$program" --csv --format x d
		refused 1 "--json and --raw cannot" "$program" --json --raw d
		refused 1 "--csv and --raw cannot" "$program" --csv --raw d
	done
	refused 1 "--until and --event cannot" pathwait -u exists -e open d
	refused 1 "--existing and --event cannot" pathwait --existing -e open d
	refused 1 "--existing and --until other than 'written' cannot" pathwait --existing -u gone d
	refused 1 "--until 'exists' and --count cannot" pathwait -u exists -n 2 d
	refused 1 "--until 'gone' and --count cannot" pathwait -u gone -n 2 d
}

@test "bad input: --run without a command, and paths after it" {
	each 1 "--run: no command follows" d --run
	# what follows is the command's, and what is refused before does not start it
	each 1 "unknown option '--nonsense'" --nonsense d --run touch started
	refused 1 "cannot watch 'nowhere'" pathwatch nowhere --run touch started
	refused 1 "cannot watch '--run'" pathwatch -- d --run touch started
}

@test "bad input: a standard output that is closed" {
	for program in pathwatch pathwait pathstat; do
		run bash -c "timeout 10 $program d --run touch started 2>&1 >&-"
		[ "$status" -eq 1 ]
		[ "$output" = "$program: standard output is closed" ]
		[ ! -e started ]
		run bash -c "timeout 10 $program --help 2>&1 >&-"
		[ "$status" -eq 1 ]
		[[ $output == "$program: cannot write to standard output: "* ]]
	done
	[ -c /dev/full ] || skip "no /dev/full"
	run bash -c "timeout 10 pathwatch --version 2>&1 >/dev/full"
	[ "$status" -eq 1 ]
}

@test "bad input: closed descriptors are not written into" {
	run bash -c 'timeout 10 pathwatch -e create d --run touch d/x <&- 2>&-'
	[ "$status" -eq 0 ]
	[ "$output" = 'create d/x' ]
}
