/* SPDX-License-Identifier: MIT */
/*
 * limit-setup.c - the least that watching a tree can cost, on one thread
 *
 *	limit-setup DIR	a newline on descriptor 4 when all is watched, then wait to be killed
 *
 * Each directory is watched by its name, with its parent as cwd, and only then looked at.  A
 * link count of 2 says that there is none inside.  No names are kept, no changes expected.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint32_t mask = IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVE | IN_CREATE |
			     IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
			     IN_DONT_FOLLOW | IN_MASK_ADD | IN_EXCL_UNLINK;
static int in;

/* Watch a directory, and what is in it; we come back to where we were. */
static void watch(const char *name)
{
	char buf[32 * 1024] __attribute__((aligned(8)));
	struct stat st;
	long n;
	int fd;

	if (inotify_add_watch(in, name, mask) < 0 || fstatat(AT_FDCWD, name, &st, 0))
		exit(1);
	if (st.st_nlink == 2)
		return;
	fd = open(name, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || fchdir(fd))
		exit(1);
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long off = 0; off < n;) {
			const struct dirent64 *d = (const struct dirent64 *)(buf + off);

			off += d->d_reclen;
			if (d->d_type == DT_DIR && strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
				watch(d->d_name);
		}
	}
	close(fd);
	if (chdir(".."))
		exit(1);
}

int main(int argc, char **argv)
{
	in = inotify_init1(IN_CLOEXEC);
	if (argc != 2 || in < 0)
		return 1;
	watch(argv[1]);
	if (write(4, "\n", 1) != 1)
		return 1;
	pause();
	return 0;
}
