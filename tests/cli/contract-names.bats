#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A PATH is a name, whatever it leads to; and what has several names is reported under each.  The
# contract's C4, and its C3 for the names that one thing has (pathev.7).

load contract

# ---- one thing, several names ----

@test "pathwatch: a bind mount inside reports under both names, each once" {
	need_mounts
	mkdir -p d/a/s d/b
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '%s\n' '#!/bin/sh' "exec ${private[*]} sh -c 'mount --bind d/a d/b &&" \
		'exec pathwatch "$@"'"' - \"\$@\"" >"$BATS_TEST_TMPDIR/bin/bound-pathwatch"
	chmod +x "$BATS_TEST_TMPDIR/bin/bound-pathwatch"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	start w bound-pathwatch -r -e create,delete d
	touch d/a/one d/a/s/two
	rm d/a/s/two
	mkdir d/a/n
	touch d/a/n/three
	for name in a b; do
		await w.out "^delete d/$name/s/two$"
		await w.out "^create d/$name/n/three$"
	done
	touch d/a/n/four
	touch d/marker
	await w.out '^create d/marker$'
	for event in 'create d/%s/one' 'create d/%s/s/two' 'delete d/%s/s/two' 'create d/%s/n' \
		'create d/%s/n/three' 'create d/%s/n/four'; do
		# shellcheck disable=SC2059
		printf "$event\n" a b
	done | sort | diff - <(out w | grep -v marker | sort)
	stop w
}

