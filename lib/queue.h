/* SPDX-License-Identifier: MIT */
/*
 * queue.h - events ready to hand out, and the storage of their strings
 *
 * Made for a reader that sleeps while hundreds of thousands of events come: an event takes about
 * 30 bytes and its name; the directory's path is stored once for a run of events.  Pure.
 */
#ifndef PATHEV_QUEUE_H
#define PATHEV_QUEUE_H

#include "buf.h"

#include <stddef.h>
#include <stdint.h>

struct pathev_event;
struct pathev__queue_chunk;

/* What comes in.  Strings are copied, but for root, which must outlive the event. */
struct pathev__queue_in {
	uint32_t what;
	uint32_t cookie;
	int error;
	char type;
	char synthesized;
	char evidence;
	int64_t time_ns;
	const char *root;	/* NULL: an event without a path, and dir and name are not looked at */
	const char *dir;	/* path of the directory, or the whole path when name is NULL */
	size_t dirlen;
	size_t reloff;		/* where in dir/name the part below root begins */
	const char *name;
	size_t namelen;
	const char *other;	/* from, to or token, as what tells; NULL: none */
	size_t otherlen;
};

struct pathev__queue {
	struct pathev__queue_chunk *head;	/* of the next event; NULL when there is none */
	struct pathev__queue_chunk *tail;
	struct pathev__queue_chunk *spare;
	size_t bytes;				/* held by events that wait */
	uint64_t count;				/* events that wait */
	struct pathev_event *to;		/* not NULL: what comes while nothing waits is put here
						 * at once, and this is NULL again */
	struct pathev__buf path;		/* of the event handed out last; it begins with ... */
	size_t dirlen;				/* ... the directory in force, so long */
	size_t reloff;				/* and what belongs to it */
	const char *root;
	struct pathev__buf other;
};

void pathev__queue_fini(struct pathev__queue *q);	/* all zero is an empty queue */

/* 0, or -1 with ENOMEM and the queue as it was.  Strings of what q->to takes live as of a pop. */
int pathev__queue_push(struct pathev__queue *q, const struct pathev__queue_in *in);

/* 1: *ev is filled, strings live until the next pop; 0: empty; -1: ENOMEM, nothing popped. */
int pathev__queue_pop(struct pathev__queue *q, struct pathev_event *ev);

#endif
