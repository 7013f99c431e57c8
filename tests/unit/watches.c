/* SPDX-License-Identifier: MIT */
/*
 * watches.c - tests of the tree of watched directories, against a naive model
 *
 * The model keeps for each node its parent, name and descriptor, and finds everything else by
 * going over all of them.  Nodes have the same numbers in both.
 */
#include "alloc.h"

#include "../../lib/buf.c"
#include "../../lib/table.c"
#include "../../lib/watches.c"

#include "random.h"
#include "tap.h"

#include <limits.h>

enum { NODES = 300, WDS = 40, PATH_BYTES = 100000 };

static const char *const root_paths[] = {"/", "r", "/abs/olute"};

static struct model {
	int alive, is_root, is_cut, wd;
	uint32_t parent;	/* or the root's number */
	char name[256];
} model[NODES];

static struct pathev__watches tree;
static int wrong_results, wrong_paths, wrong_wds, wrong_counts, wrong_children, wrong_drops;
static int stale_versions, met_loops, met_cut_moves, met_aliases, met_nomem, met_compacts;

/*
 * The model
 */

/* The node below which all is to go, at or above v; NIL: none. */
static uint32_t model_cut(uint32_t v)
{
	while (!model[v].is_cut && !model[v].is_root)
		v = model[v].parent;
	return model[v].is_cut ? v : PATHEV__NIL;
}

static void model_path(uint32_t v, char *path)
{
	size_t len;

	if (model[v].is_root) {
		strcpy(path, root_paths[model[v].parent]);
		return;
	}
	model_path(model[v].parent, path);
	len = strlen(path);
	snprintf(path + len, PATH_BYTES - len, "%s%s", path[len - 1] == '/' ? "" : "/",
		 model[v].name);
}

static uint32_t model_depth(uint32_t v, uint32_t *root)
{
	uint32_t n = 0;

	for (; !model[v].is_root; v = model[v].parent)
		n++;
	*root = model[v].parent;
	return n;
}

static int model_is_below(uint32_t v, uint32_t top)
{
	for (; v != top; v = model[v].parent)
		if (model[v].is_root || model[v].is_cut)
			return 0;
	return 1;
}

static uint32_t model_children(uint32_t v)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < NODES; i++)
		n += model[i].alive && !model[i].is_root && !model[i].is_cut && model[i].parent == v;
	return n;
}

static uint32_t model_holders(int wd)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < NODES; i++)
		n += model[i].alive && model[i].wd == wd;
	return n;
}

/* Take a descriptor away: its number when nobody has it any more. */
static int model_unbind(uint32_t v)
{
	int wd = model[v].wd;

	model[v].wd = -1;
	return wd >= 0 && !model_holders(wd) ? wd : -1;
}

static uint32_t pick(void)
{
	uint32_t v = draw(NODES);

	for (uint32_t i = 0; i < NODES; i++, v = (v + 1) % NODES)
		if (model[v].alive)
			return v;
	return PATHEV__NIL;
}

/*
 * The same done to both
 */

static const char *pick_name(void)
{
	static char name[256];

	if (draw(8)) {
		snprintf(name, sizeof(name), "%c%u", 'a' + (char)draw(3), draw(4));
	} else {
		memset(name, 'l', 255);		/* so that garbage gathers */
		name[200 + draw(55)] = '\0';
	}
	return name;
}

static void fail_sometimes(void)
{
	if (draw(40) == 0)
		alloc_left = (long)draw(4);
}

/* Did a failure come from the allocation that was made to fail? */
static int is_nomem(void)
{
	int hit = errno == ENOMEM && alloc_left == -1;

	met_nomem += hit;
	return hit;
}

static void do_add_root(void)
{
	uint32_t root = draw(PATHEV__COUNT(root_paths)), v;

	fail_sometimes();
	v = pathev__watches_add_root(&tree, root, root_paths[root]);
	if (v == PATHEV__NIL) {
		wrong_results += !is_nomem();
		return;
	}
	wrong_results += v >= NODES || model[v].alive;
	model[v] = (struct model){.alive = 1, .is_root = 1, .parent = root, .wd = -1};
}

