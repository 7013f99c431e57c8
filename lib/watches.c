/* SPDX-License-Identifier: MIT */
/*
 * watches.c - the tree of watched directories: which paths a watch descriptor stands for
 *
 * There are no lists of children: they would cost more than all the rest.  What needs them, the
 * removal of a subtree, marks its top (a cut) and later looks at every node once for all cuts
 * (a sweep).  A node that is gone without any below it is freed at once.
 */
#include "watches.h"

#include "base.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { CHILDREN_STICK = UINT16_MAX, GARBAGE_MIN = 64 * 1024 };

void pathev__watches_init(struct pathev__watches *t)
{
	*t = (struct pathev__watches){.free = PATHEV__NIL};
	pathev__table_init(&t->by_name);
	pathev__table_init(&t->by_wd);
}

void pathev__watches_fini(struct pathev__watches *t)
{
	free(t->node);
	pathev__buf_fini(&t->names);
	pathev__table_fini(&t->by_name);
	pathev__table_fini(&t->by_wd);
	pathev__watches_init(t);
}

static uint32_t name_hash(uint32_t parent, const char *name, size_t len)
{
	return pathev__hash_bytes(parent * 0x9e3779b1u, name, len);
}

static uint32_t hash_by_name(const void *ctx, uint32_t v)
{
	const struct pathev__watches *t = ctx;
	const char *name = pathev__watches_name(t, v);

	return name_hash(t->node[v].parent, name, strlen(name));
}

/* The kernel counts descriptors up: as they are they spread best, and neighbours lie together. */
static uint32_t wd_hash(int wd)
{
	return (uint32_t)wd;
}

static uint32_t hash_by_wd(const void *ctx, uint32_t v)
{
	const struct pathev__watches *t = ctx;

	return wd_hash(t->node[v].wd);
}

static int is_hashed(const struct pathev__node *n)
{
	return !(n->flags & (PATHEV__NODE_ROOT | PATHEV__NODE_CUT | PATHEV__NODE_FREE));
}

/* Copy the names in use to the front.  Failing to is no harm. */
static void compact_names(struct pathev__watches *t)
{
	struct pathev__buf names = {0};

	if (pathev__buf_room(&names, t->names.len - t->garbage))
		return;
	for (uint32_t i = 0; i < t->nnodes; i++) {
		struct pathev__node *n = &t->node[i];
		const char *name = pathev__watches_name(t, i);

		if (n->flags & PATHEV__NODE_FREE)
			continue;
		n->name = (uint32_t)names.len;
		pathev__buf_add(&names, name, strlen(name) + 1);
	}
	pathev__buf_fini(&t->names);
	t->names = names;
	t->garbage = 0;
}

static int store_name(struct pathev__watches *t, const char *name, size_t len, uint32_t *off)
{
	if (t->names.len + len + 1 >= UINT32_MAX) {
		errno = ENOMEM;
		return -1;
	}
	*off = (uint32_t)t->names.len;
	if (pathev__buf_room(&t->names, len + 1))
		return -1;
	pathev__buf_add(&t->names, name, len);
	return pathev__buf_addch(&t->names, '\0');
}

static void forget_name(struct pathev__watches *t, uint32_t node)
{
	t->garbage += strlen(pathev__watches_name(t, node)) + 1;
}

static void tidy_names(struct pathev__watches *t)
{
	if (t->garbage > GARBAGE_MIN && t->garbage > t->names.len / 2)
		compact_names(t);
}

static uint32_t new_node(struct pathev__watches *t, const char *name, size_t len)
{
	uint32_t v = t->free, off;

	tidy_names(t);
	if (v == PATHEV__NIL) {
		struct pathev__node *mem;

		if (t->nnodes >= PATHEV__NIL - 1) {
			errno = ENOMEM;
			return PATHEV__NIL;
		}
		mem = pathev__grow(t->node, &t->capnodes, (size_t)t->nnodes + 1, sizeof(*mem));
		if (!mem)
			return PATHEV__NIL;
		t->node = mem;
	}
	if (store_name(t, name, len, &off))
		return PATHEV__NIL;
	if (v == PATHEV__NIL)
		v = t->nnodes++;
	else
		t->free = t->node[v].alias;
	t->node[v] = (struct pathev__node){
		.parent = PATHEV__NIL, .name = off, .alias = PATHEV__NIL, .wd = -1,
	};
	t->live++;
	return v;
}

static void free_node(struct pathev__watches *t, uint32_t v)
{
	struct pathev__node *n = &t->node[v];

	assert(n->wd < 0);
	forget_name(t, v);
	n->flags = PATHEV__NODE_FREE;
	n->alias = t->free;
	t->free = v;
	t->live--;
}

