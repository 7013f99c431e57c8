# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
#
# contract.bash - what the contract-*.bats files share, besides helper.bash
#
# Many of these tests come in two sizes: the short one is for `make check', the long one, which
# PATHEV_LONG=1 asks for, for `make torture'.

: "${PATHEV_TEST_BOUND:=60}"
load helper

# size SHORT LONG: the number for this run
size() {
	if [ -n "${PATHEV_LONG:-}" ]; then
		echo "$2"
	else
		echo "$1"
	fi
}

# names FORMAT COUNT: so many names, one a line; FORMAT is of printf(3), with a %g in it
names() {
	seq -f "$1" 1 "$2"
}

# lines FILE PATTERN: how many lines match
lines() {
	grep -c -e "$2" "$BATS_TEST_TMPDIR/$1" || true
}

# await FILE PATTERN [COUNT]: as wait_line, for a long FILE, of which it shows the end only
await() {
	if ! until_true helper_has_lines "$BATS_TEST_TMPDIR/$1" "$2" "${3:-1}"; then
		echo "await: no line '$2' in the $(wc -l <"$BATS_TEST_TMPDIR/$1") lines of $1:"
		tail -n 10 "$BATS_TEST_TMPDIR/$1" | cut -c 1-200
		return 1
	fi
}

# messages COMMAND...: bounded; stdout is its own, messages in $BATS_TEST_TMPDIR/messages
messages() {
	bounded "$@" 2>"$BATS_TEST_TMPDIR/messages"
}

told() {
	grep -q -e "$1" "$BATS_TEST_TMPDIR/messages"
}

# equals NAME DIRECTORY: the model made of the program's output comes to equal the tree
equals() {
	"$top_builddir/tests/torture/equal" "$BATS_TEST_TMPDIR/$1.out" "$2" "$PATHEV_TEST_BOUND" \
		3>&-
}

need_equal() {
	[ -x "$top_builddir/tests/torture/equal" ] ||
		skip "tests/torture/equal is not built (make check builds it)"
}

# The output of NAME goes into a pipe that nobody reads until wake_reader NAME, which copies it
# to NAME.all.
sleeping_reader() {
	mkfifo "$BATS_TEST_TMPDIR/$1.out"
	exec 5<>"$BATS_TEST_TMPDIR/$1.out"
}

wake_reader() {
	# it is there before the reader opens it
	: >"$BATS_TEST_TMPDIR/$1.reader.out"
	# a writer that we hold open as well would keep the end from coming
	background "$1.reader" cat <"$BATS_TEST_TMPDIR/$1.out" 5>&-
	exec 5>&-
	ln "$BATS_TEST_TMPDIR/$1.reader.out" "$BATS_TEST_TMPDIR/$1.all"
}

reader_goes() {
	# so that nobody else comes to read from the pipe, to show what was printed
	rm "$BATS_TEST_TMPDIR/$1.out"
	: >"$BATS_TEST_TMPDIR/$1.out"
	exec 5>&-
}

# asleep PID: it has nothing to do
asleep() {
	[[ "$(sed 's/.*) //' "/proc/$1/stat")" == S* ]]
}

# memory PID FIELD: VmRSS, VmHWM in KiB
memory() {
	awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"
}

# watches PID: how many inotify watches it holds
watches() {
	cat "/proc/$1/fdinfo/"* 2>/dev/null | grep -c '^inotify '
}

# need_watches N: this user may have so many
need_watches() {
	local limit

	limit=$(cat /proc/sys/fs/inotify/max_user_watches)
	[ "$limit" -ge "$1" ] || skip "needs $1 inotify watches, the limit is $limit"
}

# The kernel's queue holds less than N events, so that it does overflow, or more.
need_queue_below() {
	local limit

	limit=$(cat /proc/sys/fs/inotify/max_queued_events)
	[ "$limit" -lt "$1" ] || skip "the kernel's queue holds $limit events, too many to fill"
}

need_queue_above() {
	local limit

	limit=$(cat /proc/sys/fs/inotify/max_queued_events)
	[ "$limit" -gt "$1" ] || skip "the kernel's queue holds $limit events, too few"
}

need_userns() {
	unshare -Ur true 2>/dev/null || skip "needs user namespaces (unshare -Ur)"
}

# private is the command that gives its own mounts to what comes behind it
need_mounts() {
	if unshare -m mount -t tmpfs none /mnt 2>/dev/null; then
		private=(unshare -m)
	elif unshare -Urm mount -t tmpfs none /mnt 2>/dev/null; then
		private=(unshare -Urm)
	else
		skip "needs mounts of its own (root, or unshare -Urm)"
	fi
}

# user is the command that runs what comes behind it without root's rights, in this directory, which
# is that user's; user-pathwatch is pathwatch run so, for start
need_ordinary_user() {
	local dir

	user=(env)
	if [ "$(id -u)" -eq 0 ]; then
		user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
		"${user[@]}" true 2>/dev/null ||
			skip "root reads everything, and setpriv does not work"
		for dir in "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"; do
			[ ! -d "$dir" ] || chmod go+x "$dir"
		done
		chown 65534:65534 .
		"${user[@]}" test -w . || skip "another user does not get into $PWD"
	fi
	# nor perhaps to where it was built
	mkdir "$BATS_TEST_TMPDIR/bin"
	cp "$top_builddir/bin/pathwatch" "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexec %s pathwatch "$@"\n' "${user[*]}" \
		>"$BATS_TEST_TMPDIR/bin/user-pathwatch"
	chmod -R go+rx,u+x "$BATS_TEST_TMPDIR/bin"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}
