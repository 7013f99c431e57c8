#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# pathwatch --settle, --max-delay, --batch and --cooldown.  What events come to is tested in
# tests/unit/settle.c, with a clock that the test moves; here is what only the whole can show.

load helper

# messages PROGRAM [ARG]...: bounded, messages in $BATS_TEST_TMPDIR/messages
messages() {
	bounded "$@" 2>"$BATS_TEST_TMPDIR/messages"
}

told() {
	grep -q -e "$1" "$BATS_TEST_TMPDIR/messages"
}

need_python() {
	command -v python3 >/dev/null || skip "needs python3"
}

# ---- settle ----

@test "pathwatch: --settle prints one record for each path, of all its events" {
	mkdir d
	run messages pathwatch --settle 1h d --run sh -c 'echo x >d/f; echo y >>d/f; echo >d/g; chmod 600 d/f'
	[ "$output" = 'modify,close_write,create d/g
modify,attrib,close_write,create d/f' ] || [ "$output" = 'modify,attrib,close_write,create d/f
modify,close_write,create d/g' ]
}

@test "pathwatch: --settle drops what was created and deleted again, also with directories" {
	mkdir d
	run messages pathwatch -r --settle 1h d --run sh -c 'mkdir -p d/a/b; echo >d/a/b/f; rm -r d/a; touch d/x'
	[ "$output" = 'attrib,close_write,create d/x' ]
}

@test "pathwatch: --settle tells renames as they are in the end" {
	mkdir -p d/old
	touch d/old/f
	run messages pathwatch -r --settle 1h --format '%{events} %{path} <%{from} >%{to}' d --run sh -c '
		echo >>d/old/f; mv d/old d/mid; mv d/mid d/new; echo >d/tmp; mv d/tmp d/kept'
	[ "$(grep -c -e '^moved_from' <<<"$output")" -eq 1 ]
	grep -q -x 'moved_from d/old < >d/new' <<<"$output"
	grep -q -x 'moved_to d/new <d/old >' <<<"$output"
	grep -q -x 'modify,close_write d/new/f < >' <<<"$output"
	grep -q -x 'modify,close_write,moved_to,create d/kept < >' <<<"$output"
	[[ $output != *d/tmp* ]]
}

@test "pathwatch: --settle prints while it runs, when a path is quiet" {
	mkdir d
	start w pathwatch --settle 50ms d
	echo >d/one
	wait_line w.out '^modify,close_write,create d/one$'
	echo >d/two
	wait_line w.out '^modify,close_write,create d/two$'
	rm d/one
	wait_line w.out '^delete d/one$'
	stop w
}

@test "pathwatch: --settle does not tell of a path that is not quiet, but of others" {
	mkdir d
	start w pathwatch --settle 2 d
	background writer bash -c 'while :; do echo >>d/busy; sleep 0.05; done'
	until_true [ -e d/busy ]
	touch d/quiet
	wait_line w.out 'd/quiet$'
	[ "$(out w | grep -c busy)" -eq 0 ]
	kill "$(pid_of writer)"
	wait_line w.out 'd/busy$'
	stop w
}

is_traced() {
	grep -q -E '^TracerPid:[[:space:]]*[1-9]' "/proc/$1/status"
}

@test "pathwatch: many paths that become quiet one after the other are written with few calls" {
	command -v strace >/dev/null || skip "needs strace"
	mkdir d
	start w pathwatch --settle 10ms -e create d
	background tracer strace -qq -e trace=write -e signal=none -o trace -p "$pid"
	until_true is_traced "$(pid_of w)" || skip "may not trace"
	began=$(date +%s%3N)
	for ((i = 0; i < 3000; i++)); do : >"d/$i"; done
	wait_line w.out '^create' 3000
	took_ms=$(($(date +%s%3N) - began))
	stop w
	finish tracer
	# one in 5 milliseconds
	[ "$(grep -c '^write(1,' trace)" -le $((took_ms / 5 + 10)) ]
}

@test "pathwatch: --max-delay tells of what is never quiet" {
	mkdir d
	start w pathwatch --settle 1h --max-delay 300ms d
	background writer bash -c 'while :; do echo >>d/busy; sleep 0.05; done'
	wait_line w.out 'd/busy$' 2
	stop w
	start b pathwatch --settle 1h --max-delay 300ms --batch d
	wait_line b.out 'd/busy$' 2
	stop b
}

@test "pathwatch: --settle shows the events asked for, and follows names for that" {
	mkdir d
	touch d/gone d/old
	run messages pathwatch --settle 1h -e close_write d --run sh -c '
		echo >d/a; mv d/a d/b; echo >>d/gone; rm d/gone; mv d/old d/new; echo >d/c; rm d/c'
	[ "$output" = 'close_write d/b' ]
	run messages pathwatch --settle 1h -e moved_to d --run sh -c 'echo >d/t; mv d/t d/b; mv d/new d/old'
	[ "$(sort <<<"$output")" = 'moved_to d/b
moved_to d/old' ]
}

@test "pathwatch: what waits is written out at the end of --run, at SIGTERM and at --timeout" {
	mkdir d
	for how in '' --batch; do
		# shellcheck disable=SC2086
		start w pathwatch --settle 1h $how --format '%{path}' d
		touch d/a
		stop w
		[ "$status" -eq 143 ]
		[ "$(out w)" = d/a ]
		rm d/a
		# shellcheck disable=SC2086
		run messages pathwatch --settle 1h $how --format '%{path}' d --run sh -c 'touch d/a; exit 7'
		[ "$status" -eq 7 ]
		[ "$output" = d/a ]
		rm d/a
		# shellcheck disable=SC2086
		start w pathwatch --settle 1h $how -t 1.5 --format '%{path}' d
		touch d/a
		finish w
		[ "$status" -eq 0 ]
		[ "$(out w)" = d/a ]
		rm d/a
	done
	run messages pathwatch --settle 1h -t 50ms d
	[ "$status" -eq 2 ]
}

@test "pathwatch: --count ends after so many settled records, or batches" {
	mkdir d
	start w pathwatch --settle 50ms -n 2 d
	touch d/1 d/2 d/3
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w | wc -l)" -eq 2 ]
	start b pathwatch --settle 1h --batch --max-delay 200ms -n 1 -j d
	touch d/4 d/5 d/6
	finish b
	[ "$status" -eq 0 ]
	[ "$(out b | wc -l)" -eq 1 ]
}

@test "pathwatch: with --settle the listing does not wait, and stands in order" {
	mkdir d
	touch d/f
	start w pathwatch --settle 1h --initial d
	wait_line w.out '^ready$'
	[ "$(out w)" = 'exists d
exists d/f
ready' ]
	touch d/g
	stop w
	[ "$(out w | tail -n 1)" = 'attrib,close_write,create d/g' ]
}

# to REDIRECTION OPTION...: pathwatch, with one change once it is armed
to() {
	local where=$1

	shift
	rm -f ready d/a
	mkfifo ready
	run bash -c "(read -r _ <ready && touch d/a) & timeout 10 pathwatch $* --ready-fd 5 d 5>ready 2>&1 $where
		echo \"\${PIPESTATUS[@]}\""
}

@test "pathwatch: ends at once when its reader is gone, while changes wait" {
	mkdir d
	for how in '--settle 1h' '--batch --settle 1h'; do
		to '| until [ -e d/a ]; do sleep 0.01; done' "$how"
		[ "$output" = '141 0' ]
	done
}

@test "pathwatch: a full disk is an error for what was settled, and for a batch" {
	[ -c /dev/full ] || skip "no /dev/full"
	mkdir d
	for how in '--settle 10ms' --batch; do
		to '>/dev/full' "$how"
		[ "$output" = 'pathwatch: cannot write to standard output: No space left on device
1' ]
	done
}

@test "pathwatch: beyond --queue-limit what waits is told before its time" {
	mkdir d
	start w pathwatch --settle 1h --queue-limit 20K d
	for ((i = 0; i < 400; i++)); do : >"d/a-longer-name-$i"; done
	wait_line w.out 'name-0$'
	stop w
	[ "$(out w | grep -c create)" -eq 400 ]
	start b pathwatch --batch --settle 1h --queue-limit 20K -j d
	for ((i = 0; i < 400; i++)); do rm "d/a-longer-name-$i"; done
	wait_line b.out 'name-0"'
	stop b
	[ "$(out b | grep -o '"delete"' | wc -l)" -eq 400 ]
}

# ---- batch ----

@test "pathwatch: --batch prints a line of words for the shell" {
	mkdir d
	start w pathwatch --batch d
	name=$'d/it\'s\n$(x) \\'
	touch "d/a b" "$name" d/plain
	wait_line w.out plain
	rm d/plain
	wait_line w.out '^d/plain$'
	stop w
	[ "$(out w | wc -l)" -eq 2 ]
	eval "set -- $(out w | head -n 1)"
	[ $# -eq 3 ]
	[ "$1" = 'd/a b' ]
	[ "$2" = "$name" ]
}

@test "pathwatch: --batch names a path once, also when its name was taken again" {
	mkdir d
	touch d/f
	run messages pathwatch --batch --settle 1h d --run sh -c 'mv d/f d/old; echo >d/f'
	[ "$output" = 'd/f d/old' ]
	run messages pathwatch --batch --settle 1h -j d --run sh -c 'mv d/f d/old; echo >d/f'
	[ "$(grep -o '"path":"d/f"' <<<"$output" | wc -l)" -eq 2 ]
}

@test "pathwatch: --batch --json prints an object with an array of records" {
	mkdir d
	start w pathwatch --batch --json d
	touch d/a d/b
	wait_line w.out '"d/b"'
	mv d/a d/c
	wait_line w.out '"d/c"'
	stop w
	[[ $(out w | sed -n 1p) == '{"seq":1,"time":"20'*'Z","batch":[{"time":"20'*'"path":"d/a"'*'},{"time":'*'"path":"d/b"'*'}]}' ]]
	[[ $(out w | sed -n 2p) == '{"seq":2,'*'["moved_from"],"path":"d/a"'*'"to":"d/c"},{'*'["moved_to"],"path":"d/c"'*'"from":"d/a"}]}' ]]
	need_python
	out w | python3 -c 'import json, sys
for n, line in enumerate(sys.stdin): assert json.loads(line)["seq"] == n + 1'
}

@test "pathwatch: --batch -0 prints each path, and an empty one" {
	mkdir d
	start w pathwatch --batch -0 d
	touch d/a $'d/b\n'
	until_true grep -q -z d/b "$BATS_TEST_TMPDIR/w.out"
	rm d/a
	stop w
	printf 'd/a\0d/b\n\0\0d/a\0\0' | cmp - "$BATS_TEST_TMPDIR/w.out"
}

@test "pathwatch: --batch --format prints each record, and an empty one" {
	mkdir d
	start w pathwatch --batch --format '%{seq} %{events} %{path}' -e create,delete d
	touch d/a d/b
	wait_line w.out '^$'
	rm d/a
	stop w
	[ "$(out w; echo .)" = '1 create d/a
1 create d/b

2 delete d/a

.' ]
}

@test "pathwatch: a batch that came to nothing is not printed" {
	mkdir d
	touch d/x
	start b pathwatch --batch d
	start w pathwatch --batch --json -e create d
	mv d/x d/y
	wait_line b.out d/y
	touch d/a
	wait_line w.out d/a
	rm d/a
	stop w
	[[ $(out w) == '{"seq":1,'*'"d/a"'* ]]
	[ "$(out w | wc -l)" -eq 1 ]
}

@test "pathwatch: the listing is the first batch" {
	mkdir d
	touch d/f
	start w pathwatch --batch --settle 1h --initial --json d
	wait_line w.out '"ready"'
	[ "$(out w | wc -l)" -eq 1 ]
	[[ $(out w) == '{"seq":1,'*'["exists"],"path":"d"'*'["exists"],"path":"d/f"'*'["ready"]}]}' ]]
	touch d/g
	stop w
	[[ $(out w | tail -n 1) == '{"seq":2,'*'"path":"d/g"'* ]]
	run messages pathwatch --batch --initial -t 0 d
	[ "$output" = 'd d/f d/g' ] || [ "$output" = 'd d/g d/f' ]
	told '^pathwatch: ready$'
}

# unread FD: is there something to read?
unread() {
	read -r -t 0 -u "$1"
}

# read_batch: the next line from the pipe, in $line
read_batch() {
	IFS= read -r -t "$PATHEV_TEST_BOUND" -u 5 line
}

# Both w and b watch d, w into a pipe that is descriptor 5.  b prints to a file, so when it has
# told of something, w would have, too.
two_watch() {
	mkdir d
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 5<>"$BATS_TEST_TMPDIR/pipe"
	printf '#!/bin/sh\nexec pathwatch "$@" >"%s"\n' "$BATS_TEST_TMPDIR/pipe" >"$BATS_TEST_TMPDIR/to-pipe"
	chmod +x "$BATS_TEST_TMPDIR/to-pipe"
	start b pathwatch --batch -e create d
	start w "$BATS_TEST_TMPDIR/to-pipe" --batch -e create "$@" d
	touch d/1
	until_true unread 5
	touch d/2
	wait_line b.out d/2
	touch d/3
	wait_line b.out d/3
}

@test "pathwatch: a batch is not written while the last one is still in the pipe" {
	two_watch
	read_batch
	[ "$line" = d/1 ]
	read_batch
	[ "$line" = 'd/2 d/3' ]
	touch d/4
	read_batch
	[ "$line" = d/4 ]
	stop w
}

@test "pathwatch: at the end a batch does not wait for who reads the last one" {
	two_watch
	stop w
	[ "$status" -eq 143 ]
	read_batch
	[ "$line" = d/1 ]
	read_batch
	[ "$line" = 'd/2 d/3' ]
}

@test "pathwatch: nor when memory is short" {
	two_watch --queue-limit 8K
	for ((i = 4; i < 100; i++)); do : >"d/$i"; done
	read_batch
	read_batch
	[[ $line == 'd/2 d/3 d/4 '* ]]
	[[ $line != *' d/99' ]]
}

@test "pathwatch: a batch is not written while the last one is still in a socket" {
	need_python
	mkdir d
	start b pathwatch --batch -e create d
	cat >"$BATS_TEST_TMPDIR/run-it.py" <<-'END'
		import os, socket, subprocess, sys
		ours, theirs = socket.socketpair()
		w = subprocess.Popen(["pathwatch", "--batch", "-e", "create"] + sys.argv[1:], stdout=theirs,
		                     pass_fds=[4])
		os.close(4)
		theirs.close()
		for line in sys.stdin:          # how much to read, in lines
		    data = b""
		    while data.count(b"\n") < int(line): data += ours.recv(1)
		    print(data.decode(), end="", flush=True)
		w.kill()
	END
	printf '#!/bin/sh\nexec python3 "%s/run-it.py" "$@"\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/to-socket"
	chmod +x "$BATS_TEST_TMPDIR/to-socket"
	mkfifo "$BATS_TEST_TMPDIR/ask"
	exec 5<>"$BATS_TEST_TMPDIR/ask"
	start w "$BATS_TEST_TMPDIR/to-socket" d <"$BATS_TEST_TMPDIR/ask"
	touch d/1
	wait_line b.out d/1
	echo 1 >&5
	wait_line w.out '^d/1$'
	for i in 2 3 4; do
		touch "d/$i"
		wait_line b.out "d/$i"
	done
	echo 2 >&5
	wait_line w.out 'd/4$'
	[ "$(out w)" = 'd/1
d/2
d/3 d/4' ]
}

@test "pathwatch: --cooldown lets so much time pass between batches" {
	need_python
	mkdir d
	start w pathwatch --batch --settle 20ms --cooldown 700ms -j -e create d
	touch d/1
	wait_line w.out d/1
	touch d/2
	wait_line w.out d/2
	touch d/3
	wait_line w.out d/3
	stop w
	out w | python3 -c 'import json, sys
from datetime import datetime
t = [datetime.strptime(json.loads(l)["time"][:26], "%Y-%m-%dT%H:%M:%S.%f") for l in sys.stdin]
assert len(t) == 3
assert all((b - a).total_seconds() >= 0.69 for a, b in zip(t, t[1:])), t'
}

@test "pathwatch: an overflow stands behind what waited, and the listing behind it is a batch" {
	mkdir d
	long=$(printf '%0200d' 0)
	# the burst comes while the reader sleeps and the pipe is full
	run bash -c 'mkfifo go; timeout 30 pathwatch --batch --settle 20ms --initial --queue-limit 60K -j d --run bash -c "
		for ((i = 0; i < 3000; i++)); do : >d/\$1\$i; done; echo >go; sleep 1" - "$1" |
		{ read -r _ <go; cat; } >all; grep -c overflow all' - "$long"
	[ "$output" -ge 1 ]
	need_python
	python3 - <<-'END'
		import json, os
		known, listing = set(), False
		for n, line in enumerate(open("all")):
		    batch = json.loads(line)
		    assert batch["seq"] == n + 1
		    for r in batch["batch"]:
		        e = r["events"]
		        if "overflow" in e: known = set()
		        elif "path" in r and not {"delete", "moved_from"} & set(e): known.add(r["path"])
		assert known == {"d"} | {"d/" + f for f in os.listdir("d")}, len(known)
	END
}

# ---- what is refused ----

@test "pathwatch: refuses options that need others, and times that are none" {
	mkdir d
	run bounded pathwatch --max-delay 1 d
	[ "$status" -eq 1 ]
	[ "$output" = 'pathwatch: --max-delay needs --settle or --batch' ]
	run bounded pathwatch --settle 1 --cooldown 1 d
	[ "$output" = 'pathwatch: --cooldown needs --batch' ]
	run bounded pathwatch --batch --csv d
	[ "$output" = 'pathwatch: --batch and --csv cannot be combined' ]
	run bounded pathwatch --batch --no-newline --format x d
	[ "$output" = 'pathwatch: --batch and --no-newline cannot be combined' ]
	for option in --settle --max-delay --cooldown; do
		run bounded pathwatch "$option" -1 d
		[ "$status" -eq 1 ]
		[[ $output == "pathwatch: $option '-1': not a time;"* ]]
	done
}
