/* SPDX-License-Identifier: MIT */
/*
 * fault.h - calls that fail, each that can be told from the others once
 *
 * The linker has the calls of a program and of the library come here (Makefile.am: fault_calls).
 * While fault_on they are numbered.  A first run learns: it notes the numbers of those calls that
 * were come to by a way that is new, through whichever functions; then there is a run for each of
 * these, in which that one call fails.
 *
 *	run();
 *	while (fault_next())
 *		run();
 *	fault_learn();		for the next such
 *
 * Where a libc cannot tell by which way it is called, the caller alone counts.
 */
#ifndef PATHEV_TEST_FAULT_H
#define PATHEV_TEST_FAULT_H

#include <dirent.h>
#include <errno.h>
#ifdef __GLIBC__
#include <execinfo.h>
#endif
#include <locale.h>
#include <pthread.h>
#include <search.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Memory; what else a watcher needs; and looks at files, which may fail for any reason. */
enum fault_kind { FAULT_MEMORY, FAULT_MEANS, FAULT_LOOK };

enum { FAULT_FRAMES = 7, FAULT_WAYS = 8192, FAULT_RUNS = 1024 };

static int fault_on;		/* calls are numbered, and one may fail */
static int fault_memory_only;		/* of FAULT_MEMORY alone */
static pid_t fault_process;		/* in this process alone; 0: in all */

struct fault {
	int learning;
	unsigned long call;		/* number of the next one */
	unsigned long fails;		/* number of the one that fails */
	int hit;			/* it did ... */
	enum fault_kind kind;		/* ... and is of this kind */
	uint64_t way[FAULT_WAYS];	/* that were seen; 0: none */
	unsigned long run[FAULT_RUNS];	/* numbers of calls that are to fail */
	size_t runs, next;
	void *frame[FAULT_FRAMES];	/* of the call that failed */
	int frames;
};

/* Where it lies may be changed, to where a child process can write it. */
static struct fault fault_own = {.learning = 1}, *fault_at = &fault_own;
#define fault (*fault_at)

static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;

static inline int fault_stack(void **frame, void *caller)
{
#ifdef __GLIBC__
	(void)caller;
	return backtrace(frame, FAULT_FRAMES);
#else
	frame[0] = caller;
	return 1;
#endif
}

/* Was it come to by this way before?  From now on it was. */
static inline int fault_is_known(void **frame, int n)
{
	uint64_t h = 1469598103934665603u;
	size_t i;

	for (int k = 0; k < n; k++)
		h = (h ^ (uintptr_t)frame[k]) * 1099511628211u;
	h |= 1;
	for (i = (h >> 20) % FAULT_WAYS; fault.way[i]; i = (i + 1) % FAULT_WAYS)
		if (fault.way[i] == h)
			return 1;
	fault.way[i] = h;
	return 0;
}

/* One call: does it fail? */
static inline int fault_call(enum fault_kind kind, void *caller)
{
	int fails = 0;

	if (!fault_on || (fault_memory_only && kind != FAULT_MEMORY) ||
	    (fault_process && fault_process != getpid()))
		return 0;
	pthread_mutex_lock(&fault_lock);
	if (fault.learning) {
		void *frame[FAULT_FRAMES];

		fault_on = 0;		/* the first backtrace of a process allocates */
		if (!fault_is_known(frame, fault_stack(frame, caller)) && fault.runs < FAULT_RUNS)
			fault.run[fault.runs++] = fault.call;
		fault_on = 1;
	} else if (fault.call == fault.fails && !fault.hit) {
		fails = fault.hit = 1;
		fault.kind = kind;
		fault.frames = fault_stack(fault.frame, caller);
	}
	fault.call++;
	pthread_mutex_unlock(&fault_lock);
	return fails;
}

static inline void fault_learn(void)
{
	fault.learning = 1;
	fault.call = 0;
	fault.runs = fault.next = 0;
	fault.hit = 0;
}

