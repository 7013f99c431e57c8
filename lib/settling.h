/* SPDX-License-Identifier: MIT */
/*
 * settling.h - what settle.c and retell.c share
 *
 * A node waits (PENDING) when something is to be told of it.  What that is follows from its
 * places (twin.h): in NOW only, it is new; in TOLD only, it is gone; in both, it was renamed, or
 * merely changed.  Its children go with it in both trees, so a renamed directory costs no more
 * than a file.
 *
 * Events change the tree NOW (settle.c), telling makes the tree TOLD like it (retell.c).  Nobody
 * else includes this, so its names are short.
 */
#ifndef PATHEV_SETTLING_H
#define PATHEV_SETTLING_H

#include "buf.h"
#include "pathev.h"
#include "queue.h"
#include "settle.h"
#include "table.h"
#include "twin.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define NIL PATHEV__NIL
#define NOW PATHEV__NOW
#define TOLD PATHEV__TOLD

static const uint32_t BINDS = PATHEV_CREATE | PATHEV_MOVED_TO;
static const uint32_t UNBINDS = PATHEV_DELETE | PATHEV_MOVED_FROM;

enum {
	PENDING = 1,	/* in both lists */
	FLIGHT = 2,	/* pending; its moved_to is still to come */
	SHADOW = 4,	/* gone, and its name was taken by another that is pending: that replaces it */
	HIDES = 8,	/* it was renamed to where something may have been that we never saw */
	FOUND = 16,	/* all of its events were synthesized */
	TELLING = 32,	/* being told now, further up the stack */
	LEFT = 64	/* its moved_from was told, and its moved_to must be */
};

struct node {
	struct pathev__twin_node twin;	/* held by PENDING and by SHADOW */
	uint32_t next[2], prev[2];	/* in the lists; NIL at the ends */
	int64_t last_ns;		/* what the lists are sorted by: the last event, */
	int64_t first_ns;		/* and the first one */
	int64_t time_ns;		/* of the last event, as pathev_event has it */
	uint32_t what;			/* all events since it was told */
	uint32_t cookie;
	uint32_t root;			/* of its last event: an index into roots */
	uint32_t is_root;		/* the root that has this very path, plus one; 0: none */
	unsigned flags;
	char type;
	char *other;			/* owned.  In flight: where to; else where from, when that is
					 * not in TOLD; NULL */
};

enum { QUIET, FIRST };			/* the lists */

struct flight {
	uint32_t cookie;
	uint32_t node;
};

struct pathev__settle {
	struct pathev__twin tree;
	int64_t quiet_ns, max_ns;
	uint32_t head[2], tail[2];
	int flushing;

	char **roots;			/* interned, for they outlive the events */
	size_t nroots, caproots;
	struct pathev__table root_table;

	struct flight *flight;
	size_t nflights, capflights;
	int64_t flight_ns;		/* when the last one left */

	uint32_t *parked;		/* LEFT, and nobody is about to let them arrive */
	size_t nparked, capparked;

	struct pathev__queue ready;	/* told, not handed out yet */
	struct pathev__buf path, other;
	struct pathev__buf dir;		/* the directory of the last event, */
	uint32_t dir_node, dir_version;	/* which is this node as long as no place is left */
};

static inline struct node *at(const struct pathev__settle *s, uint32_t n)
{
	return (struct node *)(void *)pathev__twin_at(&s->tree, n);
}

static inline int in(const struct pathev__settle *s, int tree, uint32_t n)
{
	return pathev__twin_in(&s->tree, tree, n);
}

static inline const struct pathev__twin_place *place(const struct pathev__settle *s, int tree,
						   uint32_t n)
{
	return pathev__twin_place(&s->tree, tree, n);
}

/* What else, if anything, has the place in one tree that a node has in the other. */
static inline uint32_t at_place(const struct pathev__settle *s, int tree, uint32_t n)
{
	const struct pathev__twin_place *p = place(s, !tree, n);
	uint32_t m = pathev__twin_find(&s->tree, tree, p->up, p->name->text, p->name->len);

	return m == n ? NIL : m;
}

static inline void clear_other(struct node *d)
{
	free(d->other);
	d->other = NULL;
}

/* The length without slashes at the end. */
static inline size_t bare_len(const char *path, size_t len)
{
	while (len && path[len - 1] == '/')
		len--;
	return len;
}

/* It waits no longer.  Whether it may go is for the caller to ask. */
void pathev__settling_unlist(struct pathev__settle *s, uint32_t n);

/* Nothing is to be told of it for now: it may go. */
void pathev__settling_let_go(struct pathev__settle *s, uint32_t n);

/* It is nowhere any more, or only what its directory is gone with. */
void pathev__settling_vanish(struct pathev__settle *s, uint32_t n);

/* Tell what is to be told of a node, and what must be known for that before: into s->ready. */
int pathev__retell(struct pathev__settle *s, uint32_t n);

/* Tell how a node and all directories on the way to it are called now.  Both 0, or -1. */
int pathev__retell_names(struct pathev__settle *s, uint32_t n);

#endif
