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

# below WORDS...: the listing of a program with these options and PATHs, in one line
below() {
	bounded pathwatch -r --initial -t 0 --format '%{path}' "$@" 2>/dev/null | sort | paste -s -d ' '
}

@test "ignore: a file speaks for the directory it lies in, in that PATH only" {
	mkdir -p a/s/s b/s b/a/s 'c d'
	touch a/x a/s/x a/s/s/x b/s/x b/a/s/x
	printf '/x\n' >a/s/rules
	cp a/s/rules a/rules
	local spelled path
	[ "$(below --ignore rules --ignore-file a/s/rules a b)" = \
		"a a/s a/s/s a/s/s/x a/x b b/a b/a/s b/a/s/x b/s b/s/x" ]
	[ "$(below --ignore rules --ignore-file a/rules a)" = "a a/s a/s/s a/s/s/x a/s/x" ]
	[ "$(below --ignore rules --ignore-file a/rules a/s b/a/s)" = "a/s a/s/s a/s/s/x b/a/s" ]
	# of two PATHs within each other it lies in both, or in the outer one
	[ "$(below --ignore rules --ignore-file a/s/rules a a/s | tr ' ' '\n' | grep -c 'a/s/x')" -eq 0 ]
	[ "$(below --ignore rules --ignore-file a/s/rules a/s a | tr ' ' '\n' | grep -c '^a/x$')" -eq 1 ]
	# all that counts is how it is spelled, but for dots and slashes
	for spelled in a/s/rules ./a/s/rules .//a/./s//rules; do
		for path in a a/ ./a a//; do
			[ "$(below --ignore rules --ignore-file "$spelled" "$path" |
				sed 's:\./::g')" = "a a/s a/s/s a/s/s/x a/x" ]
		done
		[ "$(below --ignore rules --ignore-file "$spelled" . | tr ' ' '\n' | grep -c '^\./a/.*x$')" -eq 2 ]
	done
	[ "$(below --ignore rules --ignore-file "$PWD/a/s/rules" "$PWD/a" | sed "s:$PWD/::g")" = \
		"a a/s a/s/s a/s/s/x a/x" ]
	[ "$(below --ignore rules --ignore-file "../work/a/s/rules" ../work/a | sed "s:\.\./work/::g")" = \
		"a a/s a/s/s a/s/s/x a/x" ]
	# elsewhere: spelled in another way, or with a .. that hides where it is
	[ "$(below --ignore rules --ignore-file "$PWD/a/s/rules" a)" = "a a/s a/s/s a/s/s/x a/s/x" ]
	[ "$(below --ignore rules --ignore-file 'a/../a/s/rules' a)" = "a a/s a/s/s a/s/s/x a/s/x" ]
	[ "$(below --ignore rules --ignore-file a/s/rules a/s/s)" = "a/s/s" ]
	mkdir -p "./$PWD" && cp -r a "./$PWD"
	[ "$(below --ignore rules --ignore-file "$PWD/a/s/rules" "${PWD#/}/a" | sed "s:${PWD#/}/::g")" = \
		"a a/s a/s/s a/s/s/x a/s/x" ]
	# what only begins like it is another directory
	mkdir aa && touch aa/x
	[ "$(below --ignore-file aa/x --ignore rules --ignore-file a/rules a aa)" = \
		"a a/s a/s/s a/s/s/x a/s/x aa aa/x" ]
}

@test "ignore: deeper files win, then the order, and files from elsewhere come first" {
	mkdir -p d/e/f
	touch d/e/f/{1,2,3,4,5}
	printf '[12345]\n' >all
	printf '!2\n!4\n' >d/top
	printf '!3\n4\n' >d/e/f/deep
	printf '2\n' >d/e/mid
	printf '4\n!5\n' >d/e/f/deep2
	of() { below --ignore /top --ignore mid --ignore 'deep*' "$@" d | sed 's:d d/e d/e/f *::; s:d/e/f/::g'; }
	[ "$(of --ignore-file all)" = "" ]
	[ "$(of --ignore-file all --ignore-file d/top)" = "2 4" ]
	[ "$(of --ignore-file d/top --ignore-file all)" = "2 4" ]
	[ "$(of --ignore-file d/e/f/deep --ignore-file d/top --ignore-file all)" = "2 3" ]
	[ "$(of --ignore-file d/e/f/deep --ignore-file d/e/mid --ignore-file d/top --ignore-file all)" = 3 ]
	printf '!4\n' >d/e/f/deep2
	[ "$(of --ignore-file all --ignore-file d/e/f/deep --ignore-file d/e/f/deep2)" = "3 4" ]
	[ "$(of --ignore-file all --ignore-file d/e/f/deep2 --ignore-file d/e/f/deep)" = 3 ]
	# an option is a line in PATH itself
	[ "$(of --ignore '!1' --ignore-file all)" = 1 ]
	[ "$(of --ignore-file d/top --ignore 2 --ignore-file all)" = 4 ]
	[ "$(of --ignore 2 --ignore-file d/top --ignore-file all)" = "2 4" ]
	[ "$(of --ignore '!2' --ignore-file d/e/mid --ignore-file all)" = "" ]
}

@test "ignore: files of many directories count as git counts them" {
	command -v git >/dev/null || skip "no git"
	local dir name i n round path files pool

	export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=$BATS_TEST_TMPDIR
	git init -q t && rm -f t/.git/info/exclude
	for dir in . a b a/b b/a a/b/a a/b/d doc 'x y'; do
		mkdir -p "t/$dir"
		for name in a.c b.o c foo; do touch "t/$dir/$name"; done
	done
	pool=('*.o' '!*.o' '/*.o' '!/*.o' foo '!foo' /foo a/ '!a/' /a '!/a' 'b/*' '!b/foo' '**/a' '/b/a.c'
		'!/b/a.c' 'a/**/foo' '*' '!*' '!*/' c '!c' 'b/d/' '[!a]*' '!a.?')
	RANDOM=5
	for round in {1..40}; do
		files=()
		rm -f "$BATS_TEST_TMPDIR/all"
		for dir in b . a/b/a 'x y' a a/b; do	# in no order that could help
			rm -f "t/$dir/.gitignore"
			((RANDOM % 3)) || continue
			for ((i = RANDOM % 4; i >= 0; i--)); do
				printf '%s\n' "${pool[RANDOM % ${#pool[@]}]}"
			done >"t/$dir/.gitignore"
			files+=("$dir/.gitignore")
		done
		: >"$BATS_TEST_TMPDIR/elsewhere"
		((round % 2)) || printf '%s\n' "${pool[RANDOM % ${#pool[@]}]}" >"$BATS_TEST_TMPDIR/elsewhere"
		git -C t ls-files -o -X "$BATS_TEST_TMPDIR/elsewhere" --exclude-per-directory=.gitignore |
			sort >"$BATS_TEST_TMPDIR/theirs"
		for path in t t/ "$PWD/t" .; do
			local options=()
			for name in ${files[@]+"${files[@]}"}; do
				[ "$path" = . ] || name=$path/$name
				options+=(--ignore-file "$name")
			done
			(
				[ "$path" != . ] || cd t || exit
				bounded pathwatch -r --initial -t 0 --format '%{type} %{rel}' @"$path/.git" \
					${options[@]+"${options[@]}"} --ignore-file "$BATS_TEST_TMPDIR/elsewhere" \
					"$path" 2>/dev/null
			) | sed -n 's/^f[a-z]* //p' | sort >"$BATS_TEST_TMPDIR/ours"
			diff "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours" || {
				echo "round $round, $path"
				(cd t && grep . "${files[@]}" ../../elsewhere)
				return 1
			}
		done
	done
}

@test "ignore: a PATH that is added has its files, and those are from elsewhere no more" {
	mkdir -p a/keep b/sub a/sub
	printf '/sub\n' >b/rules
	printf '*.o\n' >a/rules
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 5<>"$BATS_TEST_TMPDIR/in"
	start w pathwatch --control -r -e create --ignore-file a/rules --ignore-file b/rules \
		<"$BATS_TEST_TMPDIR/in" 5>&-
	echo 'add a' >&5
	wait_line w.out '^added a$'
	# nobody knows yet that b/rules is to speak for b alone
	touch a/sub/1 a/x.o a/keep/1
	wait_line w.out '^create a/keep/1$'
	echo 'add b' >&5
	wait_line w.out '^added b$'
	touch a/sub/2 a/y.o b/sub/2 b/z.o b/last
	wait_line w.out '^create b/last$'
	wait_line w.out '^create a/sub/2$'
	out w | grep -q '^create b/z.o$'
	[ "$(out w | grep -c -e '[xy]\.o$' -e b/sub)" -eq 0 ]
	# and so it stays, without b
	printf 'remove b\nadd c\n' >&5
	wait_line w.out '^removed b$'
	mkdir a/sub/3
	wait_line w.out '^create a/sub/3$'
	exec 5>&-
	finish w
	[ "$status" -eq 0 ]
}

@test "ignore: a PATH of a list that is read again has its files" {
	mkdir -p a b/sub
	printf '/sub\n' >b/rules
	echo a >list
	start w pathwatch -r -e create --from-file list --ignore-file b/rules
	printf 'a\nb\n' >list
	kill -HUP "$(pid_of w)"
	comes() { rm -f b/mark; : >b/mark; grep -q '^create b/mark$' "$BATS_TEST_TMPDIR/w.out"; }
	until_true comes
	mkdir a/sub
	touch a/sub/1 b/sub/1 b/last
	wait_line w.out '^create b/last$'
	wait_line w.out '^create a/sub/1$'
	[ "$(out w | grep -c 'b/sub')" -eq 0 ]
	stop w
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
