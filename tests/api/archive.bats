# SPDX-License-Identifier: MIT
# What libpathev.a shows to a linker, and what it asks from one.

load ../cli/helper

setup() {
	helper_setup
	archive=$top_builddir/lib/libpathev.a
	command -v "${NM:=nm}" >/dev/null || skip "no nm"
}

@test "archive: every global symbol begins with pathev_" {
	"$NM" -P -g "$archive" | awk 'NF >= 2 && $2 !~ /^[Uvw]$/ && $1 !~ /^pathev_/ &&
		$1 !~ /^__odr_asan|^__x86[.]get_pc_thunk[.]/ { print $1 }' >foreign
	cat foreign
	[ ! -s foreign ]
	"$NM" -P -g "$archive" | grep -q '^pathev_open T'
}

@test "archive: neither prints, nor exits, nor changes the process" {
	# the threads of crew.c have a cwd of their own
	"$NM" -P -u "$archive" | awk '/:$/ { crew = index($0, "[crew.o]") }
		!(crew && /^f?chdir/) { print $1 }' | sort -u >undefined
	[ -s undefined ]
	cat >forbidden <<-'END'
		abort
		atexit
		chdir
		chroot
		dprintf
		err
		error
		errx
		exit
		_exit
		_Exit
		fchdir
		fork
		fprintf
		fputc
		fputs
		fwrite
		perror
		popen
		printf
		psignal
		putc
		putchar
		putenv
		puts
		quick_exit
		setenv
		setlocale
		sigaction
		signal
		sigprocmask
		stderr
		stdin
		stdout
		syslog
		system
		umask
		unsetenv
		uselocale
		vdprintf
		verr
		verrx
		vfork
		vfprintf
		vprintf
		vwarn
		vwarnx
		warn
		warnx
		__dprintf_chk
		__fprintf_chk
		__printf_chk
		__vdprintf_chk
		__vfprintf_chk
		__vprintf_chk
	END
	sort -o forbidden forbidden
	comm -12 undefined forbidden >both
	cat both
	[ ! -s both ]
}

@test "archive: keeps no state of its own, so that watchers never meet" {
	! instrumented || skip "built with instrumentation, which keeps some"
	command -v size >/dev/null || skip "no size"
	size -A "$archive" | awk '/:$|ex / { member = $1 }
		$1 ~ /^\.(data|bss|tdata|tbss)$/ || $1 ~ /^\.(data|bss|tdata|tbss)\.[^r]/ {
			if ($2 > 0) print member, $1, $2 }' >state
	cat state
	[ ! -s state ]
}

@test "archive: pure parts neither ask the system nor the clock nor the environment" {
	local m

	for m in buf filter format ignore names queue quote render table tally watches; do
		"$NM" -P -u "$archive" | awk -v "m=[$m.o]:" '/:$/ { on = index($0, m) } on { print $1 }'
	done >undefined
	grep -q -x regexec undefined
	grep -x -E -e '(f|l)?stat(at|x)?(64)?|open(at|dir)?(64)?|p?read(64)?|p?write(64)?|close' \
		-e '(read|close|fdopen)dir(64)?|fcntl(64)?|ioctl|p?poll|select|epoll_.*|inotify_.*' \
		-e 'syscall|fopen(64)?|v?f?printf|clock_gettime|gettimeofday|time|(secure_)?getenv' \
		undefined >impure || true
	cat impure
	[ ! -s impure ]
}