static void count_child(struct pathev__watches *t, uint32_t parent, int by)
{
	struct pathev__node *n = &t->node[parent];

	if (n->children != CHILDREN_STICK)
		n->children = (uint16_t)(n->children + by);
}

static int hook(struct pathev__watches *t, uint32_t v, uint32_t parent, const char *name, size_t len)
{
	if (pathev__table_add(&t->by_name, name_hash(parent, name, len), v, hash_by_name, t))
		return -1;
	t->node[v].parent = parent;
	count_child(t, parent, 1);
	return 0;
}

static void unhook(struct pathev__watches *t, uint32_t v)
{
	pathev__table_del(&t->by_name, hash_by_name(t, v), v, hash_by_name, t);
	count_child(t, t->node[v].parent, -1);
	t->node[v].parent = PATHEV__NIL;
}

uint32_t pathev__watches_add_root(struct pathev__watches *t, uint32_t root, const char *path)
{
	uint32_t v = new_node(t, path, strlen(path));

	if (v != PATHEV__NIL) {
		t->node[v].flags = PATHEV__NODE_ROOT;
		t->node[v].parent = root;
	}
	return v;
}

uint32_t pathev__watches_add(struct pathev__watches *t, uint32_t parent, const char *name,
			     size_t len)
{
	uint32_t v = new_node(t, name, len);

	if (v == PATHEV__NIL)
		return v;
	if (hook(t, v, parent, name, len)) {
		free_node(t, v);
		return PATHEV__NIL;
	}
	return v;
}

uint32_t pathev__watches_child(const struct pathev__watches *t, uint32_t parent,
			       const char *name, size_t len)
{
	uint32_t hash = name_hash(parent, name, len);
	uint32_t v;

	for (uint32_t i = pathev__table_first(&t->by_name, hash);
	     (v = t->by_name.slot[i]) != PATHEV__NIL; i = pathev__table_next(&t->by_name, i)) {
		const char *s;

		if (t->node[v].parent != parent)
			continue;
		s = pathev__watches_name(t, v);
		if (!strncmp(s, name, len) && !s[len])
			break;
	}
	return v;
}

uint32_t pathev__watches_by_wd(const struct pathev__watches *t, int wd)
{
	uint32_t v;

	for (uint32_t i = pathev__table_first(&t->by_wd, wd_hash(wd));
	     (v = t->by_wd.slot[i]) != PATHEV__NIL; i = pathev__table_next(&t->by_wd, i))
		if (t->node[v].wd == wd)
			break;
	return v;
}

int pathev__watches_bind(struct pathev__watches *t, uint32_t node, int wd)
{
	uint32_t first = pathev__watches_by_wd(t, wd);

	assert(t->node[node].wd < 0 && wd >= 0);
	if (first != PATHEV__NIL) {
		t->node[node].alias = t->node[first].alias;
		t->node[first].alias = node;
	} else if (pathev__table_add(&t->by_wd, wd_hash(wd), node, hash_by_wd,
				     t)) {
		return -1;
	}
	t->node[node].wd = wd;
	return 0;
}

int pathev__watches_unbind(struct pathev__watches *t, uint32_t node)
{
	struct pathev__node *n = &t->node[node];
	uint32_t next = n->alias;
	int wd = n->wd;
	uint32_t v;

	if (wd < 0)
		return -1;
	v = pathev__watches_by_wd(t, wd);
	if (v == node) {
		pathev__table_del(&t->by_wd, wd_hash(wd), node, hash_by_wd, t);
		/* the slot just freed takes the next one: cannot fail */
		if (next != PATHEV__NIL)
			pathev__table_add(&t->by_wd, wd_hash(wd), next,
					  hash_by_wd, t);
	} else {
		while (t->node[v].alias != node)
			v = t->node[v].alias;
		t->node[v].alias = next;
		next = v;
	}
	n->alias = PATHEV__NIL;
	n->wd = -1;
	return next == PATHEV__NIL ? wd : -1;
}

int pathev__watches_move(struct pathev__watches *t, uint32_t node, uint32_t parent,
			 const char *name, size_t len)
{
	uint32_t off;

	for (uint32_t v = parent; v != PATHEV__NIL; v = t->node[v].parent) {
		if (v == node) {
			errno = ELOOP;
			return -1;
		}
		if (t->node[v].flags & PATHEV__NODE_ROOT)
			break;
	}
	tidy_names(t);
	if (store_name(t, name, len, &off))
		return -1;
	if (t->node[node].flags & PATHEV__NODE_CUT) {
		t->node[node].flags &= (uint16_t)~PATHEV__NODE_CUT;
		t->cuts--;
	} else {
		unhook(t, node);
	}
	forget_name(t, node);
	t->node[node].name = off;
	t->version++;
	if (hook(t, node, parent, name, len)) {
		t->node[node].flags |= PATHEV__NODE_CUT;
		t->cuts++;
		return -1;
	}
	return 0;
}

