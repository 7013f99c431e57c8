/* SPDX-License-Identifier: MIT */
/*
 * scale.c - half a million directories, then ten million events: memory and time as they go
 *
 * Memory is to be flat once all is warm, and time in proportion.
 */
#include "scale.h"

#include "child.h"
#include "work.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char limit_file[] = "/proc/sys/fs/inotify/max_user_watches";

enum {
	TREES = 5,
	TREE_DIRS = 100000,
	LIMIT = 600000,		/* watches: ours, and some for everybody else */
	MILLION = 1000000,
	MILLIONS = 10,
	IN_FLIGHT = 10000	/* events; fewer than the kernel's queue holds, so that none is lost */
};

static long old_limit;		/* 0: as it was */
static pid_t watcher;		/* 0: none */

static long read_limit(void)
{
	FILE *f = fopen(limit_file, "re");
	long n = 0;

	if (!f || fscanf(f, "%ld", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

static int write_limit(long n)
{
	FILE *f = fopen(limit_file, "we");

	return f && fprintf(f, "%ld\n", n) > 0 && !fclose(f) ? 0 : -1;
}

static void put_back(void)
{
	if (watcher)
		kill(watcher, SIGKILL);
	if (old_limit && write_limit(old_limit))
		fprintf(stderr, "bench: %s was %ld, and cannot be put back\n", limit_file, old_limit);
	old_limit = 0;
}

static void interrupted(int signo)
{
	(void)signo;
	exit(1);
}

static void raise_limit(void)
{
	long limit = read_limit();

	if (limit >= LIMIT)
		return;
	signal(SIGINT, interrupted);
	signal(SIGTERM, interrupted);
	signal(SIGHUP, interrupted);
	atexit(put_back);
	old_limit = limit;
	if (write_limit(LIMIT)) {
		old_limit = 0;
		bench_die("%s is %ld; this needs %d, or root, to raise it for the run", limit_file,
			  limit, LIMIT);
	}
}

/* Five trees, and a directory to write to. */
static char (*make_paths(const char *dir))[4096]
{
	static char path[TREES + 1][4096];

	for (int i = 0; i <= TREES; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/scale%d", dir, i);
		if (access(path[i], F_OK) == 0)
			continue;
		fprintf(stderr, "making %s\n", path[i]);
		work_tree(path[i], i < TREES ? TREE_DIRS : 1, 0);
	}
	return path;
}

static void start(struct child *c, const char *build, char (*path)[4096], int trees)
{
	char program[4096];
	static const char *const options[] = {"-r", "-e", "modify,close_write", "--ready-fd", "4"};
	enum { OPTIONS = sizeof(options) / sizeof(options[0]) };
	char *argv[1 + OPTIONS + TREES + 2] = {program};
	int n = 1;

	snprintf(program, sizeof(program), "%s/bin/pathwatch", build);
	for (int i = 0; i < OPTIONS; i++)
		argv[n++] = (char *)options[i];
	for (int i = 0; i < trees; i++)
		argv[n++] = path[i];
	argv[n] = path[TREES];
	child_start(c, argv, NULL);
	watcher = c->pid;
}

static void end(struct child *c)
{
	child_end(c, SIGKILL);
	watcher = 0;
}

static void directories(const char *build, char (*path)[4096])
{
	struct child c;
	long none;

	start(&c, build, path, 0);
	child_await(&c);
	none = child_memory(&c, "RssAnon");
	end(&c);
	printf("\n%12s %10s %10s %14s %12s\n", "directories", "wall s", "CPU s", "us each (CPU)",
	       "bytes each");
	for (int i = 1; i <= TREES; i++) {
		double wall, cpu;

		start(&c, build, path, i);
		wall = (double)child_await(&c) / 1e9;
		cpu = (double)child_cpu(&c) / 1e9;
		printf("%12d %10.2f %10.2f %14.2f %12.1f\n", i * TREE_DIRS, wall, cpu,
		       cpu * 1e6 / i / TREE_DIRS,
		       (double)(child_memory(&c, "RssAnon") - none) * 1024 / i / TREE_DIRS);
		fflush(stdout);
		end(&c);
	}
}

/* Write a million events, but never more ahead of the reader than the kernel can hold. */
static void write_million(int work, const struct reader *r, unsigned long before)
{
	const struct timespec wait = {.tv_nsec = 100 * 1000};

	for (unsigned long sent = 0; sent < MILLION; sent += 100) {
		while (before + sent > reader_lines(r) + IN_FLIGHT)
			nanosleep(&wait, NULL);
		work_write(work, 50);
	}
}

static void events(const char *build, char (*path)[4096])
{
	int work = work_open(path[TREES]);
	struct reader r;
	struct child c;
	int64_t begin, cpu;

	start(&c, build, path, TREES);
	child_await(&c);
	reader_start(&r, &c);
	begin = bench_now();
	cpu = child_cpu(&c);
	printf("\n%12s %10s %10s %14s\n", "events", "wall s", "CPU s", "RssAnon KiB");
	for (int i = 1; i <= MILLIONS; i++) {
		write_million(work, &r, (unsigned long)(i - 1) * MILLION);
		child_idle(&c);
		printf("%12d %10.2f %10.2f %14ld\n", i * MILLION,
		       (double)(bench_now() - begin) / 1e9, (double)(child_cpu(&c) - cpu) / 1e9,
		       child_memory(&c, "RssAnon"));
		fflush(stdout);
	}
	work_mark(work);
	while (!reader_done(&r))
		child_idle(&c);
	end(&c);
	reader_join(&r);
	printf("%lu lines, %lu lost\n", r.lines,
	       r.lines < (unsigned long)MILLIONS * MILLION ?
	       (unsigned long)MILLIONS * MILLION - r.lines : 0);
	close(work);
}

void scale(const char *build, const char *dir)
{
	char (*path)[4096] = make_paths(dir);

	raise_limit();
	printf("Half a million directories, and with them watched, ten million events\n");
	directories(build, path);
	events(build, path);
	put_back();
}
