#!/bin/sh
# SPDX-License-Identifier: MIT
#
# torture.sh - the long form of what make check does in short: `make torture' runs it
#
# The replay over many seeds, on this file system and in memory, with few writers and with many;
# then the cases of the contract at full size, and writers of all kinds on file systems of all
# kinds, as far as these can be mounted here.  The environment may say
#
#	PATHEV_TORTURE_ROUNDS   how many rounds of the replay there are (100)
#	PATHEV_TORTURE_SEED     the seed of the first one (1)

rounds=${PATHEV_TORTURE_ROUNDS:-100}
seed=${PATHEV_TORTURE_SEED:-1}
dir=
mounted=
failed=0

clean() {
	[ -z "$mounted" ] || umount "$mounted" || umount -l "$mounted"
	mounted=
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

# race PLACE OPTION...: writers against pathwait
race() {
	place=$1
	shift
	nice "$top_builddir/tests/written/race" -v -C "$place" -S 0.2 "$@" -- \
		"$top_builddir/bin/pathwait" -q FILE || failed=1
}

# mounting NAME COMMAND...: mount something at $dir/at, from what else is in $dir, and race there
mounting() {
	name=$1
	shift
	dir=$(mktemp -d "$top_builddir/torture.XXXXXX") || exit
	chmod 711 "$dir"
	mkdir "$dir/at" "$dir/lower" "$dir/upper" "$dir/work"
	if [ "$(id -u)" -ne 0 ]; then
		echo "# SKIP $name: needs root"
		return 1
	fi
	if ! (cd "$dir" && "$@" >mount.log 2>&1); then
		echo "# SKIP $name: cannot be mounted here: $(tail -n 1 "$dir/mount.log")"
		return 1
	fi
	mounted=$dir/at
	echo "# writers on $name"
}

loop() {
	truncate -s 400M image && "$@" image && mount -o loop image at
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
# automake's is a command with arguments
# shellcheck disable=SC2086
PATHEV_LONG=1 PATHEV_TEST_BOUND=${PATHEV_TEST_BOUND:-300} \
	${BATS:-bats} --tap "$top_srcdir"/tests/cli/contract-*.bats || failed=1

# the kernel does not know of mappings on overlayfs
unmapped=plain,chunks,two,reopen,stalled,renamed,renamed-across,linked,linked-open,tmpfile
unmapped=$unmapped,complete,reopened,truncated,killed,user,symlink,new-dir,new-dir-slow
mounting overlayfs mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work at &&
	race "$dir/at" -r "$rounds" -k "$unmapped"
clean
mounting xfs loop mkfs.xfs -q && race "$dir/at" -r "$rounds"
clean
mounting btrfs loop mkfs.btrfs -q && race "$dir/at" -r "$rounds"
clean
# what others do to the directory below is not seen, so a file has to be quiet for 5 seconds
mounting bindfs bindfs lower at &&
	race "$dir/at" -b 30000 -l 6000 -r 12 -k plain,two,renamed,linked,mapped,truncated
clean

# automake's is a command with arguments
# shellcheck disable=SC2086
PATHEV_LONG=1 PATHEV_TEST_BOUND=${PATHEV_TEST_BOUND:-300} \
	${BATS:-bats} --tap "$top_srcdir"/tests/cli/written.bats \
	"$top_srcdir"/tests/cli/pathwait.bats || failed=1
exit "$failed"
