/* SPDX-License-Identifier: MIT */
/*
 * written.h - the event WRITTEN: which files may be complete by now, and whether they are
 *
 * The part of a watcher that has options.want & PATHEV_WRITTEN; without, pv->written is NULL and
 * none of this is called but the functions that say so.
 */
#ifndef PATHEV_WRITTEN_H
#define PATHEV_WRITTEN_H

#include <stddef.h>
#include <stdint.h>

struct pathev;
struct pathev__written;

struct pathev__written *pathev__written_new(void);	/* NULL: ENOMEM */
void pathev__written_free(struct pathev__written *w);	/* NULL is fine */

/* A regular file: a name in a directory's node, or, with name "", an added path itself. */
struct pathev__file {
	uint32_t dir;		/* the node, or the number of the root */
	const char *name;
	size_t len;
};

/* What is told of a file: bits of what that make it a candidate, or end that it is one. */
int pathev__written_note(struct pathev *pv, struct pathev__file file, uint32_t what,
			 int synthesized);

/* The directory says that an added path was closed, which then its own watch may not say: if it is
 * a candidate, it is no newborn. */
int pathev__written_closed(struct pathev *pv, uint32_t root);

/* The node is no more, or (PATHEV__NIL) some are out of the tree: so are their files. */
void pathev__written_forget(struct pathev *pv, uint32_t node);
void pathev__written_forget_root(struct pathev *pv, uint32_t root);

/* Before the tree is thrown away, and when it is there again. */
int pathev__written_keep(struct pathev *pv);
int pathev__written_restore(struct pathev *pv);

/* Is there something to look at now?  pv->written may be NULL, here and below. */
int pathev__written_due(struct pathev *pv);
/* Look at some of it, and tell what is complete.  The intake must be empty.  0 or -1. */
int pathev__written_look(struct pathev *pv);
/* Is something expected within milliseconds? */
int pathev__written_pending(const struct pathev *pv);
/* When time makes something due; -1: it does not. */
int64_t pathev__written_next(const struct pathev *pv);

#endif
