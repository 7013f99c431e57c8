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

# asks NAME...: which of these the archive wants from a libc, also in their checked forms
asks() {
	"$NM" -P -u "$archive" | awk '
		/:$/ { member = $1; next }
		# the threads of crew.c have a cwd and a mask of signals of their own
		/^(f?chdir|unshare|pthread_sigmask)$/ || /^(f?chdir|unshare|pthread_sigmask) / {
			if (index(member, "[crew.o]")) next
		}
		{ print $1 }' | sed -e 's/^__\(.*\)_chk$/\1/' -e 's/64$//' | sort -u >undefined
	grep -q -x malloc undefined || echo "nothing found"
	printf '%s\n' "$@" | sort | comm -12 undefined - >both
	cat both
}

# A broken promise of the caller is an assertion: __assert_fail() is meant.
@test "archive: prints nothing, and writes nowhere" {
	[ -z "$(asks err error error_at_line errx dprintf fdopen fflush fopen fprintf fputc fputs \
		fputs_unlocked fwrite fwrite_unlocked openlog perror printf psiginfo psignal putc \
		putc_unlocked putchar puts pwrite pwritev send sendmsg sendto splice stderr stdin \
		stdout syslog vdprintf verr verrx vfprintf vprintf vsyslog vwarn vwarnx warn warnx \
		write writev _IO_putc)" ]
}

@test "archive: never exits, nor starts anything but its threads" {
	[ -z "$(asks abort at_quick_exit atexit execl execle execlp execv execve execvp execvpe \
		exit fexecve fork kill killpg longjmp on_exit pause pclose popen posix_spawn \
		posix_spawnp pthread_atfork pthread_exit pthread_kill quick_exit raise siglongjmp \
		sigqueue sleep system tgkill usleep vfork wait wait3 wait4 waitid waitpid \
		_Exit _exit __longjmp _longjmp __cxa_atexit)" ]
}

@test "archive: changes nothing of the process" {
	[ -z "$(asks alarm bsd_signal chdir chroot clearenv dup2 dup3 fchdir mlockall nice prctl \
		prlimit pthread_sigmask putenv seteuid setegid setenv setgid setitimer setlocale \
		setns setpgid setpriority setrlimit setsid setuid sigaction sigblock signal \
		sigprocmask sigsuspend sigtimedwait sigwait sigwaitinfo srand srandom sysv_signal \
		timer_create tzset umask unsetenv unshare uselocale)" ]
}

@test "archive: changes nothing in the file system" {
	[ -z "$(asks chmod chown creat fallocate fchmod fchmodat fchown fchownat ftruncate futimens \
		lchown link linkat lsetxattr mkdir mkdirat mkdtemp mkfifo mknod mknodat mkostemp \
		mkstemp mount remove rename renameat renameat2 rmdir setxattr symlink symlinkat \
		tmpfile truncate umount umount2 unlink unlinkat utime utimensat utimes)" ]
	# nor by calls that have no name in libc
	[ "$(grep -o -h 'syscall([^,]*' "$top_srcdir"/lib/*.c | sort -u)" = 'syscall(SYS_getdents64' ]
}

@test "archive: uses nothing that keeps state for all threads of the process" {
	[ -z "$(asks asctime crypt ctime drand48 getgrent getgrgid getgrnam getmntent getopt \
		getopt_long getpwent getpwnam getpwuid gmtime localtime lrand48 mrand48 optarg optind \
		ptsname rand random strsignal strtok tmpnam ttyname)" ]
}

@test "archive: keeps no state of its own, so that watchers never meet" {
	! instrumented || skip "built with instrumentation, which keeps some"
	command -v size >/dev/null || skip "no size"
	size -A "$archive" | awk '/:$|ex / { member = $1 }
		# .data.rel.ro is constant once it is loaded
		$1 ~ /^\.(data|bss|tdata|tbss)(\.|$)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 {
			print member, $1, $2 }' >state
	cat state
	[ ! -s state ]
}

@test "archive: pure parts neither ask the system nor the clock nor the environment" {
	local m

	for m in buf filter format ignore names queue quote render retell settle table tally twin \
		watches; do
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
