/* SPDX-License-Identifier: MIT */
/* run.h - the command of --run */
#ifndef PATHEV_RUN_H
#define PATHEV_RUN_H

#include <signal.h>
#include <sys/types.h>

struct cli;

/*
 * Start it, with its standard output on stdout_fd and the signal mask given: it inherits what
 * we were given, and nothing of ours.  *child is its process.  0, or after a message the exit
 * status that says why not: 126 found but not runnable, 127 not found.
 */
int run_command(const struct cli *c, int stdout_fd, const sigset_t *mask, pid_t *child);

/* Has it ended?  1: yes, it was reaped, and *status is as a shell tells it (128 + N: signal
 * N); 0: no. */
int run_ended(pid_t child, int *status);

#endif
