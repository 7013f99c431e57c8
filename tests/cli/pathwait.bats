#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# pathwait as a user sees it.  That it does not return too early is shown by order: what the
# writer does before its last byte, it does while pathwait is still running.

load helper

messages() {
	bounded "$@" 2>"$BATS_TEST_TMPDIR/messages"
}

told() {
	grep -q -e "$1" "$BATS_TEST_TMPDIR/messages"
}

# running NAME: it has not ended, and has printed nothing
running() {
	! ended "$(pid_of "$1")" && [ -z "$(out "$1")" ]
}

# slow_writer FILE: opens it, and writes a line for each line that comes to descriptor 7, until
# that is closed.  What is started later must not have it.
slow_writer() {
	mkfifo more
	background writer sh -c 'exec >"$1"; while read -r line; do echo "$line"; done <more' - "$1"
	exec 7>more
}

# ---- written ----

@test "pathwait: returns at once when the file is complete" {
	echo x >f
	run messages pathwait f
	[ "$status" -eq 0 ]
	[ "$output" = f ]
}

@test "pathwait: waits for a file that is not there, nor its parents" {
	start w pathwait a/b/f
	mkdir -p a/b
	running w
	echo x >a/b/f
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w)" = a/b/f ]
}

@test "pathwait: does not return while somebody writes the file" {
	slow_writer f
	until_true test -e f
	start w pathwait f 7>&-
	echo 1 >&7
	until_true test -s f
	running w
	echo 2 >&7
	exec 7>&-
	finish w
	[ "$status" -eq 0 ]
	[ "$(cat f)" = $'1\n2' ]
}

@test "pathwait: does not return while a second writer is busy" {
	slow_writer f
	until_true test -e f
	start w pathwait f 7>&-
	echo other >>f
	echo other >>f
	running w
	echo last >&7
	exec 7>&-
	finish w
	[ "$(head -n 1 f)" = last ]
}

@test "pathwait: sees a file renamed or linked into place" {
	echo x >t
	run messages pathwait f --run mv t f
	[ "$output" = f ]
	run messages pathwait g --run ln f g
	[ "$output" = g ]
}

@test "pathwait: sees an empty file" {
	run messages pathwait f --run sh -c ': >f'
	[ "$output" = f ]
	run messages pathwait -t 0 f
	[ "$status" -eq 0 ]
}

@test "pathwait: sees that a link leads to a complete file" {
	mkdir d
	ln -s d/f link
	start w pathwait link
	slow_writer d/f
	until_true test -e d/f
	echo 1 >&7
	until_true test -s d/f
	running w
	exec 7>&-
	finish w
	[ "$(out w)" = link ]
}

@test "pathwait: a directory stands for the next file written in it" {
	mkdir in
	echo old >in/old
	start w pathwait in/
	slow_writer in/new
	until_true test -e in/new
	echo 1 >&7
	until_true test -s in/new
	running w
	exec 7>&-
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w)" = in/new ]
}

@test "pathwait: a file renamed into a directory counts, one in a directory below does not" {
	mkdir -p in/sub
	echo x >t
	start w pathwait in
	echo x >in/sub/f
	mkdir in/dir
	mv t in/t
	finish w
	[ "$(out w)" = in/t ]
}

@test "pathwait: -r and --recursive count files at any depth" {
	mkdir in
	run messages pathwait -r in --run sh -c 'mkdir -p in/a/b; echo x >in/a/b/f'
	[ "$output" = in/a/b/f ]
	run messages pathwait --recursive in --run sh -c 'echo x >in/a/b/g'
	[ "$output" = in/a/b/g ]
	run messages pathwait -r --max-depth 1 in --run sh -c 'echo x >in/a/h; echo x >in/h'
	[ "$output" = in/h ]
}

@test "pathwait: --existing lets complete files that are there count" {
	mkdir in
	run messages pathwait --existing in --run sh -c 'echo x >in/f'
	[ "$output" = in/f ]
	run messages pathwait --existing in
	[ "$output" = in/f ]
	run messages pathwait in -t 0
	[ "$status" -eq 2 ]
}

