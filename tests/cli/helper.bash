# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
#
# helper.bash - what the bats files share: tests/README says how to use it.
#
# Needs bats 1.2 or newer, so no `run -1', `run !' or bats_require_minimum_version here or in
# the tests.

# `make check' tells both; by hand, both are the checkout.
: "${top_srcdir:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${top_builddir:=$top_srcdir}"
export top_srcdir top_builddir
PATH=$top_builddir/bin:$PATH
export PATH LC_ALL=C

# How many seconds any wait may take before the test is failed: far more than it needs.
: "${PATHEV_TEST_BOUND:=10}"

# Every test runs in an empty directory of its own, $BATS_TEST_TMPDIR/work, while what its
# programs print lies beside that and so does not disturb what they watch.  A test file with a
# setup or teardown of its own calls these two first.
helper_setup() {
	if [ -z "${BATS_TEST_TMPDIR:-}" ]; then		# bats before 1.4
		BATS_TEST_TMPDIR=$(mktemp -d "${BATS_TMPDIR:-/tmp}/pathev-test.XXXXXX")
		helper_tmpdir=$BATS_TEST_TMPDIR
	fi
	BATS_TEST_TMPDIR=$(cd "$BATS_TEST_TMPDIR" && pwd)	# without double slashes
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	helper_started=()
}

helper_teardown() {
	local pid

	for pid in ${helper_started[@]+"${helper_started[@]}"}; do
		# a program that is killed counts for nothing in tests/coverage
		[ -z "${PATHEV_TEST_TERM:-}" ] || ! kill -TERM "$pid" 2>/dev/null ||
			{ kill -CONT "$pid" && sleep 0.2; } 2>/dev/null
		# and what it started, if it has a session of its own
		kill -KILL -- "-$pid" 2>/dev/null
		kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	cd / || return
	if [ -n "${helper_tmpdir:-}" ]; then
		chmod -R u+rwx "$helper_tmpdir" && rm -rf "$helper_tmpdir"
	fi
	return 0
}

setup() { helper_setup; }
teardown() { helper_teardown; }

# background NAME COMMAND [ARG]...: start it.  Its output is NAME.out, its messages are
# NAME.err, its stdin is that of this call; $pid is the process itself, with no shell or
# timeout between.
background() {
	local name=$1 t=$BATS_TEST_TMPDIR

	shift
	"$@" <&0 >"$t/$name.out" 2>"$t/$name.err" 3>&- &
	pid=$!
	echo "$pid" >"$t/$name.pid"
	helper_started+=("$pid")
}

# start NAME PROGRAM [ARG]...: the same for one of ours, and returns once it is armed.
start() {
	local name=$1 program=$2 t=$BATS_TEST_TMPDIR

	shift 2
	rm -f "$t/$name.ready"
	mkfifo "$t/$name.ready" || return
	background "$name" helper_armed "$t/$name.ready" "$program" "$@"
	# One newline tells; end of file without it tells that the program ended.
	if ! read -r -t "$PATHEV_TEST_BOUND" _ <"$t/$name.ready"; then
		echo "start: $name ($program $*) was not armed"
		cat "$t/$name.err"
		return 1
	fi
}

helper_armed() {	# runs in the background process, and becomes the program
	local ready=$1 program=$2

	shift 2
	exec 4>"$ready"
	exec "$program" --ready-fd 4 "$@"
}

# pid_of NAME: the process that start or background made
pid_of() {
	cat "$BATS_TEST_TMPDIR/$1.pid"
}

# finish NAME: wait, bounded, until it has ended; its exit status is in $status, 128 + N if
# signal N ended it.
finish() {
	local p rest=() q

	p=$(pid_of "$1") || return
	if ! until_true ended "$p"; then
		echo "finish: $1 does not end; so far it printed:"
		cat "$BATS_TEST_TMPDIR/$1.out" "$BATS_TEST_TMPDIR/$1.err"
		return 1
	fi
	status=0
	wait "$p" || status=$?
	for q in ${helper_started[@]+"${helper_started[@]}"}; do
		[ "$q" = "$p" ] || rest+=("$q")
	done
	helper_started=(${rest[@]+"${rest[@]}"})
}

# stop NAME [SIGNAL]: end it by a signal (TERM), then finish
stop() {
	kill "-${2:-TERM}" "$(pid_of "$1")" && finish "$1"
}

# A process that ended is reaped by bash on its own, or still a zombie.
ended() {
	local state

	kill -0 "$1" 2>/dev/null || return 0
	state=$(sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null) || return 0
	case $state in
	Z* | X* | '') return 0 ;;
	esac
	return 1
}

# until_true COMMAND [ARG]...: repeat it until it succeeds, and fail at the bound.
until_true() {
	local end=$((SECONDS + PATHEV_TEST_BOUND))

	until "$@"; do
		if [ "$SECONDS" -gt "$end" ]; then
			echo "still not true after $PATHEV_TEST_BOUND s: $*"
			return 1
		fi
		sleep 0.02
	done
}

# wait_line FILE PATTERN [COUNT]: wait, bounded, until FILE has (COUNT) lines that match the
# basic regular expression.  A FILE without a slash is one of the output files: wait_line w.out x
wait_line() {
	local file=$1

	case $file in
	*/*) ;;
	*) file=$BATS_TEST_TMPDIR/$file ;;
	esac
	if ! until_true helper_has_lines "$file" "$2" "${3:-1}"; then
		echo "wait_line: no line '$2' in $1, which is:"
		cat "$file"
		return 1
	fi
}

helper_has_lines() {
	[ -e "$1" ] && [ "$(grep -c -e "$2" "$1")" -ge "$3" ]
}

# bounded COMMAND [ARG]...: for `run bounded pathwait ...': status 124 when it takes too long.
bounded() {
	timeout "$PATHEV_TEST_BOUND" "$@" 3>&-
}

# out NAME, err NAME: what it printed so far
out() {
	cat "$BATS_TEST_TMPDIR/$1.out"
}

err() {
	cat "$BATS_TEST_TMPDIR/$1.err"
}

# under_valgrind: do our programs run in valgrind?  They are many times slower then.
under_valgrind() {
	[ -n "${PATHEV_TEST_VALGRIND-}" ]
}

# instrumented: is this a build with sanitizers or coverage, or under valgrind?  Its memory and
# sections are not those of the programs.
instrumented() {
	under_valgrind && return
	"${NM:-nm}" -P "$top_builddir/lib/libpathev.a" 2>/dev/null |
		grep -q -e '__asan_' -e '__ubsan_' -e '__gcov_' -e '__llvm_'
}
