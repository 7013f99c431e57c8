#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What cannot be watched is told, once, and the rest goes on: limits, permissions, mounts.  The
# contract's C9 (pathev.7).

load contract

# ---- limits ----

@test "pathwatch: the limit of watches, reached at the start, is told once; the rest is watched" {
	need_userns
	mkdir -p d/s
	names 'd/s/%02g' 20 | xargs mkdir
	run messages unshare -Ur sh -c 'echo 10 >/proc/sys/user/max_inotify_watches
		exec timeout 10 pathwatch -r -e create d --run sh -c "
			seq -f d/s/%02g/f 1 20 | xargs touch; touch d/f d/s/f"'
	[ "$status" -eq 0 ]
	grep -q '^create d/f$' <<<"$output"
	grep -q '^create d/s/f$' <<<"$output"
	[ "$(grep -c '^create d/s/../f$' <<<"$output")" -ge 5 ]
	[ "$(grep -c '^create d/s/../f$' <<<"$output")" -lt 20 ]
	[ "$(grep -c 'limit of inotify watches is reached' "$BATS_TEST_TMPDIR/messages")" -eq 1 ]
	[ "$(grep -c 'user.max_inotify_watches = 10,' "$BATS_TEST_TMPDIR/messages")" -eq 1 ]
	told '10 by pathwatch (pid [0-9]*, this program)'
	told 'sysctl user.max_inotify_watches='
}

@test "pathwatch: the limit of watches, reached later, is told once; the rest is watched" {
	need_userns
	mkdir d
	run messages unshare -Ur sh -c 'echo 10 >/proc/sys/user/max_inotify_watches
		exec timeout 10 pathwatch -r -e create d --run sh -c "
			seq -f d/%02g 1 20 | xargs mkdir; touch d/f; touch d/01/f; touch d/20/f"'
	[ "$status" -eq 0 ]
	# directories that cannot be watched are told, and what was in them
	[ "$(grep -c '^create d/[0-9]*$' <<<"$output")" -eq 20 ]
	grep -q '^create d/f$' <<<"$output"
	grep -q '^create d/01/f$' <<<"$output"
	[ "$(grep -c 'limit of inotify watches is reached' "$BATS_TEST_TMPDIR/messages")" -eq 1 ]
	told 'user.max_inotify_watches = 10,'
}

@test "pathwatch: each blind spot of a reached limit is a JSON record" {
	need_userns
	mkdir d
	names 'd/%02g' 20 | xargs mkdir
	run messages unshare -Ur sh -c 'echo 10 >/proc/sys/user/max_inotify_watches
		exec timeout 10 pathwatch -r --json -e create d --run mkdir d/new'
	[ "$status" -eq 0 ]
	blind=$(grep -c '"events":\["error"\],"path":"d/.*"error":"' <<<"$output")
	[ "$blind" -ge 10 ]
	[ "$blind" -le 21 ]
	[ "$(grep -c '"error":' <<<"$output")" -eq "$(grep '"error":' <<<"$output" |
		sed 's/.*"path":"\([^"]*\)".*/\1/' | sort -u | wc -l)" ]
}

@test "pathwatch: --strict ends with 1 when the limit of watches is reached, at the start and later" {
	need_userns
	mkdir -p d e
	names 'd/%02g' 20 | xargs mkdir
	run messages unshare -Ur sh -c 'echo 10 >/proc/sys/user/max_inotify_watches
		exec timeout 10 pathwatch -r --strict d'
	[ "$status" -eq 1 ]
	told 'limit of inotify watches is reached'
	run messages unshare -Ur sh -c 'echo 10 >/proc/sys/user/max_inotify_watches
		exec timeout 10 pathwatch -r --strict e --run sh -c "
			seq -f e/%02g 1 20 | xargs mkdir; exec sleep 20 3>&-"'
	[ "$status" -eq 1 ]
	told 'limit of inotify watches is reached'
}

