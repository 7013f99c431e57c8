#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# SIGHUP: pathwatch reads --from-file again and reopens -o; and lists of paths.

load helper

hang_up() {
	kill -HUP "$(pid_of "$1")"
}

# seen NAME: it has told of all until here; d/marks is watched
seen() {
	: >"d/marks/$1"
	wait_line w.out "d/marks/$1$"
	rm "d/marks/$1"
	wait_line w.out "delete d/marks/$1$"
}

@test "hangup: the records go to a new file, and none is lost or torn" {
	mkdir d
	start w pathwatch --json -e create -o log d
	for i in {1..900}; do
		: >"d/$i"
		if ((i % 100 == 0)); then
			mv log "log.$i"
			hang_up w
			# the next one is written to the new file
			until_true [ -e log ]
		fi
	done
	until_true grep -q '"d/900"' log log.900
	stop w
	[ "$status" -eq 143 ]
	cat log.100 log.200 log.300 log.400 log.500 log.600 log.700 log.800 log.900 log >all
	[ "$(sed 's/^{"seq":\([0-9]*\),.*"path":"d.\([0-9]*\)",.*}$/\1 \2/' all)" = "$(paste -d ' ' <(seq 900) <(seq 900))" ]
	[ ! -s "$BATS_TEST_TMPDIR/w.err" ]
}

@test "hangup: what waits for a slow reader goes to that one first" {
	mkdir d
	mkfifo log
	exec 7<>log
	start w pathwatch -e create -o log d 7>&-
	for i in {10000..20000}; do : >"d/$i"; done
	mv log old
	mkfifo log
	exec 8<>log
	hang_up w
	bounded head -n 10001 <&7 >first
	cmp first <(printf 'create d/%d\n' {10000..20000})
	: >d/end
	read -r -t 10 line <&8
	[ "$line" = 'create d/end' ]
	stop w
	exec 7>&- 8>&-
}

@test "hangup: a file that cannot be opened again is told, and the old one stays" {
	mkdir d dir
	start w pathwatch -e create -o dir/log d
	mv dir gone
	hang_up w
	wait_line w.err "cannot open 'dir/log' for writing: No such file"
	touch d/1
	wait_line ./gone/log '^create d/1$'
	stop w
}

@test "hangup: lists are read again: paths come, go, and those that stay lose nothing" {
	mkdir -p d/marks a b c 'c d'
	printf 'a\nb\nd/marks\n' >list
	start w pathwatch --from-file list -e create,delete
	(for ((i = 0; i < 3000; i++)); do : >"b/$i"; done) 3>&- &
	writer=$!
	comes() { : >"$1/$2"; rm "$1/$2"; grep -q "^create $1/$2$" "$BATS_TEST_TMPDIR/w.out"; }
	for i in 1 2 3; do
		printf 'b\nd/marks\nc d\nc\n' >list
		hang_up w
		until_true comes c "$i"
		touch "a/no$i" "c d/$i"
		printf 'a\nb\nd/marks\n' >list
		hang_up w
		until_true comes a "$i"
		touch "c/no$i"
	done
	wait "$writer"
	seen end
	stop w
	[ "$(grep -c '^create b/[0-9]*$' "$BATS_TEST_TMPDIR/w.out")" -eq 3000 ]
	[ "$(grep -c '/no' "$BATS_TEST_TMPDIR/w.out")" -eq 0 ]
	for i in 1 2 3; do grep -q -x "create c d/$i" "$BATS_TEST_TMPDIR/w.out"; done
}

@test "hangup: a path of the command line stays, and one that fails ends nothing" {
	mkdir -p d/marks a b
	echo b >list
	start w pathwatch --from-file list -e create,delete a d/marks
	printf 'nowhere\na\n' >list
	hang_up w
	wait_line w.err "cannot watch 'nowhere': No such file"
	seen 1
	: >list
	echo a >list
	hang_up w
	seen 2
	touch a/1 b/1
	seen 3
	: >list
	hang_up w
	touch a/2
	wait_line w.out '^create a/2$'
	stop w
	[ "$(out w | grep -c ' b')" -eq 0 ]
}

