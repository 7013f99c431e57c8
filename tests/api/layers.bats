# SPDX-License-Identifier: MIT
# Includes point down, never up.

load ../cli/helper

# A module's layer: 1 bytes, deadlines, sizes; 2 pure parts, and kernel parts that may use
# them; 3 the watcher, and all that is not named here.  Pure means: same input, same output,
# whatever the system does.
layer() {
	case $1 in
	base | buf | clock | quote | table) echo "1 pure" ;;
	filter | format | ignore | names | queue | render | retell | settle | settling | tally | twin | watches) echo "2 pure" ;;
	busy | crew | inotify | intake | proc | see | walk) echo "2 kernel" ;;
	*) echo "3 kernel" ;;
	esac
}

sources() {
	(cd "$top_srcdir/$1" && ls -- *.[ch])
}

# what FILE includes of ours, however it is written
includes() {
	local i

	sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*\([<"].*\)[>"].*/\1/p' "$1" |
		while read -r i; do
			[[ $i = \<* && ! -e $top_srcdir/lib/${i#?} && ! -e $top_srcdir/bin/${i#?} ]] ||
				echo "${i#?}"
		done
}

@test "layers: the library includes only what stands beside or below" {
	local f i from to

	for f in $(sources lib); do
		from=$(layer "${f%.[ch]}")
		for i in $(includes "$top_srcdir/lib/$f"); do
			# The contract: types and constants, and nothing of ours behind them.
			[ "$i" != pathev.h ] || continue
			[[ $i != */* && -e $top_srcdir/lib/$i ]] || { echo "lib/$f includes $i"; return 1; }
			to=$(layer "${i%.h}")
			[ "${to%% *}" -le "${from%% *}" ] || { echo "lib/$f includes $i"; return 1; }
		done
	done
}

# The module that DIR/FILE is a part of: what knows the watcher's inside is the watcher.
module() {
	if includes "$top_srcdir/$1/$2" | grep -q -x engine.h; then
		echo engine
	elif [ "$2" = settling.h ]; then
		echo settle
	else
		echo "${2%.[ch]}"
	fi
}

@test "layers: no two modules need each other" {
	local d f i m

	for d in lib bin; do
		for f in $(sources $d); do
			m=$(module $d "$f")
			for i in $(includes "$top_srcdir/$d/$f"); do
				[ "$i" = pathev.h ] || [ ! -e "$top_srcdir/$d/$i" ] ||
					echo "$m $(module $d "$i")"
			done
		done >pairs
		[ -s pairs ]
		tsort pairs >order
	done
}

@test "layers: pathev.h includes nothing of ours" {
	run includes "$top_srcdir/lib/pathev.h"
	[ "$output" = "" ]
}

@test "layers: pure parts include no kernel part" {
	local f i

	for f in $(sources lib); do
		[[ $(layer "${f%.[ch]}") = *pure ]] || continue
		for i in $(includes "$top_srcdir/lib/$f"); do
			[ "$i" = pathev.h ] || [[ $(layer "${i%.h}") = *pure ]] ||
				{ echo "lib/$f includes $i"; return 1; }
		done
	done
}

@test "layers: only lib/inotify.c includes <sys/inotify.h>" {
	run grep -l 'include.*<sys/inotify\.h>' "$top_srcdir"/lib/*.[ch] "$top_srcdir"/bin/*.[ch]
	echo "$output"
	[ "$output" = "$top_srcdir/lib/inotify.c" ]
}

@test "layers: programs reach the library through pathev.h and its few private helpers" {
	local f i

	for f in $(sources bin); do
		for i in $(includes "$top_srcdir/bin/$f"); do
			case $i in
			pathev.h | base.h | clock.h | filter.h | ignore.h | quote.h | settle.h | tally.h | walk.h) ;;
			*) [[ $i != */* && -e $top_srcdir/bin/$i ]] || { echo "bin/$f includes $i"; return 1; } ;;
			esac
		done
	done
}

@test "layers: what all programs share includes nothing of one of them" {
	local common f i

	common=$(sed -n '/^bin_common = /,/[^\\]$/p' "$top_srcdir/Makefile.am" | grep -o 'bin/[a-z]*\.[ch]')
	[ "$(wc -w <<<"$common")" -gt 10 ]
	for f in $common; do
		for i in $(includes "$top_srcdir/$f"); do
			[ ! -e "$top_srcdir/bin/$i" ] || grep -q -x -F "bin/$i" <<<"$common" ||
				{ echo "$f includes $i"; return 1; }
		done
	done
}

@test "layers: no source file includes config.h" {
	run grep -n 'include.*config\.h' "$top_srcdir"/lib/*.[ch] "$top_srcdir"/bin/*.[ch]
	echo "$output"
	[ "$status" -eq 1 ]
}

@test "layers: in the programs, only bin/cli.c writes to stderr" {
	local f

	for f in $(sources bin); do
		[ "$f" != cli.c ] || continue
		run grep -n -w -e stderr -e perror -e 'v\?warnx\?' -e 'v\?errx\?' -e 'psig[a-z]*' \
			-e '[a-z_]*(\(2\|STDERR_FILENO\),' "$top_srcdir/bin/$f"
		[ "$status" -eq 1 ] || { echo "bin/$f: $output"; return 1; }
	done
}