@test "pathwatch: a PATH beyond the limit of watches is an error" {
	need_userns
	mkdir d
	run messages unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_inotify_watches
		exec timeout 10 pathwatch d'
	[ "$status" -eq 1 ]
	told "cannot watch 'd': the limit of inotify watches is reached"
}

@test "pathwait: a PATH that cannot be waited for, by the limit of watches, is an error" {
	need_userns
	run messages unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_inotify_watches
		exec timeout 10 pathwait -t 5 missing'
	[ "$status" -eq 1 ]
	told "cannot watch 'missing': the limit of inotify watches is reached"
	told 'user.max_inotify_watches = 0,'
}

@test "pathwait: a PATH that cannot be waited for any more is told once; --strict ends with 1" {
	need_userns
	for strict in '' --strict; do
		rm -rf a
		run messages unshare -Ur sh -c "echo 1 >/proc/sys/user/max_inotify_watches
			exec timeout 10 pathwait $strict -t 0.5 a/b/c --run sh -c 'mkdir a; rmdir a; mkdir a'"
		[ "$status" -eq "$([ "$strict" ] && echo 1 || echo 2)" ]
		[ "$(grep -c "cannot watch 'a/b/c': the limit of inotify watches is reached" \
			"$BATS_TEST_TMPDIR/messages")" -eq 1 ]
		[ "$(grep -c 'user.max_inotify_watches = 1,' "$BATS_TEST_TMPDIR/messages")" -eq 1 ]
	done
}