void pathev__watches_cut(struct pathev__watches *t, uint32_t node)
{
	struct pathev__node *n = &t->node[node];

	if (n->flags & PATHEV__NODE_CUT)
		return;
	if (n->flags & PATHEV__NODE_ROOT)
		n->flags &= (uint16_t)~PATHEV__NODE_ROOT;
	else
		unhook(t, node);
	n->parent = PATHEV__NIL;
	n->flags |= PATHEV__NODE_CUT;
	t->cuts++;
	t->version++;
}

int pathev__watches_remove(struct pathev__watches *t, uint32_t node)
{
	int wd;

	pathev__watches_cut(t, node);
	if (t->node[node].children)
		return -1;
	wd = pathev__watches_unbind(t, node);
	free_node(t, node);
	t->cuts--;
	return wd;
}

enum { UNKNOWN, KEEP, GONE };

/* Is there a cut at or above a node?  fate holds the answers found so far. */
static unsigned char fate_of(const struct pathev__watches *t, uint32_t node, unsigned char *fate)
{
	unsigned char f = UNKNOWN;
	uint32_t v;

	for (v = node; !(f = fate[v]); v = t->node[v].parent) {
		if (t->node[v].flags & PATHEV__NODE_CUT)
			fate[v] = GONE;
		else if (t->node[v].flags & PATHEV__NODE_ROOT)
			fate[v] = KEEP;
		if (fate[v]) {
			f = fate[v];
			break;
		}
	}
	for (v = node; !fate[v]; v = t->node[v].parent)
		fate[v] = f;
	return f;
}

int pathev__watches_sweep(struct pathev__watches *t, void (*drop)(void *arg, int wd), void *arg)
{
	unsigned char *fate;

	if (!t->cuts)
		return 0;
	fate = calloc(t->nnodes, 1);
	if (!fate)
		return -1;
	for (uint32_t v = 0; v < t->nnodes; v++)
		if (!(t->node[v].flags & PATHEV__NODE_FREE))
			fate_of(t, v, fate);
	/* out of the table first: its hashes need the names and the parents of all that is in it */
	for (uint32_t v = 0; v < t->nnodes; v++)
		if (fate[v] == GONE && is_hashed(&t->node[v]))
			unhook(t, v);
	for (uint32_t v = 0; v < t->nnodes; v++) {
		int wd;

		if (fate[v] != GONE)
			continue;
		wd = pathev__watches_unbind(t, v);
		if (wd >= 0)
			drop(arg, wd);
		free_node(t, v);
	}
	free(fate);
	t->cuts = 0;
	t->version++;
	return 0;
}

uint32_t pathev__watches_root(const struct pathev__watches *t, uint32_t node, uint32_t *depth)
{
	uint32_t steps = 0;

	while (!(t->node[node].flags & (PATHEV__NODE_ROOT | PATHEV__NODE_CUT))) {
		node = t->node[node].parent;
		steps++;
	}
	if (depth)
		*depth = steps;
	return t->node[node].flags & PATHEV__NODE_ROOT ? t->node[node].parent : PATHEV__NIL;
}

int pathev__watches_path(const struct pathev__watches *t, uint32_t node, struct pathev__buf *path,
			 uint32_t *root)
{
	size_t need = 0;
	const char *name;
	size_t len;
	uint32_t v;
	char *end;
	int slash;

	for (v = node; !(t->node[v].flags & PATHEV__NODE_ROOT); v = t->node[v].parent) {
		if (t->node[v].flags & PATHEV__NODE_CUT) {
			*root = PATHEV__NIL;
			return 0;
		}
		need += strlen(pathev__watches_name(t, v)) + 1;
	}
	*root = t->node[v].parent;
	name = pathev__watches_name(t, v);
	len = strlen(name);
	if (pathev__buf_room(path, len + need))
		return -1;
	pathev__buf_add(path, name, len);
	if (!need)
		return 0;
	/* a root that ends in a slash, the root directory, brings its own separator */
	slash = len && name[len - 1] == '/';
	if (slash)
		need--;
	end = path->data + path->len + need;
	path->len += need;
	*end = '\0';
	for (v = node; !(t->node[v].flags & PATHEV__NODE_ROOT); v = t->node[v].parent) {
		name = pathev__watches_name(t, v);
		len = strlen(name);
		end -= len;
		memcpy(end, name, len);
		if (!slash || !(t->node[t->node[v].parent].flags & PATHEV__NODE_ROOT))
			*--end = '/';
	}
	return 0;
}
