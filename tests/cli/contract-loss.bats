#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What is lost is told and mended, what need not be lost is not: overflows, slow readers, memory.
# The contract's C6, C7 and C10 (pathev.7).

load contract

# make_many DIRECTORY N: 200 N directories and 400 N files below the 200 of make_tops, which are
# watched already: the kernel's queue holds a part of the events
make_tops() {
	mkdir -p "$1"
	names "$1/%03g" 200 | xargs mkdir
}

make_many() {
	for ((i = 1; i <= 200; i++)); do
		printf -v top '%s/%03d' "$1" "$i"
		names "$top/d%03g" "$2"
	done | xargs mkdir
	for ((i = 1; i <= 200; i++)); do
		printf -v top '%s/%03d' "$1" "$i"
		names "$top/f%03g" "$2"
		names "$top/d%03g/f" "$2"
	done | xargs touch
}

# after_overflow NAME PATTERN: how many lines match, behind the last overflow
after_overflow() {
	awk -v pattern="$2" '/overflow/ { n = 0 } $0 ~ pattern { n++ } END { print n + 0 }' \
		"$BATS_TEST_TMPDIR/$1.out"
}

@test "pathwatch: tells an overflow, lists again, and a model becomes exact" {
	need_equal
	need_watches 30000
	need_queue_below 50000
	make_tops d
	touch d/before
	start w pathwatch -r --initial --json d
	kill -STOP "$pid"
	make_many d 100
	rm d/before
	kill -CONT "$pid"
	equals w d
	# coverage is restored
	echo later >d/200/d100/later
	await w.out '"close_write".*"d/200/d100/later"'
	equals w d
	[ "$(after_overflow w '"ready"')" -eq 1 ]
	[ "$(lines w.out '"overflow"')" -ge 1 ]
	# the last line of the listing is the ready
	[ "$(after_overflow w '"exists"')" -ge 60201 ]
	stop w
}

@test "pathwatch: tells an overflow, then what has changed" {
	need_watches 10000
	need_queue_below 25000
	make_tops d
	mkdir -p d/old/deep
	touch d/old/same d/old/deep/changed
	start w pathwatch -r d
	until_true ctime_is_past d/old/same
	kill -STOP "$pid"
	make_many d 35
	echo more >>d/old/deep/changed
	kill -CONT "$pid"
	await w.out '^overflow$'
	# everything is told, before the overflow or after it
	find d -mindepth 2 | grep -v ^d/old | sort >"$BATS_TEST_TMPDIR/wanted"
	until_true created_all w
	await w.out '^modify.* d/old/deep/changed$'
	echo later >d/200/d035/later
	await w.out '^close_write d/200/d035/later$'
	[ "$(lines w.out 'd/old/same')" -eq 0 ]
	stop w
}

# its inode's time is not that of this moment any more, as coarse as clocks of file systems are
ctime_is_past() {
	touch "$BATS_TEST_TMPDIR/now"
	[ "$(stat -c %.9Z "$1")" != "$(stat -c %.9Z "$BATS_TEST_TMPDIR/now")" ]
}

created_all() {
	sed -n 's/^[^ ]*create[^ ]* //p' "$BATS_TEST_TMPDIR/$1.out" | sort -u |
		comm -13 - "$BATS_TEST_TMPDIR/wanted" >"$BATS_TEST_TMPDIR/missing"
	[ ! -s "$BATS_TEST_TMPDIR/missing" ]
}

@test "pathwatch: loses nothing while its reader sleeps, and stays small" {
	need_queue_above 16000
	mkdir d
	sleeping_reader w
	start w pathwatch -e create,attrib,close_write d 5>&-
	before=$(memory "$pid" VmHWM)
	# 201 000 events, in parts that the kernel's queue can hold until we get our turn
	names 'd/%04g' 1000 >"$BATS_TEST_TMPDIR/names"
	for ((i = 0; i < 100; i++)); do
		xargs touch <"$BATS_TEST_TMPDIR/names"
		until_true asleep "$pid"
	done
	grew=$(($(memory "$pid" VmHWM) - before))
	wake_reader w
	touch d/marker
	await w.all '^close_write d/marker$'
	echo "# memory: $grew KiB more than at the start" >&3
	[ "$(lines w.all '^create d/[0-9]')" -eq 1000 ]
	[ "$(lines w.all '^attrib d/[0-9]')" -eq 100000 ]
	[ "$(lines w.all '^close_write d/[0-9]')" -eq 100000 ]
	[ "$(lines w.all overflow)" -eq 0 ]
	instrumented || [ "$grew" -le $((16 * 1024)) ]
	stop w
}

@test "pathwatch: tells and mends what went beyond --queue-limit" {
	need_equal
	mkdir d
	sleeping_reader w
	start w pathwatch -r --initial --json --queue-limit 64K d 5>&-
	for ((i = 0; i < 20; i++)); do
		mkdir "d/$i"
		names "d/$i/%04g" 500 | xargs touch
		until_true asleep "$pid"
	done
	rm -r d/3
	wake_reader w
	await w.all '"overflow"'
	await w.all '"ready"' 2
	ln "$BATS_TEST_TMPDIR/w.all" "$BATS_TEST_TMPDIR/all.out"
	equals all d
	touch d/19/later
	await w.all '"d/19/later"'
	equals all d
	# far less was kept than came
	[ "$(awk '/overflow/ { exit } { n++ } END { print n }' "$BATS_TEST_TMPDIR/w.all")" -lt 20000 ]
	stop w
}

