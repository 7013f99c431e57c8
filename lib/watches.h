/* SPDX-License-Identifier: MIT */
/*
 * watches.h - the tree of watched directories: which paths a watch descriptor stands for
 *
 * A node is a directory (or an added path) with a parent and a name; a path is put together
 * only when it is needed, so that the rename of a directory is one step however much is below.
 * One descriptor may stand for several nodes: an inode reached by two names has one.
 *
 * Pure: the kernel is told by the caller what to watch and what not.
 */
#ifndef PATHEV_WATCHES_H
#define PATHEV_WATCHES_H

#include "buf.h"
#include "table.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Nodes are numbers, valid until they are removed.  parent is a node, or the number of the root
 * where PATHEV__NODE_ROOT is set, or NIL where PATHEV__NODE_CUT is.
 */
struct pathev__node {
	uint32_t parent;
	uint32_t name;		/* offset in names: a component, or the whole path of a root */
	uint32_t alias;		/* the next node of the same descriptor, or NIL */
	int32_t wd;		/* -1: not watched */
	uint16_t children;	/* how many nodes name this as parent; sticks at the top */
	uint16_t flags;
};

enum {
	PATHEV__NODE_ROOT = 1,		/* stands for an added path */
	PATHEV__NODE_CUT = 2,		/* not in the tree: this and all below is to be removed */
	PATHEV__NODE_FREE = 4,
	PATHEV__NODE_USER = 8		/* this bit and those above belong to the caller */
};

struct pathev__watches {
	struct pathev__node *node;
	uint32_t nnodes;		/* used of them, free ones included */
	size_t capnodes;
	uint32_t live;			/* nodes that are not free */
	uint32_t free;			/* a chain of free nodes by alias */
	uint32_t cuts;			/* nodes with CUT: a sweep has something to do */
	uint32_t version;		/* changes when any path may have changed */
	struct pathev__buf names;	/* NUL-ended strings */
	size_t garbage;			/* bytes of names that nobody uses */
	struct pathev__table by_name;	/* of (parent, name), without roots and cut nodes */
	struct pathev__table by_wd;	/* the first node of each descriptor */
};

void pathev__watches_init(struct pathev__watches *t);
void pathev__watches_fini(struct pathev__watches *t);

/* A new node: NIL with ENOMEM.  The name is copied; add does not look for a twin. */
uint32_t pathev__watches_add_root(struct pathev__watches *t, uint32_t root, const char *path);
uint32_t pathev__watches_add(struct pathev__watches *t, uint32_t parent, const char *name,
			     size_t len);

/* The child of this name, or NIL. */
uint32_t pathev__watches_child(const struct pathev__watches *t, uint32_t parent,
			       const char *name, size_t len);

/* The first node of a descriptor, or NIL; go on by ->alias. */
uint32_t pathev__watches_by_wd(const struct pathev__watches *t, int wd);

/* Let a node, which has none, stand for descriptor wd.  0 or -1 with ENOMEM. */
int pathev__watches_bind(struct pathev__watches *t, uint32_t node, int wd);
/* Take a node's descriptor away: its number when no other node has it, else -1. */
int pathev__watches_unbind(struct pathev__watches *t, uint32_t node);

/* Give a node another parent and name; what is below goes along.  0, or -1 with ENOMEM, or with
 * ELOOP when parent is the node itself or below it. */
int pathev__watches_move(struct pathev__watches *t, uint32_t node, uint32_t parent,
			 const char *name, size_t len);

/* Take a node out of the tree.  It and all below stay allocated, and bound, until the next
 * sweep; a cut node may be moved back into the tree before. */
void pathev__watches_cut(struct pathev__watches *t, uint32_t node);

/*
 * Take a node out and forget it at once if nothing is below it; else as cut.  What the descriptor
 * number of a forgotten node was, if no other node has it, else -1.
 */
int pathev__watches_remove(struct pathev__watches *t, uint32_t node);

/*
 * Remove all that was cut.  Every descriptor that no node has any more is handed to drop.
 * Takes time in proportion to the whole tree: collect some cuts first.  0 or -1 with ENOMEM,
 * nothing done.
 */
int pathev__watches_sweep(struct pathev__watches *t, void (*drop)(void *arg, int wd), void *arg);

/* The number of the root above a node, NIL if it was cut; how many steps below it. */
uint32_t pathev__watches_root(const struct pathev__watches *t, uint32_t node, uint32_t *depth);

/* Append the node's path.  Its root as above in *root; 0, or -1 with ENOMEM. */
int pathev__watches_path(const struct pathev__watches *t, uint32_t node, struct pathev__buf *path,
			 uint32_t *root);

static inline const char *pathev__watches_name(const struct pathev__watches *t, uint32_t node)
{
	return t->names.data + t->node[node].name;
}

#endif