static void do_add(uint32_t parent)
{
	const char *name = pick_name();
	uint32_t v;

	fail_sometimes();
	v = pathev__watches_add(&tree, parent, name, strlen(name));
	if (v == PATHEV__NIL) {
		wrong_results += !is_nomem();
		return;
	}
	wrong_results += v >= NODES || model[v].alive;
	model[v] = (struct model){.alive = 1, .parent = parent, .wd = -1};
	strcpy(model[v].name, name);
}

static void do_move(uint32_t v, uint32_t parent)
{
	const char *name = pick_name();
	int loops = model_is_below(parent, v), res;

	if (model[v].is_root)
		return;
	fail_sometimes();
	errno = 0;
	res = pathev__watches_move(&tree, v, parent, name, strlen(name));
	if (loops) {
		wrong_results += res != -1 || errno != ELOOP;
		met_loops++;
		return;
	}
	if (res) {
		/* it may be cut now, but it is one or the other */
		wrong_results += !is_nomem();
		model[v].is_cut = (tree.node[v].flags & PATHEV__NODE_CUT) != 0;
		if (model[v].is_cut)
			strcpy(model[v].name, pathev__watches_name(&tree, v));
		return;
	}
	met_cut_moves += model[v].is_cut;
	model[v].is_cut = 0;
	model[v].parent = parent;
	strcpy(model[v].name, name);
}

static void do_cut(uint32_t v)
{
	pathev__watches_cut(&tree, v);
	model[v].is_cut = 1;
	model[v].is_root = 0;
}

static void do_remove(uint32_t v)
{
	int res = pathev__watches_remove(&tree, v);

	model[v].is_cut = 1;
	model[v].is_root = 0;
	if (model_children(v)) {
		wrong_results += res != -1;
		return;
	}
	wrong_results += res != model_unbind(v);
	model[v].alive = 0;
}

static void do_bind(uint32_t v)
{
	int wd = (int)draw(WDS);

	if (model[v].wd >= 0)
		return;
	fail_sometimes();
	if (pathev__watches_bind(&tree, v, wd)) {
		wrong_results += !is_nomem();
		return;
	}
	met_aliases += model_holders(wd) > 1;
	model[v].wd = wd;
}

static void do_unbind(uint32_t v)
{
	wrong_results += pathev__watches_unbind(&tree, v) != model_unbind(v);
}

static int dropped[WDS];

static void drop(void *arg, int wd)
{
	wrong_drops += arg != dropped || wd < 0 || wd >= WDS || dropped[wd]++;
}

static void do_sweep(void)
{
	unsigned char gone[NODES];
	int held[WDS], res;

	fail_sometimes();
	memset(dropped, 0, sizeof(dropped));
	res = pathev__watches_sweep(&tree, drop, dropped);
	if (res) {
		wrong_results += !is_nomem();
		return;
	}
	for (int wd = 0; wd < WDS; wd++)
		held[wd] = model_holders(wd) != 0;
	for (uint32_t v = 0; v < NODES; v++)
		gone[v] = model[v].alive && model_cut(v) != PATHEV__NIL;
	for (uint32_t v = 0; v < NODES; v++)
		if (gone[v])
			model[v].alive = 0;
	for (int wd = 0; wd < WDS; wd++)
		wrong_drops += dropped[wd] != (held[wd] && !model_holders(wd));
}

/*
 * Comparing
 */

static void compare_path(uint32_t v)
{
	static char want[PATH_BYTES];
	struct pathev__buf path = {0};
	uint32_t root = 77, depth = 77, want_root;

	pathev__buf_adds(&path, "+");
	if (pathev__watches_path(&tree, v, &path, &root)) {
		wrong_paths++;
	} else if (model_cut(v) != PATHEV__NIL) {
		wrong_paths += root != PATHEV__NIL || path.len != 1;
		wrong_paths += pathev__watches_root(&tree, v, NULL) != PATHEV__NIL;
	} else {
		strcpy(want, "+");
		model_path(v, want + 1);
		wrong_paths += strcmp(path.data, want) != 0 || path.len != strlen(want);
		wrong_paths += model_depth(v, &want_root) !=
			       (pathev__watches_root(&tree, v, &depth) == want_root ? depth : 99);
		wrong_paths += root != want_root;
	}
	pathev__buf_fini(&path);
}

