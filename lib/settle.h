/* SPDX-License-Identifier: MIT */
/*
 * settle.h - changes that wait until their path has been quiet, and what they come to
 *
 * Events go in; for each path comes out what they come to once it has been quiet for a time.
 * What was told before and what is now are compared, so that whoever applies what comes out to
 * a picture of the tree ends with the right one:
 *
 *	created, written, renamed		create of the last name
 *	renamed, and again			one moved_from, one moved_to
 *	renamed and back			nothing
 *	created and gone			nothing
 *	deleted and made again, replaced	create: instead of what was there
 *	below a directory that was renamed	told after that, under the new path
 *
 * moved_from and moved_to of one rename come together, but where names were exchanged or passed
 * on in a circle: then all of their moved_from come first.
 *
 * Pure: time comes from the caller, and only its differences matter.
 */
#ifndef PATHEV_SETTLE_H
#define PATHEV_SETTLE_H

#include "pathev.h"

#include <stddef.h>
#include <stdint.h>

struct pathev__settle;

/* The events that settling must see, whichever of them are shown in the end. */
enum {
	PATHEV__SETTLE_NEEDS = PATHEV_CREATE | PATHEV_DELETE | PATHEV_MOVED_FROM | PATHEV_MOVED_TO
};

/* quiet_ns: how long a path must be left alone; max_ns: but at the latest so long after its
 * first change, -1: without such a limit.  NULL with ENOMEM. */
struct pathev__settle *pathev__settle_new(int64_t quiet_ns, int64_t max_ns);
void pathev__settle_free(struct pathev__settle *s);

/*
 * An event that has a path.  now_ns must not go back; strings are copied.  0, or -1 with ENOMEM,
 * after which s is good for pathev__settle_free() only, as it is when another of these fails.
 */
int pathev__settle_add(struct pathev__settle *s, const struct pathev_event *ev, int64_t now_ns);

/* Something else is to be told of this path at once: what must be known before is due now. */
int pathev__settle_before(struct pathev__settle *s, const char *path);

/* All that waits is due now. */
void pathev__settle_flush(struct pathev__settle *s);

/* 1: *ev is filled, strings live until the next call; 0: nothing is due yet; -1. */
int pathev__settle_next(struct pathev__settle *s, int64_t now_ns, struct pathev_event *ev);

/* When to call pathev__settle_next() again, or when all has been quiet, for who tells all at
 * once with pathev__settle_flush().  Both -1 when nothing waits. */
int64_t pathev__settle_due(const struct pathev__settle *s);
int64_t pathev__settle_all_due(const struct pathev__settle *s);

/* Bytes in use, about. */
size_t pathev__settle_bytes(const struct pathev__settle *s);

#endif