@test "pathwait: hands files over one by one in a loop" {
	mkdir in done
	touch in/a in/b in/c
	run bash -c 'for i in 1 2 3; do f=$(timeout 10 pathwait --existing in/) && mv "$f" done/; done; ls done'
	[ "$output" = 'a
b
c' ]
}

@test "pathwait: -n and --count wait for so many different files" {
	mkdir in
	run messages pathwait -n 2 in --run sh -c 'echo x >in/a; echo x >>in/a; echo x >in/b; echo x >in/c'
	[ "$output" = 'in/a
in/b' ]
	run messages pathwait --count 3 --existing in
	[ "$(sort <<<"$output")" = 'in/a
in/b
in/c' ]
}

@test "pathwait: waits for all PATHs, with --any for the first" {
	start w pathwait a b
	echo x >b
	wait_line w.out '^b$'
	! ended "$(pid_of w)" || false
	echo x >a
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w)" = 'b
a' ]
	run messages pathwait --any c b d
	[ "$output" = b ]
}

@test "pathwait: a PATH given twice or in another one counts for both" {
	mkdir in
	run messages pathwait in in/ in/f --run sh -c 'echo x >in/f'
	[ "$status" -eq 0 ]
	[ "$output" = in/f ]
}

@test "pathwait: filters say which files of a directory count" {
	mkdir in
	run messages pathwait --exclude '\.part$' --ignore '*.tmp' in \
		--run sh -c 'echo x >in/f.part; echo x >in/f.tmp; echo x >in/f'
	[ "$output" = in/f ]
	run messages pathwait --include '\.csv$' in --run sh -c 'echo x >in/g; echo x >in/g.csv'
	[ "$output" = in/g.csv ]
}

@test "pathwait: on file systems of other hosts it looks again and again" {
	[ -x "$top_builddir/tests/nomem/pathwait" ] ||
		skip "tests/nomem/pathwait is not built (make check builds it)"
	export PATHEV_TEST_REMOTE=1
	touch old
	start w "$top_builddir/tests/nomem/pathwait" -v f
	start e "$top_builddir/tests/nomem/pathwait" -u exists g
	start g "$top_builddir/tests/nomem/pathwait" -u gone old
	echo x >f
	touch g
	rm old
	finish e
	[ "$status" -eq 0 ]
	[ "$(out e)" = g ]
	finish g
	[ "$status" -eq 0 ]
	[ "$(out g)" = old ]
	grep -q 'other hosts or processes can change' <<<"$(err g)"
	# who writes a file there is not known: it has to be quiet for longer
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w)" = f ]
}

@test "pathwait: goes by quiet where who writes a file of another user is not told" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, for files of two users"
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	chmod 755 .
	mkdir -m 755 d
	"${as[@]}" pathwait -q -t 0 -u exists d || skip "another user does not get here"
	echo x >d/f
	run messages "${as[@]}" pathwait -v d/f
	[ "$output" = d/f ]
	told 'nobody can tell who writes it'
	rm d/f
	printf '#!/bin/sh\nexec %s pathwait "$@"\n' "${as[*]}" >as
	chmod 755 as
	start w ./as d/f
	slow_writer d/f
	until_true test -e d/f
	echo 1 >&7
	until_true test -s d/f
	running w
	exec 7>&-
	finish w
	[ "$status" -eq 0 ]
}

@test "pathwait: -v says what it is that nobody writes the file" {
	echo x >f
	run messages pathwait -v f
	told "'f': the kernel says that nobody writes it"
}