/* Is there one more call that is to fail? */
static inline int fault_next(void)
{
	fault.learning = 0;
	fault.call = 0;
	fault.hit = 0;
	if (fault.next == fault.runs)
		return 0;
	fault.fails = fault.run[fault.next++];
	return 1;
}

/* Say where the call was that failed. */
static inline void fault_where(void)
{
#ifdef __GLIBC__
	char **name = backtrace_symbols(fault.frame, fault.frames);

	for (int i = 0; name && i < fault.frames; i++)
		printf("#   %s\n", name[i]);
	free(name);
#endif
}

/*
 * The calls
 */

/* A call of that name, what it answers when it fails, and why. */
#define FAULT_CALL(kind, type, name, parameters, arguments, failure, error) \
	type __real_##name parameters; \
	type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		if (!fault_call(kind, __builtin_return_address(0))) \
			return __real_##name arguments; \
		errno = error; \
		return failure; \
	}
#define FAULT(type, name, parameters, arguments, failure) \
	FAULT_CALL(FAULT_MEMORY, type, name, parameters, arguments, failure, ENOMEM)
#define FAULT_MEANS_OF(name, parameters, arguments, error) \
	FAULT_CALL(FAULT_MEANS, int, name, parameters, arguments, -1, error)
#define FAULT_LOOK_BY(name, parameters, arguments, error) \
	FAULT_CALL(FAULT_LOOK, int, name, parameters, arguments, -1, error)

FAULT(void *, malloc, (size_t size), (size), NULL)
FAULT(void *, calloc, (size_t n, size_t size), (n, size), NULL)
FAULT(void *, realloc, (void *mem, size_t size), (mem, size), NULL)
FAULT(void *, reallocarray, (void *mem, size_t n, size_t size), (mem, n, size), NULL)
FAULT(char *, strdup, (const char *s), (s), NULL)
FAULT(char *, strndup, (const char *s, size_t n), (s, n), NULL)
FAULT(int, vasprintf, (char **to, const char *fmt, va_list ap), (to, fmt, ap), -1)
FAULT(ssize_t, getdelim, (char **line, size_t *size, int end, FILE *f), (line, size, end, f), -1)
FAULT(char *, realpath, (const char *path, char *to), (path, to), NULL)
FAULT(DIR *, opendir, (const char *path), (path), NULL)
FAULT(DIR *, fdopendir, (int fd), (fd), NULL)
FAULT(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL)
FAULT(void *, tsearch, (const void *key, void **root, int (*compare)(const void *, const void *)),
      (key, root, compare), NULL)
FAULT(locale_t, newlocale, (int mask, const char *name, locale_t base), (mask, name, base),
      (locale_t)0)

/* The other names that these have with some flags of the compiler. */
#ifdef __GLIBC__
FAULT(FILE *, fopen64, (const char *path, const char *mode), (path, mode), NULL)
FAULT(ssize_t, __getdelim, (char **line, size_t *size, int end, FILE *f), (line, size, end, f), -1)
FAULT(int, __vasprintf_chk, (char **to, int flag, const char *fmt, va_list ap), (to, flag, fmt, ap),
      -1)
#endif

/* What the kernel is asked for. */
FAULT_MEANS_OF(inotify_init1, (int flags), (flags), EMFILE)
FAULT_MEANS_OF(epoll_create1, (int flags), (flags), EMFILE)
FAULT_MEANS_OF(epoll_ctl, (int fd, int op, int which, void *event), (fd, op, which, event), ENOSPC)
FAULT_MEANS_OF(timerfd_create, (int clock, int flags), (clock, flags), EMFILE)
FAULT_MEANS_OF(open, (const char *path, int flags, unsigned mode), (path, flags, mode), EMFILE)
FAULT_MEANS_OF(openat, (int fd, const char *path, int flags, unsigned mode), (fd, path, flags, mode),
	    EMFILE)
