/* SPDX-License-Identifier: MIT */
/*
 * progress.h - a count that moves on a terminal, while there is nothing else to see
 *
 * Setting up many watches takes its time, and so does looking again at what is there when events
 * were lost.  Who waits for that in front of a terminal is told so, in a line that is drawn anew
 * in place and wiped when it is over.  It is drawn late, so that what is done at once is done in
 * silence, and seldom, so that drawing costs nothing.
 */
#ifndef PATHEV_PROGRESS_H
#define PATHEV_PROGRESS_H

#include <stdint.h>

struct progress {
	const char *name;	/* of the program */
	const char *doing;	/* NULL: nothing that is shown */
	int fd;
	uint64_t count;		/* as it was told last, */
	uint64_t before;	/* and when this began */
	int shown;		/* the line is there, and the cursor at its end */
	int64_t next_ns;	/* no drawing before this time of pathev_now() */
};

/* Watches are set up from now on; fd is a terminal that screen_usable() has found good. */
void progress_begin(struct progress *p, const char *name, int fd, int64_t now_ns);

/* After a loss, all is looked at again from now on.  NULL is fine. */
void progress_again(struct progress *p, int64_t now_ns);

/* So many directories were looked at by now. */
void progress_tell(struct progress *p, uint64_t count, int64_t now_ns);

/* Wipe the line, for something is to be written there.  It may come again.  NULL is fine. */
void progress_wipe(struct progress *p);

/* The same, and it comes when something else has begun.  NULL is fine. */
void progress_end(struct progress *p);

#endif
