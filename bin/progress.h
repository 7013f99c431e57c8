/* SPDX-License-Identifier: MIT */
/*
 * progress.h - a count that moves on a terminal, while there is nothing else to see
 *
 * Setting up many watches takes its time.  Who waits for that in front of a terminal is told so,
 * in a line that is drawn anew in place and wiped when it is over.  It is drawn late, so that
 * what is done at once is done in silence, and seldom, so that drawing costs nothing.
 */
#ifndef PATHEV_PROGRESS_H
#define PATHEV_PROGRESS_H

#include <stdint.h>

struct progress {
	const char *name;	/* of the program */
	int fd;			/* -1: nothing is drawn (any more) */
	int shown;		/* the line is there, and the cursor at its end */
	int64_t next_ns;	/* no drawing before this time of pathev_now() */
};

/* From now on; fd is a terminal that screen_usable() has found good, or -1. */
void progress_begin(struct progress *p, const char *name, int fd, int64_t now_ns);

/* So many are set up by now. */
void progress_tell(struct progress *p, uint64_t count, int64_t now_ns);

/* Wipe the line, for something is to be written there.  It may come again.  NULL is fine. */
void progress_wipe(struct progress *p);

/* The same, and it does not come again.  NULL is fine. */
void progress_end(struct progress *p);

#endif
