/* SPDX-License-Identifier: MIT */
/* walk.c - look at paths and directories, however long their names are together */
#include "walk.h"

#include "base.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { READ_BYTES = 32 * 1024 };

/* Open the longest prefix of *path that the kernel takes, and go on behind it. */
static int open_prefix(int at, const char **path, size_t *len)
{
	char part[PATH_MAX];
	const char *cut;
	size_t n;

	cut = memrchr(*path, '/', PATH_MAX - 1);
	if (!cut || cut == *path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	n = (size_t)(cut - *path);
	memcpy(part, *path, n);
	part[n] = '\0';
	while (*cut == '/')
		cut++;
	*len -= (size_t)(cut - *path);
	*path = cut;
	return openat(at, part, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int pathev__short_init(struct pathev__short *s, const char *path, size_t len)
{
	enum { PREFIX_MAX = sizeof("/proc/self/fd/-2147483648/") };
	int at = AT_FDCWD;

	*s = (struct pathev__short){.path = path, .fd = -1};
	if (len < PATH_MAX)
		return 0;
	while (len + PREFIX_MAX >= PATH_MAX) {
		int fd = open_prefix(at, &path, &len);

		if (at >= 0)
			close(at);
		if (fd < 0)
			return -1;
		at = fd;
	}
	s->fd = at;
	s->mem = malloc(len + PREFIX_MAX);
	if (!s->mem) {
		pathev__short_fini(s);
		return -1;
	}
	snprintf(s->mem, len + PREFIX_MAX, "/proc/self/fd/%d/%s", at, path);
	s->path = s->mem;
	return 0;
}

void pathev__short_fini(struct pathev__short *s)
{
	int err = errno;

	if (s->fd >= 0)
		close(s->fd);
	free(s->mem);
	*s = (struct pathev__short){.fd = -1};
	errno = err;
}

static char type_of_dirent(unsigned char type)
{
	switch (type) {
	case DT_DIR:
		return 'd';
	case DT_REG:
		return 'f';
	case DT_LNK:
		return 'l';
	case DT_FIFO:
		return 'p';
	case DT_SOCK:
		return 's';
	case DT_CHR:
		return 'c';
	case DT_BLK:
		return 'b';
	default:
		return 0;
	}
}

char pathev__walk_type(mode_t mode)
{
	/* the types of dirents are those of modes, shifted */
	return type_of_dirent((unsigned char)((mode & S_IFMT) >> 12));
}

int pathev__walk_read(int fd, int only_dirs, struct pathev__buf *list)
{
	char buf[READ_BYTES] __attribute__((aligned(__alignof__(struct dirent64))));

	for (;;) {
		long n = syscall(SYS_getdents64, fd, buf, sizeof(buf));

		if (n <= 0)
			return (int)n;
		for (long off = 0; off < n;) {
			const struct dirent64 *d = (const struct dirent64 *)(buf + off);
			const char *name = d->d_name;
			char type = type_of_dirent(d->d_type);
			struct stat st;

			off += d->d_reclen;
			if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
				continue;
			if (!type && !fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
				type = pathev__walk_type(st.st_mode);
			if (only_dirs && type && type != 'd')
				continue;
			if (pathev__buf_addch(list, type) ||
			    pathev__buf_add(list, name, strlen(name) + 1))
				return -1;
		}
	}
}

int pathev__walk_open(const char *path, int nofollow)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY |
			  (nofollow ? O_NOFOLLOW : 0));
}

void pathev__walk_pass(const char *path)
{
	char buf[512] __attribute__((aligned(__alignof__(struct dirent64))));
	int fd = pathev__walk_open(path, 0);

	/* reading takes the lock that is held from the change until behind its record */
	if (fd >= 0 && syscall(SYS_getdents64, fd, buf, sizeof(buf)) < 0)
		errno = 0;
	if (fd >= 0)
		close(fd);
}

void pathev__walk_fs(const char *path, struct pathev__fs *fs)
{
	/* statfs(2); numbers, because old headers lack some */
	static const unsigned remote[] = {
		0x6969 /* nfs */, 0x517b /* smb */, 0xff534d42 /* cifs */, 0xfe534d42 /* smb2 */,
		0x01021997 /* 9p */, 0x65735546 /* fuse */, 0x00c36400 /* ceph */,
		0x5346414f /* afs */, 0x01161970 /* gfs2 */, 0x7461636f /* ocfs2 */,
		0x0bd00bd0 /* lustre */, 0x47504653 /* gpfs */, 0x786f4256 /* vboxsf */,
		0xbacbacbc /* vmhgfs */, 0x7c7c6673 /* prl_fs */,
	};
	static const unsigned silent[] = {0x9fa0 /* proc */, 0x62656572 /* sysfs */};
	static const unsigned links[] = {0xef53 /* ext */, 0x58465342 /* xfs */, 0x01021994 /* tmpfs */};
	struct statfs st;
	unsigned type;

	*fs = (struct pathev__fs){0};
	if (statfs(path, &st))
		return;
	type = (unsigned)st.f_type;
	for (size_t i = 0; i < PATHEV__COUNT(remote); i++)
		if (type == remote[i])
			fs->blind = EREMOTE;
	for (size_t i = 0; i < PATHEV__COUNT(silent); i++)
		if (type == silent[i])
			fs->blind = EOPNOTSUPP;
	for (size_t i = 0; i < PATHEV__COUNT(links); i++)
		if (type == links[i])
			fs->counts_links = 1;
}
