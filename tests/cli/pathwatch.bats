#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# pathwatch as a user sees it.  Most tests let --run cause the events: then the output is
# complete when the program ends, and can be compared as a whole.

load helper

# messages PROGRAM [ARG]...: bounded, messages in $BATS_TEST_TMPDIR/messages
messages() {
	bounded "$@" 2>"$BATS_TEST_TMPDIR/messages"
}

told() {
	grep -q -e "$1" "$BATS_TEST_TMPDIR/messages"
}

need_userns() {
	unshare -Urm true 2>/dev/null || skip "needs user namespaces (unshare -Urm)"
}

# ---- what is printed ----

@test "pathwatch: tells what happened, then where" {
	mkdir d
	run messages pathwatch d --run sh -c 'echo x >"d/a b"; mv "d/a b" d/c; rm d/c'
	[ "$status" -eq 0 ]
	[ "$output" = 'create d/a b
modify d/a b
close_write d/a b
moved_from d/a b
moved_to d/c
delete d/c' ]
}

@test "pathwatch: watches . without PATH" {
	run messages pathwatch -e create --run touch x
	[ "$output" = 'create ./x' ]
}

@test "pathwatch: prints each event while it runs" {
	mkdir d
	start w pathwatch d
	touch d/one
	wait_line w.out '^create d/one$'
	touch d/two
	wait_line w.out '^create d/two$'
	stop w
	[ "$status" -eq 143 ]
}

@test "pathwatch: a name can neither forge a line nor reach the terminal" {
	mkdir d
	run messages pathwatch -e create d --run touch $'d/a\ncreate b\e[31m\\'
	[ "$output" = 'create d/a\ncreate b\x1b[31m\\' ]
}

@test "pathwatch: --raw prints names as they are" {
	mkdir d
	run messages pathwatch --raw -e create d --run touch $'d/a\nb\e'
	[ "$output" = $'create d/a\nb\e' ]
}

@test "pathwatch: -0 ends raw records with NUL" {
	mkdir d
	messages pathwatch -0 -e create d --run touch $'d/a\nb' >"$BATS_TEST_TMPDIR/got"
	printf 'create d/a\nb\0' | cmp - "$BATS_TEST_TMPDIR/got"
	messages pathwatch --null -e create d --run touch $'d/b\nb' >"$BATS_TEST_TMPDIR/got"
	printf 'create d/b\nb\0' | cmp - "$BATS_TEST_TMPDIR/got"
}

@test "pathwatch: --format -0 feeds xargs" {
	mkdir d
	run bash -c 'set -o pipefail
		timeout 10 pathwatch --format "%{path}" -0 -e close_write d --run touch "d/a b" d/c |
			xargs -0 -n1 echo got'
	[ "$status" -eq 0 ]
	[ "$output" = 'got d/a b
got d/c' ]
}

@test "pathwatch: --format has named directives and inotifywait's letters" {
	mkdir d
	run messages pathwatch -e create -r --format '%{events}|%{rel}|%{root}|%{name}|%w|%f|%e\t%%' d \
		--run sh -c 'touch d/x'
	[ "$output" = $'create|x|d|x|d/|x|CREATE\t%' ]
}

@test "pathwatch: --format quotes a path for the shell" {
	mkdir d
	run messages pathwatch -e create --format '%{path:sh}' d --run touch "d/it's"
	[ "$(eval "echo $output")" = "d/it's" ]
}

@test "pathwatch: --no-newline adds nothing to a record" {
	mkdir d
	run messages pathwatch -e create --no-newline --format '%{name},' d --run touch d/a d/b
	[ "$output" = 'a,b,' ]
}

@test "pathwatch: --timefmt and --time-format say how %T looks" {
	mkdir d
	run messages pathwatch -e create --timefmt 'year %Y.' --format '%T' d --run touch d/a
	[[ $output =~ ^year\ 20[0-9][0-9]\.$ ]]
	run messages pathwatch -e create --time-format 'day %d.' --format '%T' d --run touch d/b
	[[ $output =~ ^day\ [0-3][0-9]\.$ ]]
}

@test "pathwatch: --json prints an object a line, numbered" {
	mkdir d
	run messages pathwatch --json -e create,moved_to d --run sh -c 'touch d/a; mv d/a d/b'
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} == '{"seq":1,"time":"20'*'Z","events":["create"],"path":"d/a","root":"d"'*'}' ]]
	[[ ${lines[1]} == '{"seq":2,'*'"events":["moved_to"],"path":"d/b",'*'"from":"d/a"}' ]]
}