@test "pathwatch: a PATH that cannot be followed to its new place, by the limit, is a JSON record" {
	need_userns
	run messages unshare -Ur sh -c 'echo 2 >/proc/sys/user/max_inotify_watches
		exec timeout 10 pathwatch --allow-missing --json m/a/b --run mkdir -p m/a/b'
	[ "$status" -eq 0 ]
	[ "$(grep -c '"events":\["error"\],"path":"m/a/b".*"error":"' <<<"$output")" -ge 1 ]
	told "cannot watch 'm/a/b': the limit of inotify watches is reached"
	# it is the same for the PATH and for what leads to it: once
	mv m new
	run messages unshare -Ur sh -c 'echo 2 >/proc/sys/user/max_inotify_watches
		exec timeout 10 pathwatch --allow-missing --json m/a/b --run mv new m'
	[ "$(grep -c '"events":\["error"\]' <<<"$output")" -eq 1 ]
}

@test "pathwatch: the limit of inotify instances is told with its name and value" {
	need_userns
	mkdir d
	run messages unshare -Ur sh -c 'echo 1 >/proc/sys/user/max_inotify_instances
		exec timeout 10 pathwatch -e create d --run sh -c "
			timeout 5 pathwatch d; echo \$? >status; touch d/f"'
	[ "$status" -eq 0 ]
	[ "$output" = 'create d/f' ]
	[ "$(cat status)" -eq 1 ]
	told 'limit of inotify instances is reached'
	told 'user.max_inotify_instances = 1,'
	told 'sysctl user.max_inotify_instances='
}

@test "pathwatch: the limit of descriptors is not taken for that of inotify instances" {
	# how many are open here already is up to bats
	for n in {4..16}; do
		run messages sh -c "ulimit -n $n; exec pathwatch -t 0 ." 3>&-
		told 'inotify instances' && return 1
	done
	[ "$status" -eq 2 ]
}

# ---- permissions ----

@test "pathwatch: an unreadable directory is told once, the rest is watched, and it when readable" {
	need_ordinary_user
	"${user[@]}" mkdir -p d/secret/s d/open/s
	chmod 000 d/secret
	start w user-pathwatch -r d
	err w
	[ "$(grep -c "cannot watch 'd/secret': Permission denied" "$BATS_TEST_TMPDIR/w.err")" -eq 1 ]
	# nor is it told again when it is looked at anew
	chmod 100 d/secret
	chmod 300 d/secret
	touch d/open/s/f
	await w.out '^close_write d/open/s/f$'
	chmod 700 d/secret
	await w.out '^create d/secret/s$'
	# from here on a change of permissions is nothing but that
	chmod 750 d/secret
	touch d/secret/f d/secret/s/f
	await w.out '^create d/secret/f$'
	await w.out '^close_write d/secret/s/f$'
	[ "$(grep -c 'cannot watch' "$BATS_TEST_TMPDIR/w.err")" -eq 1 ]
	[ "$(grep -c '^create d/secret/s$' "$BATS_TEST_TMPDIR/w.out")" -eq 1 ]
	stop w
}

@test "pathwatch: a directory that is made unreadable is told, and followed when readable" {
	need_ordinary_user
	"${user[@]}" mkdir d
	start w user-pathwatch -r d
	"${user[@]}" mkdir -m 300 d/new
	"${user[@]}" touch d/new/hidden
	until_true grep -q "cannot watch 'd/new': Permission denied" "$BATS_TEST_TMPDIR/w.err"
	"${user[@]}" touch d/marker
	await w.out '^create d/marker$'
	"${user[@]}" chmod 700 d/new
	await w.out '^create d/new/hidden$'
	"${user[@]}" touch d/new/seen
	await w.out '^close_write d/new/seen$'
	stop w
}

@test "pathwatch: a directory that becomes unreadable is still followed" {
	need_ordinary_user
	"${user[@]}" mkdir -p d/s
	start w user-pathwatch -r -e create,close_write,moved_to d
	"${user[@]}" chmod 300 d/s
	"${user[@]}" touch d/s/f
	await w.out '^close_write d/s/f$'
	"${user[@]}" mkdir d/s/n
	"${user[@]}" touch d/s/n/g
	await w.out '^close_write d/s/n/g$'
	mv d/s d/t
	"${user[@]}" touch d/t/h d/t/n/i
	await w.out '^close_write d/t/h$'
	await w.out '^close_write d/t/n/i$'
	chmod 700 d/t
	stop w
}

@test "pathwatch: --strict ends with 1 at an unreadable directory, at the start and later" {
	need_ordinary_user
	"${user[@]}" mkdir -p d/secret e
	chmod 000 d/secret
	run messages "${user[@]}" pathwatch -r --strict d
	[ "$status" -eq 1 ]
	told "cannot watch 'd/secret': Permission denied"
	run messages "${user[@]}" pathwatch -r --strict e --run sh -c 'mkdir -m 000 e/n; exec sleep 20 3>&-'
	[ "$status" -eq 1 ]
	told "cannot watch 'e/n': Permission denied"
	chmod 700 d/secret e/n
}

@test "pathwatch: a PATH whose directory is unreadable is watched, and that is told once" {
	need_ordinary_user
	"${user[@]}" mkdir -p d/x/p
	"${user[@]}" touch d/x/f
	chmod 311 d/x
	start w user-pathwatch -e close_write,create d/x/p d/x/f
	err w
	[ "$(grep -c "cannot watch the directory that holds 'd/x/p': Permission denied" "$BATS_TEST_TMPDIR/w.err")" -eq 1 ]
	[ "$(grep -c "cannot watch the directory that holds 'd/x/f': Permission denied" "$BATS_TEST_TMPDIR/w.err")" -eq 1 ]
	"${user[@]}" touch d/x/f d/x/p/new
	await w.out '^close_write d/x/f$'
	await w.out '^create d/x/p/new$'
	[ "$(grep -c 'cannot watch' "$BATS_TEST_TMPDIR/w.err")" -eq 2 ]
	stop w
	run messages "${user[@]}" pathwatch --strict d/x/p
	[ "$status" -eq 1 ]
	run messages "${user[@]}" timeout 10 pathwatch --allow-missing d/x/none
	[ "$status" -eq 1 ]
	told "cannot watch the directory that holds 'd/x/none': Permission denied"
	# an ancestor is not worth a word
	run messages "${user[@]}" timeout 10 pathwatch -e create d/x/p/new --run true
	[ "$status" -eq 0 ]
	run grep -c 'cannot watch' "$BATS_TEST_TMPDIR/messages"
	[ "$output" -eq 0 ]
	chmod 700 d/x
}

# ---- mounts ----

@test "pathwatch: a file system that is unmounted is told, and what it covered is watched again" {
	need_mounts
	mkdir -p d/m/covered
	run messages "${private[@]}" sh -c 'mount -t tmpfs none d/m && mkdir d/m/s && echo >d/m/f &&
		timeout 10 pathwatch -r -e create,delete,unmount d --run sh -c "
			touch d/m/s/in
			umount d/m
			until touch d/m/covered/try; grep -q \"create d/m/covered/f\" out; do
				rm -f d/m/covered/f; : >d/m/covered/f
			done; touch d/marker" >out; cat out'
	cat "$BATS_TEST_TMPDIR/messages"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 'create d/m/s/in' ]
	grep -q '^unmount d/m$' <<<"$output"
	grep -q '^create d/m/covered$' <<<"$output"
	grep -q '^create d/m/covered/f$' <<<"$output"
	[ "${lines[-1]}" = 'create d/marker' ]
}

