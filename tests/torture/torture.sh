#!/bin/sh
# SPDX-License-Identifier: MIT
#
# torture.sh - the long form of what make check does in short: `make torture' runs it
#
# The replay over many seeds, on this file system and in memory, with few writers and with many;
# then the cases of the contract at full size.  The environment may say
#
#	PATHEV_TORTURE_ROUNDS   how many rounds of the replay there are (100)
#	PATHEV_TORTURE_SEED     the seed of the first one (1)

rounds=${PATHEV_TORTURE_ROUNDS:-100}
seed=${PATHEV_TORTURE_SEED:-1}
dir=
failed=0

clean() {
	[ -z "$dir" ] || rm -rf "$dir"
	dir=
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

# replay PLACE ROUNDS WRITERS OPERATIONS OPTION [TIME]: with TIME, of --settle
replay() {
	dir=$(mktemp -d "$1/torture.XXXXXX") || exit
	echo "# $2 rounds of $3 writers x $4 operations, $5, in $dir, from seed $seed${6:+, settled in $6}"
	"$top_builddir/tests/torture/replay" "$5" -s "$seed" -r "$2" -w "$3" -n "$4" ${6:+-S "$6"} \
		"$top_builddir/bin/pathwatch" "$dir" || failed=1
	seed=$((seed + $2))
	clean
}

memory=
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
	memory=/dev/shm
fi
quarter=$(((rounds + 3) / 4))
for place in "$top_builddir" ${memory:-"$top_builddir"}; do
	replay "$place" "$quarter" 3 2000 -x
	replay "$place" "$quarter" 8 5000 -xx
	replay "$place" "$quarter" 3 2000 -xx 10ms
done
PATHEV_LONG=1 PATHEV_TEST_BOUND=${PATHEV_TEST_BOUND:-300} \
	"${BATS:-bats}" --tap "$top_srcdir"/tests/cli/contract-*.bats || failed=1
exit "$failed"