@test "pathwait: --settle waits for a writer that closes the file and comes back" {
	under_valgrind && skip "it starts more slowly than the time to settle"
	echo 1 >f
	start w pathwait --settle 0.4 f
	# one that needs no time comes first; and each write begins the time anew
	bounded pathwait f
	running w
	echo 2 >>f
	bounded pathwait -q --settle 0.2 f
	running w
	echo 3 >>f
	bounded pathwait -q --settle 0.2 f
	running w
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w)" = f ]
	# it may have been left alone before we came
	run messages pathwait --settle 0.2 -t 0 f
	[ "$status" -eq 0 ]
	run messages pathwait --settle 1h -t 0 f
	[ "$status" -eq 2 ]
}

@test "pathwait: --settle is for written only" {
	run messages pathwait --settle 1 -u exists f
	[ "$status" -eq 1 ]
	told "'--settle'\|--settle.*--until"
	run messages pathwait --settle 1 -e create f
	[ "$status" -eq 1 ]
	told '--settle.*--event'
	run messages pathwait --settle soon f
	[ "$status" -eq 1 ]
	told "'soon'"
}

@test "pathwait: -e refuses what never happens to a PATH" {
	local event

	for event in ready overflow error added removed sync; do
		run messages pathwait -e "$event" f
		[ "$status" -eq 1 ]
		told "'$event' never happens"
	done
	echo x >f
	run messages pathwait -e create,written f --run sh -c 'echo x >>f'
	[ "$output" = f ]
}

# switches NAME: how often it has gone to sleep so far
switches() {
	sed -n 's/^voluntary_ctxt_switches:[[:space:]]*//p' "/proc/$(pid_of "$1")/status"
}

# quiet NAME: wait until it has gone to sleep
quiet() {
	local was=

	until_true test "$(switches "$1")" -gt 0
	until [ "$was" = "$(switches "$1")" ]; do
		was=$(switches "$1")
		# a process of its own takes longer than what is left to do
		bounded pathwait -q -t 0.1 never || true
	done
}

@test "pathwait: does nothing while nothing happens, and two do not wake each other" {
	local a b

	mkdir in
	echo x >in/old
	start a pathwait in
	start b pathwait in
	quiet a
	quiet b
	a=$(switches a)
	b=$(switches b)
	# others ask about a file in there, and read it; and time passes
	run messages pathwait --existing in
	[ "$output" = in/old ]
	run messages pathwait in/old
	cat in/old
	run messages pathwait -t 0.3 never
	[ "$status" -eq 2 ]
	[ "$(switches a)" -eq "$a" ]
	[ "$(switches b)" -eq "$b" ]
	echo x >in/new
	finish a
	finish b
	[ "$(out a)" = in/new ]
	[ "$(out b)" = in/new ]
}

@test "pathwait: two that wait for the same writer ask some 20 times a second" {
	local a

	under_valgrind && skip "valgrind wakes up as well"
	slow_writer f
	until_true test -e f
	echo 1 >&7
	start a pathwait f 7>&-
	start b pathwait f 7>&-
	a=$(switches a)
	run messages pathwait -t 0.5 never
	a=$(($(switches a) - a))
	[ "$a" -lt 30 ]
	exec 7>&-
	finish a
	finish b
}

@test "pathwait: is armed with few system calls" {
	local usual

	strace -V >/dev/null 2>&1 || skip "needs strace"
	head -c 4 "$(type -P pathwait)" | grep -q ELF || skip "the program is run by another one"
	strace -o "$BATS_TEST_TMPDIR/v" pathwait --version 3>&- || skip "strace may not trace here"
	exec 4>"$BATS_TEST_TMPDIR/ready"
	bounded strace -o "$BATS_TEST_TMPDIR/a" pathwait -t 0 --ready-fd 4 f || true
	exec 4>&-
	# in how many pieces memory is taken is up to the libc
	usual=$(grep -c -v -e '^brk(' -e '^mmap(' "$BATS_TEST_TMPDIR/v")
	sed -e '/^write(4, /,$d' -e '/^brk(/d' -e '/^mmap(/d' "$BATS_TEST_TMPDIR/a" >"$BATS_TEST_TMPDIR/armed"
	echo "usual: $usual, armed: $(wc -l <"$BATS_TEST_TMPDIR/armed")"
	cat "$BATS_TEST_TMPDIR/armed"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/armed")" -gt 20 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/armed")" -le $((usual + 32)) ]
}

