/* SPDX-License-Identifier: MIT */
/*
 * busy.c - is somebody still writing this file: the lease probe and its fallbacks
 *
 * A read lease is refused with EAGAIN exactly while somebody has the file open for writing or
 * mapped it so (fcntl(2), "Leases").  It is given back at once.  Where it is refused for another
 * reason, the processes are looked through.  Neither sees the writers of another host.
 */
#include "busy.h"

#include "pathev.h"
#include "proc.h"
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct proc_path {
	char text[sizeof("/proc/self/fd/-2147483648")];
};

static struct proc_path path_of(int fd)
{
	struct proc_path p;

	snprintf(p.text, sizeof(p.text), "/proc/self/fd/%d", fd);
	return p;
}

/*
 * Ask for the lease.  Were it broken while we hold it, the signal would be SIGIO, which kills by
 * default: SIGURG is ignored by default.
 */
static int lease(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG))
		return -1;
	if (fcntl(fd, F_SETLEASE, F_RDLCK))
		return errno == EAGAIN ? 1 : -1;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return 0;
}

/* Open for reading what at stands for.  Without /proc that goes by its name, if it still has it. */
static int open_again(int at, int dir, const char *path, int flags)
{
	const int how = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(path_of(at).text, how);
	struct stat st, now;

	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = openat(dir, path, how | flags);
	if (fd < 0 || (!fstat(at, &st) && !fstat(fd, &now) && st.st_ino == now.st_ino &&
		       st.st_dev == now.st_dev))
		return fd;
	close(fd);
	errno = ENOENT;
	return -1;
}

/* 1, 0, or -1 where the kernel does not tell. */
static int ask_kernel(int at, int dir, const char *path, int flags)
{
	int fd = open_again(at, dir, path, flags);
	int res, err;

	/* somebody's lease is in the way of our open: a writer's, or one that waits */
	if (fd < 0)
		return errno == EAGAIN ? 1 : -1;
	res = lease(fd);
	err = errno;
	close(fd);
	errno = err;
	return res;
}

/* Is it the question that was refused, and not we who had no means to ask it? */
static int is_refused(int err)
{
	return err == EACCES || err == EPERM || err == EINVAL || err == EOPNOTSUPP ||
	       err == ENOLCK || err == ENOSYS;
}

int pathev__busy_unknown(int err)
{
	return err == EACCES || err == EOPNOTSUPP || err == EREMOTE;
}

static int ask(int at, const char *path, int flags, const struct stat *st, int *evidence)
{
	int res = ask_kernel(at, AT_FDCWD, path, flags), err = errno;
	struct pathev__fs fs;

	*evidence = PATHEV_BY_LEASE;
	if (res < 0 && !is_refused(err)) {
		*evidence = 0;
		return -1;
	}
	if (res < 0) {
		*evidence = PATHEV_BY_PROCESSES;
		res = pathev__proc_writes(st);
	}
	if (res > 0)
		return 1;
	pathev__walk_fs(path_of(at).text, &fs);
	if (!res && fs.blind != EREMOTE)
		return 0;
	*evidence = 0;
	errno = fs.blind == EREMOTE ? EREMOTE :
		err == EACCES || err == EPERM ? EACCES : EOPNOTSUPP;
	return -1;
}

/* Opening a device or a FIFO may do things: look first, through a descriptor that cannot. */
static int open_file(int dir, const char *path, int flags, struct stat *st)
{
	int at = openat(dir, path, O_PATH | O_CLOEXEC | flags);
	int err = 0;

	if (at < 0)
		return -1;
	if (fstat(at, st))
		err = errno;
	else if (!S_ISREG(st->st_mode))
		err = EINVAL;
	if (!err)
		return at;
	close(at);
	errno = err;
	return -1;
}

int pathev__busy_at(int dir, const char *path, int flags)
{
	struct stat st;
	int at = open_file(dir, path, flags, &st);
	int res, err;

	if (at < 0)
		return -1;
	res = ask_kernel(at, dir, path, flags);
	err = errno;
	close(at);
	/* of a file, which this is */
	errno = err == EINVAL ? EOPNOTSUPP : err;
	return res;
}

int pathev__busy_ask(const char *path, int flags, struct stat *st, int *evidence)
{
	int at, res, err;

	*st = (struct stat){0};
	*evidence = 0;
	at = open_file(AT_FDCWD, path, flags, st);
	if (at < 0)
		return -1;
	res = ask(at, path, flags, st, evidence);
	err = errno;
	/* what it is like now, and not what it was before the answer */
	if (fstat(at, st)) {
		err = errno;
		res = -1;
	}
	close(at);
	errno = err;
	return res;
}

int pathev_busy(const char *path, int *evidence)
{
	struct pathev__short s;
	struct stat st;
	int by = 0, res = -1;

	if (!pathev__short_init(&s, path, strlen(path))) {
		res = pathev__busy_ask(s.path, 0, &st, &by);
		pathev__short_fini(&s);
	}
	if (evidence)
		*evidence = by;
	return res;
}
