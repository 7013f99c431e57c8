#!/bin/sh
# SPDX-License-Identifier: MIT
#
# analyze.sh - what finds faults without running the programs: `make analyze' runs it
#
# Usage: analyze.sh SOURCES, in the build directory, with srcdir in the environment.  ANALYZE may
# name the tools to run: gcc, clang-tidy, cppcheck, shellcheck, mandoc (all).  One that is missing
# is told and left out; the exit status is that of those which are there.
#
# Lists are words here.
# shellcheck disable=SC2086

flags="-std=gnu11 -include config.h -I$srcdir/lib"
out=$(mktemp) || exit
trap 'rm -f "$out"' EXIT
failed=0
files=
for file in $(printf '%s\n' $1 | sort -u); do
	case $file in
	*.c) files="$files $srcdir/$file" ;;
	esac
done

# wanted TOOL COMMAND
wanted() {
	case " ${ANALYZE-$1} " in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
	command -v "$2" >/dev/null 2>&1 && return
	echo "SKIP: $1 (not installed)"
	return 1
}

# verdict TOOL: what it wrote is what it found
verdict() {
	if [ -s "$out" ]; then
		cat "$out"
		echo "FAIL: $1"
		failed=1
	else
		echo "PASS: $1"
	fi
}

# Of memory that is put into an array gcc 12 loses sight, and calls it leaked: that is for
# valgrind and the address sanitizer to find.
if wanted gcc gcc; then
	for file in $files; do
		gcc $flags -O2 -Wall -fanalyzer -Wno-analyzer-malloc-leak -c -o /dev/null "$file"
	done >"$out" 2>&1
	verdict gcc
fi
if wanted clang-tidy clang-tidy; then
	echo $files | xargs -P 2 -n 4 sh -c 'config=$1 flags=$2
		shift 2
		clang-tidy --quiet --config-file="$config" "$@" -- $flags 2>/dev/null' \
		clang-tidy "$srcdir/.clang-tidy" "$flags" >"$out"
	verdict clang-tidy
fi
if wanted cppcheck cppcheck; then
	grep -v '^#' "$srcdir/tests/analyze/cppcheck.txt" >"$out.list"
	cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability \
		--suppressions-list="$out.list" --include=config.h -I"$srcdir/lib" $files >"$out" 2>&1
	rm -f "$out.list"
	verdict cppcheck
fi
# 1003 1010 2238: a backslash, a file called done, one called more; they are meant
# 2012 2013 2094: names in tests are tame, and >page is not the page that is read
# 2016: programs for awk and sh stand in single quotes
# 2030 2031: a test is a subshell to it, where none is one
# 2059: a format in a variable is meant to be one
# 2317: what is called by its name in a variable
# 2034 2154: helper.bash sets and uses what the tests do not, and the other way round
quiet=SC1003,SC1010,SC2012,SC2013,SC2016,SC2030,SC2031,SC2034,SC2059,SC2094,SC2154
quiet=$quiet,SC2238,SC2317
if wanted shellcheck shellcheck; then
	shellcheck -e "$quiet" "$srcdir/.ci/run" "$srcdir/bootstrap" "$srcdir"/tests/*/*.sh \
		"$srcdir"/tests/*/*.bash "$srcdir"/tests/*/*.bats >"$out" 2>&1
	verdict shellcheck
fi
if wanted mandoc mandoc; then
	mandoc -Tlint -Wwarning "$srcdir"/man/*.[1-9] >"$out" 2>&1
	verdict mandoc
fi
exit $failed
