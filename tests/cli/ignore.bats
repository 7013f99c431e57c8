#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# --ignore and --ignore-file: the rules of gitignore(5), from the command line.
# tests/unit/ignore-git compares pattern by pattern; here it is the walk and the watches.

load helper

# listed OPTION...: what is in scope below ., one a line, sorted
listed() {
	bounded pathwatch -r --initial -t 0 --format '%{rel}' "$@" . 2>/dev/null | sed '/^$/d' | sort
}

# watches NAME: how many the program has
watches() {
	cat /proc/"$(pid_of "$1")"/fdinfo/* 2>/dev/null | grep -c '^inotify '
}

has_watches() {
	[ "$(watches "$1")" -eq "$2" ]
}

@test "ignore: an ignored directory costs no watch, however much is in it" {
	mkdir -p d/{.git,keep,out}/{1,2,3}/{4,5,6}
	start all pathwatch -r d
	start w pathwatch -r --ignore .git/ --ignore '/out' d
	# keep has thirteen directories, and there are two things more to watch: d, and its name
	[ "$(watches all)" -eq $((13 + 26 + 2)) ]
	[ "$(watches w)" -eq $((13 + 2)) ]
	# neither does one that is made, or moved in, or renamed so
	mkdir -p d/keep/.git/{1,2,3} other/out
	mkdir d/keep/new && mv other/out d/keep/1/.git && mv d/keep/2 d/keep/.git
	touch d/keep/new/last
	wait_line w.out 'close_write d/keep/new/last'
	until_true has_watches w $((13 + 2 + 1 - 4))
	[ "$(out w | grep -v 'moved_from d/keep/2' | grep -c -e '/\.git' -e d/keep/2)" -eq 0 ]
}

@test "ignore: an ignored directory is not even opened" {
	mkdir -p d/skip/1 d/keep/2
	start spy pathwatch -e open,close_nowrite d/skip d/keep
	start w pathwatch -r --ignore skip/ d
	wait_line spy.out '^open d/keep$'
	# a listing has to open what it lists
	bounded pathwatch -r --initial -t 0 --ignore skip d >list
	[ "$(grep -c skip list)" -eq 0 ]
	: <d/keep
	wait_line spy.out '^close_nowrite d/keep$' 3
	[ "$(out spy | grep -c skip)" -eq 0 ]
}

@test "ignore: files and options count in their order, and the last match decides" {
	touch a.c b.c c.c d.c
	printf '*.c\n!b.c\n' >one
	printf 'b.c\n!c.c\n' >two
	[ "$(listed --ignore one --ignore two --ignore-file one)" = b.c ]
	[ "$(listed --ignore 'o*' --ignore 'tw*' --ignore-file one --ignore-file two)" = c.c ]
	[ "$(listed --ignore-file two --ignore 'o*' --ignore 'tw*' --ignore-file one)" = b.c ]
	[ "$(listed --ignore-file one --ignore '!d.c' --ignore 'o*' --ignore 'tw*' --ignore-file two |
		paste -s -d ' ')" = "c.c d.c" ]
}

@test "ignore: a pattern is relative to each PATH" {
	mkdir -p a/x/y b/x a/b
	touch a/x/1 b/x/2 a/b/3
	bounded pathwatch -r --initial -t 0 --format '%{path}' --ignore /x --ignore b/3 a b >list
	[ "$(sort list | paste -s -d ' ')" = "a a/b b" ]
}

@test "ignore: lines of a file have the fine points of gitignore" {
	touch a b 'c ' d e '#f' '!g' h $'i\r' '\j' k.o k.x 'l m'
	mkdir n o
	touch n/n o/p
	printf '\xef\xbb\xbf' >list
	printf '%s\n' a '# b' '' 'c\ ' 'd   ' $'e\r' '\#f' '\!g' '   ' '\\j' '*.[on]' 'l m' n/ /p >>list
	[ "$(listed --ignore-file list --ignore list | paste -s -d ' ')" = 'b h i\r k.x o o/p' ]
	# an option is a pattern as it is, without comments and cutting
	[ "$(listed --ignore '#f' --ignore 'd ' | grep -c -x -e '#f' -e d)" -eq 1 ]
}

@test "ignore: a NUL ends a pattern, as for git, and not the file" {
	touch a b c
	printf 'a\0x\nb\n' >list
	[ "$(listed --ignore list --ignore-file list)" = c ]
	# nor is there a limit to its length
	{ seq -f 'x%.0f' 20000; echo c; } >>list
	[ "$(listed --ignore list --ignore-file list)" = "" ]
	: >empty
	[ "$(listed --ignore empty --ignore list --ignore-file empty | paste -s -d ' ')" = "a b c" ]
}

@test "ignore: nothing below an ignored directory can be brought back" {
	mkdir -p d/e
	touch d/e/f d/g
	[ "$(listed --ignore d/ --ignore '!d/e/f')" = "" ]
	[ "$(listed --ignore 'd/*' --ignore '!d/e' | paste -s -d ' ')" = "d d/e d/e/f" ]
}

@test "ignore: a tree is walked as git walks it" {
	command -v git >/dev/null || skip "no git"
	local n=0 dir name

	export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=$BATS_TEST_TMPDIR
	git init -q . && rm -f .git/info/exclude
	for dir in . a b a/b b/a a/b/d doc doc/a 'x y' 'x y/a' .h '[d]'; do
		mkdir -p "$dir"
		for name in a.c b.o c foo foo.bar 'a b' '#x' '!x' '-x' '[d].c' 'sp ' B.O; do
			[ -e "$dir/$name" ] || touch "$dir/$name"
		done
	done
	while IFS= read -r line; do
		# a list of patterns in a line, separated by |
		tr '|' '\n' <<<"$line" >"$BATS_TEST_TMPDIR/patterns"
		git ls-files -o --exclude-from="$BATS_TEST_TMPDIR/patterns" -z | tr '\n\0' '?\n' |
			sort >"$BATS_TEST_TMPDIR/theirs"
		bounded pathwatch -r --initial -t 0 -0 --format '%{type} %{rel}' --ignore-file "$BATS_TEST_TMPDIR/patterns" \
			--ignore /.git/ . 2>/dev/null | tr '\n\0' '?\n' |
			sed -n 's/^f[a-z]* //p' | sort >"$BATS_TEST_TMPDIR/ours"
		diff "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours" || { echo "by: $line"; return 1; }
		n=$((n + 1))
	done <<-'END'
		*.o
		/*.o
		a
		/a
		a/
		/a/|!a/
		a/b
		a/b/
		a/**
		a/**|!a/b/
		a/*|!a/b/|a/b/*|!a/b/d/
		**/a
		**/a/
		**/a/b
		a/**/d
		**/d/**
		**
		**|!foo
		**|!*/|!foo
		*|!*/|!*.c
		/*|!/a|!/doc|/doc/*|!/doc/a
		doc/*.c
		doc/**/*.c
		*/a/*.c
		?
		??
		[ab]*
		[!ab]*
		[^ab]*
		[a-c].[co]
		[]]
		[[]*
		\[d\]
		[[]d[]]/
		[[:upper:]]*
		[![:lower:]]*
		\#x
		#x
		\!x
		!x
		*|!x
		sp
		sp 
		sp\ 
		x\ y
		x y/a
		.*
		.h/
		/.h
		foo.*
		foo*|!foo.bar
		*.bar|!foo.bar|foo.bar
		-x
		--
		*/
		*/|!a/
		!
		/
		//
		a//b
		\a
		a\
		*\
		b.o/
		{a,b}
		*a*b*
		**/
		/**
		/**/a
		a**
		**a
	END
	[ "$n" -ge 70 ]
}

@test "ignore: what can only be a mistake is refused" {
	local p

	for p in pathwait pathwatch pathstat; do
		run bounded "$p" --ignore '' .
		[ "$status" -eq 1 ]
		[[ $output == "$p: --ignore '': "* ]]
		for o in exclude excludei include includei; do
			run bounded "$p" --$o '' .
			[ "$status" -eq 1 ]
			[[ $output == "$p: --$o '': matches every path"* ]]
		done
		run bounded "$p" --ignore-file missing .
		[ "$output" = "$p: --ignore-file 'missing': No such file or directory" ]
		run bounded "$p" --ignore-file . .
		[ "$output" = "$p: --ignore-file '.': Is a directory" ]
	done
}
