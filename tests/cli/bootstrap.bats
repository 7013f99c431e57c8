# SPDX-License-Identifier: MIT
# bootstrap on machines that are not this one: a PATH of nothing but the few tools it may
# count on, and package managers that only note what they are asked.

load helper

setup() {
	helper_setup
	cp "$top_srcdir/bootstrap" .
	mkdir path
	local tool

	for tool in sh cat cp dirname env find id mktemp rm; do
		ln -s "$(command -v "$tool")" path/
	done
}

# tool NAME [SCRIPT]: a program of that name; without a script it succeeds at nothing
tool() {
	rm -f "path/$1"		# a link, maybe: never write through it
	printf '#!/bin/sh\n%s\n' "${2-}" >"path/$1"
	chmod +x "path/$1"
}

# manager NAME: a package manager that notes its arguments and installs nothing
manager() {
	# shellcheck disable=SC2016
	tool "$1" 'echo "${0##*/} $*" >>asked'
}

fresh() {	# fresh [ARG]...: run it with that PATH
	run bounded env -u CC PATH="$PWD/path" ./bootstrap "$@"
	echo "$output"
}

@test "bootstrap: --no-install names what is missing, installs nothing, and fails" {
	manager apt-get
	fresh --no-install
	[ "$status" -eq 1 ]
	[[ $output = *"missing: autoconf"*"missing: automake"*"missing: make"*"missing: a C compiler"*"missing: bats"* ]]
	[ ! -e asked ]
}

@test "bootstrap: --no-install names only what is missing" {
	local t

	for t in autoreconf automake aclocal make bats; do
		tool "$t"
	done
	fresh --no-install
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output = *"a C compiler"* ]]
}

@test "bootstrap: fails, and says so, when there is nothing to install with" {
	fresh
	[ "$status" -eq 1 ]
	[[ $output = *"missing: autoconf automake make compiler; found no apt-get"* ]]
}

@test "bootstrap: fails when the package manager leaves something missing" {
	tool id 'echo 0'
	manager dnf
	fresh
	[ "$status" -eq 1 ]
	[[ $output = *"missing: autoconf automake make compiler; dnf"* ]]
}

@test "bootstrap: asks each package manager for its own names" {
	local m want

	tool id 'echo 0'
	tool find	# no lists of pacman
	while IFS=: read -r m want; do
		rm -f asked path/apt-get path/dnf path/apk path/pacman path/zypper
		manager "$m"
		fresh
		[ "$status" -eq 1 ]
		cat asked
		grep -q -x -e "$want" asked
	done <<-'END'
		apt-get:apt-get update
		apt-get:apt-get install -y --no-install-recommends autoconf automake make gcc libc6-dev
		apt-get:apt-get install -y --no-install-recommends bats
		dnf:dnf install -y autoconf automake make gcc glibc-devel
		dnf:dnf install -y bats
		apk:apk add --no-cache autoconf automake make gcc musl-dev
		apk:apk add --no-cache bats
		pacman:pacman -Syu --noconfirm
		pacman:pacman -S --needed --noconfirm autoconf automake make gcc
		pacman:pacman -S --needed --noconfirm bats
		zypper:zypper --non-interactive install --no-recommends autoconf automake make gcc glibc-devel
		zypper:zypper --non-interactive install --no-recommends bats
	END
}

@test "bootstrap: refreshes the lists once, and only where it must" {
	tool id 'echo 0'
	manager apt-get
	fresh
	[ "$(grep -c update asked)" -eq 1 ]
	rm asked path/apt-get

	manager pacman
	tool find 'echo /var/lib/pacman/sync/core.db'
	fresh
	run grep -e -Sy asked
	[ "$status" -eq 1 ]
}

@test "bootstrap: old lists are better than none" {
	tool id 'echo 0'
	# shellcheck disable=SC2016
	tool apt-get 'echo "$*" >>asked; [ "$1" != update ]'
	fresh
	[ "$status" -eq 1 ]
	grep -q '^install .* gcc' asked
}

@test "bootstrap: goes on with what the package manager installed" {
	tool id 'echo 0'
	# shellcheck disable=SC2016
	tool apk 'for t in autoreconf automake aclocal make gcc bats; do
			printf "#!/bin/sh\n" >path/$t && chmod +x path/$t || exit
		done'
	ln -s "$(command -v chmod)" path/
	tool configure 'echo >configured'
	mv path/configure .
	fresh
	[ "$status" -eq 0 ]
	[ -e configured ]
	[[ $output != *missing* ]]
}

@test "bootstrap: a CC that makes no programs is not replaced" {
	local t

	for t in autoreconf automake aclocal make gcc bats; do
		tool "$t"
	done
	tool other 'exit 1'
	manager apt-get
	fresh CC=other
	[ "$status" -eq 1 ]
	[[ $output = *"CC='other' does not make programs"* ]]
	[ ! -e asked ]
}

@test "bootstrap: becomes root by sudo, else by doas, and else says what to run" {
	tool id 'echo 1000'
	manager apk
	fresh
	[ "$status" -eq 1 ]
	[[ $output = *"need root, or sudo, or doas, for: apk install autoconf automake make gcc musl-dev bats"* ]]
	[ ! -e asked ]

	manager doas
	fresh
	grep -q '^doas apk add' asked
	rm asked

	manager sudo
	fresh
	grep -q '^sudo apk add' asked
	run grep doas asked
	[ "$status" -eq 1 ]

	manager apt-get
	fresh
	grep -q '^sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y' asked
}

@test "bootstrap: goes on without bats, loudly" {
	local t

	for t in autoreconf automake aclocal make gcc; do
		tool "$t"
	done
	tool configure
	mv path/configure .
	fresh
	[ "$status" -eq 0 ]
	[[ $output = *"missing: bats;"*"make check will need it"* ]]
}

@test "bootstrap: shows what a failing step printed, and its status" {
	local t

	for t in automake aclocal make gcc bats; do
		tool "$t"
	done
	tool autoreconf 'echo "no such macro"; exit 3'
	fresh
	[ "$status" -eq 3 ]
	[[ $output = *"no such macro"*"failed with status 3: autoreconf"* ]]
}

@test "bootstrap: hands its arguments to configure" {
	local t

	for t in autoreconf automake aclocal make gcc bats; do
		tool "$t"
	done
	# shellcheck disable=SC2016
	tool configure 'for a; do echo "$a"; done >given'
	mv path/configure .
	fresh --prefix='/opt/a b' --disable-x
	[ "$status" -eq 0 ]
	[ "$(cat given)" = "--prefix=/opt/a b
--disable-x" ]
}

@test "bootstrap: only makes, when all is there and newer than its sources" {
	local t

	for t in automake aclocal gcc bats; do
		tool "$t"
	done
	tool autoreconf 'echo autoreconf >>done; : >configure; : >Makefile.in'
	tool make 'echo make >>done'
	touch -t 200001010000 configure.ac Makefile.am
	touch configure Makefile.in Makefile
	fresh
	[ "$status" -eq 0 ]
	[ "$(cat done)" = make ]

	touch -t 203701010000 Makefile.am
	fresh
	[ "$(cat done)" = "make
autoreconf
make" ]
}

@test "bootstrap: --help goes to stdout" {
	fresh --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} = Usage:* ]]
}
