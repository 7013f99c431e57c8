/* SPDX-License-Identifier: MIT */
/*
 * scan.c - looks at a large tree of which nothing is told: groups of directories, seen by a crew
 *
 * What look.c does for one directory is done for many: they are seen, the kernel's queue is
 * emptied, the future is asked, and then only their own directories become known, which make the
 * next groups.  Groups are taken back in the order in which they were handed out, so that a
 * parent has its watch before one of its children is judged.  Without a crew all goes on one by one.
 */
#include "engine.h"

#include "crew.h"
#include "inotify.h"

#include <limits.h>
#include <string.h>

static int is_groupable(const struct pathev *pv, uint32_t node)
{
	const struct pathev__node *n = &pv->tree.node[node];

	return n->flags & PATHEV__NODE_PENDING && pathev__mode_of(pv, node) == PATHEV__QUIET &&
	       !(n->flags & (PATHEV__NODE_FREE | PATHEV__NODE_ROOT | PATHEV__NODE_CUT));
}

/* The last of those to look at now, if it can be in a group; else NIL. */
static uint32_t next_node(const struct pathev *pv)
{
	uint32_t node = pv->now.len ? pv->now.node[pv->now.len - 1] : PATHEV__NIL;

	return node != PATHEV__NIL && is_groupable(pv, node) ? node : PATHEV__NIL;
}

static int add_name(struct pathev *pv, struct pathev__group *g, uint32_t node)
{
	const char *name = pathev__watches_name(&pv->tree, node);

	if (pathev__buf_add(&g->names, name, strlen(name) + 1))
		return -1;
	pv->tree.node[node].flags &= (uint16_t)~PATHEV__NODE_PENDING;
	g->node[g->n++] = node;
	pv->now.len--;
	return 0;
}

/* The next nodes, which have one parent.  1: a group; 0: they are out of the tree; -1: ENOMEM. */
static int fill(struct pathev *pv, struct pathev__crew *c, struct pathev__group *g)
{
	const struct pathev__group *oldest = pathev__crew_oldest(c);
	uint32_t node = next_node(pv), parent = pv->tree.node[node].parent;
	uint32_t root, depth;

	if (pathev__watches_path(&pv->tree, parent, &g->dir, &root))
		return -1;
	if (root == PATHEV__NIL) {
		pv->now.len--;
		return 0;
	}
	pathev__watches_root(&pv->tree, parent, &depth);
	pathev__see_how(pv, root, depth + 1, PATHEV__WATCH_NOFOLLOW, &g->how);
	while (g->n < PATHEV__GROUP_MAX && node != PATHEV__NIL &&
	       pv->tree.node[node].parent == parent) {
		if (add_name(pv, g, node))
			return -1;
		node = next_node(pv);
	}
	/* a watch that is newer than those known now is at most as old as the oldest group */
	g->start = pv->in.end;
	g->before = oldest ? oldest->start : pv->in.end;
	g->max_wd = pv->max_wd;
	return 1;
}

static int hand_out(struct pathev *pv, struct pathev__crew *c)
{
	struct pathev__group *g;

	while (next_node(pv) != PATHEV__NIL && (g = pathev__crew_group(c))) {
		int res = fill(pv, c, g);

		if (res < 0)
			return -1;
		if (res)
			pathev__crew_submit(c);
	}
	return 0;
}

static int take_back(struct pathev *pv, struct pathev__group *g)
{
	int res = 0;

	for (unsigned i = 0; i < g->n && !res; i++) {
		struct pathev__sight *s = &g->sight[i];

		if (g->error) {
			/* whatever is the matter there: the long way tells */
			pv->tree.node[g->node[i]].flags |= PATHEV__NODE_PENDING;
			res = pathev__look(pv, g->node[i]);
			continue;
		}
		s->from = s->wd > g->max_wd ? g->before : pv->in.future;
		res = pathev__judge(pv, g->node[i], PATHEV__QUIET, s, &g->entries);
	}
	return res;
}

static void drop_group(void *arg, const struct pathev__group *g)
{
	for (unsigned i = 0; i < g->n && !g->error; i++)
		if (g->sight[i].wd >= 0)
			pathev__unwatch(arg, g->sight[i].wd);
}

int pathev__scan(struct pathev *pv)
{
	struct pathev__crew *c;
	int res = 0;

	if (next_node(pv) == PATHEV__NIL)
		return 0;
	c = pathev__crew_start();
	if (!c)
		pv->few = UINT_MAX;
	while (c && !res) {
		unsigned done;

		res = hand_out(pv, c);
		if (res || !pathev__crew_busy(c))
			break;
		done = pathev__crew_wait(c);
		res = pathev__drain(pv);
		for (; done && !res; done--) {
			res = take_back(pv, pathev__crew_oldest(c));
			pathev__crew_release(c);
		}
	}
	pathev__crew_end(c, drop_group, pv);
	return res;
}
