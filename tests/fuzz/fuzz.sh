#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fuzz.sh - the fuzz targets with libFuzzer and sanitizers: `make fuzz' runs it
#
# Usage: fuzz.sh TARGETS LIBRARY-SOURCES, in the build directory.  The environment may say
#
#	FUZZ_SECONDS   how long each target runs (60)
#	FUZZ_TARGETS   which of them, such as "events format" (all)
#	FUZZ_CC        the compiler (clang)
#
# What was found stays in tests/fuzz/work: NAME.corpus is gone on with by the next run, and
# NAME.crash-* are inputs at fault, which `tests/fuzz/NAME FILE' runs again.
# Lists are words here.
# shellcheck disable=SC2086

seconds=${FUZZ_SECONDS:-60}
cc=${FUZZ_CC:-clang}
work=tests/fuzz/work
flags="-std=gnu11 -g -O1 -include config.h -I$srcdir/lib"
flags="$flags -fsanitize=address,undefined -fno-sanitize-recover=all"
failed=0

mkdir -p $work || exit
echo 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n);
int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d && n > 9 ? 0 : 0; }' \
	>$work/try.c
if ! $cc -fsanitize=fuzzer,address,undefined -o $work/try $work/try.c 2>$work/try.log; then
	cat $work/try.log >&2
	echo "fuzz: needs clang with -fsanitize=fuzzer (Debian: clang, Fedora: clang compiler-rt)" >&2
	exit 1
fi

objects=
for source in $2; do
	case $source in
	*.c)
		object=$work/$(basename $source .c).o
		$cc $flags -fsanitize=fuzzer-no-link -c -o $object "$srcdir/$source" || exit
		objects="$objects $object" ;;
	esac
done

for target in $1; do
	name=${target##*/}
	case " ${FUZZ_TARGETS-$name} " in
	*" $name "*) ;;
	*) continue ;;
	esac
	$cc $flags -fsanitize=fuzzer -o $work/$name "$srcdir/$target.c" $objects || exit
	mkdir -p $work/$name.corpus && top_srcdir=$srcdir $target -x $work/$name.corpus || exit
	echo "# $name: $seconds s"
	$work/$name -close_fd_mask=3 -max_total_time=$seconds -max_len=1024 -timeout=10 \
		-verbosity=0 -print_final_stats=1 -artifact_prefix=$work/$name. \
		$work/$name.corpus >$work/$name.log 2>&1
	status=$?
	grep -e '^stat::number_of_executed_units' $work/$name.log
	[ $status -eq 0 ] || { cat $work/$name.log; failed=1; }
done
exit $failed
