#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# pathwatch --control: commands on standard input, answers in the stream.

load helper

# control NAME [OPTION]...: start it; what is written to descriptor 5 are commands, until hang_up
control() {
	local name=$1

	shift
	mkfifo "$BATS_TEST_TMPDIR/in.$name"
	exec 5<>"$BATS_TEST_TMPDIR/in.$name"
	start "$name" pathwatch --control "$@" <"$BATS_TEST_TMPDIR/in.$name" 5>&-
	exec 6>"$BATS_TEST_TMPDIR/in.$name" 5>&- 5>&6 6>&-
}

hang_up() {
	exec 5>&-
}

say() {
	printf '%s\n' "$@" >&5
}

# asked NAME TOKEN: it has done and told all until here
asked() {
	say "sync $2"
	wait_line "$1.out" "sync.*$2"
}

# commands TEXT [OPTION]...: all of them at once, and then the end
commands() {
	local text=$1

	shift
	printf "$text" | bounded pathwatch --control "$@" 2>"$BATS_TEST_TMPDIR/messages"
}

told() {
	grep -q -e "$1" "$BATS_TEST_TMPDIR/messages"
}

need_userns() {
	unshare -Urm true 2>/dev/null || skip "needs user namespaces (unshare -Urm)"
}

need_other_user() {
	[ "$(id -u)" -ne 0 ] || setpriv --reuid 65534 --clear-groups true 2>/dev/null ||
		skip "needs a user who is not root"
}

@test "control: nothing is watched without PATH, and then what was added" {
	mkdir d e
	control w
	touch d/1
	say 'add d'
	wait_line w.out '^added d$'
	touch d/2 e/1
	asked w 1
	say 'remove d'
	wait_line w.out '^removed d$'
	touch d/3
	asked w 2
	hang_up
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w)" = 'added d
create d/2
attrib d/2
close_write d/2
sync 1
removed d
sync 2' ]
	[ "$(err w)" = '' ]
}

@test "control: PATH arguments are watched from the start" {
	mkdir d e
	control w -e create d
	touch d/1
	say 'add e'
	wait_line w.out '^added e$'
	touch e/1
	say 'remove d'
	wait_line w.out '^removed d$'
	touch d/2 e/2
	hang_up
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w)" = 'create d/1
added e
create e/1
removed d
create e/2' ]
}

