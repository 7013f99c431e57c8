# SPDX-License-Identifier: MIT
# Another program builds against what `make install' puts in place.

load ../cli/helper

# This is not a part of the make that may be running us.
run_make() {	# run_make TARGET
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
		make -C "$top_builddir" "$1" DESTDIR="$dest" >"$BATS_TEST_TMPDIR/$1.log" 2>&1 ||
		{ cat "$BATS_TEST_TMPDIR/$1.log"; return 1; }
}

setup() {
	helper_setup
	dest=$BATS_TEST_TMPDIR/dest
	run_make install
	pc=$(find "$dest" -name pathev.pc)
	header=$(find "$dest" -name pathev.h)
	archive=$(find "$dest" -name libpathev.a)
}

sees_a_create() {	# sees_a_create FLAGS-FOR-PATHEV...
	mkdir here
	# shellcheck disable=SC2086
	${CC:-cc} $CFLAGS -o epoll "$top_srcdir/tests/api/epoll.c" $LDFLAGS "$@"
	run bounded ./epoll here
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "create here/file" ]
}

@test "install: an epoll program links the installed archive and sees a create" {
	[ -n "$header" ] && [ -n "$archive" ]
	sees_a_create -I"${header%/*}" "$archive"
}

@test "install: an epoll program builds with what pkg-config says" {
	local flags

	[ -n "$pc" ]
	command -v pkg-config >/dev/null || skip "no pkg-config"
	export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$dest
	export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
	flags=$(pkg-config --static --cflags --libs pathev)
	echo "$flags"
	# shellcheck disable=SC2086
	sees_a_create $flags
}

@test "install: a static program builds with what pkg-config --static says" {
	[ -n "$pc" ]
	command -v pkg-config >/dev/null || skip "no pkg-config"
	! instrumented || skip "built with instrumentation, which links no static programs"
	echo 'int main(void) { return 0; }' >try.c
	# shellcheck disable=SC2086
	${CC:-cc} $CFLAGS -static -o try try.c $LDFLAGS 2>/dev/null || skip "no static libc"
	export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$dest
	export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
	# shellcheck disable=SC2046
	sees_a_create -static $(pkg-config --static --cflags --libs pathev)
}

@test "install: pkg-config tells the version that the programs tell" {
	command -v pkg-config >/dev/null || skip "no pkg-config"
	[ "$(PKG_CONFIG_PATH=${pc%/*} pkg-config --modversion pathev)" = \
		"$(pathwait --version | sed 's/.* //')" ]
}

@test "install: uninstall leaves nothing, and may be done twice" {
	# also where a packager's directory has a space in its name
	dest="$BATS_TEST_TMPDIR/de st"
	run_make install
	[ "$(find "$dest" ! -type d | wc -l)" -ge 15 ]
	run_make uninstall
	run find "$dest" ! -type d
	echo "$output"
	[ "$output" = "" ]
	run_make uninstall
}

@test "install: puts one header and one archive in place" {
	[ "$(find "$dest" -name '*.h' | wc -l)" -eq 1 ]
	[ "$(find "$dest" -name '*.a' | wc -l)" -eq 1 ]
}

@test "install: puts each program in place, with its page and its completions" {
	local p f

	for p in pathwait pathwatch pathstat; do
		for f in "bin/$p" "man/man1/$p.1" "bash-completion/completions/$p" \
			"fish/vendor_completions.d/$p.fish"; do
			[ -s "$(find "$dest" -path "*/$f")" ] || { echo "no $f"; return 1; }
		done
	done
	[ -s "$(find "$dest" -path '*/zsh/site-functions/_pathev')" ]
}

@test "install: the names of inotify-tools are there where they were asked for" {
	local bin man

	bin=$(find "$dest" -path '*/bin/inotifywait')
	man=$(find "$dest" -path '*/man1/inotifywatch.1')
	if ! "$top_builddir/config.status" --config | grep -q -e --enable-inotify-names; then
		[ -z "$bin$man" ]
		return
	fi
	[ "$(readlink "$bin")" = pathwatch ]
	[ "$(readlink "${bin%wait}watch")" = pathwatch ]
	[ -s "$man" ]
	"$bin" --help | grep -q '^Usage: inotifywait'
	"${bin%wait}watch" --help | grep -q '^Usage: inotifywatch'
}