@test "pathwatch: a bind mount given besides what it shows reports under both names" {
	need_mounts
	mkdir -p a/s b
	run messages "${private[@]}" sh -c 'mount --bind a b &&
		exec timeout 10 pathwatch -r -e create a b --run sh -c "touch a/s/one; touch b/s/two"'
	[ "$(sort <<<"$output")" = 'create a/s/one
create a/s/two
create b/s/one
create b/s/two' ]
}

@test "pathwatch: hard-linked files that are PATHs report under both names, each once" {
	echo >f
	ln f g
	run messages pathwatch -e modify,close_write,attrib f g --run sh -c 'echo more >>f; chmod 600 g'
	[ "$(sort <<<"$output")" = 'attrib f
attrib g
close_write f
close_write g
modify f
modify g' ]
}

@test "pathwatch: of two hard-linked PATHs, one that is replaced leaves the other watched" {
	echo >f
	ln f g
	start w pathwatch -e close_write,moved_to f g
	echo >.new
	mv .new f
	await w.out '^close_write f$'	# the contents it came with
	echo more >>g
	await w.out '^close_write g$'
	echo more >>f
	await w.out '^close_write f$' 2
	[ "$(out w)" = 'moved_to f
close_write f
close_write g
close_write f' ]
	stop w
}

@test "pathwatch: overlapping PATHs report each event once, under the longest" {
	mkdir -p d/s/t
	run messages pathwatch -r -e create --format '%{events} %{path} %{root}' d d/s d/s/t \
		--run sh -c 'touch d/1; touch d/s/2; touch d/s/t/3; mkdir d/s/t/u; touch d/s/t/u/4'
	[ "$output" = 'create d/1 d
create d/s/2 d/s
create d/s/t/3 d/s/t
create d/s/t/u d/s/t
create d/s/t/u/4 d/s/t' ]
}

@test "pathwatch: PATHs that overlap take no event from each other" {
	mkdir -p d/s
	echo >d/s/f
	# without -r: the one watches the other's name, its directory, and a file in it
	run messages pathwatch -e create,modify,close_write,attrib,delete d d/s d/s/f --run sh -c '
		echo more >>d/s/f; touch d/s/g; chmod 700 d/s; touch d/h; rm d/s/g'
	[ "$output" = 'modify d/s/f
close_write d/s/f
create d/s/g
attrib d/s/g
close_write d/s/g
attrib d/s
create d/h
attrib d/h
close_write d/h
delete d/s/g' ]
}

@test "pathwatch: one directory under two spellings is reported under each" {
	mkdir -p d/s
	ln -s d link
	run messages pathwatch -r -e create d ./d link --run sh -c 'touch d/s/f; mkdir link/n; touch d/n/g'
	[ "$(sort <<<"$output")" = 'create ./d/n
create ./d/n/g
create ./d/s/f
create d/n
create d/n/g
create d/s/f
create link/n
create link/n/g
create link/s/f' ]
}

# ---- a name stays, whatever has it ----

# In the following, each step is awaited: what is made and gone again before it could be watched,
# nobody can tell.

@test "pathwatch: a PATH that is renamed and made anew is followed by its name" {
	mkdir -p d/s
	start w pathwatch -r -e create,delete,moved_from,moved_to d
	touch d/1
	mv d e
	await w.out '^moved_from d$'
	touch e/2 e/s/2
	mkdir d
	await w.out '^create d$'
	touch d/3 e/3
	await w.out '^create d/3$'
	rm -r d
	await w.out '^delete d$'
	mkdir -p d/t
	await w.out '^create d/t$'
	touch d/t/4
	await w.out '^create d/t/4$'
	rm -r d
	await w.out '^delete d$' 2
	mv e d
	await w.out '^create d/s/2$'
	touch d/s/5
	await w.out '^create d/s/5$'
	[ "$(out w | head -n 13)" = 'create d/1
moved_from d
create d
create d/3
delete d/3
delete d
create d
create d/t
create d/t/4
delete d/t/4
delete d/t
delete d
moved_to d' ]
	# back again, all of it is told, in whatever order it is found
	[ "$(out w | tail -n +14 | sort)" = 'create d/1
create d/2
create d/3
create d/s
create d/s/2
create d/s/5' ]
	stop w
}

@test "pathwatch: a PATH that comes and goes 100 times makes an exact model each time" {
	need_equal
	mkdir d
	start w pathwatch -r --initial --json --allow-missing d
	for ((i = 0; i < 100; i++)); do
		mv d e
		mkdir -p d/a/b
		: >d/a/b/f
		rm -r e
		((i % 3)) || { rm -r d; mkdir -p d/a/b; }
		: >"d/a/b/$i"
	done
	touch d/marker
	await w.out '"close_write".*"d/marker"'
	equals w d
	touch d/a/b/later
	await w.out '"create".*"d/a/b/later"'
	stop w
}

@test "pathwatch: reports 100 replacements of a file by an editor's rename, and its contents" {
	echo 0 >f
	start w pathwatch -e moved_to,modify,close_write f
	for ((i = 1; i <= 100; i++)); do
		echo "$i" >".f.new"
		mv .f.new f
	done
	await w.out '^moved_to f$' 100
	echo last >>f
	await w.out '^close_write f$'
	[ "$(lines w.out '^moved_to f$')" -eq 100 ]
	[ "$(lines w.out '^modify f$')" -ge 1 ]
	stop w
}

@test "pathwatch: who reads a file at each event has its last contents in the end" {
	echo 0 >f
	messages pathwatch -e moved_to,close_write f --run bash -c '
		for ((i = 1; i <= 100; i++)); do
			echo "$i" >.f.new
			mv .f.new f
			((i % 2)) || echo "$i again" >f
		done' | while read -r _ path; do cat "$path"; done >"$BATS_TEST_TMPDIR/seen"
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/seen")" = '100 again' ]
}

@test "pathwatch: a PATH whose parents are made by mkdir -p" {
	for ((i = 0; i < 20; i++)); do
		run messages pathwatch --allow-missing -r -e create,close_write a/b/c/d --run sh -c '
			mkdir -p a/b/c/d/e && touch a/b/c/d/e/f'
		[ "$output" = 'create a/b/c/d
create a/b/c/d/e
create a/b/c/d/e/f
close_write a/b/c/d/e/f' ]
		rm -r a
	done
}

@test "pathwatch: a PATH whose parents are removed and made again" {
	start w pathwatch --allow-missing -r -e create,delete a/b/c/d
	for ((i = 1; i <= 5; i++)); do
		mkdir -p a/b/c/d
		await w.out '^create a/b/c/d$' "$i"
		touch "a/b/c/d/$i"
		await w.out "^create a/b/c/d/$i\$"
		rm -r a
		await w.out '^delete a/b/c/d$' "$i"
	done
	for ((i = 1; i <= 5; i++)); do
		printf '%s\n' 'create a/b/c/d' "create a/b/c/d/$i" "delete a/b/c/d/$i" 'delete a/b/c/d'
	done | diff - <(out w)
	stop w
}

@test "pathwatch: a PATH whose parents come by a rename, and go" {
	mkdir -p made/b/c
	touch made/b/c/f made/b/file
	start w pathwatch --allow-missing -r -e create,delete,moved_to,moved_from,close_write \
		a/b/c a/b/file
	mv made a
	await w.out '^create a/b/c/f$'
	await w.out '^close_write a/b/file$'
	touch a/b/c/g
	await w.out '^close_write a/b/c/g$'
	mv a gone
	# unbound and bound by an ancestor: moved or not, the name has gone and come
	await w.out '^\(delete\|moved_from\) a/b/file$'
	await w.out '^\(delete\|moved_from\) a/b/c$'
	touch gone/b/c/stale gone/b/file
	mv gone a
	await w.out '^create a/b/c/stale$'
	touch a/b/c/h
	await w.out '^close_write a/b/c/h$'
	echo >>a/b/file
	await w.out '^close_write a/b/file$' 3
	for path in a/b/c a/b/file; do
		[ "$(out w | grep -v close_write | sed -n "s|^\([a-z_]*\) $path\$|\1|p" |
			sed 's/moved_to/create/; s/moved_from/delete/' | paste -s -d ' ' -)" = \
			'create delete create' ]
	done
	# between its going and its coming back, nothing
	[ "$(out w | sed -nE '/^(delete|moved_from) a.b.c$/,/^(create|moved_to) a.b.c$/p' |
		grep -c stale)" -eq 0 ]
	stop w
}

@test "pathwatch: a PATH through a symbolic link that is pointed elsewhere" {
	mkdir -p one/in two/in
	touch one/in/1 two/in/2
	ln -s one link
	start w pathwatch -r -e create,delete,move link/in
	touch link/in/before
	await w.out '^create link/in/before$'
	ln -s two .link
	mv -T .link link
	await w.out '^create link/in/2$'
	touch one/in/stale two/in/after
	await w.out '^create link/in/after$'
	rm link
	await w.out '^delete link/in$' 2
	touch two/in/stale
	ln -s one link
	await w.out '^create link/in/1$'
	touch one/in/again
	await w.out '^create link/in/again$'
	# the other end told nothing meanwhile
	[ "$(out w | grep -v -e '/before$' -e '/1$' -e '/stale$')" = 'delete link/in
moved_to link/in
create link/in/2
create link/in/after
delete link/in
create link/in
create link/in/again' ]
	[ "$(lines w.out '^create link/in/stale$')" -eq 1 ]
	[ "$(out w | sed '/^create link\/in$/,$d' | grep -c stale)" -eq 0 ]
	stop w
}

@test "pathwatch: a PATH behind a dangling link that comes true" {
	ln -s nowhere/yet link
	run messages pathwatch --allow-missing -r -e create link --run sh -c '
		mkdir -p nowhere/yet; touch link/f'
	[ "$output" = 'create link
create link/f' ]
}
