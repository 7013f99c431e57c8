/* SPDX-License-Identifier: MIT */
/*
 * proc.c - which processes have a file open for writing, as far as /proc shows them to us
 *
 * An open file is a link in /proc/PID/fd whose own permissions say how it was opened; a mapping
 * is a line of /proc/PID/maps (proc(5)).  Not seen are descriptors on their way through a
 * socket, and what the kernel itself writes: loop devices, swap, servers of file systems.
 */
#include "proc.h"

#include "buf.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { READ_BYTES = 16 * 1024 };

/* The name of the first namespace of processes (linux/proc_ns.h).  From any other one there are
 * processes that we do not see at all. */
static const char FIRST_NS[] = "pid:[4026531836]";

/* One search. */
struct search {
	const struct stat *file;
	int blind;		/* there are processes that we may not look into */
	struct pathev__buf text;	/* of a file in /proc */
};

static int is_file(const struct search *s, const struct stat *st)
{
	return st->st_ino == s->file->st_ino && st->st_dev == s->file->st_dev;
}

/* Has the process ended, or closed its file, while we looked? */
static int is_gone(int err)
{
	return err == ENOENT || err == ESRCH;
}

/* All of a file in /proc.  0, or -1. */
static int read_text(struct search *s, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	int err;

	if (fd < 0)
		return -1;
	pathev__buf_cut(&s->text, 0);
	while (!pathev__buf_room(&s->text, READ_BYTES) &&
	       (n = read(fd, s->text.data + s->text.len, READ_BYTES)) > 0)
		s->text.len += (size_t)n;
	err = errno;
	close(fd);
	errno = err;
	if (n)
		return -1;
	s->text.data[s->text.len] = '\0';
	return 0;
}

/*
 * Is this link to an open file one to ours, for writing?  The inode's number is asked for first:
 * to follow the link would wait for another host that does not answer.  -1: we may not look.
 */
static int is_writer(struct search *s, int proc, int fds, const char *fd)
{
	char info[sizeof("fdinfo/") + 255], target[1];
	const char *ino;
	struct stat st;

	if (fstatat(fds, fd, &st, AT_SYMLINK_NOFOLLOW) || !(st.st_mode & S_IWUSR))
		return 0;
	/* root may read the directory and yet not the links */
	if (readlinkat(fds, fd, target, 1) != 1)
		return is_gone(errno) ? 0 : -1;
	if (target[0] != '/')
		return 0;
	snprintf(info, sizeof(info), "fdinfo/%s", fd);
	if (read_text(s, proc, info))
		return is_gone(errno) ? 0 : -1;
	ino = strstr(s->text.data, "\nino:");
	if (ino && strtoull(ino + 5, NULL, 10) != s->file->st_ino)
		return 0;
	return !fstatat(fds, fd, &st, 0) && is_file(s, &st);
}

/* 1: it has the file open for writing, 0: it has not or is gone, -1: we may not look. */
static int has_open(struct search *s, int proc)
{
	int fd = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	int res = 0;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return is_gone(errno) ? 0 : -1;
	}
	while (res <= 0 && (e = readdir(d))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		res = is_writer(s, proc, fd, e->d_name);
		if (res < 0)
			s->blind = 1;
	}
	closedir(d);
	return res > 0;
}

/* Is this line of maps a shared, writable mapping of the file?  Some file systems have other
 * device numbers here than stat(2) tells: then the path decides. */
static int maps_it(const struct search *s, const char *line)
{
	unsigned long long ino;
	unsigned major, minor;
	char perms[5];
	struct stat st;
	int path = 0;

	if (sscanf(line, "%*s %4s %*s %x:%x %llu %n", perms, &major, &minor, &ino, &path) < 4)
		return 0;
	if (perms[1] != 'w' || perms[3] != 's' || ino != s->file->st_ino)
		return 0;
	if (makedev(major, minor) == s->file->st_dev)
		return 1;
	return path && line[path] == '/' && !stat(line + path, &st) && is_file(s, &st);
}

static int has_mapped(struct search *s, int proc)
{
	char *line, *rest;

	if (read_text(s, proc, "maps"))
		return is_gone(errno) ? 0 : -1;
	for (line = strtok_r(s->text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (maps_it(s, line))
			return 1;
	return 0;
}

static int look_into(struct search *s, int dir, const char *pid)
{
	int proc = openat(dir, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int res;

	if (proc < 0)
		return is_gone(errno) ? 0 : -1;
	res = has_open(s, proc);
	if (!res)
		res = has_mapped(s, proc);
	close(proc);
	return res;
}

/* Could there be processes that /proc does not even name? */
static int sees_all(int dir)
{
	char ns[sizeof(FIRST_NS)];

	/* mounted with hidepid, it hides those of others: the first one, too */
	return readlinkat(dir, "self/ns/pid", ns, sizeof(ns)) == sizeof(FIRST_NS) - 1 &&
	       !memcmp(ns, FIRST_NS, sizeof(FIRST_NS) - 1) && !faccessat(dir, "1", F_OK, 0);
}

int pathev__proc_writes(const struct stat *file)
{
	struct search s = {.file = file};
	DIR *d = opendir("/proc");
	const struct dirent *e;
	int res = 0;

	if (!d)
		return -1;
	s.blind = !sees_all(dirfd(d));
	while (res <= 0 && (e = readdir(d))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		res = look_into(&s, dirfd(d), e->d_name);
		if (res < 0)
			s.blind = 1;
	}
	closedir(d);
	pathev__buf_fini(&s.text);
	if (res > 0)
		return 1;
	errno = EACCES;
	return s.blind ? -1 : 0;
}
