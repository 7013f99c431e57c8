#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The tree below a PATH: new directories, renames, what comes and what leaves, odd names.  The
# contract's C2, C3 and C8 (pathev.7).

load contract

@test "pathwatch: reports all that mkdir -p and cp make, at once and once" {
	mkdir d
	run messages pathwatch -r -e create,close_write d --run bash -c '
		for ((i = 0; i < 100; i++)); do
			mkdir -p d/$i/a/b/c && echo x >d/$i/a/b/c/f
		done'
	[ "$status" -eq 0 ]
	sed -n 's/^create //p' <<<"$output" | sort >"$BATS_TEST_TMPDIR/created"
	find d -mindepth 1 | sort | diff - "$BATS_TEST_TMPDIR/created"
	sed -n 's/^close_write //p' <<<"$output" | sort >"$BATS_TEST_TMPDIR/closed"
	find d -type f | sort | diff - "$BATS_TEST_TMPDIR/closed"
}

@test "pathwatch: after a rename of a directory its 200 inside report under the new name" {
	mkdir -p d/old
	names 'd/old/s%03g' 200 | xargs mkdir
	run messages pathwatch -r -e create,moved_from,moved_to d --run sh -c '
		mv d/old d/new
		seq -f "d/new/s%03g/f" 1 200 | xargs touch'
	[ "${lines[0]}" = 'moved_from d/old' ]
	[ "${lines[1]}" = 'moved_to d/new' ]
	names 'create d/new/s%03g/f' 200 >"$BATS_TEST_TMPDIR/wanted"
	tail -n +3 <<<"$output" | diff "$BATS_TEST_TMPDIR/wanted" -
}

@test "pathwatch: renames to and fro leave no event under an old name" {
	mkdir -p d/0/in/deep
	run messages pathwatch -r -e create,delete d --run bash -c '
		for ((i = 0; i < 100; i++)); do
			mv d/$i d/$((i + 1))
			: >d/$((i + 1))/in/deep/f$i
		done'
	for ((i = 0; i < 100; i++)); do
		echo "create d/$((i + 1))/in/deep/f$i"
	done | diff - <(echo "$output")
}