/* A path looked at before is still true if the version says that none has changed. */
static void compare_version(void)
{
	static char seen[PATH_BYTES], now[PATH_BYTES];
	static uint32_t node = PATHEV__NIL, version;

	if (node != PATHEV__NIL && version == tree.version) {
		if (!model[node].alive || model_cut(node) != PATHEV__NIL) {
			stale_versions++;
		} else {
			model_path(node, now);
			stale_versions += strcmp(seen, now) != 0;
		}
	}
	node = pick();
	if (node != PATHEV__NIL && model_cut(node) != PATHEV__NIL)
		node = PATHEV__NIL;
	if (node != PATHEV__NIL)
		model_path(node, seen);
	version = tree.version;
}

static void compare_child(uint32_t parent)
{
	const char *name = pick_name();
	uint32_t v = pathev__watches_child(&tree, parent, name, strlen(name));
	int found = 0;

	for (uint32_t i = 0; i < NODES; i++)
		found |= model[i].alive && !model[i].is_root && !model[i].is_cut &&
			 model[i].parent == parent && !strcmp(model[i].name, name);
	if (v == PATHEV__NIL)
		wrong_children += found;
	else
		wrong_children += !model[v].alive || model[v].is_cut || model[v].is_root ||
				  model[v].parent != parent || strcmp(model[v].name, name);
}

static void compare_wd(int wd)
{
	uint32_t n = 0;

	for (uint32_t v = pathev__watches_by_wd(&tree, wd); v != PATHEV__NIL && n <= NODES;
	     v = tree.node[v].alias, n++)
		wrong_wds += !model[v].alive || model[v].wd != wd;
	wrong_wds += n != model_holders(wd);
}

static void compare_all(void)
{
	uint32_t live = 0, cuts = 0;
	size_t bytes = 0;

	for (uint32_t v = 0; v < NODES; v++) {
		if (!model[v].alive)
			continue;
		live++;
		cuts += model[v].is_cut != 0;
		bytes += strlen(pathev__watches_name(&tree, v)) + 1;
		wrong_counts += tree.node[v].children != model_children(v);
		compare_path(v);
	}
	wrong_counts += live != tree.live || cuts != tree.cuts;
	wrong_counts += bytes + tree.garbage != tree.names.len;
	for (int wd = 0; wd < WDS; wd++)
		compare_wd(wd);
}

static void do_something(void)
{
	uint32_t v = pick(), what = draw(100);
	size_t garbage = tree.garbage;

	if (v == PATHEV__NIL || (what < 2 && tree.live < NODES))
		do_add_root();
	else if (what < 42 && tree.live < NODES)
		do_add(v);
	else if (what < 65)
		do_move(v, pick());
	else if (what < 68)
		do_cut(v);
	else if (what < 74)
		do_remove(v);
	else if (what < 90)
		do_bind(v);
	else if (what < 98)
		do_unbind(v);
	else
		do_sweep();
	met_compacts += tree.garbage < garbage;
}

static void test_random(void)
{
	pathev__watches_init(&tree);
	for (int step = 0; step < 60000; step++) {
		uint32_t v;

		do_something();
		alloc_left = -1;
		compare_version();
		v = pick();
		if (v != PATHEV__NIL) {
			compare_path(v);
			compare_child(v);
		}
		compare_wd((int)draw(WDS));
		if (step % 200 == 0)
			compare_all();
	}
	is_int(wrong_results, 0, "random trees: calls give what the model gives");
	is_int(wrong_paths, 0, "random trees: paths, roots and depths are the model's");
	is_int(wrong_children, 0, "random trees: children are found by name");
	is_int(wrong_wds, 0, "random trees: descriptors lead to all their nodes");
	is_int(wrong_drops, 0, "random trees: a sweep drops what nobody holds, once");
	is_int(wrong_counts, 0, "random trees: counts of nodes, children, bytes are exact");
	is_int(stale_versions, 0, "random trees: no path changes without a new version");
	ok(met_loops && met_cut_moves && met_aliases && met_nomem && met_compacts,
	   "random trees: loops %d, returns of what was cut %d, aliases %d, failures %d, "
	   "compactions %d", met_loops, met_cut_moves, met_aliases, met_nomem, met_compacts);
	pathev__watches_fini(&tree);
}

