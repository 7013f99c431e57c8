/* SPDX-License-Identifier: MIT */
/*
 * crew.h - sees many directories at once: threads, each with a cwd of its own
 *
 * The kernel finds a long path by walking it, name by name; and inotify takes nothing but paths.
 * With the parent as cwd there is one name to find.  The cwd of the process is the caller's, but
 * a thread can have its own (unshare(2), CLONE_FS).  It does nothing but system calls on what it
 * was handed; all that is known of the tree stays with the thread that asks.
 */
#ifndef PATHEV_CREW_H
#define PATHEV_CREW_H

#include "buf.h"
#include "see.h"

#include <stddef.h>
#include <stdint.h>

enum { PATHEV__GROUP_MAX = 32 };

/* Some directories of one parent. */
struct pathev__group {
	struct pathev__see how;
	struct pathev__buf dir;		/* path of the parent */
	struct pathev__buf names;	/* n of them, each with a NUL behind it */
	unsigned n;
	uint32_t node[PATHEV__GROUP_MAX];	/* the caller's */
	uint64_t start, before;			/* the caller's */
	int max_wd;				/* the caller's */

	/* the answer */
	int error;			/* the parent was not entered, nothing was seen */
	struct pathev__sight sight[PATHEV__GROUP_MAX];
	struct pathev__buf entries;	/* of all of them */
	int done;
};

struct pathev__crew;

/* NULL with errno where threads, or a cwd of their own, are not to be had. */
struct pathev__crew *pathev__crew_start(void);

/* A group to fill in, empty but for what its buffers hold; NULL when all are under way. */
struct pathev__group *pathev__crew_group(struct pathev__crew *c);
/* It is filled in; the members know of it from the next wait on. */
void pathev__crew_submit(struct pathev__crew *c);

/* How many are filled in and not given back; the oldest of them, or NULL. */
unsigned pathev__crew_busy(const struct pathev__crew *c);
struct pathev__group *pathev__crew_oldest(struct pathev__crew *c);

/* Wait until at least some are done: how many of the oldest are. */
unsigned pathev__crew_wait(struct pathev__crew *c);
/* The oldest one, done, is given back. */
void pathev__crew_release(struct pathev__crew *c);

/* Ends the threads; what is still under way is finished first, and handed to drop. */
void pathev__crew_end(struct pathev__crew *c,
		      void (*drop)(void *arg, const struct pathev__group *g), void *arg);

#endif