@test "control: add -r goes down, add does not, and -r can come later" {
	mkdir -p d/s e/s
	control w -e create
	say 'add d' 'add -r e'
	asked w 1
	touch d/s/1 e/s/1
	say 'add -r d'
	asked w 2
	touch d/s/2
	asked w 3
	hang_up
	finish w
	[ "$(out w)" = 'added d
added e
sync 1
create e/s/1
added d
sync 2
create d/s/2
sync 3' ]
}

@test "control: under --initial add lists and then says added, and lists again" {
	mkdir -p d/s
	touch d/s/f
	run commands 'add -r d\nadd d/s\nsync x\n' --initial
	[ "$status" -eq 0 ]
	[ "$output" = 'ready
exists d
exists d/s
exists d/s/f
added d
exists d/s
exists d/s/f
added d/s
sync x' ]
	run commands 'add d/s\nadd -r d\nadd -r d\n' --initial --format '%{events} %{path} %{root}'
	[ "$output" = 'ready  
exists d/s d/s
exists d/s/f d/s
added d/s d/s
exists d d
exists d/s d/s
exists d/s/f d/s
added d d
exists d d
exists d/s d/s
exists d/s/f d/s
added d d' ]
}

@test "control: with PATH, the listing comes before the first answer" {
	mkdir d e
	touch d/f
	run commands 'sync 1\nadd e\n' --initial d
	[ "$output" = 'exists d
exists d/f
ready
sync 1
exists e
added e' ]
}

@test "control: one ready, also after an overflow while a path is being added" {
	mkdir d e
	touch d/1 e/1
	control w --initial --queue-limit 1K -e create d
	wait_line w.out '^ready$'
	# while it cannot read, more happens than may wait
	kill -STOP "$(pid_of w)"
	for i in {100..200}; do : >"d/$i"; done
	say 'add e' 'sync 1'
	kill -CONT "$(pid_of w)"
	wait_line w.out '^sync 1$'
	hang_up
	finish w
	out w | grep -q -x overflow
	[ "$(out w | grep -c '^ready$')" -eq "$(($(out w | grep -c '^overflow$') + 1))" ]
	# behind the last overflow all is there
	out w | sed -n '/^overflow$/,$p' | grep -c '^exists d/...$' >count
	[ "$(cat count)" -ge 101 ]
	[ "$(out w | tail -n 1)" = 'sync 1' ]
}

@test "control: of overlapping paths, the other one stays whole" {
	mkdir -p d/s/t
	control w -r -e create --format '%{events} %{path}%{token} %{root}'
	say 'add d' 'add d/s'
	asked w 1
	touch d/s/t/1
	say 'remove d/s'
	asked w 2
	touch d/s/t/2
	asked w 3
	say 'add d/s'
	asked w 4
	say 'remove d'
	asked w 5
	touch d/1 d/s/t/3
	asked w 6
	say 'add d/s/'
	say 'remove d/s'
	asked w 7
	touch d/s/t/4
	hang_up
	finish w
	[ "$(out w)" = 'added d d
added d/s d/s
sync 1 
create d/s/t/1 d/s
removed d/s d/s
sync 2 
create d/s/t/2 d
sync 3 
added d/s d/s
sync 4 
removed d d
sync 5 
create d/s/t/3 d/s
sync 6 
added d/s/ d/s/
removed d/s d/s
sync 7 
create d/s/t/4 d/s/' ]
}

@test "control: what came before a removal is told before it, and nothing after" {
	mkdir d e
	control w -e create
	say 'add d' 'add e'
	asked w 1
	kill -STOP "$(pid_of w)"
	for i in {100..400}; do : >"d/$i"; done
	say 'remove d'
	kill -CONT "$(pid_of w)"
	for i in {401..900}; do : >"d/$i"; done
	asked w 2
	touch e/1
	hang_up
	finish w
	[ "$(out w | sed '/^removed d$/,$d' | grep -c '^create d/[1-4]..$')" -ge 301 ]
	[ "$(out w | sed '1,/^removed d$/d')" = 'sync 2
create e/1' ]
}

@test "control: what fails is an error record and a message, and ends nothing" {
	mkdir d
	run commands 'add nowhere\nremove d\nfrob x\n\nadd\nadd -x d\nadd a\\q\nsync\nadd d\n'
	[ "$status" -eq 0 ]
	[ "$output" = 'error nowhere
error d
error
error
error
error -x d
error a\\q
error
added d' ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/messages")" -eq 8 ]
	told "^pathwatch: cannot watch 'nowhere': No such file or directory (--allow-missing"
	told "^pathwatch: command 'remove d': it is not watched"
	told "^pathwatch: command 'frob x': there is no such command; there are add, remove and sync$"
	told "^pathwatch: command '': an empty command"
	told "^pathwatch: command 'add': a PATH is missing"
	told "^pathwatch: command 'add -x d': an unknown option"
	told "^pathwatch: command 'add a.q': a bad escape"
	told "^pathwatch: command 'sync': a TOKEN is missing"
}

@test "control: in JSON, an error tells command, path and why" {
	mkdir d
	run commands 'add nowhere\nfrob x\nsync a b\n' --json
	[[ ${lines[0]} == *'"events":["error"],"path":"nowhere","error":"No such file or directory","command":"add"}' ]]
	[[ ${lines[1]} == *'"events":["error"],"error":"there is no such command'*'","command":"frob x"}' ]]
	[[ ${lines[2]} == '{"seq":3,'*'"events":["sync"],"token":"a b"}' ]]
	run commands 'sync a,b\nremove "\n' --csv
	[[ ${lines[0]} == '1,'*',sync,,,,,,,,,"a,b",' ]]
	[[ ${lines[1]} == '2,'*',error,"""",,,,,,,it is not watched, or was spelled otherwise,,remove' ||
		${lines[1]} == '2,'*',error,"""",,,,,,,"it is not watched, or was spelled otherwise",,remove' ]]
}

@test "control: a directory that cannot be read is an error, listed or not" {
	need_other_user
	mkdir d && chmod 0 d && chmod 755 . "$BATS_TEST_TMPDIR"
	as_other() { setpriv --reuid 65534 --clear-groups "$@"; }
	[ "$(id -u)" -eq 0 ] || as_other() { "$@"; }
	for option in -v --initial; do
		printf 'add d\nsync 1\n' | as_other timeout 10 "$top_builddir/bin/pathwatch" --control \
			$option --json >"$BATS_TEST_TMPDIR/got" 2>"$BATS_TEST_TMPDIR/messages" ||
			skip "the other user cannot run it"
		grep -q '"error".*"path":"d".*"Permission denied","command":"add"' "$BATS_TEST_TMPDIR/got"
		[ "$(grep -c added "$BATS_TEST_TMPDIR/got")" -eq 0 ]
		grep -q '"token":"1"' "$BATS_TEST_TMPDIR/got"
	done
	chmod 700 d
}

@test "control: a path that is missing is waited for with --allow-missing" {
	control w --allow-missing -r -e create
	say 'add d/e'
	asked w 1
	mkdir -p d/e
	touch d/e/f
	asked w 2
	hang_up
	finish w
	[ "$(out w)" = 'added d/e
sync 1
create d/e
create d/e/f
sync 2' ]
}

@test "control: any path can be named, escaped or with -0" {
	name=$'a\nb\\ \x01\xff'
	mkdir "$name" ./-r
	commands 'add a\\nb\\\\ \\x01\\xff\nadd -- -r\nremove -- -r\nsync \\x41\n' >"$BATS_TEST_TMPDIR/got"
	[ "$(cat "$BATS_TEST_TMPDIR/got")" = 'added a\nb\\ \x01\xff
added -r
removed -r
sync A' ]
	printf 'add %s\0sync \\x41\0' "$name" | bounded pathwatch --control -0 >"$BATS_TEST_TMPDIR/got"
	printf 'added %s\0sync \\x41\0' "$name" | cmp - "$BATS_TEST_TMPDIR/got"
	# what is not escaped in the output is not in commands
	mkdir 'b\n'
	[ "$(commands 'add b\\n\n' --raw)" = 'added b\n' ]
}

@test "control: a command that is too long is refused, and the next is done" {
	mkdir d
	{
		printf 'add '
		head -c 70000 /dev/zero | tr '\0' x
		printf '\nadd d\nsync %s\n' "$(head -c 65531 /dev/zero | tr '\0' y)"
		printf 'sync %s\n' "$(head -c 65532 /dev/zero | tr '\0' z)"
		head -c 200000 /dev/zero | tr '\0' x
	} | bounded pathwatch --control >"$BATS_TEST_TMPDIR/got" 2>"$BATS_TEST_TMPDIR/messages"
	[ "$(tr -s y <"$BATS_TEST_TMPDIR/got")" = 'error
added d
sync y
error
error' ]
	told "^pathwatch: command 'add': it is too long"
	told "^pathwatch: command 'sync': it is too long"
}

@test "control: commands in pieces, and a last one without its end" {
	mkdir d
	control w
	for c in a d d ' ' d; do
		printf '%s' "$c" >&5
		sleep 0.01
	done
	say ''
	wait_line w.out '^added d$'
	printf 'sync x' >&5
	hang_up
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w)" = 'added d
sync x' ]
}

@test "control: a record without a path does not reach who expects paths" {
	mkdir d
	run commands 'add d\nsync 1\nfrob\nremove d\n' --format '%{path}'
	[ "$output" = 'd
d' ]
	told '^pathwatch: sync 1$'
	told "^pathwatch: command 'frob'"
	run commands 'sync 1\n' -q --format '%{path}'
	told '^pathwatch: sync 1$'
}

@test "control: standard input may be a file, nothing, or closed" {
	mkdir d
	printf 'add d\nsync 1\n' >list
	run bounded pathwatch --control <list
	[ "$status" -eq 0 ]
	[ "$output" = 'added d
sync 1' ]
	run bounded pathwatch --control </dev/null
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	run bounded sh -c 'exec pathwatch --control <&-'
	[ "$status" -eq 1 ]
	[ "$output" = 'pathwatch: --control: standard input is closed' ]
	run bounded pathwatch --control <.
	[ "$status" -eq 1 ]
	[ "$output" = 'pathwatch: cannot read commands: Is a directory' ]
}

@test "control: what is contradictory is refused" {
	mkdir d
	run bounded pathwatch --control --from-file - <<<d
	[ "$status" -eq 1 ]
	[ "$output" = 'pathwatch: --control and --from-file - cannot be combined' ]
	run bounded pathwatch --max-depth 2 d
	[ "$status" -eq 1 ]
	run commands 'add d\n' --max-depth 2
	[ "$status" -eq 0 ]
}

@test "control: at the end of the commands, what happened is told" {
	mkdir d
	control w -e create
	say 'add d'
	asked w 1
	kill -STOP "$(pid_of w)"
	for i in {100..300}; do : >"d/$i"; done
	hang_up
	kill -CONT "$(pid_of w)"
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w | grep -c '^create')" -eq 201 ]
}

@test "control: a command of --run has its own standard input, and its end is the end" {
	mkdir d
	printf 'add d\n' | bounded pathwatch --control -e create \
		--run sh -c 'cat >got; until [ -e d/2 ]; do touch d/1; rm d/1; [ ! -e go ] || touch d/2; done; exit 7' \
		>"$BATS_TEST_TMPDIR/w.out" &
	wait_line w.out '^create d/1$'
	touch go
	got=0
	wait $! || got=$?
	[ "$got" -eq 7 ]
	[ ! -s got ]
	grep -q -x 'added d' "$BATS_TEST_TMPDIR/w.out"
}

@test "control: --timeout and -n end it" {
	mkdir d
	control w -t 0.2
	finish w
	[ "$status" -eq 2 ]
	hang_up
	run commands 'sync 1\nsync 2\nsync 3\n' -n 2
	[ "$status" -eq 0 ]
	[ "$output" = 'sync 1
sync 2' ]
}

@test "control: what is left out stays so in paths that are added" {
	mkdir -p d/s d/t
	control w -r -e create,modify -o log @d/s --ignore t/
	say 'add .' 'sync 1'
	wait_line ./log '^sync 1$'
	touch d/s/1 d/t/1 d/1
	say 'add d/s' 'sync 2'
	wait_line ./log '^sync 2$'
	hang_up
	finish w
	[ "$(cat log)" = 'added .
sync 1
create ./d/1
error d/s
sync 2' ]
	err w | grep -q "command 'add d/s': it is to be left out"
}

@test "control: a slow reader does not keep the kernel's queue from being emptied" {
	mkdir d
	mkfifo in out
	exec 7<>out
	pathwatch --control -e create d <in >out 7>&- 3>&- &
	helper_started+=("$!")
	exec 5>in
	say 'sync 1'
	read -r -t 10 line <&7
	[ "$line" = 'sync 1' ]
	# far more than the kernel's queue and the pipe hold, with commands in between
	limit=$(cat /proc/sys/fs/inotify/max_queued_events)
	[ "$limit" -le 20000 ] || skip "the kernel's queue is larger than this test"
	for ((i = 0; i < 25; i++)); do
		(cd d && rm -f -- * && seq "$i"000 "$i"999 | xargs touch)
		say "sync $i"
	done
	say 'sync end'
	timeout 60 sed -u '/^sync end$/q' <&7 >got
	[ "$(grep -c '^create ' got)" -eq 25000 ]
	[ "$(grep -c overflow got)" -eq 0 ]
	[ "$(tail -n 1 got)" = 'sync end' ]
	exec 5>&- 7>&-
}

@test "control: a flood of commands does not fill memory" {
	instrumented && skip "memory is not that of the program in this build"
	mkdir d
	mkfifo out
	exec 7<>out
	# nobody reads: what is asked has to wait in its pipe
	(yes 'sync xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' 2>/dev/null || :) |
		sh -c 'echo $$ >pid; exec pathwatch --control d' >out 7>&- 3>&- &
	helper_started+=("$!")
	until_true [ -s pid ]
	helper_started+=("$(cat pid)")
	asleep() { grep -q '^State:.S' "/proc/$(cat pid)/status"; }
	full() { for i in 1 2 3 4 5; do asleep || return; sleep 0.02; done; }
	until_true full
	rss=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(cat pid)/status")
	[ "$rss" -lt 8192 ]
	kill "$(cat pid)"
	exec 7>&-
}

@test "control: sync is a barrier: whatever happened before it is told before it" {
	rounds=300
	[ -z "${PATHEV_LONG:-}" ] || rounds=10000
	run timeout 300 "$top_builddir/tests/torture/barrier" "$top_builddir/bin/pathwatch" $rounds "${SEED:-1}"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "$rounds rounds" ]
}

@test "control: what waits to settle is told before each answer" {
	mkdir d e
	control w --settle 1h -e create
	say 'add d'
	asked w 1
	touch d/1
	asked w 2
	touch d/2
	say 'add e'
	wait_line w.out '^added e$'
	touch e/1
	say 'remove e'
	wait_line w.out '^removed e$'
	touch d/3
	say 'frob'
	wait_line w.out '^error$'
	hang_up
	finish w
	[ "$(out w)" = 'added d
sync 1
create d/1
sync 2
create d/2
added e
create e/1
removed e
create d/3
error' ]
}

@test "control: an answer ends a batch" {
	mkdir d
	touch d/f
	control w --settle 1h --batch --json --initial -e create
	say 'add d'
	wait_line w.out '"added"'
	touch d/1 d/2
	say 'sync x'
	wait_line w.out '"token":"x"'
	hang_up
	finish w
	[ "$(out w | sed -e 's/"\(time\|root\)":"[^"]*"//g' -e 's/"synthesized":true//g' -e 's/,,*/,/g' \
		-e 's/,}/}/g' -e 's/{,/{/g')" = \
		'{"seq":1,"batch":[{"events":["ready"]}]}
{"seq":2,"batch":[{"events":["exists"],"path":"d","type":"dir"},{"events":["exists"],"path":"d/f","type":"file"},{"events":["added"],"path":"d"}]}
{"seq":3,"batch":[{"events":["create"],"path":"d/1"},{"events":["create"],"path":"d/2"},{"events":["sync"],"token":"x"}]}' ]
}
