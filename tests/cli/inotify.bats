#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# inotifywait and inotifywatch: what scripts do with them, and what cannot be a row of
# tests/inotify/table.h, which compares them with the originals.

load helper

setup() {
	helper_setup
	PATH=$top_builddir/bin/inotify:$PATH
}

# watching NAME PROGRAM [ARG]...: in the background, and returns once it watches
watching() {
	local name=$1

	shift
	background "$name" "$@"
	wait_line "$name.err" '^Watches established\.$\|now collecting statistics\.$'
}

need_userns() {
	unshare -Urm true 2>/dev/null || skip "needs user namespaces (unshare -Urm)"
}

# writers_of FILE: the processes that have it open
writers_of() {
	local fd

	for fd in /proc/[0-9]*/fd/*; do
		[ "$fd" -ef "$1" ] && echo "$fd" | cut -d / -f 3
	done 2>/dev/null
	return 0
}

# ---- the name ----

@test "inotifywait: it is the name that decides, wherever the link is" {
	mkdir d elsewhere
	ln -s "$top_builddir/bin/pathwatch" elsewhere/inotifywait
	ln -s "$top_builddir/bin/pathwatch" elsewhere/other
	run bounded elsewhere/inotifywait -t 1 d
	[ "$status" -eq 2 ]
	[ "$output" = 'Setting up watches.
Watches established.' ]
	run bounded elsewhere/other -e create d --run touch d/x
	[ "$output" = 'create d/x' ]
}

# options_in_help PROGRAM, options_in_page: one a line
options_in_help() {
	"$1" --help | tr ' ,;:()[]' '\n' | grep -E -x -e '--[a-z][a-z-]+|-[A-Za-z]' | sort -u
}

options_in_page() {
	grep '^\.It Fl' "$top_srcdir/man/inotifywait.1" | grep -o 'Fl [A-Za-z-]*' |
		sed 's/^Fl /-/' | sort -u
}

@test "inotifywait: the page has the options of both, and their help" {
	local o

	{ options_in_help inotifywait; options_in_help inotifywatch; } | sort -u >help
	options_in_page >page
	# -h is enough of it, and what is refused has no line of its own
	printf '%s\n' -h --help -F -S >extra
	diff <(grep -v -x -f extra help) <(grep -v -x -f extra page)
	while read -r o; do
		inotifywait "$o" 2>&1 | grep -q 'unrecognized\|invalid' || continue
		inotifywatch "$o" 2>&1 | grep -q 'unrecognized\|invalid' || continue
		echo "neither takes $o"
		return 1
	done <page
}

@test "inotifywait: help fits a screen" {
	[ "$(inotifywait --help | wc -l)" -le 40 ]
	[ "$(inotifywait --help | wc -L)" -le 90 ]
	[ "$(inotifywatch --help | wc -l)" -le 40 ]
}

# ---- three idioms ----

@test "inotifywait: a loop over the files that were written in a tree" {
	mkdir in
	# a session of its own, so that all of it is killed at the end of the test
	# shellcheck disable=SC2016
	background loop setsid bash -c '
		inotifywait -mrq --format "%w%f" -e close_write in | while read -r f
		do
			echo "got $f: $(cat "$f")"
		done'
	# it says nothing when it is ready, so the first file is written until it was seen
	until_true bash -c 'echo 0 >in/first; grep -q "^got in/first: 0" "$1"' - \
		"$BATS_TEST_TMPDIR/loop.out"
	mkdir -p 'in/a/b c' && echo 1 >'in/a/b c/one'
	echo 2 >in/two
	mv in/a in/z && echo 3 >'in/z/b c/three'
	echo 4 >in/last
	wait_line loop.out '^got in/last: 4$'
	run out loop
	grep -v first <<<"$output" >got
	printf 'got %s\n' 'in/a/b c/one: 1' 'in/two: 2' 'in/z/b c/three: 3' 'in/last: 4' >want
	# what is read may have another name by then
	sed -i 's|^got in/a/b c/one: $|got in/a/b c/one: 1|' got
	cat got
	diff want got
}

@test "inotifywait: a loop that waits for a file, however it is changed" {
	echo 0 >conf
	# shellcheck disable=SC2016
	background loop setsid bash -c '
		while inotifywait -e modify conf
		do
			echo "now $(cat conf)"
		done'
	wait_line loop.err '^Watches established' 1
	echo 1 >>conf
	wait_line loop.out '^conf MODIFY $' 1
	wait_line loop.err '^Watches established' 2
	echo 2 >conf.new && mv conf.new conf
	wait_line loop.out '^now 2$'
	wait_line loop.err '^Watches established' 3
	mv conf conf~ && echo 3 >conf
	wait_line loop.out '^now 3$'
}

@test "inotifywait: logs in the background, and watches when it returns" {
	local log pid

	mkdir d
	log=$BATS_TEST_TMPDIR/work/csv.log
	run bounded inotifywait -d -o csv.log --csv -e create,moved_to d
	[ "$status" -eq 0 ]
	[ "$output" = "" ]
	pid=$(writers_of "$log")
	[ -n "$pid" ]
	helper_started+=("$pid")
	touch d/plain 'd/with,comma'
	mkdir -p d/sub && mv d/plain d/sub/
	touch d/last
	wait_line "$log" last
	run cat "$log"
	[ "$output" = 'd/,CREATE,plain
d/,CREATE,"with,comma"
d/,"CREATE,ISDIR",sub
d/,CREATE,last' ]
	[ "$(stat -c %a csv.log)" = 600 ]
	# it has no terminal, and no descriptor of ours
	[ "$(readlink "/proc/$pid/fd/0")" = /dev/null ]
	[ "$(readlink "/proc/$pid/fd/2")" = /dev/null ]
	kill "$pid"
	until_true ended "$pid"
}

@test "inotifywait: a daemon's format with a time, relative paths and new directories" {
	local log pid year

	mkdir -p one/d
	cd one
	log=$PWD/../log
	run bounded inotifywait -d -r -o ../log --timefmt '%Y %H:%M' \
		--format '%T %w%f %e' -e close_write d ../one
	[ "$status" -eq 0 ]
	pid=$(writers_of "$log")
	[ -n "$pid" ]
	helper_started+=("$pid")
	cd /
	mkdir -p "$BATS_TEST_TMPDIR/work/one/d/new/newer"
	echo x >"$BATS_TEST_TMPDIR/work/one/d/new/newer/file"
	wait_line "$log" 'd/new/newer/file CLOSE_WRITE,CLOSE$'
	year=$(date +%Y)
	run grep -c "^$year [0-9][0-9]:[0-9][0-9] d/new/newer/file CLOSE_WRITE,CLOSE\$" "$log"
	[ "$output" -eq 1 ]
	kill "$pid"
}

@test "inotifywait: a daemon stays out of the way where no path is relative" {
	local pid

	mkdir d
	run bounded inotifywait -d -o log "$PWD/d"
	[ "$status" -eq 0 ]
	pid=$(writers_of "$PWD/log")
	helper_started+=("$pid")
	[ "$(readlink "/proc/$pid/cwd")" = / ]
	touch d/x
	wait_line "$PWD/log" 'CREATE x$'
	kill "$pid"
}

@test "inotifywait: a daemon that cannot watch says so, and the command fails" {
	run bounded inotifywait -d -o log nowhere
	[ "$status" -eq 1 ]
	[ "$output" = "Couldn't watch nowhere: No such file or directory" ]
	run bounded inotifywait -d -t -1 -o log .
	[ "$status" -eq 1 ]
	[ "$output" = "Negative timeout specified - abort!" ]
}

# ---- messages ----

@test "inotifywait: -s sends messages to the system log, events to standard output" {
	command -v python3 >/dev/null || skip "needs python3"
	need_userns
	mkdir d
	cat >log.py <<'END'
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('/dev/log')
s.settimeout(10)
p = subprocess.Popen(['inotifywait', '-s', '-e', 'create', 'd'])
while True:
	line = s.recv(4096).decode()
	print(line.replace(str(p.pid), 'PID'), flush=True)
	if 'established' in line:
		break
open('d/x', 'w')
print(p.wait(), flush=True)
END
	mkdir dev
	run unshare -Urm sh -c 'mount -t tmpfs tmpfs /dev && exec python3 log.py 2>&1'
	echo "$output"
	[ "${#lines[@]}" -eq 4 ]
	[[ "${lines[0]}" = '<30>'*' inotifywait[PID]: Setting up watches.'* ]]
	[[ "${lines[1]}" = '<30>'*' inotifywait[PID]: Watches established.'* ]]
	[ "${lines[2]}" = 'd/ CREATE x' ]
	[ "${lines[3]}" = 0 ]
}

@test "inotifywait: a new directory's name cannot reach the terminal" {
	mkdir d
	watching w inotifywait -mr -e delete d
	mkdir $'d/a\e[31m\nb'
	wait_line w.err '^Watching new directory d/a\\x1b\[31m\\nb/$'
}

@test "inotifywait: the limit of watches is explained, and what is watched goes on" {
	need_userns
	mkdir -p d/1 d/2 d/3 d/4 d/5 d/6
	# shellcheck disable=SC2016
	background w unshare -Ur sh -c 'echo 4 >/proc/sys/user/max_inotify_watches &&
		exec inotifywait -mr -e create d'
	wait_line w.err '^Watches established'
	touch d/x
	wait_line w.out '^d/ CREATE x$'
	run err w
	echo "$output"
	[ "$(grep -c '^Failed to watch d/./; upper limit on inotify watches reached!$' <<<"$output")" -eq 1 ]
	grep -q '^Please increase the amount of inotify watches allowed per user via' <<<"$output"
	grep -q 'max_inotify_watches = 4' <<<"$output"
}

@test "inotifywait: a path beyond the limit of watches is an error" {
	need_userns
	mkdir d
	run unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_inotify_watches && exec inotifywait -q d'
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = 'Failed to watch d; upper limit on inotify watches reached!' ]
}

@test "inotifywait: the limit of instances is told" {
	need_userns
	mkdir d
	run unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_inotify_instances &&
		exec inotifywait d'
	[ "$status" -eq 1 ]
	# the reason is in words of the C library
	[[ "${lines[0]}" = "Couldn't initialize inotify: "?* ]]
	[ "${lines[1]}" = 'Try increasing the value of /proc/sys/fs/inotify/max_user_instances' ]
}

@test "inotifywait: what cannot be read below a path is told, and the rest is watched" {
	[ "$(id -u)" -ne 0 ] || need_userns
	mkdir -p d/locked d/open
	chmod 0 d/locked
	# as a user who may not read everything
	local as=()
	[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid 65534 --clear-groups)
	chmod 755 . .. d d/open
	"${as[@]}" test -r d/open || skip "cannot become another user"
	! "${as[@]}" test -r d/locked || skip "cannot become another user"
	background w "${as[@]}" "$top_builddir/bin/inotify/inotifywait" -mr -e create d
	wait_line w.err '^Watches established'
	touch d/open/x
	wait_line w.out '^d/open/ CREATE x$'
	run err w
	chmod 755 d/locked
	grep -q "^Couldn't watch d/locked/: Permission denied$" <<<"$output"
}

# ---- events ----

@test "inotifywait: both halves of a rename have one cookie" {
	mkdir d
	touch d/a
	watching w inotifywait -m --format '%c %e %f' d
	mv d/a d/b
	touch d/c
	wait_line w.out '^0 CREATE c$'
	run out w
	[[ "${lines[0]}" =~ ^([0-9a-f]+)\ MOVED_FROM\ a$ ]]
	[ "${BASH_REMATCH[1]}" != 0 ]
	[ "${lines[1]}" = "${BASH_REMATCH[1]} MOVED_TO b" ]
}

@test "inotifywait: no file is lost in directories that are made at full speed" {
	local i

	mkdir d
	watching w inotifywait -mr -e create,close_write --format '%e %w%f' d
	for i in {1..100}; do
		mkdir -p "d/$i/b/c" && echo "$i" >"d/$i/b/c/file"
	done
	touch d/last
	wait_line w.out '^CLOSE_WRITE,CLOSE d/last$'
	[ "$(grep -c '^CREATE d/[0-9]*/b/c/file$' "$BATS_TEST_TMPDIR/w.out")" -eq 100 ]
	[ "$(grep -c '^CLOSE_WRITE,CLOSE d/[0-9]*/b/c/file$' "$BATS_TEST_TMPDIR/w.out")" -eq 100 ]
	[ "$(grep -c '^CREATE,ISDIR d/' "$BATS_TEST_TMPDIR/w.out")" -eq 300 ]
}

