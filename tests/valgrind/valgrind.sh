#!/bin/sh
# SPDX-License-Identifier: MIT
#
# valgrind.sh - the tests under valgrind's memcheck: `make valgrind' runs it
#
# Usage: valgrind.sh PROGRAMS BATS-FILES, in the build directory.  Those programs run in it, and
# so does each of ours that the bats files start; what these start in turn does not.  At fault
# is a bad access, memory that is lost for good, a descriptor that is left open, and a test that
# fails.  The environment says top_srcdir, and may say
#
#	VALGRIND_TESTS   which of them, such as "tests/unit/queue tests/cli/pathwait.bats" (all)
#	BATS             the bats to run
#
# Lists are words here.
# shellcheck disable=SC2086,SC2154

work=$PWD/tests/valgrind/work
options='-q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite'
options="$options --errors-for-leak-kinds=definite --track-fds=yes --child-silent-after-fork=yes"
failed=0

if ! valgrind $options true >/dev/null 2>&1; then
	echo "valgrind: needs valgrind, and the symbols of the C library it asks for" >&2
	exit 1
fi
rm -rf "$work"
mkdir -p "$work/bin/inotify" "$work/log" && chmod 1777 "$work/log" || exit
# A build to the tests, whose programs stand for those of this one
ln -s "$PWD/lib" "$PWD/config.status" "$PWD/tests" "$work/" || exit
for program in pathwait pathwatch pathstat inotify/inotifywait inotify/inotifywatch; do
	printf '#!/bin/sh\nexec valgrind %s --log-file="%s/log/%%p" "%s/bin/%s" "$@"\n' \
		"$options" "$work" "$PWD" "$program" >"$work/bin/$program" &&
		chmod +x "$work/bin/$program" || exit
done

# found: what the logs tell, but for descriptors that were open before
found() {
	sed -n -e '/FILE DESCRIPTORS: /d' -e '/^==[0-9]*== *$/d' \
		-e '/Open file descriptor/{N;/inherited from parent/d;}' -e p "$work"/log/*
}

# verdict NAME STATUS: of what ran since the last one
verdict() {
	found >"$work/found"
	if [ "$2" -ne 0 ] || [ -s "$work/found" ]; then
		grep -v '^ok' "$work/out"
		cat "$work/found"
		echo "FAIL: $1 (status $2)"
		failed=1
	else
		grep '# SKIP\|# skip' "$work/out"
		echo "PASS: $1"
	fi
	rm -f "$work"/log/*
}

for test in $1 $2; do
	case " ${VALGRIND_TESTS-$test} " in
	*" $test "*) ;;
	*) continue ;;
	esac
	: >"$work/log/none"
	case $test in
	*.bats)
		top_builddir=$work PATHEV_TEST_VALGRIND=1 PATHEV_TEST_BOUND=${PATHEV_TEST_BOUND-60} \
			${BATS:-bats} --tap "$top_srcdir/$test" ;;
	*)
		valgrind $options --log-file="$work/log/%p" $test ;;
	esac >"$work/out" 2>&1 </dev/null
	verdict "$test" $?
done
exit $failed
