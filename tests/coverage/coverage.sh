#!/bin/sh
# SPDX-License-Identifier: MIT
#
# coverage.sh - which lines the tests run, and which they do not: `make coverage' runs it
#
# Usage: coverage.sh, in a source tree of its own that is not configured.  The environment may say
#
#	COVERAGE_CC      the compiler (gcc)
#	COVERAGE_GCOV    what reads its counters (gcov, of the same version)
#	COVERAGE_FLOOR   the percentage of lines below which it fails (96)
#
# Prints the lines that were never run, a table with a row for each file, and the total.  Lines
# and branches of an assert() count as lines alone: that one of its branches is never taken is
# what it says.

cc=${COVERAGE_CC:-gcc}
gcov=${COVERAGE_GCOV:-gcov}
floor=${COVERAGE_FLOOR:-96}
top=$(pwd)

command -v "$gcov" >/dev/null || { echo "coverage: needs $cc and $gcov" >&2; exit 1; }

# What is behind CFLAGS wins: without optimization each line is one of its own.
flags='-g -O0 --coverage -fprofile-update=prefer-atomic'
# shellcheck disable=SC2086
$cc $flags -fno-profile-arcs -fno-test-coverage -c -o dump.o tests/coverage/dump.c || exit
if ! { ./configure --quiet CC="$cc" CFLAGS="$flags" LDFLAGS="$top/dump.o" && make -j2 &&
	make -j2 check TESTS= TEST_SUITE_LOG=none.log; } >coverage.log 2>&1; then
	cat coverage.log
	exit 1
fi

# Tests run programs as users who may not write here, and one after the other.
find . -name '*.gcda' -delete
find . -name '*.gcno' | sed 's/gcno$/gcda/' | while read -r counters; do
	: >"$counters"
	chmod a+rw "$counters"
done
chmod a+rx .

status=0
PATHEV_TEST_TERM=1 make check >coverage.log 2>&1 || { status=1; cat test-suite.log; }
grep '^# ' coverage.log

find lib bin tests/unit tests/fuzz tests/api -name '*.gcda' -size +0 -exec "$gcov" -t -b -c {} + \
	2>coverage.log | awk -v floor="$floor" -f tests/coverage/table.awk || status=1
exit $status
