#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deb.sh - a source package and packages of Debian, by the recipe in the README
#
# Usage: deb.sh SOURCE, a directory as `make distdir' makes it.  Builds in the current directory,
# without the tests, lets lintian look at what comes out, where it is installed, and runs it.
set -eu

source=$(cd "$1" && pwd)
version=$(sed -n 's/^AC_INIT(\[pathev\], \[\(.*\)\])/\1/p' "$source/configure.ac")
dir=pathev-$version
changes=pathev_$version-1_$(dpkg --print-architecture)

rm -rf "$dir" root
cp -R "$source" "$dir"
tar -czf "pathev_$version.orig.tar.gz" "$dir"
mkdir -p "$dir/debian/source"
cd "$dir/debian"

sed -n '/^    #!\/usr\/bin\/make -f/,/^$/s/^    //p' ../README | sed 's/^        /\t/' >rules
chmod +x rules
echo '3.0 (quilt)' >source/format
cat >changelog <<END
pathev ($version-1) unstable; urgency=medium

  * Built from the release.

 -- Nobody <nobody@example.org>  $(LC_ALL=C date -R)
END
cat >control <<'END'
Source: pathev
Section: utils
Priority: optional
Maintainer: Nobody <nobody@example.org>
Build-Depends: debhelper-compat (= 13), bats <!nocheck>
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: pathev
Architecture: any
Depends: ${misc:Depends}, ${shlibs:Depends}
Description: wait for files, watch paths, count events
 pathwait blocks until a path is in a wanted state, first of all until a file
 has been written completely.  pathwatch prints what happens below some paths,
 and pathstat counts events per path.

Package: libpathev-dev
Section: libdevel
Architecture: any
Depends: ${misc:Depends}
Description: library of pathwait, pathwatch and pathstat
 File system events below paths, without a gap between looking and watching.
 This has the static library, its header and its manual page.
END
{
	echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
	printf '\nFiles: *\nCopyright: %s\nLicense: Expat\n' \
		"$(sed -n 's/^Copyright (c) //p' ../LICENSE)"
	sed -n '/^Permission/,$s/^/ /p' ../LICENSE | sed 's/^ $/ ./'
} >copyright
printf '%s\n' usr/bin usr/share/bash-completion usr/share/fish usr/share/zsh \
	usr/share/man/man1 usr/share/man/man7 >pathev.install
printf '%s\n' usr/include 'usr/lib/*/*.a' 'usr/lib/*/pkgconfig' usr/share/man/man3 \
	>libpathev-dev.install

# A file that is in neither package is an error to dh_missing.
cd ..
DEB_BUILD_OPTIONS="nocheck parallel=2" dpkg-buildpackage -us -uc >../build.log 2>&1 || {
	cat ../build.log
	exit 1
}
cd ..
if grep -n 'warning: ' build.log; then
	exit 1
fi
if command -v lintian >/dev/null; then
	# This is for no archive, where a bug would ask for the package.
	lintian --fail-on error,warning --tag-display-limit 0 --allow-root \
		--suppress-tags bogus-mail-host,initial-upload-closes-no-bugs "$changes.changes"
else
	echo "not looked at: no lintian"
fi
for package in pathev libpathev-dev; do
	dpkg-deb -x "${package}_${changes#pathev_}.deb" root
done
for program in pathwait pathwatch pathstat; do
	root/usr/bin/$program --version
done
mkdir in
root/usr/bin/pathwatch -e create in --run touch in/new | grep -x 'create in/new'
