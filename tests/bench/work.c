/* SPDX-License-Identifier: MIT */
/* work.c - what is done to the file system while others watch: trees and changes */
#include "work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FANOUT = 10, FILES = 16, FILES_IN_DIR = 1000 };

void bench_die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fputs("bench: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, err ? ": %s\n" : "\n", strerror(err));
	exit(1);
}

static void make_file(int at, const char *name)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		bench_die("cannot make file '%s'", name);
	close(fd);
}

static int make_dir(int at, const char *name)
{
	int fd = -1;

	if (!mkdirat(at, name, 0755))
		fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		bench_die("cannot make directory '%s'", name);
	return fd;
}

/* A directory and dirs - 1 below it, as evenly as it goes. */
static void make_tree(int at, const char *dir, unsigned dirs, unsigned files)
{
	int fd = make_dir(at, dir);
	unsigned left = dirs - 1;
	char name[32];

	for (unsigned i = 0; i < files; i++) {
		snprintf(name, sizeof(name), "file%u", i);
		make_file(fd, name);
	}
	for (unsigned i = 0; i < FANOUT && left; i++) {
		unsigned part = (left + FANOUT - i - 1) / (FANOUT - i);

		snprintf(name, sizeof(name), "dir%u", i);
		make_tree(fd, name, part, files);
		left -= part;
	}
	close(fd);
}

void work_tree(const char *dir, unsigned dirs, unsigned files)
{
	make_tree(AT_FDCWD, dir, dirs, files);
}

static const char *file_name(unsigned i)
{
	static char name[32];

	snprintf(name, sizeof(name), "file-%02u.data", i % FILES);
	return name;
}

int work_open(const char *dir)
{
	int work = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (work < 0)
		bench_die("cannot open '%s'", dir);
	for (unsigned i = 0; i < FILES; i++)
		make_file(work, file_name(i));
	return work;
}

static void write_file(int work, const char *name)
{
	int fd = openat(work, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, "x", 1) != 1)
		bench_die("cannot write to '%s'", name);
	close(fd);
}

void work_write(int work, unsigned times)
{
	static unsigned turn;

	while (times--)
		write_file(work, file_name(turn++));
}

void work_mark(int work)
{
	write_file(work, WORK_MARK);
}

static const char *counted_name(unsigned i)
{
	static char name[64];

	snprintf(name, sizeof(name), "d%03u/file-%03u.data", i / FILES_IN_DIR, i % FILES_IN_DIR);
	return name;
}

void work_files(const char *dir, unsigned count)
{
	int fd = make_dir(AT_FDCWD, dir);

	for (unsigned i = 0; i < count; i++) {
		if (i % FILES_IN_DIR == 0) {
			char name[32];

			snprintf(name, sizeof(name), "d%03u", i / FILES_IN_DIR);
			close(make_dir(fd, name));
		}
		make_file(fd, counted_name(i));
	}
	close(fd);
}

void work_chmod(const char *dir, unsigned count)
{
	static mode_t mode;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	mode = mode == 0600 ? 0640 : 0600;
	for (unsigned i = 0; i < count; i++)
		if (fchmodat(fd, counted_name(i), mode, 0))
			bench_die("cannot change the mode of '%s'", counted_name(i));
	close(fd);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void work_remove(const char *dir)
{
	if (nftw(dir, remove_one, 64, FTW_DEPTH | FTW_PHYS))
		bench_die("cannot remove '%s'", dir);
}