FAULT_LOOK_BY(stat, (const char *path, void *st), (path, st), EIO)
FAULT_LOOK_BY(lstat, (const char *path, void *st), (path, st), EIO)
FAULT_LOOK_BY(fstat, (int fd, void *st), (fd, st), EIO)
FAULT_LOOK_BY(fstatat, (int fd, const char *path, void *st, int flags), (fd, path, st, flags), EIO)
FAULT_MEANS_OF(chdir, (const char *path), (path), EACCES)
FAULT_MEANS_OF(fchdir, (int fd), (fd), EACCES)
FAULT_CALL(FAULT_MEANS, pid_t, fork, (void), (), -1, EAGAIN)
FAULT_MEANS_OF(pipe2, (int *fds, int flags), (fds, flags), EMFILE)
FAULT_MEANS_OF(signalfd, (int fd, const void *set, int flags), (fd, set, flags), EMFILE)
FAULT_CALL(FAULT_MEANS, ssize_t, read, (int fd, void *to, size_t size), (fd, to, size), -1, EIO)
FAULT_CALL(FAULT_LOOK, ssize_t, readlink, (const char *path, char *to, size_t size),
	   (path, to, size), -1, EIO)
#ifdef __GLIBC__
FAULT_MEANS_OF(open64, (const char *path, int flags, unsigned mode), (path, flags, mode), EMFILE)
FAULT_MEANS_OF(__open64_2, (const char *path, int flags), (path, flags), EMFILE)
FAULT_MEANS_OF(openat64, (int fd, const char *path, int flags, unsigned mode),
	    (fd, path, flags, mode), EMFILE)
FAULT_MEANS_OF(__openat64_2, (int fd, const char *path, int flags), (fd, path, flags), EMFILE)
# if __GLIBC_PREREQ(2, 33)		/* inline functions before */
FAULT_LOOK_BY(stat64, (const char *path, void *st), (path, st), EIO)
FAULT_LOOK_BY(lstat64, (const char *path, void *st), (path, st), EIO)
FAULT_LOOK_BY(fstat64, (int fd, void *st), (fd, st), EIO)
FAULT_LOOK_BY(fstatat64, (int fd, const char *path, void *st, int flags), (fd, path, st, flags), EIO)
# endif
#endif

/*
 * All files are those of another host, whose changes no event tells of.
 */
static int fault_remote;

int __real_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	if (fault_call(FAULT_MEANS, __builtin_return_address(0))) {
		errno = ENOSPC;
		return -1;
	}
	/* a directory that goes away may be seen; there has to be something */
	if (fault_remote)
		mask = (mask & ~(uint32_t)IN_ALL_EVENTS) | IN_DELETE_SELF;
	return __real_inotify_add_watch(fd, path, mask);
}

#define FAULT_STATFS(name) \
	int __real_##name(const char *path, struct statfs *fs); \
	int __wrap_##name(const char *path, struct statfs *fs); \
	int __wrap_##name(const char *path, struct statfs *fs) \
	{ \
		int res; \
\
		if (fault_call(FAULT_LOOK, __builtin_return_address(0))) { \
			errno = EIO; \
			return -1; \
		} \
		res = __real_##name(path, fs); \
		if (fault_remote) \
			fs->f_type = 0x6969;	/* nfs, which stands first with each width */ \
		return res; \
	}

FAULT_STATFS(statfs)
#ifdef __GLIBC__
FAULT_STATFS(statfs64)
#endif

#define FAULT_VA(name, parameters) \
	int __wrap_##name parameters; \
	int __wrap_##name parameters \
	{ \
		va_list ap; \
		int n; \
\
		va_start(ap, fmt); \
		n = __wrap_vasprintf(to, fmt, ap); \
		va_end(ap); \
		return n; \
	}

FAULT_VA(asprintf, (char **to, const char *fmt, ...))
#ifdef __GLIBC__
FAULT_VA(__asprintf_chk, (char **to, int flag __attribute__((unused)), const char *fmt, ...))
#endif

#endif