# ---- other states ----

@test "pathwait: --until exists waits for a name, -u gone for its end" {
	run messages pathwait --until exists d/s --run sh -c 'mkdir d; mkfifo d/s'
	[ "$status" -eq 0 ]
	[ "$output" = d/s ]
	run messages pathwait -u exists d
	[ "$output" = d ]
	start w pathwait -u gone d
	rm d/s
	running w
	rmdir d
	finish w
	[ "$(out w)" = d ]
	run messages pathwait -u gone d
	[ "$status" -eq 0 ]
}

@test "pathwait: --until exists and gone need not read the file" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, for files of two users"
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	chmod 755 .
	mkdir -m 755 d
	"${as[@]}" pathwait -q -t 0 -u exists d || skip "another user does not get here"
	(umask 077 && echo x >d/lock)
	run messages "${as[@]}" pathwait -u exists d/lock
	[ "$status" -eq 0 ]
	[ "$output" = d/lock ]
	[ "$(cat "$BATS_TEST_TMPDIR/messages")" = '' ]
	printf '#!/bin/sh\nexec %s pathwait "$@"\n' "${as[*]}" >as
	chmod 755 as
	start w ./as -u gone d/lock
	running w
	rm d/lock
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w)" = d/lock ]
	[ "$(err w)" = '' ]
	(umask 077 && echo x >d/lock)
	start w ./as -u gone d/lock
	mv d/lock d/other
	finish w
	[ "$status" -eq 0 ]
}

@test "pathwait: nothing is there by a name that is too long for the file system" {
	local name

	name=$(printf '%0256d' 0)
	run messages pathwait -t 0 -u gone "$name"
	[ "$status" -eq 0 ]
	[ "$output" = "$name" ]
	run messages pathwait -t 5 "$name/f"
	[ "$status" -eq 1 ]
	told "cannot watch '$name/f': File \?name too long"
	# where the file system is not known yet, it is told then
	start w pathwait "d/$name"
	mkdir d
	wait_line w.err "cannot watch 'd/$name': File \?name too long"
	stop w
}

@test "pathwait: waits for a PATH that is longer than PATH_MAX" {
	local name dir i

	name=$(printf '%0200d' 0)
	dir=$(printf "$name/%.0s" {1..21})
	start e pathwait -u exists "${dir}f"
	start w pathwait "${dir}f"
	for i in {1..21}; do
		mkdir "$name" && cd -P "$name"
	done
	echo >f
	finish e
	[ "$status" -eq 0 ]
	[ "$(cat "$BATS_TEST_TMPDIR/e.out")" = "${dir}f" ]
	finish w
	[ "$status" -eq 0 ]
	# one that is new and empty is asked about at the end of the time
	: >n
	cd "$BATS_TEST_TMPDIR/work"
	run messages pathwait -t 0 "${dir}n"
	[ "$status" -eq 0 ]
	start g pathwait -u gone "${dir}f"
	mv "$name" x
	finish g
	[ "$status" -eq 0 ]
}

@test "pathwait: a PATH with a slash at its end is a directory" {
	touch f
	for u in exists changed written; do
		run messages pathwait -t 5 -u "$u" f/
		[ "$status" -eq 1 ]
		told "cannot watch 'f/': Not a directory (what stands before a / must be a directory)"
	done
	run messages pathwait -t 0 -u gone f/
	[ "$status" -eq 0 ]
	# nor does a file that comes count
	start w pathwait -u exists d/
	touch d
	rm d
	ln -s . d
	finish w
	[ "$status" -eq 0 ]
	rm d
	start w pathwait d/
	echo >d
	rm d
	mkdir d
	echo >d/f
	finish w
	[ "$(cat "$BATS_TEST_TMPDIR/w.out")" = d/f ]
}

