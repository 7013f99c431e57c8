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

# what FILE includes between quotes
includes() {
	sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\(.*\)".*/\1/p' "$1"
}

@test "layers: the library includes only what stands beside or below" {
	local f i from to

	for f in $(sources lib); do
		from=$(layer "${f%.[ch]}")
		for i in $(includes "$top_srcdir/lib/$f"); do
			# The contract: types and constants, and nothing of ours behind them.
			[ "$i" != pathev.h ] || continue
			to=$(layer "${i%.h}")
			[ "${to%% *}" -le "${from%% *}" ] || { echo "lib/$f includes $i"; return 1; }
		done
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
			pathev.h | clock.h | filter.h | ignore.h | quote.h | settle.h | tally.h | walk.h) ;;
			*) [ -e "$top_srcdir/bin/$i" ] || { echo "bin/$f includes $i"; return 1; } ;;
			esac
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
		run grep -n -w -e stderr -e perror -e 'v\?warnx\?' -e 'v\?errx\?' \
			-e 'write(STDERR_FILENO' -e 'dprintf(STDERR_FILENO' "$top_srcdir/bin/$f"
		[ "$status" -eq 1 ] || { echo "bin/$f: $output"; return 1; }
	done
}
