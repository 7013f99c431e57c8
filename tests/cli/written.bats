#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The event written, and pathwait, against writers of all kinds: see tests/written/race.c.
# What happens in which order is in tests/unit/written.c.

load contract

race() {
	[ -x "$top_builddir/tests/written/race" ] ||
		skip "tests/written/race is not built (make check builds it)"
	"$top_builddir/tests/written/race" -v "$@" 3>&-
}

# Lines of w.out are exactly these
tells() {
	local line

	for line; do
		echo "$line"
	done >"$BATS_TEST_TMPDIR/want"
	diff "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/w.out"
}

@test "pathwatch: -e written comes when a file is complete, once" {
	mkdir in
	echo x >t
	start w pathwatch -r -e written in
	echo 1 >in/a
	wait_line w.out in/a
	exec 7>in/b
	echo 1 >&7
	mv t in/c
	wait_line w.out in/c
	ln in/c in/d
	wait_line w.out in/d
	echo 2 >&7
	exec 7>&-
	wait_line w.out in/b
	mkdir in/e
	echo x >in/e/f
	wait_line w.out in/e/f
	stop w
	tells 'written in/a' 'written in/c' 'written in/d' 'written in/b' 'written in/e/f'
}

@test "pathwatch: -e written waits for the last of several writers" {
	mkdir in
	start w pathwatch -e written,close_write in
	exec 7>in/a 8>in/a
	exec 7>&-
	wait_line w.out close_write
	echo x >in/b
	wait_line w.out 'written in/b'
	exec 8>&-
	wait_line w.out 'written in/a'
	stop w
	tells 'close_write in/a' 'close_write in/b' 'written in/b' 'close_write in/a' 'written in/a'
}

@test "pathwatch: --existing lets files come first that are complete already" {
	mkdir -p in/d
	echo x >in/a
	echo x >in/d/b
	exec 7>in/c
	echo x >&7
	start w pathwatch -r -e written,ready --existing in 7>&-
	echo x >in/e
	wait_line w.out in/e
	exec 7>&-
	wait_line w.out in/c
	stop w
	[ "$(head -n 3 "$BATS_TEST_TMPDIR/w.out" | sort)" = 'ready
written in/a
written in/d/b' ]
	[ "$(sed -n '3,$p' "$BATS_TEST_TMPDIR/w.out")" = 'ready
written in/e
written in/c' ]
	run bounded pathwatch -e written --existing -t 0 --format '%{path}|%{type}' -r in
	[ "$(sort <<<"$output")" = 'in/a|file
in/c|file
in/d/b|file
in/e|file' ]
}

@test "pathwatch: --existing without -e written is refused" {
	run bounded pathwatch --existing .
	[ "$status" -eq 1 ]
	[[ $output == *"--existing is about the event 'written'"* ]]
}

@test "pathwatch: -e written tells all that a command wrote before it ended" {
	mkdir in
	run bounded pathwatch -r -e written --format '%{path}' in --run \
		sh -c 'for i in 1 2 3; do mkdir in/$i; echo x >in/$i/f; done; exit 4'
	[ "$status" -eq 4 ]
	[ "$output" = 'in/1/f
in/2/f
in/3/f' ]
}

@test "pathwatch: the lossless hand-over of the manual works" {
	local i

	mkdir in out
	for i in 1 2 3; do
		echo x >"in/old $i"
	done
	start w pathwatch -e written --existing --format '%{path}' -0 in
	for i in 1 2 3; do
		(exec 9>"in/new $i"; echo x >&9; echo y >&9)
	done
	# the reader is late, and moves the files away
	until_true sh -c '[ "$(tr -cd "\0" <"$1" | wc -c)" -eq 6 ]' - "$BATS_TEST_TMPDIR/w.out"
	xargs -0 -I{} mv {} out <"$BATS_TEST_TMPDIR/w.out"
	stop w
	[ "$(ls out | wc -l)" -eq 6 ]
}

slow_behind() {
	sed '1,/^overflow/d' "$BATS_TEST_TMPDIR/w.out" | grep -c 'in/slow'
}

@test "pathwatch: -e written after an overflow tells what was completed in it" {
	local i

	[ "$(cat /proc/sys/fs/inotify/max_queued_events)" -le 20000 ] || skip "a long queue"
	mkdir in
	start w pathwatch -e written in
	exec 7>in/slow
	echo 1 >&7
	kill -STOP "$(pid_of w)"
	for ((i = 0; i < 12000; i++)); do
		: >in/a
		: >in/b
	done
	echo x >in/late
	exec 7>&-
	kill -CONT "$(pid_of w)"
	await w.out '^overflow'
	await w.out 'written in/late'
	# it may have been found complete before the loss, and is then told behind it once or not
	await w.out 'written in/slow'
	await w.out 'written in/a'
	stop w
	[ "$(slow_behind)" -le 1 ]
}

@test "pathwatch: -e written is right about writers of all kinds, here and in memory" {
	local place

	for place in . /dev/shm; do
		[ -w "$place" ] || continue
		place=$(mktemp -d "$place/written.XXXXXX")
		chmod 711 . "$place"
		run race -C "$place" -r "$(size 28 280)" -- \
			pathwatch -e written --existing -n 1 DIR
		rm -rf "$place"
		echo "$output"
		[ "$status" -eq 0 ]
	done
}

@test "pathwait: is right about writers of all kinds, here and in memory" {
	local place

	for place in . /dev/shm; do
		[ -w "$place" ] || continue
		place=$(mktemp -d "$place/written.XXXXXX")
		chmod 711 . "$place"
		run race -C "$place" -S 0.2 -r "$(size 38 1000)" -- pathwait -q FILE
		rm -rf "$place"
		echo "$output"
		[ "$status" -eq 0 ]
	done
}

@test "pathwait: is right about them in a directory" {
	run race -S 0.2 -r "$(size 15 150)" -- pathwait -q --existing DIR
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "pathwait: looks by itself where files are written below the file system" {
	[ -n "${PATHEV_LONG:-}" ] || skip "takes 20 seconds: make torture does it"
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	mkdir lower fuse
	bindfs lower fuse || skip "needs bindfs"
	background w timeout 60 pathwait fuse/f
	background g timeout 60 pathwait --existing fuse
	background e timeout 60 pathwait -u exists fuse/f
	(exec 9>lower/f; echo 1 >&9; sleep 3; echo 2 >&9)
	finish e
	running=$(out w)
	finish w
	finish g
	umount fuse
	[ "$running" = '' ]
	[ "$status" -eq 0 ]
	[ "$(out w) $(out g) $(out e)" = 'fuse/f fuse/f fuse/f' ]
	[ "$(grep -c unseen "$BATS_TEST_TMPDIR/w.err")" -eq 1 ]
}

@test "pathwatch: -e written does not speak of files that it may not look at" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, for files of two users"
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	chmod 755 .
	mkdir -m 755 in
	# who may read a directory, and not search it, hears of changes in it
	mkdir -m 744 d
	"${as[@]}" pathwait -q -t 0 -u exists in || skip "another user does not get here"
	printf '#!/bin/sh\nexec %s pathwatch "$@"\n' "${as[*]}" >as
	chmod 755 as
	start w ./as -e written,close_write d in
	echo 1 >d/1
	wait_line w.out d/1
	echo 2 >d/2
	wait_line w.out d/2
	echo 3 >in/3
	wait_line w.out '^written in/3$'
	tells 'close_write d/1' 'close_write d/2' 'close_write in/3' 'written in/3'
}
