/* SPDX-License-Identifier: MIT */
/* child.h - a program that is measured: started, awaited, asked for time and memory, ended */
#ifndef PATHEV_BENCH_CHILD_H
#define PATHEV_BENCH_CHILD_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int ready;		/* becomes readable when it is armed */
	int out;		/* its stdout */
	const char *says;	/* on ready when it is armed */
	int64_t start_ns;
};

int64_t bench_now(void);	/* monotonic ns */

/*
 * Start it, its stdout a pipe.  says NULL: it writes a newline to descriptor 4 when it is armed;
 * else these are the words on its stderr.
 */
void child_start(struct child *c, char *const argv[], const char *says);

/* Wait until it is armed: ns since it was started. */
int64_t child_await(struct child *c);

/* The same for one that never says so: until it tells of changes to this file, which we make. */
int64_t child_probe(struct child *c, const char *file);

int64_t child_cpu(const struct child *c);		/* ns it has used until now */
void child_idle(const struct child *c);			/* until it uses none for 20 ms */
long child_memory(const struct child *c, const char *field);	/* KiB of /proc/PID/status */

/* Send a signal and wait for the end; all CPU it used, in ns. */
int64_t child_end(struct child *c, int signo);

/* Reads the output of a child in a thread and counts lines, until one holds WORK_MARK. */
struct reader {
	pthread_t thread;
	int fd;
	unsigned long lines;	/* before the mark; atomic until reader_join */
	int done;		/* atomic: the mark was seen, or there is no more */
	int64_t done_ns;
};

void reader_start(struct reader *r, const struct child *c);
int reader_done(const struct reader *r);
unsigned long reader_lines(const struct reader *r);	/* so far */
void reader_join(struct reader *r);

#endif