@test "pathwatch: a subtree that left is not reported, and another takes its name" {
	mkdir -p d/a/s out/b/t
	touch d/a/s/f out/b/t/g
	run messages pathwatch -r -e create,moved_from,moved_to,delete d --run sh -c '
		mv d/a out/a
		touch out/a/s/stale out/a/stale; rm out/a/s/f; mkdir out/a/s/n; touch out/a/s/n/stale
		mv out/b d/a
		touch out/a/s/stale2 out/a/s/n/stale2
		touch d/a/t/fresh d/marker'
	# what came with it, and what is made in it then, may be told in any order
	[ "${#lines[@]}" -eq 6 ]
	[ "$(printf '%s\n' "${lines[@]:0:3}" "${lines[5]}")" = 'moved_from d/a
moved_to d/a
create d/a/t
create d/marker' ]
	[ "$(printf '%s\n' "${lines[@]:3:2}" | sort)" = 'create d/a/t/fresh
create d/a/t/g' ]
}

@test "pathwatch: subtrees that leave and take each other's name report under true names" {
	need_equal
	mkdir -p d/a/s out/b/t
	start w pathwatch -r --initial --json d
	for ((i = 0; i < 100; i++)); do
		mv d/a "out/a$i"
		mv out/b d/a
		: >"out/a$i/stale$i"
		: >"d/a/fresh$i"
		mkdir -p "out/a$i/s/deep$i"
		: >"out/a$i/s/deep$i/f"
		mv "out/a$i" out/b
	done
	touch d/marker
	await w.out '"close_write".*"d/marker"'
	equals w d
	[ "$(lines w.out stale)" -ge 1 ]	# they came back with it
	[ "$(lines w.out '"d/b')" -eq 0 ]
	# as what was found in it, not as made there
	[ "$(grep stale "$BATS_TEST_TMPDIR/w.out" | grep -vc '"synthesized":true')" -eq 0 ]
	stop w
}

@test "pathwatch: a large tree that moves in while others write elsewhere costs no event" {
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
			touch d/busy/$((i % 50))
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

@test "pathwatch: follows a tree deeper than PATH_MAX" {
	mkdir d
	name=$(printf 'n%0239d' 0)
	start w pathwatch -r -e create,close_write d
	(
		cd d
		for ((i = 0; i < 30; i++)); do
			mkdir "$name" && cd "$name"
		done
		: >bottom
	)
	path=d$(printf "/$name%.0s" {1..30})
	[ "${#path}" -gt 7000 ]
	# until_true and grep, for a shell's own words have limits of their own
	await w.out '^close_write d/[n0/]*/bottom$'
	echo "close_write $path/bottom" | cmp - <(grep bottom "$BATS_TEST_TMPDIR/w.out" | tail -n 1)
	[ "$(lines w.out '^create ')" -eq 31 ]
	mv d/"$name" d/short
	(
		cd d/short
		for ((i = 1; i < 30; i++)); do
			cd "$name"
		done
		: >again
	)
	await w.out '^close_write d/short/[n0/]*/again$'
	stop w
}

@test "pathwatch: finds a tree deeper than PATH_MAX that is there already" {
	mkdir d
	name=$(printf 'n%0239d' 0)
	(
		cd d
		for ((i = 0; i < 30; i++)); do
			mkdir "$name" && cd "$name"
		done
	)
	start w pathwatch -r -e create d
	(
		cd d
		for ((i = 0; i < 30; i++)); do
			cd "$name"
		done
		: >bottom
	)
	await w.out '^create d/[n0/]*/bottom$'
	stop w
}

@test "pathwatch: names of 255 bytes, of files and directories" {
	mkdir d
	name=$(printf '%0255d' 0)
	run messages pathwatch -r -e create,moved_from,moved_to d --run sh -c '
		mkdir d/$1; touch d/$1/$1; mv d/$1 d/x; mv d/x/$1 d/$1' - "$name"
	[ "$output" = "create d/$name
create d/$name/$name
moved_from d/$name
moved_to d/x
moved_from d/x/$name
moved_to d/$name" ]
}

@test "pathwatch: directories with a newline in their names" {
	mkdir d
	messages pathwatch -0 -r -e create d --run bash -c '
		mkdir -p $'"'d/a\\nb/\\n'"'; : >$'"'d/a\\nb/\\n/c\\n'"'' >"$BATS_TEST_TMPDIR/got"
	printf '%s\0' $'create d/a\nb' $'create d/a\nb/\n' $'create d/a\nb/\n/c\n' |
		cmp - "$BATS_TEST_TMPDIR/got"
	run messages pathwatch -r -e create d --run touch $'d/a\nb/\n/d'
	[ "$output" = 'create d/a\nb/\n/d' ]
}

@test "pathwatch: excluded directories cost no watch, from the start and later" {
	mkdir -p d/keep d/skip/1/2
	start w pathwatch -r -e create --exclude '/skip$' d
	# d, d/keep, and the directory that d is a name in
	held=$(watches "$pid")
	[ "$held" -le 3 ]
	mkdir -p d/keep/skip/3/4 d/skip/5
	mv d/skip/1 d/keep/skip/1
	touch d/keep/skip/3/4/f d/marker
	await w.out '^create d/marker$'
	[ "$(watches "$pid")" -eq "$held" ]
	[ "$(out w)" = 'create d/marker' ]
	# renamed, it counts
	mv d/keep/skip d/keep/seen
	await w.out '^create d/keep/seen/3/4/f$'
	mv d/keep/seen d/keep/skip
	touch d/keep/skip/3/4/g d/marker2
	await w.out '^create d/marker2$'
	[ "$(lines w.out '4/g')" -eq 0 ]
	until_true holds "$pid" "$held"
	stop w
}

holds() {
	[ "$(watches "$1")" -eq "$2" ]
}

@test "pathwatch: -e all does not report its own reading of directories" {
	mkdir -p d/old/deep tree/s
		run messages pathwatch -r -e all d --run sh -c 'mkdir d/new; mv tree d/tree; touch d/marker'
	[ "$(grep -e open -e access -e close_nowrite <<<"$output")" = 'open d/marker' ]
	# that of others is
	run messages pathwatch -r -e open,close_nowrite d --run ls d/old
	[ "$output" = 'open d/old
close_nowrite d/old' ]
}

@test "pathwatch: nor does it where a filter has it read a renamed directory" {
	mkdir -p d/a/b
	run messages pathwatch -r -e all --exclude zz d --run sh -c 'mv d/a d/c; mkdir d/c/x'
	[ "$output" = 'moved_from d/a
moved_to d/c
create d/c/x' ]
	# what others do with the files in it is told
	: >d/c/f
	run messages pathwatch -r -e open --exclude zz d --run sh -c 'mv d/c d/a; cat d/a/f'
	[ "$output" = 'open d/a/f' ]
}

@test "pathwatch: a directory made anew at once is followed each time" {
	need_equal
	mkdir d
	start w pathwatch -r --initial --json d
	for ((i = 0; i < 100; i++)); do
		mkdir -p d/x/y
		: >"d/x/y/$i"
		mv d/x "d/x$i"
		mkdir -p d/x/y
		: >d/x/y/f
		rm -r d/x
	done
	mkdir -p d/x/y
	touch d/x/y/last
	await w.out '"close_write".*"d/x/y/last"'
	equals w d
	touch d/x/y/later d/x0/y/later d/x99/y/later
	await w.out '"create".*"d/x/y/later"'
	await w.out '"create".*"d/x0/y/later"'
	await w.out '"create".*"d/x99/y/later"'
	stop w
}

@test "pathwatch: -e all does not report its own asking whether a new file is complete" {
	mkdir -p d/old/deep tree/s
	touch tree/s/f
	run messages pathwatch -r -e all d --run sh -c 'mkdir d/new; mv tree d/tree; touch d/marker'
	[ "$(grep -e open -e access -e close_nowrite <<<"$output")" = 'open d/marker' ]
	# that of others is
	run messages pathwatch -r -e open,close_nowrite d --run ls d/old
	[ "$output" = 'open d/old
close_nowrite d/old' ]
}
