#!/bin/bash
# SPDX-License-Identifier: MIT
#
# features.sh - what pathwatch, inotifywait and fswatch do with the same tree: the table in README
#
# Usage: tests/bench/features.sh, after make.  A program that is not installed has no column.
# Each row is one scene, played to each program anew; what is printed is what was seen.  Where no
# program says that it is ready, all are asked by files that are made until one is told.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd) || exit
PATH=$top/bin:$PATH
tmp=$(mktemp -d) || exit
trap 'stop; rm -rf "$tmp"' EXIT
pid=
bound=${FEATURES_BOUND:-10}

programs=(pathwatch)
for p in inotifywait fswatch; do
	command -v "$p" >/dev/null && programs+=("$p")
done

# The command that prints a line an event, names and path, for everything below d (or OF).
command_for() {
	local of=${2-d}

	case $1 in
	pathwatch) command=(pathwatch -r -e 'all,overflow' --format '%{events} %{path}' "$of") ;;
	inotifywait) command=(inotifywait -m -r -q --format '%e %w%f' "$of") ;;
	fswatch) command=(fswatch -r -l 0.1 --allow-overflow --format '%f %p' "$of") ;;
	esac
}

start_it() {	# start_it PROGRAM OUTPUT [PATH]
	: >"$tmp/out"
	command_for "$1" "${3-d}"
	"${command[@]}" >"$2" 2>"$tmp/err" &
	pid=$!
}

stop() {
	if [ -n "$pid" ]; then
		kill "$pid" 2>/dev/null
		kill -CONT "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	fi
	pid=
}

# until_line PATTERN: bounded
until_line() {
	local end=$((SECONDS + bound))

	until grep -q -e "$1" "$tmp/out"; do
		[ "$SECONDS" -lt "$end" ] || return
		sleep 0.05
	done
}

# armed DIRECTORY: files there are told
armed() {
	local end=$((SECONDS + bound)) n=0

	until grep -q probe "$tmp/out"; do
		[ "$SECONDS" -lt "$end" ] || return
		n=$((n + 1))
		echo >"$1/probe$n"
		sleep 0.1
	done
}

# scene PROGRAM: a new tree d, watched
scene() {
	rm -rf "$tmp/w"
	mkdir -p "$tmp/w/d/sub" && cd "$tmp/w" || exit
	start_it "$1" "$tmp/out"
	armed d
}

# marker: whatever happened before it has been told
marker() {
	echo >d/marker
	until_line 'd/marker'
}

count() {
	grep -c -e "$1" "$tmp/out"
}

yes_if() {
	if "$@"; then echo yes; else echo no; fi
}

# What a scan finds may come behind what happened later: it has some seconds.
new_tree() {
	local i found=0 end

	scene "$1"
	for i in {1..200}; do
		mkdir -p "d/n$i/b/c" && echo x >"d/n$i/b/c/file"
	done
	end=$((SECONDS + 5))
	until [ "$found" -eq 200 ] || [ "$SECONDS" -ge "$end" ]; do
		found=$(grep -o 'd/n[0-9]*/b/c/file' "$tmp/out" | sort -u | wc -l)
		sleep 0.1
	done
	echo "$found of 200"
}

renamed() {
	scene "$1"
	mv d/sub d/other
	until_line other
	echo x >d/other/file
	marker
	yes_if grep -q 'd/other/file' "$tmp/out"
}

left() {
	scene "$1"
	mv d/sub gone
	marker
	echo x >gone/file
	echo >d/marker2
	until_line d/marker2
	if grep -q -e 'sub/file' "$tmp/out"; then echo "told under its old path"; else echo "not told"; fi
}

