# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# examples.bash - the examples of the pages, run as they are printed there

page() {
	case $1 in
	pathev) echo "$top_srcdir/man/pathev.3" ;;
	*.[0-9]) echo "$top_srcdir/man/$1" ;;
	*) echo "$top_srcdir/man/$1.1" ;;
	esac
}

# example PAGE TEXT: the example that has TEXT in it, as a shell or a compiler reads it
example() {
	awk -v text="$2" '
		/^\.Bd -literal/ { inside = 1; block = ""; next }
		/^\.Ed/ { if (inside && index(block, text)) { printf "%s", block; n++ } inside = 0 }
		inside {
			sub(/^\\&/, "")
			gsub(/\\-/, "-"); gsub(/\\\(aq/, "\047"); gsub(/\\\(ga/, "`")
			gsub(/\\\(ti/, "~"); gsub(/\\\(ha/, "^"); gsub(/\\e/, "\\")
			block = block $0 "\n"
		}
		END { exit n != 1 }
	' "$1" || { echo "there is not one example with '$2' in $1" >&2; return 1; }
}

# stub NAME SCRIPT: a command of that name for the examples
stub() {
	mkdir -p "$BATS_TEST_TMPDIR/stubs"
	printf '#!/bin/sh\n%s\n' "$2" >"$BATS_TEST_TMPDIR/stubs/$1"
	chmod +x "$BATS_TEST_TMPDIR/stubs/$1"
	PATH=$BATS_TEST_TMPDIR/stubs:$PATH
}

# begin NAME PAGE TEXT: the example in the background; end_example NAME ends all of it
begin() {
	local text

	text=$(example "$(page "$2")" "$3") || return
	# timeout has a process group of its own, and hands a signal on to it
	background "$1" timeout 60 bash -c "$text
		wait"
}

end_example() {
	stop "$1"
}

# again FILE PATTERN COMMAND...: repeat the command until FILE has such a line
again() {
	local file=$1 pattern=$2

	shift 2
	again_step() {
		"$@"
		sleep 0.1
		grep -q -e "$pattern" "$file"
	}
	until_true again_step "$@"
}