/*
 * By hand
 */

static uint32_t add(uint32_t parent, const char *name)
{
	return pathev__watches_add(&tree, parent, name, strlen(name));
}

static const char *path_of(uint32_t v)
{
	static struct pathev__buf path;
	uint32_t root;

	pathev__buf_cut(&path, 0);
	if (pathev__watches_path(&tree, v, &path, &root))
		return "(no memory)";
	return root == PATHEV__NIL ? NULL : path.data;
}

static void test_paths(void)
{
	uint32_t slash, rel, a, b;

	pathev__watches_init(&tree);
	slash = pathev__watches_add_root(&tree, 0, "/");
	rel = pathev__watches_add_root(&tree, 1, "some/where");
	is_str(path_of(slash), "/", "the root directory is a slash");
	a = add(slash, "etc");
	b = add(a, "init.d");
	is_str(path_of(a), "/etc", "and there is one slash below it");
	is_str(path_of(b), "/etc/init.d", "also further down");
	pathev__watches_move(&tree, a, rel, "x", 1);
	is_str(path_of(b), "some/where/x/init.d", "what is renamed takes along what is below");
	is_str(path_of(rel), "some/where", "a root is spelled as it was added");
	pathev__watches_cut(&tree, rel);
	is_str(path_of(b), NULL, "what was cut has no path");
	is_int(pathev__watches_root(&tree, a, NULL), PATHEV__NIL, "nor a root");
	pathev__watches_fini(&tree);
}

/* Exchange: one of them is cut, the other takes its place, the first comes back. */
static void test_exchange(void)
{
	uint32_t r, a, b, c;

	pathev__watches_init(&tree);
	r = pathev__watches_add_root(&tree, 0, "r");
	a = add(r, "a");
	b = add(r, "b");
	c = add(b, "c");
	pathev__watches_cut(&tree, b);
	is_int(pathev__watches_child(&tree, r, "b", 1), PATHEV__NIL, "what is cut is not found");
	is_int(pathev__watches_child(&tree, b, "c", 1), c, "but what is below still is");
	pathev__watches_move(&tree, a, r, "b", 1);
	is_int(pathev__watches_move(&tree, b, r, "a", 1), 0, "and it may come back");
	is_str(path_of(c), "r/a/c", "as the other");
	is_str(path_of(a), "r/b", "whose place is its own");
	is_int(tree.cuts, 0, "nothing is left to sweep");
	pathev__watches_fini(&tree);
}

static void test_loops(void)
{
	uint32_t r, a, b, c;

	pathev__watches_init(&tree);
	r = pathev__watches_add_root(&tree, 0, "r");
	a = add(r, "a");
	b = add(a, "b");
	c = add(b, "c");
	ok(pathev__watches_move(&tree, a, c, "x", 1) == -1 && errno == ELOOP,
	   "a directory does not go below itself");
	ok(pathev__watches_move(&tree, a, a, "x", 1) == -1 && errno == ELOOP, "nor into itself");
	is_str(path_of(c), "r/a/b/c", "and all is as it was");
	pathev__watches_cut(&tree, b);
	ok(pathev__watches_move(&tree, b, c, "x", 1) == -1 && errno == ELOOP,
	   "also where it was cut");
	is_int(pathev__watches_move(&tree, a, c, "x", 1), 0, "into what was cut it may go");
	is_str(path_of(a), NULL, "and is gone with it");
	pathev__watches_fini(&tree);
}