@test "inotifywait: every replacement of a file is seen" {
	local i

	echo 0 >conf
	watching w inotifywait -m -e close_write conf
	for i in 1 2 3 4 5; do
		echo "$i" >conf.tmp && mv conf.tmp conf
		wait_line w.out '^conf CLOSE_WRITE,CLOSE $' "$i"
	done
}

touched() {	# touched FILE OUTPUT: its attributes change, until that was told
	chmod 600 "$1"
	sleep 0.05
	grep -q ATTRIB "$2"
}

@test "inotifywait: a new file in the place of another is modified when it is written" {
	echo 0 >conf
	watching w inotifywait -m -e modify,attrib conf
	mv conf conf~
	exec 5>conf
	until_true touched conf "$BATS_TEST_TMPDIR/w.out"
	! out w | grep MODIFY || false
	echo 1 >&5
	wait_line w.out '^conf MODIFY $'
}

@test "inotifywait: names with newlines are framed by %0" {
	mkdir d
	watching w inotifywait -m -e create --no-newline --format '%f%0' d
	touch $'d/a\nb' d/c
	printf 'a\nb\0c\0' >want
	until_true cmp -s want "$BATS_TEST_TMPDIR/w.out"
}

@test "inotifywait: an excluded tree is not watched" {
	local i

	mkdir -p d/skip d/take
	for i in {1..50}; do mkdir "d/skip/$i"; done
	watching w inotifywait -mr --exclude '/skip(/|$)' -e create d
	mkdir d/skip/more
	touch d/take/x
	wait_line w.out '^d/take/ CREATE x$'
	[ "$(out w)" = 'd/take/ CREATE x' ]
	[ "$(cat "/proc/$(pid_of w)/fdinfo/"* 2>/dev/null | grep -c '^inotify ')" -lt 10 ]
}

