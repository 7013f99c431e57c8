# SPDX-License-Identifier: MIT
# Random changes by several writers; only the stream is believed.  replay.c tells the rest.

load ../cli/helper

# replay DIRECTORY [OPTION]...: the short form; make torture runs the long one
replay() {
	PATHEV_TEST_BOUND=$((PATHEV_TEST_BOUND * 30))
	run bounded "$top_builddir/tests/torture/replay" -r 2 -w 3 -n 1500 "${@:2}" \
		"$top_builddir/bin/pathwatch" "$1"
	echo "$output"
	[ "$status" -eq 0 ]
}

teardown() {
	[ -z "${elsewhere:-}" ] || rm -rf "$elsewhere"
	helper_teardown
}

@test "pathwatch: a tree rebuilt from its stream comes to equal the real one" {
	elsewhere=$(mktemp -d "$top_builddir/replay.XXXXXX")
	replay "$elsewhere"
}

@test "pathwatch: a tree in memory, rebuilt from its stream, comes to equal the real one" {
	elsewhere=$(mktemp -d /dev/shm/pathev-replay.XXXXXX) || skip "cannot write to /dev/shm"
	replay "$elsewhere"
}

@test "pathwatch: a tree rebuilt from settled records comes to equal the real one" {
	elsewhere=$(mktemp -d "$top_builddir/replay.XXXXXX")
	replay "$elsewhere" -S 20ms
	replay "$elsewhere" -S 0
}