@test "pathwatch: -j carries a name that is not UTF-8" {
	mkdir d
	run messages pathwatch -j -e create d --run touch $'d/\xff'
	[[ $output == *'"path_b64":"ZC//"'* ]]
}

@test "pathwatch: -c and --csv print comma separated values" {
	mkdir d
	run messages pathwatch -c -e create d --run touch d/a,b
	[[ $output == '1,20'*'Z,create,"d/a,b",d,'* ]]
	run messages pathwatch --csv -e create d --run touch 'd/"'
	[[ $output == '1,20'*'Z,create,"d/""",d,'* ]]
}

@test "pathwatch: both halves of a rename know each other's path" {
	mkdir d
	touch d/a
	run messages pathwatch -e move --format '%{events} %{path} <%{from}> <%{to}>' d --run mv d/a d/b
	[ "$output" = 'moved_from d/a <> <d/b>
moved_to d/b <d/a> <>' ]
}

@test "pathwatch: -o and --outfile append to a file" {
	mkdir d
	echo before >log
	run messages pathwatch -e create -o log d --run sh -c 'touch d/a; echo to stdout'
	[ "$output" = 'to stdout' ]
	run messages pathwatch -e create --outfile log d --run touch d/b
	[ "$(cat log)" = 'before
create d/a
create d/b' ]
}

@test "pathwatch: does not tell of the file that it writes itself" {
	run messages pathwatch -v -e modify,create -o log . --run sh -c 'touch a; touch b'
	[ "$(cat log)" = 'create ./a
create ./b' ]
	told 'log.*left out'
	messages pathwatch -e modify,create --run touch c >log2
	[ "$(cat log2)" = 'create ./c' ]
}

# ---- which events ----

@test "pathwatch: tells of changes, and with -e of others" {
	mkdir d
	echo >d/f
	run messages pathwatch d --run sh -c 'cat d/f; chmod 700 d/f'
	[ "$output" = 'attrib d/f' ]
	run messages pathwatch -e OPEN,in_close -e access d --run cat d/f
	[ "$output" = 'open d/f
access d/f
close_nowrite d/f' ]
}

@test "pathwatch: --event -NAME takes away from the default" {
	mkdir d
	run messages pathwatch --event -attrib,-close d --run touch d/f
	[ "$output" = 'create d/f' ]
}

@test "pathwatch: -e ready tells when all is armed" {
	mkdir d
	run messages pathwatch -e ready,create d --run touch d/f
	[ "$output" = 'ready
create d/f' ]
}

@test "pathwatch: --initial lists what is there, then says ready" {
	mkdir -p d/s
	touch d/s/f
	run messages pathwatch -r --initial d --run touch d/g
	[ "${lines[0]}" = 'exists d' ]
	[ "${lines[1]}" = 'exists d/s' ]
	[ "${lines[2]}" = 'exists d/s/f' ]
	[ "${lines[3]}" = 'ready' ]
	[ "${lines[4]}" = 'create d/g' ]
}

@test "pathwatch: --initial --timeout 0 lists and ends" {
	mkdir d
	touch d/f
	run messages pathwatch --initial --timeout 0 d
	[ "$status" -eq 0 ]
	[ "$output" = 'exists d
exists d/f
ready' ]
}

@test "pathwatch: a record without a path does not reach who expects paths" {
	mkdir d
	run messages pathwatch --initial -t 0 --format '%{path}' d
	[ "$output" = d ]
	told '^pathwatch: ready$'
}

@test "pathwatch: -n and --count end after so many records" {
	mkdir d
	run messages pathwatch -n 2 d --run sh -c 'touch d/a; exec sleep 3'
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	run messages pathwatch --count 1 --initial d
	[ "$output" = 'exists d' ]
}

@test "pathwatch: exits 2 at the timeout when nothing came, else 0" {
	mkdir d
	run messages pathwatch -t 50ms d
	[ "$status" -eq 2 ]
	[ "$output" = '' ]
	# and what never stops does not put the end off
	run messages pathwatch --timeout 0.3 d --run sh -c 'until [ -e stop ]; do echo >>d/f; done'
	touch stop
	[ "$status" -eq 0 ]
}

# ---- which paths ----

@test "pathwatch: -r tells of everything in new directories" {
	mkdir d
	run messages pathwatch -r -e create,close_write d --run sh -c 'mkdir -p d/1/2/3; echo x >d/1/2/3/f'
	[ "$output" = 'create d/1
create d/1/2
create d/1/2/3
create d/1/2/3/f
close_write d/1/2/3/f' ]
}

@test "pathwatch: --recursive follows a renamed directory" {
	mkdir -p d/a/s
	run messages pathwatch --recursive -e create d --run sh -c 'mv d/a d/b; touch d/b/s/f'
	[ "$output" = 'create d/b/s/f' ]
}

@test "pathwatch: without -r it does not go below" {
	mkdir -p d/s
	run messages pathwatch -e create d --run touch d/s/f d/g
	[ "$output" = 'create d/g' ]
}

@test "pathwatch: --max-depth goes so far down" {
	mkdir -p d/1/2
	run messages pathwatch -r --max-depth 2 -e create d --run touch d/a d/1/b d/1/2/c
	[ "$output" = 'create d/a
create d/1/b' ]
}

@test "pathwatch: a PATH with a slash at its end is told when it is a directory" {
	mkdir e
	start w pathwatch --allow-missing -e create,delete,close_write d/ e
	echo >d
	touch e/f
	wait_line w.out '^close_write e/f$'
	rm d
	mkdir d
	wait_line w.out '^create d$'
	rmdir d
	ln -s e d
	wait_line w.out '^create d$' 2
	[ "$(out w | sed '/ e/d')" = 'create d
delete d
create d
create d/f
close_write d/f' ]
	stop w
}

@test "pathwatch: -x and --one-file-system do not enter another one" {
	need_userns
	mkdir -p d/m
	run unshare -Urm sh -c 'mount -t tmpfs none d/m && exec timeout 10 pathwatch -r -x -e create d --run touch d/m/a d/b'
	[ "$output" = 'create d/b' ]
	run unshare -Urm sh -c 'mount -t tmpfs none d/m && exec timeout 10 pathwatch -r --one-file-system -e create d --run touch d/m/a d/c'
	[ "$output" = 'create d/c' ]
	run unshare -Urm sh -c 'mount -t tmpfs none d/m && exec timeout 10 pathwatch -r -e create d --run touch d/m/a d/d'
	[ "$output" = 'create d/m/a
create d/d' ]
}

@test "pathwatch: follows a link that is a PATH, and with -P watches the link" {
	mkdir d
	ln -s d link
	run messages pathwatch -e create link --run touch d/a
	[ "$output" = 'create link/a' ]
	run messages pathwatch -P -e create,attrib link --run sh -c 'touch d/b; touch -h link'
	[ "$output" = 'attrib link' ]
	run messages pathwatch --no-dereference -e create,attrib link --run sh -c 'touch d/c; touch -h link'
	[ "$output" = 'attrib link' ]
}

@test "pathwatch: --exclude and --excludei leave out, in directories too" {
	mkdir -p d/build d/src
	run messages pathwatch -r -e create --exclude '/build$' --exclude '~$' d \
		--run touch d/build/x d/src/y~ d/src/z
	[ "$output" = 'create d/src/z' ]
	run messages pathwatch -r -e create --excludei '/BUILD$' d --run touch d/build/x2 d/src/z2
	[ "$output" = 'create d/src/z2' ]
}

@test "pathwatch: --include and --includei select, and prune no directory" {
	mkdir -p d/src
	run messages pathwatch -r -e create --include '\.c$' d --run touch d/src/a.c d/src/a.o d/b.C
	[ "$output" = 'create d/src/a.c' ]
	run messages pathwatch -r -e create --includei '\.c$' d --run touch d/src/b.o d/c.C
	[ "$output" = 'create d/c.C' ]
}

@test "pathwatch: an excluded directory is not watched" {
	mkdir -p d/skip/1/2/3 d/keep
	start w pathwatch -r --ignore skip/ --exclude /keep d
	[ "$(cat /proc/"$pid"/fdinfo/* | grep -c ^inotify)" -le 2 ]
	stop w
}

@test "pathwatch: --ignore and --ignore-file have the rules of .gitignore" {
	mkdir -p d/.git d/src
	run messages pathwatch -r -e create --ignore .git/ --ignore '*.o' --ignore '!keep.o' d \
		--run touch d/.git/x d/src/a.o d/src/keep.o d/src/a
	[ "$output" = 'create d/src/keep.o
create d/src/a' ]
	printf '# comment\n*.log\n/src\n' >ignore
	run messages pathwatch -r -e create --ignore-file ignore d --run touch d/a.log d/src/b d/c
	[ "$output" = 'create d/c' ]
}

@test "pathwatch: @PATH leaves a path out, however both are spelled" {
	mkdir -p d/s
	run messages pathwatch -r -e create . @d/s --run touch d/s/1 d/1
	[ "$output" = 'create ./d/1' ]
	run messages pathwatch -r -e create d/ "@$PWD/d//s" --run touch d/s/2 d/2
	[ "$output" = 'create d/2' ]
	run messages pathwatch -r -e create "$PWD" @./d/s/ --run touch d/s/3 d/3
	[ "$output" = "create $PWD/d/3" ]
	run messages pathwatch -r -e create d @d/f --run touch d/f d/4
	[ "$output" = 'create d/4' ]
}

@test "pathwatch: @PATH that leaves nothing out is told" {
	mkdir d e
	run messages pathwatch -t 0 d @e/x
	told "@e/x.*no PATH"
}

@test "pathwatch: --from-file and --fromfile read PATHs, and what to leave out" {
	mkdir d "e e"
	printf 'd\n\ne e\n@d/x\n' >list
	run messages pathwatch -e create --from-file list --run touch d/x d/y 'e e/z'
	[ "$output" = 'create d/y
create e e/z' ]
	run messages pathwatch -e create --fromfile list --run touch d/x2
	[ "$output" = 'create d/x2' ]
}

@test "pathwatch: --from-file - reads stdin, and with -0 names with newlines" {
	mkdir d $'e\nf'
	run bash -c "echo d | timeout 10 pathwatch -e create --from-file - --run touch d/x"
	[ "$output" = 'create d/x' ]
	run bash -c "printf 'e\\nf\\0' | timeout 10 pathwatch -0 -e create --from-file - --run touch \$'e\\nf/x' | tr '\\0\\n' '|/'"
	[ "$output" = 'create e/f/x|' ]
}

@test "pathwatch: --allow-missing waits for a PATH and its parents" {
	run messages pathwatch --allow-missing -e create a/b/f --run sh -c 'mkdir -p a/b; touch a/b/f'
	[ "$status" -eq 0 ]
	[ "$output" = 'create a/b/f' ]
}

@test "pathwatch: a PATH is a name that survives replacement" {
	under_valgrind && skip "it comes too late to see the new file open"
	touch f
	run messages pathwatch -e create,moved_to,delete,access f --run sh -c 'echo >t; mv t f; cat f; rm f; echo >f'
	[ "$output" = 'moved_to f
access f
delete f
create f' ]
}

@test "pathwatch: -- ends the options" {
	mkdir -- -d
	run messages pathwatch -e create -t 0 -- -d
	[ "$status" -eq 2 ]
	run messages pathwatch -e create ./-d --run touch ./-d/x
	[ "$output" = 'create ./-d/x' ]
	run messages pathwatch -- -d --run
	[ "$status" -eq 1 ]
	told "'--run': No such file"
}

# ---- start and end ----

@test "pathwatch: --ready-fd gets one newline and is closed" {
	mkdir d
	run bash -c 'timeout 10 pathwatch --ready-fd 5 d --run sh -c "[ ! -e /proc/self/fd/5 ]" 5>ready'
	[ "$status" -eq 0 ]
	printf '\n' | cmp - ready
}

@test "pathwatch: --run takes the rest of the line, and ends with its status" {
	mkdir d
	run messages pathwatch -e create d --run sh -c 'touch d/"$1"; exit 7' -- --json
	[ "$status" -eq 7 ]
	[ "$output" = 'create d/--json' ]
	run messages pathwatch d --run sh -c 'kill -KILL $$'
	[ "$status" -eq 137 ]
}

@test "pathwatch: --run exits 127 when there is no such command, 126 when it cannot run" {
	mkdir d
	status=0
	messages pathwatch d --run ./nothing || status=$?	# run warns of 127
	[ "$status" -eq 127 ]
	told "cannot run './nothing': No such file"
	run messages pathwatch d --run ./d
	[ "$status" -eq 126 ]
	told "cannot run './d': Permission denied"
}

@test "pathwatch: what the command prints does not mix with the records" {
	mkdir d
	run messages pathwatch -e create d --run sh -c 'echo hello; touch d/a'
	[ "$output" = 'create d/a' ]
	told '^hello$'
}

@test "pathwatch: the command inherits nothing of ours" {
	mkdir d
	run bash -c 'timeout 10 pathwatch --ready-fd 5 d --run sh -c "ls -l /proc/self/fd >&2" 2>&1 5>/dev/null'
	[[ $output != *inotify* && $output != *eventpoll* && $output != *signalfd* ]]
	run messages pathwatch d --run sh -c 'grep -E "Sig(Blk|Ign|Cgt)" /proc/self/status >&2'
	told '^SigBlk:.0*$'
}

@test "pathwatch: everything the command did is told, also with a slow reader" {
	mkdir d
	long=$(printf '%0200d' 0)
	run bash -c 'mkfifo go; timeout 20 pathwatch -e close_write d --run bash -c "
		for ((i = 0; i < 6000; i++)); do : >d/\$1\$((i % 2)); done; echo >go" - "$1" |
		{ read -r _ <go; wc -l; }' - "$long"
	[ "${lines[0]}" -eq 6000 ]
}

@test "pathwatch: --queue-limit says when it was reached, and mends it" {
	mkdir d
	long=$(printf '%0200d' 0)
	run bash -c 'mkfifo go; timeout 20 pathwatch --queue-limit 20K -e close_write,delete d --run bash -c "
		for ((i = 0; i < 6000; i++)); do : >d/\$1\$((i % 2)); done; echo >go" - "$1" |
		{ read -r _ <go; cat; } >all; grep -c overflow all; tail -n 2 all; wc -l <all' - "$long"
	[ "${lines[0]}" -ge 1 ]
	[ "${lines[3]}" -lt 6000 ]
}

@test "pathwatch: ends at once when its reader is gone, while nothing happens" {
	mkdir d
	run bash -c 'timeout 10 pathwatch d | true; echo "${PIPESTATUS[@]}"'
	[ "$output" = '141 0' ]
	run bash -c 'timeout 10 pathwatch --initial d | head -n 1; echo "${PIPESTATUS[@]}"'
	[ "$output" = 'exists d
141 0' ]
}

@test "pathwatch: SIGTERM, SIGINT and SIGHUP end it after what was seen is written" {
	mkdir d
	for signal in 15:TERM 1:HUP 2:INT; do
		start w pathwatch -e create d
		ignored=$((0x$(sed -n 's/^SigIgn:[[:space:]]*//p' "/proc/$pid/status")))
		# a background job of some shells has SIGINT ignored
		((ignored >> (${signal%:*} - 1) & 1)) && continue
		touch "d/$signal"
		stop w "${signal#*:}"
		[ "$status" -eq $((128 + ${signal%:*})) ]
		[ "$(out w)" = "create d/$signal" ]
	done
}

@test "pathwatch: a signal that was ignored from the start stays so" {
	mkdir d
	trap '' HUP
	start w pathwatch -e create d
	trap - HUP
	kill -HUP "$pid"
	touch d/later
	wait_line w.out 'd/later'
	stop w
}

@test "pathwatch: a signal is passed on to the command, whose end is awaited" {
	mkdir d
	start w pathwatch -e create d --run sh -c 'trap "touch d/last; exit 0" TERM; touch d/first; while :; do sleep 0.01; done'
	wait_line w.out 'd/first'
	stop w
	[ "$status" -eq 143 ]
	[ "$(out w)" = 'create d/first
create d/last' ]
}

@test "pathwatch: a full disk is an error" {
	[ -c /dev/full ] || skip "no /dev/full"
	mkdir d
	run bash -c 'timeout 10 pathwatch d --run touch d/a 2>&1 >/dev/full'
	[ "$status" -eq 1 ]
	[ "$output" = 'pathwatch: cannot write to standard output: No space left on device' ]
}

# ---- blind spots ----

@test "pathwatch: what takes the place of a PATH and may not be read is told" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, for directories of two users"
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	chmod 755 .
	mkdir -m 755 d
	mkdir -m 700 secret
	"${as[@]}" test -r d || skip "another user does not get here"
	printf '#!/bin/sh\nexec %s pathwatch "$@"\n' "${as[*]}" >as
	chmod 755 as
	start w ./as -e create,delete d
	mv d old
	mv secret d
	wait_line w.err "cannot watch 'd': Permission denied"
	stop w
}

@test "pathwatch: what is left out may be below the root directory, and may end in .." {
	run messages pathwatch --initial -r --max-depth 1 -q -t 0 / @/proc
	[ "$status" -eq 0 ]
	grep -q -x 'exists /dev' <<<"$output"
	[ "$(grep -c -x 'exists /proc' <<<"$output")" -eq 0 ]
	mkdir -p d/s/t d/u
	run messages pathwatch --initial -r -t 0 d @d/s/t/..
	[ "$output" = 'exists d
exists d/u
ready' ]
}

@test "pathwatch: a --ready-fd that takes nothing is told, and ends nothing" {
	mkdir d
	run messages pathwatch --ready-fd 7 -e create d --run touch d/a 7>/dev/full
	[ "$status" -eq 0 ]
	[ "$output" = 'create d/a' ]
	told '--ready-fd 7: No space left on device'
}

@test "pathwatch: a PATH that is a link to an absolute path is what that leads to" {
	mkdir real new links
	touch new/file
	ln -s "$PWD/way/real" links/link
	ln -s "$PWD" way
	start w pathwatch -e create,delete links/link
	touch real/a
	wait_line w.out '^create links/link/a$'
	# each part of the way may change
	mv real old
	mv new real
	wait_line w.out '^create links/link/file$'
	touch old/b real/c
	wait_line w.out '^create links/link/c$'
	[ "$(out w | grep -c /b)" -eq 0 ]
	stop w
}

@test "pathwatch: a PATH that is a link to itself is refused, or waited for" {
	ln -s loop loop
	run messages pathwatch -t 0 loop
	[ "$status" -eq 1 ]
	told "cannot watch 'loop': .*[Ss]ymbolic link"	# each libc says it in its own words
	start w pathwatch --allow-missing -e create loop
	rm loop
	mkdir loop
	touch loop/a
	wait_line w.out '^create loop/a$'
	stop w
}

@test "pathwatch: a directory that it may not read is told once, and --strict ends it" {
	[ "$(id -u)" -ne 0 ] || ids=$(setpriv --reuid 65534 --regid 65534 --clear-groups echo ok 2>/dev/null) ||
		skip "root reads everything, and there is no setpriv"
	as=()
	[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	mkdir -p d/secret d/open
	chmod 000 d/secret
	chmod 755 . d d/open
	"${as[@]}" test -r d || skip "another user does not get here"
	run messages "${as[@]}" pathwatch -r -t 0 d
	[ "$status" -eq 2 ]
	[ "$(grep -c "cannot watch 'd/secret': Permission denied" "$BATS_TEST_TMPDIR/messages")" -eq 1 ]
	run messages "${as[@]}" pathwatch -r -q -t 0 d
	[ ! -s "$BATS_TEST_TMPDIR/messages" ]
	run messages "${as[@]}" pathwatch -r --strict -t 0 d
	[ "$status" -eq 1 ]
	run messages "${as[@]}" pathwatch -r --json -t 0 d
	[[ $output == *'"events":["error"],"path":"d/secret"'*'"error":"'* ]]
}

@test "pathwatch: the limit of watches is told with its users and the cure" {
	under_valgrind && skip "valgrind is the program that has the watches"
	need_userns
	mkdir -p d/1 d/2 d/3 d/4
	run unshare -Ur sh -c 'echo 3 >/proc/sys/user/max_inotify_watches && exec timeout 10 pathwatch -r -t 0 d'
	[ "$status" -eq 2 ]
	[[ $output == *"limit of inotify watches is reached"* ]]
	[[ $output == *"user.max_inotify_watches = 3"* ]]
	[[ $output == *"3 by pathwatch"*"this program"* ]]
	[[ $output == *"sysctl user.max_inotify_watches="* ]]
	[ "$(grep -c 'is reached' <<<"$output")" -eq 1 ]
	run unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_inotify_instances && exec timeout 10 pathwatch d'
	[ "$status" -eq 1 ]
	[[ $output == *"user.max_inotify_instances = 0"* ]]
}

# ---- the rest ----

@test "pathwatch: -v and --verbose say what is watched, -q and --quiet nothing" {
	mkdir d
	run messages pathwatch -v -t 0 d
	told "^pathwatch: watching 'd'"
	run messages pathwatch --verbose -t 0 d
	told "^pathwatch: ready"
	run messages pathwatch --quiet -t 0 d @nowhere
	[ ! -s "$BATS_TEST_TMPDIR/messages" ]
}

@test "pathwatch: --backend takes the names of backends" {
	mkdir d
	for backend in auto inotify; do
		run messages pathwatch --backend "$backend" -e create d --run touch "d/$backend"
		[ "$output" = "create d/$backend" ]
	done
}

@test "pathwatch: --help and --version answer on stdout" {
	for option in -h --help; do
		run messages pathwatch "$option"
		[ "$status" -eq 0 ]
		[[ ${lines[0]} == 'Usage: pathwatch '* ]]
		[ "$(awk 'length > 80' <<<"$output")" = '' ]
	done
	for option in -V --version; do
		run messages pathwatch "$option"
		[ "$status" -eq 0 ]
		[[ $output =~ ^pathwatch\ \(pathev\)\ [0-9] ]]
	done
}
