/* SPDX-License-Identifier: MIT */
/*
 * busy.c - is somebody still writing this file: the lease probe
 *
 * A read lease is refused with EAGAIN exactly while somebody has the file open for writing or
 * mapped it so (fcntl(2), "Leases").  It is given back at once.
 */
#include "busy.h"

#include "pathev.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Ask for the lease.  Were it broken while we hold it, the signal would be SIGIO, which kills by
 * default: SIGURG is ignored by default.
 */
static int probe(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG))
		return -1;
	if (fcntl(fd, F_SETLEASE, F_RDLCK))
		return errno == EAGAIN ? 1 : -1;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return 0;
}

int pathev__busy_at(int dir, const char *path, int flags)
{
	char proc[sizeof("/proc/self/fd/-2147483648")];
	int at, fd, err, res = -1;
	struct stat st;

	/* opening a device or a FIFO may do things: look first, through a descriptor that cannot */
	at = openat(dir, path, O_PATH | O_CLOEXEC | flags);
	if (at < 0)
		return -1;
	if (fstat(at, &st))
		goto out;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		goto out;
	}
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", at);
	fd = open(proc, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		/* somebody's lease is in the way of our open: a writer's or one that waits */
		if (errno == EAGAIN)
			res = 1;
		goto out;
	}
	res = probe(fd);
	err = errno;
	close(fd);
	errno = err;
out:
	err = errno;
	close(at);
	errno = err;
	return res;
}

int pathev_busy(const char *path)
{
	return pathev__busy_at(AT_FDCWD, path, 0);
}