@test "pathwatch: ends when its reader goes, while nothing happens" {
	mkdir d
	sleeping_reader w
	start w pathwatch -r --json d 5>&-
	until_true asleep "$pid"
	reader_goes w
	PATHEV_TEST_BOUND=5 finish w
	[ "$status" -eq 141 ]
	[ ! -s "$BATS_TEST_TMPDIR/w.err" ]
}

@test "pathwatch: ends when its reader goes while much waits to be read" {
	mkdir d
	sleeping_reader w
	start w pathwatch -r --json d 5>&-
	names 'd/%04g' 4000 | xargs touch
	until_true asleep "$pid"
	reader_goes w
	PATHEV_TEST_BOUND=5 finish w
	[ "$status" -eq 141 ]
}

@test "pathwatch: its memory and watches stay flat over many mkdir and rmdir" {
	total=$(size 20000 1000000)
	mkdir d
	start w pathwatch -r -e close_write d
	held=$(watches "$pid")
	for ((n = 0; n < total; n += 1000)); do
		seq -f "d/%08.0f" "$n" $((n + 999)) | xargs mkdir
		seq -f "d/%08.0f" "$n" $((n + 999)) | xargs rmdir
		if ((n % 2000 == 0)); then
			: >d/"marker$n"
			await w.out "marker$n"
		fi
		((n != total / 10)) || early=$(memory "$pid" VmRSS)
	done
	: >d/last
	await w.out '^close_write d/last$'
	late=$(memory "$pid" VmRSS)
	echo "# memory: $early KiB after 10 %, $late KiB at the end" >&3
	instrumented || [ "$late" -le $((early + 1024)) ]
	until_true holds "$pid" "$held"
	[ "$(lines w.out overflow)" -eq 0 ]
	stop w
}

holds() {
	[ "$(watches "$1")" -eq "$2" ]
}

@test "pathwatch: a large tree that moves in while others write elsewhere at full speed costs no event" {
	need_equal
	dirs=$(size 5000 100000)
	need_watches $((dirs + 2000))
	mkdir -p d/busy tree
	names 'tree/%04g' $((dirs / 50)) | xargs mkdir
	for ((i = 1; i <= dirs / 50; i++)); do
		printf -v top 'tree/%04d' "$i"
		names "$top/d%02g" 49
	done | xargs mkdir
	names 'tree/%04g/d49/f' $((dirs / 50)) | xargs touch
	start w pathwatch -r --initial --json d
	rm -f "$BATS_TEST_TMPDIR/stop"
	background writer bash -c '
		for ((i = 0; ; i++)); do
			[ ! -e "$1" ] || break
			: >d/busy/$((i % 50))
		done
		echo "$i"' - "$BATS_TEST_TMPDIR/stop"
	await w.out '"d/busy/49"'
	mv tree d/tree
	await w.out '"create".*"d/tree/[0-9]*/d49/f"' $((dirs / 50))
	touch "$BATS_TEST_TMPDIR/stop"
	finish writer
	touch d/marker
	await w.out '"d/marker"'
	equals w d
	[ "$(lines w.out '"overflow"')" -eq 0 ]
	[ "$(lines w.out '"close_write".*"d/busy/')" -eq "$(out writer)" ]
	[ "$(lines w.out '"create".*"d/tree/[0-9/d]*"')" -eq "$dirs" ]
	# all of it is watched
	touch d/tree/0001/d01/later d/tree/0100/d49/later
	await w.out '"create".*d/tree/0001/d01/later'
	await w.out '"create".*d/tree/0100/d49/later'
	stop w
}

@test "pathwatch: a loss whose listing is beyond --queue-limit is told once, and all that came in it" {
	need_queue_above 12000
	mkdir d
	sleeping_reader w
	start w pathwatch -e create,ready --queue-limit 64K d 5>&-
	# in parts that the kernel's queue can hold: an overflow of its own would be told, too
	for ((i = 0; i < 6; i++)); do
		names "d/$i%05g" 10000 | xargs touch
		until_true asleep "$pid"
	done
	wake_reader w
	await w.all '^overflow'
	await w.all '^ready' 2
	touch d/marker
	await w.all '^create d/marker$'
	[ "$(lines w.all '^overflow')" -eq 1 ]
	[ "$(grep '^create d/[0-9]' "$BATS_TEST_TMPDIR/w.all" | sort -u | wc -l)" -eq 60000 ]
	stop w
}

@test "pathwait: looks again at what is there after an overflow" {
	need_queue_below 17000
	mkdir d
	start w pathwait -u exists d/e d/f
	# its first look is behind it
	: >d/e
	wait_line w.out '^d/e$'
	kill -STOP "$pid"
	sh -c 'i=0; while [ $i -lt 17000 ]; do : >d/$i; i=$((i + 1)); done'
	: >d/f
	kill -CONT "$pid"
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w)" = 'd/e
d/f' ]
	[ "$(err w)" = 'pathwait: events were lost; looking again at what is there' ]
}