# mount(2) makes no record, nor does the end of a bind mount: the table of mounts tells.
@test "pathwatch: what is mounted meanwhile, and unmounted, is told as another directory" {
	need_mounts
	mkdir -p 'd/a b/s' d/o d/deep/n
	touch d/o/f
	run messages "${private[@]}" timeout 20 pathwatch -r -e create,delete,unmount,close_write -o log d --run sh -c '
		seen() { i=0; until tail -n 1 log | grep -q -x "$1" || [ $((i += 1)) -gt 500 ]; do sleep 0.01; done; }
		m="d/a b"
		mount -t tmpfs none "$m"; mkdir "$m/t"; seen "create $m/t"
		: >"$m/t/f"; seen "close_write $m/t/f"
		umount "$m"; seen "create $m/s"
		mkdir "$m/s/n"; seen "create $m/s/n"
		mount --bind d/o d/deep/n; seen "close_write d/deep/n/f"
		mkdir d/o/d; seen "create d/.*/d"
		umount d/deep/n; seen "create d/deep/n"
		mkdir d/o/e'
	cat log
	# the kernel's word on what is in it may come before that on itself
	[ "$(sed '/^unmount d.a b.t$/ d; /deep/,$ d' log)" = 'delete d/a b
create d/a b
create d/a b/t
create d/a b/t/f
close_write d/a b/t/f
unmount d/a b
delete d/a b
create d/a b
create d/a b/s
create d/a b/s/n' ]
	[ "$(sed -n '/deep/,$ p' log | sort -s -k 2)" = 'delete d/deep/n
create d/deep/n
unmount d/deep/n
delete d/deep/n
create d/deep/n
create d/deep/n/d
create d/deep/n/f
close_write d/deep/n/f
create d/o/d
create d/o/e' ]
}

@test "pathwatch: with -x what is mounted meanwhile is not entered, and what it covered comes again" {
	need_mounts
	mkdir -p d/m/s other/m
	run messages "${private[@]}" timeout 20 pathwatch -r -x -e create,delete,unmount -o log d --run sh -c '
		seen() { i=0; until tail -n 1 log | grep -q -x "$1" || [ $((i += 1)) -gt 500 ]; do sleep 0.01; done; }
		mount -t tmpfs none d/m; seen "create d/m"
		touch d/m/unseen
		mount -t tmpfs none other/m
		touch d/meanwhile; seen "create d/meanwhile"
		umount d/m; seen "create d/m/s"
		touch d/m/s/after'
	cat log
	[ "$(cat log)" = 'delete d/m
create d/m
create d/meanwhile
delete d/m
create d/m
create d/m/s
create d/m/s/after' ]
}

@test "pathwait: what is mounted on the way to a PATH brings it, and takes it away" {
	need_mounts
	mkdir -p d/m
	run messages "${private[@]}" timeout 10 pathwait --until exists d/m/f --run sh -c '
		mount -t tmpfs none d/m && : >d/m/f && sleep 5'
	[ "$output" = d/m/f ]
	run messages "${private[@]}" sh -c 'mount --bind . d/m && : >d/m/f &&
		timeout 10 pathwait --until gone d/m/f --run sh -c "umount d/m && sleep 5"'
	[ "$output" = d/m/f ]
}

@test "pathwatch: a PATH that a file system is mounted on, and unmounted" {
	need_mounts
	mkdir -p d/s
	run messages "${private[@]}" sh -c 'mount -t tmpfs none d && mkdir d/t &&
		timeout 10 pathwatch -r -e create,unmount,delete d --run sh -c "
			touch d/t/in; umount d
			i=0; until grep -q \"^create d/s/f\" out || [ \$((i += 1)) -gt 500 ]; do
				rm -f d/s/f; : >d/s/f; sleep 0.01
			done" >out; cat out'
	echo "$output"
	[ "${lines[0]}" = 'create d/t/in' ]
	grep -q '^unmount d$' <<<"$output"
	grep -q '^create d/s/f$' <<<"$output"
}

@test "pathwatch: an unreadable directory is told once, the rest is watched, and it when readable, without -e attrib" {
	need_ordinary_user
	"${user[@]}" mkdir -p d/secret/s d/open/s
	chmod 000 d/secret
	start w user-pathwatch -r -e create,close_write d
	err w
	[ "$(grep -c "cannot watch 'd/secret': Permission denied" "$BATS_TEST_TMPDIR/w.err")" -eq 1 ]
	touch d/open/s/f
	await w.out '^close_write d/open/s/f$'
	chmod 700 d/secret
	await w.out '^create d/secret/s$'
	touch d/secret/f d/secret/s/f
	await w.out '^create d/secret/f$'
	await w.out '^close_write d/secret/s/f$'
	[ "$(grep -c 'cannot watch' "$BATS_TEST_TMPDIR/w.err")" -eq 1 ]
	stop w
}

@test "pathwatch: --run ends when what it caused is told, under both names of a bind mount" {
	need_mounts
	mkdir -p d/a d/b
	for ((i = 0; i < 20; i++)); do
		run messages "${private[@]}" sh -c 'mount --bind d/a d/b &&
			exec timeout 10 pathwatch -r -e create d --run sh -c "
				mkdir d/b/n; touch d/a/n/f"'
		[ "$(sort <<<"$output")" = 'create d/a/n
create d/a/n/f
create d/b/n
create d/b/n/f' ]
		rm -r d/a/n
	done
}

@test "pathwait: a state that can be seen already needs no watch" {
	local wait

	need_ordinary_user
	cp "$top_builddir/bin/pathwait" "$BATS_TEST_TMPDIR/bin"
	chmod go+rx "$BATS_TEST_TMPDIR/bin/pathwait"
	wait=("${user[@]}" "$BATS_TEST_TMPDIR/bin/pathwait" -t 0)
	"${user[@]}" mkdir -m 311 hidden
	run messages "${wait[@]}" -u gone hidden/f
	[ "$status" -eq 0 ]
	[ "$output" = hidden/f ]
	run messages "${wait[@]}" -u exists hidden
	[ "$status" -eq 0 ]
	[ "$output" = hidden ]
	run messages "${wait[@]}" -u gone --any hidden missing
	[ "$status" -eq 0 ]
	[ "$output" = missing ]
	# and what is not so yet does
	run messages "${wait[@]}" -u exists hidden/f
	[ "$status" -eq 1 ]
	told "hidden.*Permission denied"
}
