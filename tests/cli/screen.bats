#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# pathstat -i on a terminal, as a terminal shows it: tmux is one that can be looked at.

load helper

setup() {
	helper_setup
	mkdir d
}

teardown() {
	if [ -S ./tmux ]; then
		tmux -S ./tmux kill-server 2>/dev/null || true
	fi
	helper_teardown
}

# terminal COLUMNS LINES COMMAND [BEFORE]: one of that size, in which the command runs
terminal() {
	command -v tmux >/dev/null || skip "no tmux"
	echo "$4 echo \$\$ >../pid; exec $3" >"$BATS_TEST_TMPDIR/command"
	# the shell is none with job control: a command that is stopped stays in the foreground
	echo 'stty -echoctl; trap : INT; clear; sh ../command; echo status $?; exec cat' \
		>"$BATS_TEST_TMPDIR/session"
	# what the terminal itself is, not the programs in it, has to know UTF-8
	LC_ALL=C.UTF-8 tmux -u -S ./tmux -f /dev/null new-session -d -x "$1" -y "$2" \
		"exec sh ../session" 3>&- || skip "tmux does not run here"
	tmux -S ./tmux set-option -g status off
	tmux -S ./tmux resize-window -x "$1" -y "$2" || skip "tmux before 2.9"
}

keys() {
	tmux -S ./tmux send-keys "$@"
}

picture() {
	tmux -S ./tmux capture-pane -p
}

# shows TEXT: has the picture that text in it, over lines if need be?
shows() {
	local all

	all=$(picture)
	[[ $all == *"$1"* ]]
}

wait_for() {
	until_true shows "$1" || { picture; return 1; }
}

first_line() {
	[ "$(picture | head -n 1)" = "$1" ]
}

# hit FILE TIMES: make it and close it so often
hit() {
	local i

	for ((i = 0; i < $2; i++)); do
		: >>"$1"
	done
}

