# SPDX-License-Identifier: MIT
# Random changes by several writers; only the stream is believed.  replay.c tells the rest.

load ../cli/helper

@test "pathwatch: a tree rebuilt from its stream comes to equal the real one" {
	PATHEV_TEST_BOUND=$((PATHEV_TEST_BOUND * 30))
	run bounded "$top_builddir/tests/torture/replay" "$top_builddir/bin/pathwatch" .
	echo "$output"
	[ "$status" -eq 0 ]
}