static void test_remove(void)
{
	uint32_t r, a, b;

	pathev__watches_init(&tree);
	r = pathev__watches_add_root(&tree, 0, "r");
	a = add(r, "a");
	b = add(r, "b");
	pathev__watches_bind(&tree, a, 5);
	pathev__watches_bind(&tree, b, 5);
	is_int(pathev__watches_remove(&tree, a), -1, "a descriptor that another has stays");
	is_int(tree.live, 2, "a node with nothing below is gone at once");
	is_int(pathev__watches_remove(&tree, b), 5, "the last one gives it back");
	is_int(pathev__watches_by_wd(&tree, 5), PATHEV__NIL, "then it leads nowhere");
	a = add(r, "a");
	add(a, "below");
	pathev__watches_bind(&tree, a, 6);
	is_int(pathev__watches_remove(&tree, a), -1, "with something below it waits");
	is_int(pathev__watches_by_wd(&tree, 6), a, "and keeps its descriptor");
	memset(dropped, 0, sizeof(dropped));
	pathev__watches_sweep(&tree, drop, dropped);
	is_int(dropped[6], 1, "until the sweep");
	is_int(tree.live, 1, "which takes what was below as well");
	pathev__watches_fini(&tree);
}

/* 300 levels of 255 bytes each. */
static void test_deep(void)
{
	struct pathev__buf path = {0};
	char name[256] = {0};
	uint32_t root, depth, v;
	int failed = 0;

	pathev__watches_init(&tree);
	memset(name, 'd', 255);
	v = pathev__watches_add_root(&tree, 4, "/");
	for (int i = 0; i < 300; i++)
		failed += (v = add(v, name)) == PATHEV__NIL;
	is_int(failed, 0, "a tree may be deep");
	is_int(pathev__watches_path(&tree, v, &path, &root), 0, "and has paths");
	ok(path.len == 300 * 256 && path.len > PATH_MAX, "far longer than PATH_MAX");
	failed = 0;
	for (size_t i = 0; i < path.len; i++)
		failed += path.data[i] != (i % 256 ? 'd' : '/');
	is_int(failed, 0, "with every byte of them");
	is_int(pathev__watches_root(&tree, v, &depth), 4, "its root is found");
	is_int(depth, 300, "and how far it is");
	pathev__buf_fini(&path);
	pathev__watches_fini(&tree);
}

/* More children than are counted: the directory is then gone with the next sweep only. */
static void test_many_children(void)
{
	uint32_t r, a;
	char name[16];

	pathev__watches_init(&tree);
	r = pathev__watches_add_root(&tree, 0, "r");
	a = add(r, "a");
	for (int i = 0; i < 65536; i++) {
		snprintf(name, sizeof(name), "%d", i);
		add(a, name);
	}
	is_int(tree.node[a].children, UINT16_MAX, "as many children as can be counted are many");
	for (int i = 65536; i < 70000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		add(a, name);
	}
	for (int i = 0; i < 70000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		pathev__watches_remove(&tree, pathev__watches_child(&tree, a, name, strlen(name)));
	}
	is_int(tree.live, 2, "70000 children come and go");
	is_int(pathev__watches_remove(&tree, a), -1, "one that had so many is not freed at once");
	pathev__watches_sweep(&tree, drop, dropped);
	is_int(tree.live, 1, "but with the sweep");
	pathev__watches_fini(&tree);
}

/* No memory: an error, and nothing is half done, but a node that moves may be left cut. */
static void test_nomem(void)
{
	uint32_t r, v = PATHEV__NIL, cut;
	char name[16];

	pathev__watches_init(&tree);
	alloc_left = 0;
	r = pathev__watches_add_root(&tree, 0, "r");
	ok(r == PATHEV__NIL && is_nomem(), "no memory for a root");
	alloc_left = 1;
	r = pathev__watches_add_root(&tree, 0, "r");
	ok(r == PATHEV__NIL && is_nomem(), "no memory for its name");
	r = pathev__watches_add_root(&tree, 0, "r");
	pathev__buf_room(&tree.names, 1000);
	for (int i = 0; i < 14; i++) {
		snprintf(name, sizeof(name), "%d", i);
		v = add(r, name);
		pathev__watches_bind(&tree, v, i);
	}
	alloc_left = 0;
	ok(add(r, "x") == PATHEV__NIL && is_nomem(), "no memory for a child");
	ok(tree.live == 15 && tree.node[r].children == 14, "then there is none");
	cut = pathev__watches_child(&tree, r, "0", 1);
	pathev__watches_cut(&tree, cut);
	v = add(r, "y");
	alloc_left = 0;
	ok(pathev__watches_move(&tree, cut, r, "z", 1) == -1 && is_nomem(),
	   "no memory to take back what was cut");
	is_int(tree.cuts, 1, "then it stays cut");
	alloc_left = 0;
	ok(pathev__watches_bind(&tree, v, 99) == -1 && is_nomem(), "no memory for a descriptor");
	is_int(tree.node[v].wd, -1, "then the node has none");
	alloc_left = 0;
	ok(pathev__watches_sweep(&tree, drop, dropped) == -1 && is_nomem(), "no memory to sweep");
	is_int(tree.live, 16, "then nothing is swept");
	is_int(pathev__watches_move(&tree, cut, r, "z", 1), 0, "with memory all of it goes on");
	is_int(pathev__watches_bind(&tree, v, 99), 0, "and nothing is left over");
	pathev__watches_fini(&tree);
}