@test "pathstat: a report is drawn over the last one, and the cursor ends below it" {
	terminal 80 10 "pathstat -e create -i 100ms d" "echo above;"
	wait_for 'above
total      per_s  path'
	hit d/a 1
	wait_for ' d/a'
	hit d/b 1
	wait_for '    1        0.0       1  d/a
    1        0.0       1  d/b'
	[ "$(picture | grep -c total)" -eq 1 ]
	keys C-c
	wait_for 'd/b
status 0'
	[ "$(picture | head -n 3)" = 'above
total      per_s  create  path
    1        0.0       1  d/a' ]
	[ "$(picture | grep -c -e total -e above)" -eq 2 ]
}

@test "pathstat: what has no line on the screen is counted in the last one" {
	terminal 80 6 "pathstat -e create --sort path -i 100ms d"
	wait_for total
	for i in 1 2 3 4 5 6 7 8; do hit "d/$i" 1; done
	wait_for 'create  path
    1        0.0       1  d/1
    1        0.0       1  d/2
    1        0.0       1  d/3
    1        0.0       1  d/4
    4        0.0       4  (4 others)'
	rm d/*
	keys C-c
	wait_for '(4 others)
status 0'
}

@test "pathstat: as many rows as the screen has lines need no other line" {
	terminal 80 6 "pathstat -e create --sort path -i 100ms d"
	wait_for total
	for i in 1 2 3 4 5; do hit "d/$i" 1; done
	wait_for '  d/4
    1        0.0       1  d/5'
}

@test "pathstat: another size of the terminal is followed at once" {
	terminal 80 10 "pathstat -e create -i 1h --ready-fd 4 d 4>../ready"
	until_true [ -s ../ready ]
	hit d/a-name-that-takes-some-columns 1
	kill -USR1 "$(cat ../pid)"
	wait_for '  d/a-name-that-takes-some-columns'
	# nobody but the change of the size asks for this report
	tmux -S ./tmux resize-window -x 50 -y 10
	wait_for '  d/a-name-that-...s-some-columns'
	[[ $(picture) == 'total      per_s  path
    1 '* ]]
	tmux -S ./tmux resize-window -x 12 -y 10
	wait_for 'total  path
    1  d/a-'
	tmux -S ./tmux resize-window -x 4 -y 10
	until_true first_line tot
	tmux -S ./tmux resize-window -x 80 -y 2
	hit d/b 1
	kill -USR1 "$(cat ../pid)"
	wait_for '    2 '
	shows '(2 others)'
	tmux -S ./tmux resize-window -x 80 -y 1
	wait_for total
	tmux -S ./tmux resize-window -x 80 -y 5
	wait_for '  d/b'
	[ "$(picture | grep -c total)" -eq 1 ]
	keys C-c
	wait_for 'status 0'
}

@test "pathstat: names are shortened in the middle, by the columns they take" {
	local e=e$'\xcc\x81'

	LC_ALL=C.UTF-8 locale charmap 2>/dev/null | grep -q -x UTF-8 || skip "no locale C.UTF-8"
	terminal 44 10 "pathstat -e create --sort path -i 100ms d"
	wait_for total
	hit d/日本語日本語日本語日本語日本語日本語 1
	hit d/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaz 1
	hit d/$'b\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n'z 1
	# an accent that is a character of its own takes no column, and is not left behind by what it stands on
	hit "d/c$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e$e${e}z" 1
	wait_for '  d/aaaaaaaaa...aaaaaaaaaaz'
	wait_for '  d/b\n\n\n\n...\n\n\n\n\nz'
	shows '  d/日本語日...本語日本語'
	wait_for "  d/c$e$e$e$e$e$e$e$e...$e$e$e$e$e$e$e$e$e${e}z"
	[ "$(picture | grep -c .)" -eq 5 ]
}

@test "pathstat: events share a column where the terminal has no room for all" {
	terminal 60 10 "pathstat -i 100ms d"
	wait_for total
	hit d/a-file-with-a-name-of-some-length 3
	for i in 1 2 3 4 5 6 7; do
		chmod 600 d/a-file-with-a-name-of-some-length
		read -r _ <d/a-file-with-a-name-of-some-length || true
	done
	# three opens, three close_write, one create, and seven times attrib, open, close_nowrite
	wait_for '   28 '
	picture | head -n 2
	[[ $(picture | head -n 1) == 'total      per_s '*' other  path' ]]
	# all columns beside the total and the rate add up
	[ "$(picture | awk 'NR == 2 { for (i = 3; i < NF; i++) n += $i; print n == $1 }')" -eq 1 ]
	tmux -S ./tmux resize-window -x 200 -y 10
	wait_for '  attrib  close_write  close_nowrite  open  create  path'
}

@test "pathstat: the event that is sorted by keeps its column" {
	terminal 60 10 "pathstat -s create -i 100ms d"
	wait_for total
	hit d/a-file-with-a-name-of-some-length 30
	wait_for '   61 '
	[[ $(picture | head -n 1) == *' create '*'path' ]]
}

@test "pathstat: a message stands above the report, and nothing is left of what was there" {
	terminal 80 20 "pathstat -e create --queue-limit 2K -i 100ms d"
	wait_for total
	hit d/a 1
	wait_for ' d/a'
	kill -STOP "$(cat ../pid)"
	for i in {100..199}; do hit "d/$i" 1; done
	kill -CONT "$(cat ../pid)"
	wait_for 'pathstat: events were lost, so the counts are too low
total '
	[ "$(picture | grep -c total)" -eq 1 ]
}

@test "pathstat: a command may write to the terminal meanwhile" {
	terminal 80 16 "pathstat -e create -i 100ms d --run sh -c 'until [ -e d/go ]; do sleep 0.05; done; echo one; echo two; touch d/a; until [ -e d/end ]; do sleep 0.05; done'"
	wait_for total
	hit d/go 1
	wait_for ' d/a'
	wait_for 'two
total'
	[ "$(picture | grep -c total)" -eq 1 ]
	hit d/end 1
	wait_for 'd/go
status 0'
}

# on_terminal SETTINGS: what pathstat writes to a terminal, its bytes in $text
on_terminal() {
	script -qec true /dev/null >/dev/null 2>&1 || skip "needs script(1) for a terminal"
	text=$(bounded script -qec "$1; pathstat -e create -i 50ms d --run sh -c 'touch d/a; sleep 0.2; touch d/b; sleep 0.1; rm d/a d/b'" /dev/null)
	text=${text//$'\r'/}
}

@test "pathstat: redraws by moving the cursor up" {
	on_terminal "TERM=vt100; export TERM"
	[[ $text == *$'\e[K    1 '*$' d/a\e[J\e[1A'* ]]
	# the last report is left below
	[[ $text == *$' d/b\e[J\e[2A\e[2B' ]]
}

@test "pathstat: a dumb terminal gets plain reports" {
	local t

	for t in "TERM=dumb; export TERM" "unset TERM"; do
		on_terminal "$t"
		[[ $text != *$'\e'* ]]
		[[ $text == *'
    1        0.0       1  d/a

total '*'  d/b' ]]
	done
}

@test "pathstat: a terminal that does not know its size has 80 columns" {
	ln -s d "$(printf 'x%.0s' {1..90})"
	on_terminal "TERM=xterm; export TERM; stty cols 0 rows 0; pathstat -e create -i 50ms x* --run touch d/c"
	[[ $text =~ \ x+\.\.\.x+/c ]]
	# the numbers take 26 columns, and the last one stays free
	line=$(grep -o ' x*\.\.\.x*/c' <<<"$text" | head -n 1)
	echo "$line"
	[ "${#line}" -eq $((1 + 79 - 26)) ]
}
