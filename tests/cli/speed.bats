# SPDX-License-Identifier: MIT
#
# What must not get slower unseen, in numbers that do not depend on the machine: no times here.

load contract

setup() {
	helper_setup
	instrumented && skip "built with instrumentation, which works more"
	return 0
}

# tree DIR WIDTH: a directory with WIDTH in it, and WIDTH in each of these
tree() {
	mkdir "$1"
	names "$1/%03g" "$2" | xargs mkdir
	for ((i = 1; i <= $2; i++)); do
		names "$(printf '%s/%03d' "$1" "$i")/%03g" "$2"
	done | xargs mkdir
}

switches() {	# switches NAME: how often it went to sleep, or was made to
	awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$(pid_of "$1")/status"
}

# until_armed PATH: system calls of pathwait from main() until it says that it is armed, but for
# those of memory, which libc decides on
until_armed() {
	local memory=brk,mmap,munmap,mremap,mprotect,madvise,getrandom

	strace -f -qq -e "trace=!$memory" -o log pathwait -e close_write --ready-fd 5 --timeout 0 "$1" \
		5>ready || [ $? -eq 2 ]
	[ -s ready ]
	# the first thing it does is to ask whether 0, 1 and 2 are open
	sed -n '/poll(.*fd=0.*fd=1.*fd=2/,/ write(5,/p' log | tee armed | wc -l
}

# calls PROGRAM PATH: system calls of watching it, without those of threads that wait for each other
calls() {
	strace -f -qq -e 'trace=!futex' -o log "$1" -r --timeout 0 "$2" >table || [ $? -eq 2 ]
	grep -c -v -e 'resumed' -e '^[0-9]* ---' -e '^[0-9]* +++' log
}

@test "pathwatch, pathstat: make few system calls for each directory" {
	command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null || skip "no strace"
	case $(stat -f -c %T .) in
	ext* | xfs | tmpfs) ;;
	*) skip "a file system whose link counts say nothing" ;;
	esac
	tree t 30
	mkdir none
	for p in pathwatch pathstat; do
		few=$(calls "$p" none)
		many=$(calls "$p" t)
		echo "$p: $few for none, $many for 931"
		# a watch and a look each; and for thirty what reading takes, and threads
		[ $((many - few)) -le $((931 * 5 / 2)) ]
		# it was armed by name, not by the whole path
		[ "$(grep -c 'inotify_add_watch([0-9]*, "[0-9]*",' log)" -ge 850 ]
	done
}

@test "pathwait: makes few system calls until it is armed" {
	command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null || skip "no strace"
	mkdir -p d/e
	: >f
	: >d/e/f
	near=$(until_armed f | cat)
	cat armed
	[ "$near" -gt 15 ]
	[ "$near" -le 22 ]
	# each directory on the way is watched, the last one for both its own name and that in it
	[ "$(until_armed d/e/f | cat)" -eq $((near + 1)) ]
	# nothing is opened anew, and no thread is started
	run grep -E 'open|clone|/proc' armed
	[ "$status" -eq 1 ]
}

@test "pathwatch: holds less than 48 bytes for each directory that is watched" {
	need_watches 55000
	tree t 223
	mkdir none
	start none pathwatch -r none
	start w pathwatch -r t
	less=$(memory "$(pid_of none)" RssAnon)
	more=$(memory "$(pid_of w)" RssAnon)
	[ -n "$more" ] || skip "a kernel that does not tell"
	echo "$less and $more KiB"
	[ $(((more - less) * 1024 / (223 * 224 + 1))) -lt 48 ]
	stop w
	stop none
}

@test "pathwatch: writes a hundred events at a time and more" {
	mkdir d
	start w pathwatch -e create d
	[ -r "/proc/$pid/io" ] || skip "a kernel that does not tell"
	until_true asleep "$pid"
	before=$(awk '/^syscw/ { print $2 }' "/proc/$pid/io")
	kill -STOP "$pid"
	names d/%05g 10000 | xargs touch
	kill -CONT "$pid"
	wait_line w.out '^create d/10000$'
	after=$(awk '/^syscw/ { print $2 }' "/proc/$pid/io")
	[ "$(wc -l <"$BATS_TEST_TMPDIR/w.out")" -eq 10000 ]
	echo "$((after - before)) writes"
	[ $((after - before)) -le 100 ]
	stop w
}

@test "pathwatch, pathstat, pathwait: never wake up while nothing happens" {
	mkdir d
	start watch pathwatch -r d
	start stat pathstat -r d
	start wait pathwait d/missing
	for p in watch stat wait; do
		until_true asleep "$(pid_of "$p")"
		switches "$p"
	done >"$BATS_TEST_TMPDIR/before"
	# something that takes its time, elsewhere
	run bounded pathwait --timeout 1 -u exists nowhere
	[ "$status" -eq 2 ]
	for p in watch stat wait; do
		switches "$p"
	done >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	stop watch
	stop stat
	stop wait
}
