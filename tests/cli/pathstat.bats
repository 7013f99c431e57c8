#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# pathstat as a user sees it.

load helper

messages() {
	bounded "$@" 2>"$BATS_TEST_TMPDIR/messages"
}

told() {
	grep -q -e "$1" "$BATS_TEST_TMPDIR/messages"
}

# What the tests count: two files are made and written, and one of them is read.
work='echo x >d/a.c; echo x >d/b.h; cat d/a.c >&2'

# ---- the table ----

@test "pathstat: prints the total, each event that came, and the path" {
	mkdir d
	run messages pathstat -e create,close_write,close_nowrite,delete d --run sh -c "$work"
	[ "$status" -eq 0 ]
	[ "$output" = 'total  close_write  close_nowrite  create  path
    3            1              1       1  d/a.c
    2            1              0       1  d/b.h' ]
}

@test "pathstat: counts all events of . without options" {
	mkdir d
	run messages pathstat -r --run sh -c "$work"
	[[ ${lines[0]} == 'total  access  modify  close_write  close_nowrite  open  create  path' ]]
	[[ ${lines[1]} =~ ^\ +7\ .*\ \./d/a\.c$ ]]
}

@test "pathstat: counts exactly, whatever is asked for" {
	under_valgrind && skip "the kernel's queue overflows before they are read"
	mkdir d
	: >d/f
	# equal events that follow each other are one to the kernel, so their likes must be watched
	for path in d d/f; do
		run messages pathstat -e open "$path" --run bash -c 'for ((i = 0; i < 20000; i++)); do : <d/f; done'
		[ "$output" = "total   open  path
20000  20000  d/f" ]
	done
}

@test "pathstat: a name is escaped as by pathwatch" {
	mkdir d
	run messages pathstat -e create d --run touch $'d/a\nb\e'
	[ "${lines[1]}" = '    1       1  d/a\nb\x1b' ]
	[ "${#lines[@]}" -eq 2 ]
}

@test "pathstat: says when there was no event" {
	mkdir d
	run messages pathstat -t 0 d
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	told 'no events'
}

@test "pathstat: --by dir, root, ext and path" {
	mkdir -p d/s e
	run messages pathstat -r -e create --by dir d e --run touch d/1 d/2 d/s/3 e/4
	[ "$output" = 'total  create  dir
    2       2  d
    1       1  d/s
    1       1  e' ]
	rm -f d/1 d/2 d/s/3 e/4
	run messages pathstat -r -e create --by root d e --run touch d/1 d/2 d/s/3 e/4
	[ "$output" = 'total  create  root
    3       3  d
    1       1  e' ]
	rm -f d/1 d/2 d/s/3 e/4
	run messages pathstat -r -e create --by ext d --run sh -c 'touch d/1.c d/s/2.c d/.x d/y.; mkdir d/z.c'
	[ "$output" = 'total  create  ext
    2       2  (none)
    2       2  .c
    1       1  (dir)' ]
	run messages pathstat -e create --by path d --run touch d/f
	[ "${lines[1]}" = '    1       1  d/f' ]
}

@test "pathstat: -s and --sort say by what" {
	mkdir d
	touch d/a
	run messages pathstat -e open,create -s create d --run sh -c 'cat d/a d/a d/a; touch d/b'
	[[ ${lines[1]} == *d/b && ${lines[2]} == *d/a ]]
	run messages pathstat -e open,attrib --sort total d --run sh -c 'touch d/b; cat d/a d/a d/a'
	[[ ${lines[1]} == *d/a && ${lines[2]} == *d/b ]]
	run messages pathstat -e open --sort path d --run sh -c 'cat d/b d/b d/a'
	[[ ${lines[1]} == *d/a && ${lines[2]} == *d/b ]]
}

@test "pathstat: --reverse turns the order" {
	mkdir d
	touch d/a d/b
	run messages pathstat -e open --reverse d --run sh -c 'cat d/b d/b d/a'
	[[ ${lines[1]} == *d/a && ${lines[2]} == *d/b ]]
	run messages pathstat -e open -s path --reverse d --run sh -c 'cat d/b d/b d/a'
	[[ ${lines[1]} == *d/b && ${lines[2]} == *d/a ]]
}

@test "pathstat: -n and --top put the rest in one line" {
	mkdir d
	touch d/a d/b d/c
	run messages pathstat -e open,close_nowrite -n 1 d --run cat d/a d/a d/b d/c
	[ "$output" = 'total  close_nowrite  open  path
    4              2     2  d/a
    4              2     2  (2 others)' ]
	run messages pathstat -e open --top 3 d --run cat d/a d/b d/c
	[ "${#lines[@]}" -eq 4 ]
}

@test "pathstat: -z and --zero show the columns of all events asked for" {
	mkdir d
	for option in -z --zero; do
		run messages pathstat -e create,delete,move "$option" d --run touch "d/$option"
		[ "${lines[0]}" = 'total  moved_from  moved_to  create  delete  path' ]
		[ "${lines[1]}" = "    1           0         0       1       0  d/$option" ]
	done
}

@test "pathstat: after a loss the counts are too low, and none is too high" {
	mkdir d
	start s pathstat -e create,modify,attrib --queue-limit 2K d
	kill -STOP "$pid"
	for i in {100..199}; do echo >"d/$i"; done
	kill -CONT "$pid"
	wait_line s.err 'events were lost, so the counts are too low'
	# the paths that were changed have been told again when this one is
	until_true eval 'touch d/last; kill -USR1 "$pid"; grep -q "d/last$" "$BATS_TEST_TMPDIR/s.out"'
	stop s
	out s | grep ' d/1[0-9][0-9]$' >old || true
	awk '$2 > 1 || $3 > 1' old >much
	[ ! -s much ]
	[ "$(wc -l <old)" -lt 100 ]
}

# ---- JSON and CSV ----

@test "pathstat: -j and --json print an object a row" {
	mkdir d
	run messages pathstat --json -e create,close d --run sh -c "$work"
	[ "$output" = '{"path":"d/a.c","total":3,"events":{"close_write":1,"close_nowrite":1,"create":1}}
{"path":"d/b.h","total":2,"events":{"close_write":1,"create":1}}' ]
	run messages pathstat -j -n 1 -e delete d --run rm d/a.c d/b.h
	[ "$output" = '{"path":"d/a.c","total":1,"events":{"delete":1}}
{"others":1,"total":1,"events":{"delete":1}}' ]
	run messages pathstat -j --by dir -z -e create,delete d --run touch d/f
	[ "$output" = '{"dir":"d","total":1,"events":{"create":1,"delete":0}}' ]
	run messages pathstat -j -e create d --run touch $'d/\xff'
	[ "$output" = '{"path_b64":"ZC//","total":1,"events":{"create":1}}' ]
}

@test "pathstat: -c and --csv have a head, and a column for each event asked for" {
	mkdir d
	run messages pathstat --csv -e create,delete,close_write d --run touch 'd/a,b'
	[ "$output" = 'total,close_write,create,delete,path
2,1,1,0,"d/a,b"' ]
	run messages pathstat -c -n 1 -e create d --run touch d/1 d/2
	[ "$output" = 'total,create,path
1,1,d/1
1,1,' ]
}

# ---- when it reports ----

@test "pathstat: ends with the command, with its status" {
	mkdir d
	run messages pathstat -e create d --run sh -c 'touch d/a; exit 9'
	[ "$status" -eq 9 ]
	[[ $output == *d/a ]]
}

@test "pathstat: what the command prints does not mix with the table" {
	mkdir d
	run messages pathstat -e create d --run sh -c 'echo hello; touch d/a'
	[[ $output != *hello* ]]
	told '^hello$'
}

@test "pathstat: prints its table at the timeout" {
	mkdir d
	run messages pathstat -e create --timeout 0.3 d --run sh -c 'touch d/a; until [ -e stop ]; do sleep 0.01; done'
	touch stop
	[ "$status" -eq 0 ]
	[[ $output == *d/a ]]
}

@test "pathstat: prints its table at SIGTERM and SIGHUP, and exits 0" {
	mkdir d
	for signal in TERM HUP; do
		start s pathstat -e create d
		touch "d/$signal"
		stop s "$signal"
		[ "$status" -eq 0 ]
		[ "$(out s)" = "total  create  path
    1       1  d/$signal" ]
	done
}

@test "pathstat: SIGUSR1 reports now, and goes on" {
	mkdir d
	start s pathstat -e create d
	touch d/a
	kill -USR1 "$pid"
	wait_line s.out 'd/a$'
	touch d/b
	stop s
	[ "$(out s)" = 'total  create  path
    1       1  d/a

total  create  path
    1       1  d/a
    1       1  d/b' ]
}

@test "pathstat: -i and --interval report each period, with rates" {
	mkdir d
	start s pathstat -e create -i 100ms d
	touch d/a
	wait_line s.out ' d/a$' 2
	stop s
	[ "$(out s | head -n 1)" = 'total      per_s  create  path' ]
	out s | grep -q '^    1        0\.0       1  d/a$'
	start s pathstat -j -e create --interval 100ms d
	touch d/b
	wait_line s.out '"total":1,"per_s":' 2
	stop s
	[[ $(out s | head -n 1) == '{"time":"20'*'Z","path":"d/b","total":1,"per_s":'* ]]
	start s pathstat -c -e create -i 100ms d
	touch d/c
	wait_line s.out ',d/c$' 2
	stop s
	[ "$(out s | grep -c '^time,total,per_s,create,path$')" -eq 1 ]
}

@test "pathstat: a full disk is an error, a reader that is gone ends it" {
	mkdir d
	run bash -c 'timeout 10 pathstat d | true; echo "${PIPESTATUS[0]}"'
	[ "$output" = 141 ]
	[ -c /dev/full ] || skip "no /dev/full"
	run bash -c 'timeout 10 pathstat d --run touch d/a 2>&1 >/dev/full'
	[ "$status" -eq 1 ]
	[ "$output" = 'pathstat: cannot write to standard output: No space left on device' ]
}

# ---- the rest ----

@test "pathstat: takes the common options" {
	mkdir -p d/skip d/1/2
	printf 'd\n@d/skip\n' >list
	run messages pathstat -r -e create --from-file list --exclude '~$' --max-depth 2 \
		--run touch d/skip/f d/g~ d/1/2/h d/1/i
	[ "$output" = 'total  create  path
    1       1  d/1/i' ]
	printf 'd\0' >list
	run messages pathstat -0 -e create --from-file list --run touch d/j
	[[ $output == *' d/j' ]]
	run messages pathstat -e create --allow-missing new/f --run sh -c 'mkdir new; touch new/f'
	[[ $output == *' new/f' ]]
	run messages pathstat -v -t 0 d
	told "watching 'd'"
}

@test "pathstat: --help and --version answer on stdout" {
	run messages pathstat --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'Usage: pathstat '* ]]
	[ "$(awk 'length > 80' <<<"$output")" = '' ]
	run messages pathstat --version
	[ "$status" -eq 0 ]
	[[ $output =~ ^pathstat\ \(pathev\)\ [0-9] ]]
}

@test "pathstat: --by dir counts a PATH that is no directory where it is" {
	touch f
	mkdir d
	touch d/g
	run bounded pathstat -e close_write --by dir f d/g --run touch f d/g
	[ "$status" -eq 0 ]
	[ "$output" = 'total  close_write  dir
    1            1  .
    1            1  d' ]
}
