/* SPDX-License-Identifier: MIT */
/*
 * scratch.h - an empty directory for a test that needs real files
 *
 * scratch_enter() makes it below $TMPDIR or /tmp and goes there; it is removed, with all that is
 * in it, when the process ends by itself.
 */
#ifndef PATHEV_TEST_SCRATCH_H
#define PATHEV_TEST_SCRATCH_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_dir[4096];
static pid_t scratch_owner;

static inline int scratch_unlink(const char *path, const struct stat *st, int type,
				 struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return (type == FTW_DP ? rmdir(path) : unlink(path)) && errno != EBUSY;
}

/* All below a directory, and it; paths may be longer than PATH_MAX. */
static inline void scratch_remove(const char *path)
{
	nftw(path, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT | FTW_CHDIR);
}

static inline void scratch_leave(void)
{
	if (getpid() == scratch_owner && !chdir("/"))
		scratch_remove(scratch_dir);
}

static inline void scratch_enter(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(scratch_dir, sizeof(scratch_dir), "%s/pathev-test-XXXXXX",
		 tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(scratch_dir) || chdir(scratch_dir)) {
		printf("Bail out! %s: %s\n", scratch_dir, strerror(errno));
		exit(EXIT_FAILURE);
	}
	scratch_owner = getpid();
	atexit(scratch_leave);
}

/* A file with a line in it. */
static inline void scratch_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0 || write(fd, "x\n", 2) != 2)
		printf("# cannot write %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

#endif
