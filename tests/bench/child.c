/* SPDX-License-Identifier: MIT */
/* child.c - a program that is measured: started, awaited, asked for time and memory, ended */
#include "child.h"

#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READY_FD = 4, PIPE_BYTES = 1024 * 1024 };

extern char **environ;

int64_t bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

void child_start(struct child *c, char *const argv[], const char *says)
{
	posix_spawn_file_actions_t fa;
	int ready[2], out[2], err;

	if (pipe2(ready, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		bench_die("pipe");
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, out[1], STDOUT_FILENO);
	/* a peer may say much on stderr; ours say nothing, or it is worth seeing */
	posix_spawn_file_actions_adddup2(&fa, ready[1], says ? STDERR_FILENO : READY_FD);
	c->start_ns = bench_now();
	err = posix_spawnp(&c->pid, argv[0], &fa, NULL, argv, environ);
	if (err) {
		errno = err;
		bench_die("cannot start %s", argv[0]);
	}
	posix_spawn_file_actions_destroy(&fa);
	close(ready[1]);
	close(out[1]);
	c->ready = ready[0];
	c->out = out[0];
	c->says = says ? says : "\n";
}

int64_t child_await(struct child *c)
{
	char buf[4096];
	size_t len = 0;

	for (;;) {
		ssize_t n = read(c->ready, buf + len, sizeof(buf) - 1 - len);

		if (n <= 0) {
			errno = n ? errno : 0;
			bench_die("a program ended before it was armed: %.*s", (int)len, buf);
		}
		len += (size_t)n;
		buf[len] = '\0';
		if (strstr(buf, c->says))
			return bench_now() - c->start_ns;
		if (len > sizeof(buf) / 2)
			len = 0;
	}
}

int64_t child_probe(struct child *c, const char *file)
{
	struct pollfd pfd = {.fd = c->out, .events = POLLIN};
	int64_t ns;

	do {
		int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		if (fd < 0 || write(fd, "x", 1) != 1)
			bench_die("cannot write to '%s'", file);
		close(fd);
	} while (poll(&pfd, 1, 5) == 0);
	ns = bench_now() - c->start_ns;
	unlink(file);
	return ns;
}

int64_t child_cpu(const struct child *c)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(c->pid, &clock) || clock_gettime(clock, &ts))
		bench_die("the CPU time of a program");
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

void child_idle(const struct child *c)
{
	struct timespec wait = {.tv_nsec = 20 * 1000 * 1000};
	int64_t before;

	do {
		before = child_cpu(c);
		nanosleep(&wait, NULL);
	} while (child_cpu(c) != before);
}

long child_memory(const struct child *c, const char *field)
{
	char path[64], line[256];
	size_t len = strlen(field);
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)c->pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, len) && line[len] == ':')
			kib = atol(line + len + 1);
	if (f)
		fclose(f);
	return kib;
}

int64_t child_end(struct child *c, int signo)
{
	struct rusage ru;

	kill(c->pid, signo);
	if (wait4(c->pid, NULL, 0, &ru) < 0)
		bench_die("wait");
	close(c->ready);
	close(c->out);
	return (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000000LL +
	       (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) * 1000LL;
}

static void *read_lines(void *arg)
{
	static char buf[PIPE_BYTES];
	const size_t keep = strlen(WORK_MARK) - 1;	/* of a mark in two reads */
	struct reader *r = arg;
	size_t len = 0;
	ssize_t n;

	while ((n = read(r->fd, buf + len, sizeof(buf) - len)) > 0) {
		char *new = buf + len, *end = new + n;
		char *mark = memmem(buf, len + (size_t)n, WORK_MARK, strlen(WORK_MARK));

		unsigned long lines = r->lines;

		for (char *p = new; (p = memchr(p, '\n', (size_t)(end - p))) && (!mark || p < mark); p++)
			lines++;
		__atomic_store_n(&r->lines, lines, __ATOMIC_RELEASE);
		if (mark)
			break;
		len = (size_t)(end - buf) < keep ? (size_t)(end - buf) : keep;
		memmove(buf, end - len, len);
	}
	r->done_ns = bench_now();
	__atomic_store_n(&r->done, 1, __ATOMIC_RELEASE);
	/* let it write on, so that it is not the end of it that is measured */
	while (read(r->fd, buf, sizeof(buf)) > 0)
		;
	return NULL;
}

void reader_start(struct reader *r, const struct child *c)
{
	/* a duplicate, for the child's own is closed when it ended */
	*r = (struct reader){.fd = fcntl(c->out, F_DUPFD_CLOEXEC, 0)};
	fcntl(r->fd, F_SETPIPE_SZ, PIPE_BYTES);
	if (pthread_create(&r->thread, NULL, read_lines, r))
		bench_die("cannot start a thread");
}

int reader_done(const struct reader *r)
{
	return __atomic_load_n(&r->done, __ATOMIC_ACQUIRE);
}

unsigned long reader_lines(const struct reader *r)
{
	return __atomic_load_n(&r->lines, __ATOMIC_ACQUIRE);
}

void reader_join(struct reader *r)
{
	pthread_join(r->thread, NULL);
	close(r->fd);
}
