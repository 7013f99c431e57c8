#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A count on the terminal while watches are set up: tests/unit/progress.c has when it is drawn.

: "${PATHEV_TEST_BOUND:=60}"
load helper

setup() {
	local i

	helper_setup
	command -v python3 >/dev/null || skip "needs python3, for a terminal"
	# A set-up that takes about a second: each of these names is compared with many patterns.
	mkdir d
	python3 -c 'import os
for i in range(30):
	for j in range(33): os.makedirs("d/%d/%02d" % (i, j) + 200 * "a")'
	slow=()
	for ((i = 0; i < 140; i++)); do slow+=(--exclude "a$i"); done
	cat >"$BATS_TEST_TMPDIR/terminal.py" <<-'END'
		# Run a command whose standard error is a terminal, and standard output where given;
		# print what was written to the terminal.
		import os, pty, subprocess, sys
		master, slave = pty.openpty()
		out = slave if sys.argv[1] == "terminal" else os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
		run = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=out, stderr=slave)
		os.close(slave)
		text = b""
		while True:
		    try:
		        got = os.read(master, 4096)
		    except OSError:
		        break
		    if not got:
		        break
		    text += got
		sys.stdout.buffer.write(text.replace(b"\r\n", b"\n"))
		sys.exit(run.wait())
	END
}

# on_terminal STDOUT COMMAND...: what it writes to the terminal is in $text
on_terminal() {
	status=0
	text=$(TERM=${term-vt100} timeout 60 python3 "$BATS_TEST_TMPDIR/terminal.py" "$@" 3>&-) || status=$?
}

# moves PROGRAM [DOING]: is there a count, each larger than the one before?
moves() {
	local count last=0 n=0

	for count in $(grep -o "$1: ${2:-setting up watches}: [0-9]*" <<<"$text" | grep -o '[0-9]*$'); do
		[ "$count" -gt "$last" ] || return
		last=$count n=$((n + 1))
	done
	printf '%q\n' "$text"
	[ "$n" -ge 1 ] && [ "$last" -le 1021 ]
}

@test "pathwatch, pathwait: a long set-up shows a count that moves, and nothing of it is left" {
	local program

	for program in pathwatch pathwait; do
		on_terminal out "$program" -r -t 0 "${slow[@]}" d
		moves "$program"
		[ "$status" -eq 2 ]
		[[ $text == *$'\r\e[K' ]]
		[[ $text == $'\r'"$program: "* ]]
	done
}

@test "pathwatch: the count makes way for messages, and for the first record" {
	mkdir e
	on_terminal terminal pathwatch -r -v "${slow[@]}" d e --run touch d/x
	moves pathwatch
	[[ $text == *[0-9]$'\e[K\r\e[Kpathwatch: watching \'e\''*$'\npathwatch: ready\n'*'create d/x'* ]]
	on_terminal terminal pathwatch -r --initial -t 0 "${slow[@]}" d
	# records that come are sign of life enough, and nothing is drawn among them
	[[ $text == *'exists d'$'\n'* ]]
	[[ ${text#*exists d} != *$'\e'* ]]
	[[ ${text%%exists d*} == '' || ${text%%exists d*} == *$'\r\e[K' ]]
}

@test "pathwatch: so does looking again when events were lost" {
	on_terminal out pathwatch -r -e create,ready --queue-limit 1 "${slow[@]}" d --run sh -c 'touch "$@"
		until [ "$(grep -c "^ready$" out)" -eq 2 ]; do sleep 0.05; done
		sleep 0.1; kill -9 $PPID' - d/f{0..99}
	grep -q '^overflow$' out
	moves pathwatch 'looking again'
	[[ $text == *$'\r\e[K' ]]
	# but where the terminal has a table
	on_terminal terminal pathstat -r -i 100ms --queue-limit 1 "${slow[@]}" d --run touch d/g{0..99}
	[[ $text == *'looking again'* ]] && return 1
	[[ $text == *'events were lost'* ]]
}

@test "pathwatch: a listing that takes its time is written as it comes" {
	background w pathwatch -r --initial "${slow[@]}" d/1 d/2 d/3
	wait_line w.out '^exists d/./'
	kill -STOP "$pid"
	cat "$BATS_TEST_TMPDIR/w.out"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/w.out")" -lt 102 ]
	kill -CONT "$pid"
	wait_line w.out '^ready$'
	[ "$(wc -l <"$BATS_TEST_TMPDIR/w.out")" -eq 103 ]
	stop w
}

@test "each program: -q, a dumb terminal and a pipe are silent while watches are set up" {
	local program=pathwatch

	on_terminal out "$program" -q -r -t 0 "${slow[@]}" d
	[ "$status" -eq 2 ]
	[ -z "$text" ]
	term=dumb on_terminal out pathstat -r -t 0 "${slow[@]}" d
	[[ $text == 'pathstat: no events'* ]]
	run bounded pathwait -r -t 0 "${slow[@]}" d
	[ "$status" -eq 2 ]
	[ -z "$output" ]
}