# Of 20 changes behind the replacement half suffice: the queue may still hold some of before.
replaced() {
	local end i n modified='modify|MODIFY|Updated'

	rm -rf "$tmp/w"
	mkdir -p "$tmp/w/d" && cd "$tmp/w" || exit
	echo x >d/f
	start_it "$1" "$tmp/out" d/f
	end=$((SECONDS + bound))
	until [ -s "$tmp/out" ] || [ "$SECONDS" -ge "$end" ]; do
		echo x >>d/f
		sleep 0.1
	done
	echo new >d/t && mv d/t d/f
	n=$(grep -c -E "$modified" "$tmp/out")
	for i in {1..20}; do
		echo more >>d/f
		sleep 0.15
	done
	yes_if [ "$(grep -c -E "$modified" "$tmp/out")" -ge "$((n + 10))" ]
}

# The reader sleeps while 50000 files are made; then it reads all, up to one that is made last.
slow_reader() {
	local i n=0 end

	rm -rf "$tmp/w"
	mkdir -p "$tmp/w/d" && cd "$tmp/w" || exit
	mkfifo pipe
	start_it "$1" pipe
	exec 7<pipe
	# one reader, which sleeps from the first probe on until the file `wake' is there
	{
		IFS= read -r line
		printf '%s probe\n' "$line" >"$tmp/out"
		until [ -e "$tmp/w/wake" ]; do sleep 0.1; done
		exec cat >>"$tmp/out"
	} <&7 &
	local reader=$!
	exec 7<&-
	armed d
	for i in {1..50000}; do
		: >"d/f$i"
	done
	: >wake
	end=$((SECONDS + 6 * bound))
	until grep -q 'd/last' "$tmp/out" || [ "$SECONDS" -ge "$end" ]; do
		n=$((n + 1))
		: >"d/last$n"
		sleep 0.5
	done
	stop
	wait $reader 2>/dev/null
	n=$(grep -o 'd/f[0-9]*$' "$tmp/out" | sort -u | wc -l)
	if [ "$n" -eq 50000 ]; then
		echo "all told"
	elif grep -q -i overflow "$tmp/out" "$tmp/err"; then
		echo "$(((50000 - n) / 500)) % lost, and told"
	else
		echo "$(((50000 - n) / 500)) % lost in silence"
	fi
}

newline() {
	scene "$1"
	: >d/$'a\nCREATE forged'
	marker
	if grep -q -x 'CREATE forged' "$tmp/out"; then echo "a second line"; else echo "one line"; fi
}

# The reader goes with the last event.
reader_gone() {
	local end reader

	rm -rf "$tmp/w"
	mkdir -p "$tmp/w/d" && cd "$tmp/w" || exit
	mkfifo pipe
	start_it "$1" pipe
	while read -r line; do
		echo "$line" >>"$tmp/out"
		case $line in
		*delete*probe1 | *DELETE*probe1 | *Removed*probe1 | *probe1*Removed*) break ;;
		esac
	done <pipe &
	reader=$!
	armed d
	rm d/probe1
	wait $reader
	end=$((SECONDS + 2))
	while kill -0 "$pid" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do
		sleep 0.05
	done
	if kill -0 "$pid" 2>/dev/null; then echo "goes on"; else echo "ends at once"; fi
}

row() {	# row TEXT SCENE
	local p

	case " ${FEATURES-$2} " in
	*" $2 "*) ;;
	*) return ;;
	esac
	printf '%-46s' "$1"
	for p in "${programs[@]}"; do
		printf ' %-24s' "$($2 "$p" 2>/dev/null; stop)"
	done
	echo
}

printf '%-46s' ""
for p in "${programs[@]}"; do
	case $p in
	pathwatch) version=$(pathwatch --version | sed 's/.* //') ;;
	inotifywait) version=$(inotifywait --help | sed -n '1s/.* //p') ;;
	fswatch) version=$(fswatch --version | sed -n '1s/.* //p') ;;
	esac
	printf ' %-24s' "$p $version"
done
echo
row "files in directories made at the same moment" new_tree
row "new path after a directory was renamed" renamed
row "changes in a directory that was moved out" left
row "a watched file is replaced: still watched" replaced
row "50000 files, and the reader sleeps" slow_reader
row "a file name with a newline in it" newline
row "the reader has gone, and nothing happens" reader_gone
