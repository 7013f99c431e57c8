/* SPDX-License-Identifier: MIT */
/*
 * scratch.h - an empty directory for a test that needs real files
 *
 * scratch_enter() makes it below $TMPDIR or /tmp and goes there; it is removed, with all that is
 * in it, when the process ends by itself.
 */
#ifndef PATHEV_TEST_SCRATCH_H
#define PATHEV_TEST_SCRATCH_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_dir[4096];
static pid_t scratch_owner;

/* A name, and if it is a directory all below; one descriptor for each level is open meanwhile. */
static inline void scratch_remove_at(int at, const char *name)
{
	struct dirent *d;
	DIR *dir;
	int fd;

	if (!unlinkat(at, name, 0) || errno == ENOENT)
		return;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			scratch_remove_at(fd, d->d_name);
	if (dir)
		closedir(dir);
	if (unlinkat(at, name, AT_REMOVEDIR))
		printf("# cannot remove %s: %s\n", name, strerror(errno));
}

static inline void scratch_remove(const char *path)
{
	scratch_remove_at(AT_FDCWD, path);
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
