# SPDX-License-Identifier: MIT
# <pathev.h> compiles on its own, before any other header, in every dialect it is used from.

load ../cli/helper

# compiles COMPILER ARG...: a file that has nothing but the header, and one that has it twice
compiles() {
	local compiler=$1

	shift
	# The pedantry is for the header: a compiler's own flags stay out of it.
	echo '#include <pathev.h>' >once
	printf '#include <pathev.h>\n#include <pathev.h>\nstruct pathev_event ev;\n' >twice
	for f in once twice; do
		$compiler -I"$top_srcdir/lib" -Wall -Wextra -pedantic -Werror -fsyntax-only "$@" "$f"
	done
}

@test "pathev.h: compiles alone and pedantically as C99" {
	compiles "${CC:-cc}" -x c -std=c99
}

@test "pathev.h: compiles alone and pedantically as C11" {
	compiles "${CC:-cc}" -x c -std=c11
}

@test "pathev.h: compiles alone and pedantically as C++98 and C++17" {
	local cxx

	for cxx in ${CXX:+"$CXX"} c++ g++ clang++ none; do
		echo 'int main() { return 0; }' >try
		$cxx -x c++ -fsyntax-only try 2>/dev/null && break
	done
	[ "$cxx" != none ] || skip "no C++ compiler"
	compiles "$cxx" -x c++ -std=c++98
	compiles "$cxx" -x c++ -std=c++17
}

@test "pathev.h: defines no macro that is not its own" {
	printf '#include <stddef.h>\n#include <stdint.h>\n' | ${CC:-cc} -x c -dM -E - | sort >system
	echo '#include <pathev.h>' | ${CC:-cc} -I"$top_srcdir/lib" -x c -dM -E - | sort >after
	comm -13 system after | grep -v '^#define PATHEV_' >foreign || true
	cat foreign
	[ ! -s foreign ]
}