@test "pathwait: -u gone sees that a parent was renamed or removed" {
	mkdir -p a/b
	touch a/b/f
	run messages pathwait -u gone a/b/f --run mv a c
	[ "$output" = a/b/f ]
	run messages pathwait -u gone c/b/f --run rm -r c
	[ "$output" = c/b/f ]
}

@test "pathwait: --until changed waits for the next change, not for the last" {
	echo x >f
	start w pathwait --until changed f
	cat f
	running w
	chmod 600 f
	finish w
	[ "$(out w)" = f ]
	mkdir d
	run messages pathwait -u changed -n 2 d --run touch d/a
	[ "$output" = 'd/a
d/a' ]
}

@test "pathwait: -e waits for raw events" {
	mkdir d
	echo x >d/f
	run messages pathwait -e open,close_nowrite d --run sh -c 'touch d/g; cat d/f'
	[ "$output" = d/g ]
	run messages pathwait --event access d --run sh -c 'touch d/h; cat d/f'
	[ "$output" = d/f ]
}

# ---- output ----

@test "pathwait: prints the path raw, unless to a terminal" {
	name=$'f\n\e'
	: >"$name"
	[ "$(messages pathwait "$name")" = "$name" ]
	script -qec true /dev/null >/dev/null 2>&1 || skip "needs script(1) for a terminal"
	run script -qec "timeout 10 pathwait --existing ." /dev/null
	[[ $output == './f\n\x1b'* ]]
}

@test "pathwait: -q and --quiet print nothing" {
	echo x >f
	run messages pathwait -q f
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	run bash -c 'pathwait --quiet f >&-'
	[ "$status" -eq 0 ]
}

@test "pathwait: -0, --format, --json and --csv as pathwatch" {
	mkdir d
	echo x >d/f
	messages pathwait -0 d/f >"$BATS_TEST_TMPDIR/got"
	printf 'd/f\0' | cmp - "$BATS_TEST_TMPDIR/got"
	run messages pathwait --format '%{events}|%{dir}|%{name}|%{root}' d/f
	[ "$output" = 'written|d|f|d/f' ]
	run messages pathwait --format '%{dir}|%{name}|%{root}|%{type}' d --run sh -c 'echo x >d/g'
	[ "$output" = 'd|g|d|file' ]
	run messages pathwait --no-newline --format '<%{path}>' d/f d/g
	[ "$output" = '<d/f><d/g>' ]
	run messages pathwait --timefmt %Y --format '%T' d/f
	[[ $output =~ ^20[0-9][0-9]$ ]]
	run messages pathwait -j d/f
	[[ $output == '{"seq":1,"time":"'*'"events":["written"],"path":"d/f","root":"d/f","type":"file"'*'}' ]]
	run messages pathwait --csv d/f
	[[ $output == 1,20*,written,d/f,d/f,file,* ]]
}

# ---- start and end ----

@test "pathwait: exits 2 when the timeout passes" {
	run messages pathwait -t 50ms f
	[ "$status" -eq 2 ]
	[ "$output" = '' ]
	[ ! -s "$BATS_TEST_TMPDIR/messages" ]
}

@test "pathwait: noise does not put the timeout off" {
	mkdir d
	run messages pathwait --timeout 0.2 -u exists d/f --run sh -c 'until [ -e stop ]; do echo x >d/g; rm d/g; done'
	touch stop
	[ "$status" -eq 2 ]
}

@test "pathwait: --timeout 0 looks once" {
	echo x >f
	run messages pathwait -t 0 f
	[ "$status" -eq 0 ]
	slow_writer g
	until_true test -e g
	run messages pathwait -t 0 g
	[ "$status" -eq 2 ]
	exec 7>&-
}

@test "pathwait: --run starts the command when all is armed" {
	local rounds=60

	[ -z "${PATHEV_LONG:-}" ] || rounds=10000
	# the loop is one process: what it starts is what counts
	run bash -c '
		for ((i = 0; i < $1; i++)); do
			timeout 10 pathwait f --run sh -c ": >f" 3>&- || echo "status $? in round $i"
			rm -f f
		done | sort | uniq -c' - "$rounds"
	echo "$output"
	[ "$(awk '{ print $2 }' <<<"$output")" = f ]
}

@test "pathwait: exits 3 when the command fails before that, and says its status" {
	run messages pathwait f --run sh -c 'exit 4'
	[ "$status" -eq 3 ]
	told "'sh' ended with status 4"
	run messages pathwait f --run sh -c 'kill -KILL $$'
	[ "$status" -eq 3 ]
	told "status 137"
}

@test "pathwait: exits 0 when the command fails after that" {
	run messages pathwait f --run sh -c 'echo x >f; exit 4'
	[ "$status" -eq 0 ]
	[ "$output" = f ]
}

@test "pathwait: a command that succeeds early ends nothing" {
	start w pathwait f --run sh -c 'touch started'
	until_true test -e started
	echo x >f
	finish w
	[ "$status" -eq 0 ]
}

@test "pathwait: exits 127 or 126 when the command cannot be run" {
	status=0
	messages pathwait f --run ./nothing || status=$?
	[ "$status" -eq 127 ]
	told "'./nothing': No such file"
	mkdir d
	run messages pathwait f --run ./d
	[ "$status" -eq 126 ]
}

@test "pathwait: leaves the command running, whose output keeps no reader waiting" {
	mkfifo go
	run bash -c 'f=$(timeout 10 pathwait f --run sh -c "echo x >f; read -r _ <go; echo x >late" 2>/dev/null 3>&-); echo "got $f"'
	[ "$output" = 'got f' ]
	[ ! -e late ]
	echo >go
	until_true test -e late
}

@test "pathwait: SIGTERM ends it and the command" {
	start w pathwait f --run sh -c 'trap "touch ended; exit 1" TERM; touch started; while :; do sleep 0.01; done'
	until_true test -e started
	stop w
	[ "$status" -eq 143 ]
	[ -e ended ]
	[ "$(err w)" = '' ]
}

@test "pathwait: SIGTERM ends it when the command ends well at that, too" {
	start w pathwait f --run sh -c 'trap "exit 0" TERM; touch started; while :; do sleep 0.01; done'
	until_true test -e started
	stop w
	[ "$status" -eq 143 ]
	[ "$(err w)" = '' ]
}

@test "pathwait: --from-file reads PATHs" {
	touch a b
	printf 'a\nb\n' >list
	run messages pathwait --from-file list
	[ "$output" = 'a
b' ]
}

@test "pathwait: ends at once when its reader is gone" {
	run bash -c 'timeout 10 pathwait f | true; echo "${PIPESTATUS[0]}"'
	[ "$output" = 141 ]
}

@test "pathwait: with -q it has no reader, and waits on" {
	run bash -c 'mkfifo go; { echo >go; timeout 10 pathwait -q f --run sh -c "sleep 0.1; : >f"; echo "$?" >&2; } | read -r _ <go'
	[ "$output" = 0 ]
}

@test "pathwait: -v says what it does, --help and --version answer" {
	touch f
	run messages pathwait -v f
	told "watching 'f'"
	run messages pathwait --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'Usage: pathwait '* ]]
	[ "$(awk 'length > 80' <<<"$output")" = '' ]
	run messages pathwait --version
	[[ $output =~ ^pathwait\ \(pathev\)\ [0-9] ]]
}

@test "pathwait: -n counts a file that is written again once" {
	mkdir d
	run messages pathwait -n 2 d --run sh -c 'echo 1 >d/a; pathwait -q --existing d/a; echo 2 >d/a; echo 3 >d/b'
	[ "$status" -eq 0 ]
	[ "$output" = 'd/a
d/b' ]
}