static size_t heap_bytes(const struct pathev__watches *t)
{
	return t->capnodes * sizeof(*t->node) + t->names.cap +
	       ((size_t)t->by_name.mask + 1 + t->by_wd.mask + 1) * sizeof(uint32_t);
}

/* Names of eight bytes and the NUL: a leaf rarely has more. */
static void test_memory(void)
{
	enum { DIRS = 100000 };
	size_t need, have;
	uint32_t parent;
	char name[16];

	pathev__watches_init(&tree);
	parent = pathev__watches_add_root(&tree, 0, "/some/root");
	for (int i = 0; i < DIRS; i++) {
		uint32_t v;

		snprintf(name, sizeof(name), "dir%05d", i);
		v = add(parent, name);
		pathev__watches_bind(&tree, v, i);
		if (i % 100 == 99)
			parent = v;
	}
	need = DIRS * sizeof(*tree.node) + tree.names.len +
	       ((size_t)tree.by_name.mask + 1 + tree.by_wd.mask + 1) * sizeof(uint32_t);
	have = heap_bytes(&tree);
	is_int(sizeof(struct pathev__node), 20, "a node has twenty bytes");
	ok(need <= 40 * (size_t)DIRS, "a watched directory takes 40 bytes with its name (%.1f)",
	   (double)need / DIRS);
	ok(have <= 60 * (size_t)DIRS, "and less than 60 with the room to grow (%.1f)",
	   (double)have / DIRS);
	pathev__watches_fini(&tree);
}

/* Directories made and removed for ever: names are tidied up, nodes used again. */
static void test_flat(void)
{
	uint32_t r, v;
	char name[32];

	pathev__watches_init(&tree);
	r = pathev__watches_add_root(&tree, 0, "r");
	for (int i = 0; i < 300000; i++) {
		snprintf(name, sizeof(name), "directory-%08d", i);
		v = add(r, name);
		pathev__watches_bind(&tree, v, i);
		pathev__watches_remove(&tree, v);
	}
	is_int(tree.nnodes, 2, "nodes are used again");
	ok(heap_bytes(&tree) < 256 * 1024, "300000 directories one after the other leave %zu bytes",
	   heap_bytes(&tree));
	for (int i = 0; i < 20000; i++) {
		v = add(r, "dir");
		add(v, "sub");
		pathev__watches_remove(&tree, v);
		if (i % 100 == 0)
			pathev__watches_sweep(&tree, drop, dropped);
	}
	ok(tree.nnodes < 300, "also when they were not empty (%u nodes)", tree.nnodes);
	v = add(r, "kept");
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "renamed-%08d", i);
		pathev__watches_move(&tree, v, r, name, strlen(name));
	}
	is_str(path_of(v), "r/renamed-00019999", "a name is found after it was tidied up");
	ok(heap_bytes(&tree) < 256 * 1024, "and 20000 renames leave no more");
	pathev__watches_fini(&tree);
}

int main(void)
{
	test_paths();
	test_exchange();
	test_loops();
	test_remove();
	test_deep();
	test_many_children();
	test_nomem();
	test_memory();
	test_flat();
	test_random();
	return done_testing();
}