@test "hangup: what a list leaves out can change" {
	mkdir -p d/marks d/s/t d/u
	printf 'd\n@d/s\n' >list
	start w pathwatch -v -r --from-file list -e create,delete
	touch d/s/t/1 d/u/1
	printf 'd\n@d/u\n' >list
	hang_up w
	back() { rm -f d/s/t/2; : >d/s/t/2; grep -q '^create d/s/t/2$' "$BATS_TEST_TMPDIR/w.out"; }
	until_true back
	mkdir d/s/new
	touch d/s/new/f d/u/2
	seen 1
	stop w
	out w | grep -q -x 'create d/s/new/f'
	out w | grep -q -x 'create d/u/1'
	[ "$(out w | grep -c -e 'd/s/t/1' -e 'd/u/2' -e exists -e ready)" -eq 0 ]
}

@test "hangup: under --initial a new path is listed" {
	mkdir -p a b
	touch b/f
	echo a >list
	start w pathwatch --initial --from-file list
	wait_line w.out '^ready$'
	echo b >>list
	hang_up w
	wait_line w.out '^exists b/f$'
	stop w
	[ "$(out w)" = 'exists a
ready
exists b
exists b/f' ]
}

@test "hangup: lists that cannot be used are told, and all stays as it was" {
	mkdir a
	echo a >list
	start w pathwatch --from-file list -e create
	n=0
	for bad in 'rm list' ': >list' 'printf "a\0" >list' 'printf "a\n@\n" >list' \
		'printf "a\n@a\n" >list' 'rm -f list; mkdir list'; do
		eval "$bad"
		hang_up w
		n=$((n + 1))
		wait_line w.err 'stays as it was$' "$n"
		touch "a/$n"
		wait_line w.out "^create a/$n$"
	done
	for text in "'list': No such file" "there is no PATH in it" 'holds NUL' "'@' without a path" \
		"'a' is to be watched and, by '@a'" "'list': Is a directory"; do
		err w | grep -q -F -e "$text"
	done
	rmdir list
	echo a >list
	hang_up w
	touch a/end
	wait_line w.out '^create a/end$'
	stop w
}

@test "hangup: a list on standard input is read once and stays" {
	mkdir a b
	echo b >list
	start w pathwatch --from-file - --from-file list -e create <<<a
	: >list
	hang_up w
	touch a/1
	wait_line w.out '^create a/1$'
	stop w
}

@test "hangup: without --from-file and -o it ends, and one that was ignored stays so" {
	mkdir d
	start w pathwatch -e create d
	stop w HUP
	[ "$status" -eq 129 ]
	start w pathwait -e create d
	stop w HUP
	[ "$status" -eq 129 ]
	trap '' HUP
	start w pathwatch -e create -o log d
	trap - HUP
	mv log old
	hang_up w
	touch d/1
	wait_line ./old '^create d/1$'
	[ ! -e log ]
	stop w
}

@test "hangup: together with --control, each keeps its own" {
	mkdir -p d/marks a b
	mkfifo in
	exec 5<>in
	echo a >list
	start w pathwatch --control --from-file list -e create,delete d/marks <in 5>&-
	printf '%s\n' 'add b' 'remove d/marks' 'sync 1' >&5
	wait_line w.out '^sync 1$'
	: >list
	hang_up w
	printf '%s\n' 'add d/marks' >&5
	wait_line w.out '^added d/marks$'
	seen 1
	touch a/1 b/1
	seen 2
	echo a >list
	hang_up w
	comes() { : >"a/2"; rm "a/2"; grep -q "^create a/2$" "$BATS_TEST_TMPDIR/w.out"; }
	until_true comes
	exec 5>&-
	finish w
	[ "$status" -eq 0 ]
	[ "$(out w | grep -c 'a/1')" -eq 0 ]
	out w | grep -q -x 'create b/1'
}

@test "hangup: a PATH of the list that is to be left out is refused, and the rest is watched" {
	mkdir -p a/s b
	echo a >list
	start w pathwatch -r -e create --from-file list @a/s
	printf 'a\na/s\nb\n' >list
	hang_up w
	wait_line w.err "cannot watch 'a/s': it is to be left out, by @PATH"
	comes() { : >b/1; rm b/1; grep -q '^create b/1$' "$BATS_TEST_TMPDIR/w.out"; }
	until_true comes
	stop w
}