overflow() {	# overflow NAME: stop it, and change more than the kernel keeps
	local most

	most=$(cat /proc/sys/fs/inotify/max_queued_events)
	[ "$most" -le 20000 ] || skip "max_queued_events is $most"
	kill -STOP "$(pid_of "$1")"
	(cd d && seq "$((most + 1000))" | xargs touch)
	kill -CONT "$(pid_of "$1")"
}

@test "inotifywait: lost events are told on standard error, and what has changed follows" {
	mkdir d
	watching w inotifywait -m --format %f -e create d
	overflow w
	wait_line w.err '^Events were lost'
	touch d/last
	wait_line w.out '^last$'
	! grep -q -x '' "$BATS_TEST_TMPDIR/w.out" || false
	[ "$(grep -v last "$BATS_TEST_TMPDIR/w.out" | sort -u | wc -l)" -eq "$(($(ls d | wc -l) - 1))" ]
}

@test "inotifywait: who asks for q_overflow has it among the events" {
	mkdir d
	watching w inotifywait -m -e create,q_overflow d
	overflow w
	wait_line w.out '^ Q_OVERFLOW $'
	! err w | grep -q lost || false
}

@test "inotifywait: an unmount is told, and ends the wait for another event with 1" {
	need_userns
	mkdir m
	# shellcheck disable=SC2016
	run bounded unshare -Urm sh -c '
		mount -t tmpfs tmpfs m
		inotifywait -mq -e create m >log & pid=$!
		inotifywait -q -e create m & once=$!
		until grep -q "^inotify" /proc/$pid/fdinfo/* && grep -q "^inotify" /proc/$once/fdinfo/*
		do sleep 0.02; done 2>/dev/null
		umount m
		wait $once; echo $?
		until grep -q UNMOUNT log; do sleep 0.02; done
		kill $pid; cat log'
	[ "$output" = '1
m/ UNMOUNT,ISDIR ' ]
}

@test "inotifywait: ends at once when its reader is gone" {
	mkdir d
	mkfifo pipe
	head -n 1 <pipe >got &
	# shellcheck disable=SC2016
	background w bash -c 'exec inotifywait -m -e create d >pipe'
	wait_line w.err '^Watches established'
	touch d/x
	finish w
	[ "$status" -eq 141 ]
	[ "$(cat got)" = 'd/ CREATE x' ]
}

@test "inotifywait: -o appends, and its own file is no event" {
	echo before >log
	watching w inotifywait -m -o log -e modify,create .
	touch one two
	wait_line "$PWD/log" 'CREATE two'
	stop w
	[ "$(cat log)" = 'before
./ CREATE one
./ CREATE two' ]
}

@test "inotifywait: nor is the file behind its standard output" {
	mkdir d
	# shellcheck disable=SC2016
	background w bash -c 'exec inotifywait -mr -e modify,create . >d/log'
	wait_line w.err '^Watches established'
	touch one d/two
	wait_line "$PWD/d/log" 'CREATE two'
	stop w
	[ "$(cat d/log)" = './ CREATE one
./d/ CREATE two' ]
}

@test "inotifywait: a tree deeper than PATH_MAX is watched to its end" {
	local i name

	name=$(printf 'n%.0s' {1..200})
	mkdir d
	cd d
	for i in {1..25}; do mkdir "$name" && cd "$name"; done
	cd "$BATS_TEST_TMPDIR/work"
	watching w inotifywait -mr -e create --format %f d
	cd d
	for i in {1..25}; do cd "$name"; done
	touch deepest
	cd "$BATS_TEST_TMPDIR/work"
	wait_line w.out '^deepest$'
}

@test "inotifywait: a slow reader loses nothing" {
	local i n=30000

	mkdir d
	mkfifo pipe
	# shellcheck disable=SC2016
	background w bash -c 'exec inotifywait -m -e create --format %f d >pipe'
	exec 5<pipe
	wait_line w.err '^Watches established'
	(cd d && seq "$n" | xargs touch)
	touch d/last
	sed '/^last$/q' <&5 >got
	[ "$(grep -v last got | sort -u | wc -l)" -eq "$n" ]
	! err w | grep -q lost || false
}

# ---- inotifywatch ----

@test "inotifywatch: SIGUSR1 prints a table and goes on" {
	mkdir d
	watching w inotifywatch -e create d
	touch d/a
	kill -USR1 "$(pid_of w)"
	wait_line w.out '^1      1       d/$'
	touch d/b d/c
	stop w
	[ "$status" -eq 0 ]
	[ "$(out w)" = 'total  create  filename
1      1       d/

total  create  filename
3      3       d/' ]
}

@test "inotifywatch: counts each opening, where the kernel would join them" {
	local i

	touch f
	watching w inotifywatch -e open f
	for i in {1..500}; do : <f; done
	stop w
	[ "$(out w)" = 'total  open  filename
500    500   f' ]
}

@test "inotifywait: says that of files of other hosts not all is told" {
	[ -x "$top_builddir/tests/nomem/pathwatch" ] ||
		skip "tests/nomem/pathwatch is not built (make check builds it)"
	ln -s "$top_builddir/tests/nomem/pathwatch" inotifywait
	mkdir d
	PATHEV_TEST_REMOTE=1 background w ./inotifywait -m d
	wait_line w.err 'other hosts or processes can change'
}
