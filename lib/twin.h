/* SPDX-License-Identifier: MIT */
/*
 * twin.h - names in two states at once: as they are now, and as they were told
 *
 * A node is a thing that has a name, or a directory on the way to one.  It has a place (a
 * directory and a name in it) in each of two trees, NOW and TOLD, or in one of them only: it is
 * new, or gone.  Where both places are the same, nothing of its name is to be told.  A node's
 * children in a tree go with it when its own place changes.  Only what somebody holds is in
 * memory: what both trees have alike and nobody needs is dropped.  Pure.
 */
#ifndef PATHEV_TWIN_H
#define PATHEV_TWIN_H

#include "buf.h"
#include "table.h"

#include <stddef.h>
#include <stdint.h>

enum { PATHEV__NOW, PATHEV__TOLD, PATHEV__TREES };

/* With the slashes that stand before it in the path, so that joining names is exact. */
struct pathev__twin_name {
	uint32_t len;
	char text[];
};

/* Where a node is in one tree, and what is below it there. */
struct pathev__twin_place {
	uint32_t up;			/* NIL: nowhere */
	uint32_t next, prev;		/* among the children of up */
	uint32_t kids;			/* the first one; NIL */
	struct pathev__twin_name *name;	/* NULL when nowhere; both places share one when they are
					 * the same */
};

struct pathev__twin_node {
	struct pathev__twin_place place[PATHEV__TREES];
	uint32_t held;			/* not 0: it stays, whatever its places are */
};

/* The nodes are in the caller's array, each of its elements begins with a pathev__twin_node.
 * Number 0 is what all paths begin in: it is in both trees, and has no place. */
struct pathev__twin {
	char *node;
	size_t size;			/* of an element */
	size_t used, cap;
	uint32_t spare;			/* the first unused one, joined by place[0].next; NIL */
	struct pathev__table table[PATHEV__TREES];
	size_t bytes;			/* of nodes and names in use */
	uint32_t version[PATHEV__TREES];	/* changes when a place is left */
};

/* Elements of size bytes, zeroed when they come into use.  0 or -1 with ENOMEM. */
int pathev__twin_init(struct pathev__twin *t, size_t size);
void pathev__twin_fini(struct pathev__twin *t);

static inline struct pathev__twin_node *pathev__twin_at(const struct pathev__twin *t, uint32_t n)
{
	return (struct pathev__twin_node *)(void *)(t->node + n * t->size);
}

static inline struct pathev__twin_place *pathev__twin_place(const struct pathev__twin *t, int tree,
							    uint32_t n)
{
	return &pathev__twin_at(t, n)->place[tree];
}

/* Is it anywhere in the tree? */
static inline int pathev__twin_in(const struct pathev__twin *t, int tree, uint32_t n)
{
	return !n || pathev__twin_place(t, tree, n)->up != PATHEV__NIL;
}

/* In both trees, and at the same place? */
static inline int pathev__twin_same(const struct pathev__twin *t, uint32_t n)
{
	const struct pathev__twin_node *d = pathev__twin_at(t, n);

	return !n || (d->place[0].name && d->place[0].name == d->place[1].name &&
		      d->place[0].up == d->place[1].up);
}

/* A new node without a place; NIL with ENOMEM. */
uint32_t pathev__twin_new(struct pathev__twin *t);

/* Free it if nobody holds it, it has no children, and both trees have it alike or it is in one
 * only; and then the directories on the way to it likewise. */
void pathev__twin_drop(struct pathev__twin *t, uint32_t n);

/* What is at a name in a directory; NIL. */
uint32_t pathev__twin_find(const struct pathev__twin *t, int tree, uint32_t up, const char *name,
			   size_t len);

/* Give a node that is nowhere in the tree a place, where nothing else is.  0 or -1 with ENOMEM. */
int pathev__twin_put(struct pathev__twin *t, int tree, uint32_t n, uint32_t up, const char *name,
		     size_t len);

/* The place in TOLD becomes that in NOW, which it has.  0 or -1 with ENOMEM. */
int pathev__twin_settle(struct pathev__twin *t, uint32_t n);

/* Take it away from its place; its children stay with it. */
void pathev__twin_take(struct pathev__twin *t, int tree, uint32_t n);

/* The length of the first component of a path, with the slashes before it.  0 at the end. */
size_t pathev__twin_component(const char *path, size_t len);

/* The path in path: 0 or -1 with ENOMEM.  All directories on the way must be in the tree. */
int pathev__twin_path(const struct pathev__twin *t, int tree, uint32_t n, struct pathev__buf *path);

#endif
