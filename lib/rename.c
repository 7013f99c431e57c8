/* SPDX-License-Identifier: MIT */
/*
 * rename.c - MOVED_FROM and MOVED_TO: subtrees change their place, events name both
 *
 * A rename comes as two records, which need not be neighbours.  All of it is done, and told, when
 * the first is acted on, because the file system did so too: what comes between is already under
 * the new name.  Therefore the first may have to wait, for a few milliseconds, until the second
 * was read or is not to be expected any more.
 */
#include "engine.h"

#include "base.h"
#include "clock.h"

#include <errno.h>
#include <string.h>

static const int64_t PAIR_NS = 10 * PATHEV__NS_PER_MS;

int pathev__renames_need(struct pathev *pv)
{
	if (!pv->renames)
		pv->renames = calloc(1, sizeof(*pv->renames));
	return pv->renames ? 0 : -1;
}

void pathev__renames_forget(struct pathev *pv)
{
	for (unsigned i = 0; pv->renames && i < PATHEV__MOVES; i++)
		pathev__buf_fini(&pv->renames->move[i].from);
	free(pv->renames);
	pv->renames = NULL;
}

int pathev__remember(struct pathev *pv, const struct pathev__record *rec, uint32_t root,
		     const char *from, size_t len)
{
	struct pathev__renames *n = pv->renames;
	struct pathev__move *m = &n->move[n->next_move++ % PATHEV__MOVES];

	m->cookie = rec->cookie;
	m->root = root;
	m->wd = rec->wd;
	m->hash = pathev__hash_bytes(0, rec->name, rec->namelen);
	m->open_ns = 0;
	pathev__buf_cut(&m->from, 0);
	return pathev__buf_add(&m->from, from, len);
}

const char *pathev__came_from(const struct pathev *pv, uint32_t cookie, uint32_t root)
{
	const char *from = NULL;

	for (unsigned i = 0; i < PATHEV__MOVES; i++) {
		const struct pathev__move *m = &pv->renames->move[i];

		if (!cookie || m->cookie != cookie || !m->from.len)
			continue;
		if (m->root == root)
			return m->from.data;
		from = m->from.data;
	}
	return from;
}

/* The first half is told, and the other may be on its way, or was told now: open_ns is 0 then. */
static void note_half(struct pathev *pv, uint32_t cookie, int64_t open_ns)
{
	for (unsigned i = 0; i < PATHEV__MOVES; i++)
		if (pv->renames->move[i].cookie == cookie)
			pv->renames->move[i].open_ns = open_ns;
}

int64_t pathev__half_open(const struct pathev *pv)
{
	int64_t now = pathev_now(), until = 0;

	for (unsigned i = 0; pv->renames && i < PATHEV__MOVES; i++) {
		const struct pathev__move *m = &pv->renames->move[i];

		if (m->cookie && m->open_ns > now && m->open_ns > until)
			until = m->open_ns;
	}
	return until;
}

/* This half of a rename is told already, before its place. */
static int skip_later(struct pathev *pv, const struct pathev__record *half)
{
	struct pathev__skip *s = pathev__grow(pv->skip, &pv->capskips, pv->nskips + 1, sizeof(*s));

	if (!s)
		return -1;
	pv->skip = s;
	s[pv->nskips++] = (struct pathev__skip){.cookie = half->cookie, .what = half->what};
	return 0;
}

/* Was it?  It is asked once, in its place. */
static int is_skipped(struct pathev *pv, const struct pathev__record *half)
{
	for (size_t i = 0; i < pv->nskips; i++) {
		if (pv->skip[i].cookie != half->cookie || pv->skip[i].what != half->what)
			continue;
		pv->skip[i] = pv->skip[--pv->nskips];
		return 1;
	}
	return 0;
}

/* The node that a rename goes to: below the same root if there is a choice, or NIL. */
uint32_t pathev__goal(const struct pathev *pv, int wd, uint32_t root)
{
	uint32_t found = PATHEV__NIL;

	for (uint32_t v = pathev__watches_by_wd(&pv->tree, wd); v != PATHEV__NIL;
	     v = pv->tree.node[v].alias) {
		uint32_t r = pathev__watches_root(&pv->tree, v, NULL);

		if (r == root)
			return v;
		if (r != PATHEV__NIL)
			found = v;
	}
	return found;
}

const char *pathev__goes_to(struct pathev *pv, const struct pathev__record *to, uint32_t root)
{
	uint32_t node = pathev__goal(pv, to->wd, root), r, depth;

	if (node == PATHEV__NIL) {
		r = pathev__root_named(pv, to->wd, to->name);
		return r == PATHEV__NIL ? NULL : pv->root[r].path;
	}
	r = pathev__watches_root(&pv->tree, node, &depth);
	if (pv->opt.max_depth && depth + 1 > pv->opt.max_depth)
		return NULL;
	if (pathev__verdict(pv, node, to->name, to->namelen, to->is_dir) & PATHEV_HIDE)
		return NULL;
	if (pathev__dir(pv, node, &r) || pathev__full(pv, to->name, to->namelen))
		return NULL;
	pathev__buf_cut(&pv->other, 0);
	if (pathev__buf_add(&pv->other, pv->full.data, pv->full.len)) {
		pathev__break(pv);
		return NULL;
	}
	return pv->other.data;
}

/* Does this MOVED_FROM matter so much that its other half is waited for? */
static int wants_pair(const struct pathev *pv, const struct pathev__record *rec)
{
	if (pv->opt.pair_ns >= 0 && pv->opt.want & PATHEV_MOVED_FROM &&
	    (pathev__watches_by_wd(&pv->tree, rec->wd) != PATHEV__NIL ||
	     pathev__root_named(pv, rec->wd, rec->name) != PATHEV__NIL))
		return 1;
	for (uint32_t v = pathev__watches_by_wd(&pv->tree, rec->wd); rec->is_dir && v != PATHEV__NIL;
	     v = pv->tree.node[v].alias)
		if (pathev__watches_child(&pv->tree, v, rec->name, rec->namelen) != PATHEV__NIL)
			return 1;
	return 0;
}

/* The kernel says MOVE_SELF behind both halves: where it is there, the other will not come. */
static int has_left(const struct pathev *pv, const struct pathev__record *rec)
{
	for (uint32_t v = pathev__watches_by_wd(&pv->tree, rec->wd); rec->is_dir && v != PATHEV__NIL;
	     v = pv->tree.node[v].alias) {
		uint32_t x = pathev__watches_child(&pv->tree, v, rec->name, rec->namelen);

		if (x != PATHEV__NIL && pv->tree.node[x].wd >= 0 &&
		    pathev__intake_move_self(&pv->in, pv->tree.node[x].wd))
			return 1;
	}
	return 0;
}

/* Something that must follow a record is not there yet: 1 to wait for it, 0 when it is time to go
 * on without. */
int pathev__must_wait(struct pathev *pv, uint32_t cookie)
{
	int64_t now = pathev_now();

	if (pv->held_ns < 0 || pv->held_cookie != cookie) {
		pv->held_cookie = cookie;
		pv->held_ns = pathev__clock_after(now, pv->opt.pair_ns > 0 ? pv->opt.pair_ns :
									     PAIR_NS);
	}
	return now < pv->held_ns;
}

/* Find the other half.  1: *to is it; 0: there is none; 2: wait; -1: error. */
static int find_pair(struct pathev *pv, const struct pathev__record *rec, struct pathev__record *to)
{
	if (pathev__intake_moved_to(&pv->in, rec->cookie, to))
		return 1;
	if (!wants_pair(pv, rec) || has_left(pv, rec))
		return 0;
	if (pathev__drain(pv))
		return -1;
	if (pathev__intake_moved_to(&pv->in, rec->cookie, to))
		return 1;
	return !has_left(pv, rec) && pathev__must_wait(pv, rec->cookie) ? 2 : 0;
}

/* May the subtree go there as it is, or must it be seen as leaving and coming anew? */
static int may_follow(struct pathev *pv, uint32_t from_root, uint32_t goal_node,
		      const struct pathev__record *to)
{
	uint32_t r;

	if (goal_node == PATHEV__NIL)
		return 0;
	r = pathev__watches_root(&pv->tree, goal_node, NULL);
	if (pv->root[r].flags != pv->root[from_root].flags ||
	    pv->root[r].dev != pv->root[from_root].dev)
		return 0;
	return pathev__enters(pv, goal_node, to->name, to->namelen);
}

/* Move the node of a renamed directory; what had the new name is cut, and returned for a swap. */
static int relocate(struct pathev *pv, uint32_t dir, const struct pathev__record *rec,
		    const struct pathev__record *to)
{
	uint32_t x = pathev__watches_child(&pv->tree, dir, rec->name, rec->namelen);
	uint32_t root, q, victim;

	if (x == PATHEV__NIL)
		return 0;
	root = pathev__watches_root(&pv->tree, dir, NULL);
	q = to && root != PATHEV__NIL ? pathev__goal(pv, to->wd, root) : PATHEV__NIL;
	if (!to || root == PATHEV__NIL || !may_follow(pv, root, q, to)) {
		pathev__forget(pv, x);
		return 0;
	}
	victim = pathev__watches_child(&pv->tree, q, to->name, to->namelen);
	if (victim != PATHEV__NIL && victim != x)
		pathev__forget(pv, victim);
	if (pathev__watches_move(&pv->tree, x, q, to->name, to->namelen)) {
		if (errno != ELOOP)
			return -1;
		pathev__forget(pv, x);
		return 0;
	}
	pv->tree.node[x].flags |= PATHEV__NODE_ARRIVED;
	if (pv->opt.filter || pv->opt.max_depth)
		return pathev__pend(pv, x, PATHEV__MOVED);
	return 0;
}

/* Both directories of an exchange change places. */
static int swap(struct pathev *pv, uint32_t dir, const struct pathev__record *rec,
		const struct pathev__record *to, const struct pathev__record *from2,
		const struct pathev__record *back)
{
	struct pathev__watches *t = &pv->tree;
	uint32_t q = pathev__goal(pv, to->wd, pathev__watches_root(t, dir, NULL));
	uint32_t x = pathev__watches_child(t, dir, rec->name, rec->namelen);
	uint32_t y = q == PATHEV__NIL ? q : pathev__watches_child(t, q, to->name, to->namelen);

	if (x == PATHEV__NIL || y == PATHEV__NIL) {
		if (x != PATHEV__NIL)
			return relocate(pv, dir, rec, to);
		return y != PATHEV__NIL ? relocate(pv, q, from2, back) : 0;
	}
	pathev__watches_cut(t, y);
	if (relocate(pv, dir, rec, to))
		return -1;
	if (pathev__watches_move(t, y, dir, back->name, back->namelen))
		return errno == ELOOP ? 0 : -1;
	t->node[y].flags |= PATHEV__NODE_ARRIVED;
	if (pv->opt.filter || pv->opt.max_depth)
		return pathev__pend(pv, y, PATHEV__MOVED);
	return 0;
}

/*
 * Tell a MOVED_FROM under each of its paths, and remember them for the other half; or, if they
 * are to be APART, that it came, but not from where.
 */
enum { TOGETHER, APART };

static int tell_leaving(struct pathev *pv, const struct pathev__record *rec,
			const struct pathev__record *to, int how)
{
	int tellable = pathev__is_tellable(pv, rec);

	pathev__note_gone(pv, rec);
	if (pathev__remember(pv, rec, PATHEV__NIL, "", 0) ||
	    pathev__aliases(pv, rec->wd, &pv->dst))
		return -1;
	for (size_t i = 0; tellable && i < pv->dst.len; i++) {
		uint32_t dir = pv->dst.node[i], root;
		const char *other;

		root = pathev__watches_root(&pv->tree, dir, NULL);
		if (root == PATHEV__NIL)
			continue;
		other = to ? pathev__goes_to(pv, to, root) : NULL;
		if (pathev__tell_record(pv, dir, rec, other))
			return -1;
		if (how == APART)
			continue;
		if (pathev__dir(pv, dir, &root) || pathev__full(pv, rec->name, rec->namelen) ||
		    pathev__remember(pv, rec, root, pv->full.data, pv->full.len))
			return -1;
	}
	return 0;
}

static int come(struct pathev *pv, uint32_t dir, const struct pathev__record *rec)
{
	uint32_t child = pathev__watches_child(&pv->tree, dir, rec->name, rec->namelen);
	uint32_t root = pathev__watches_root(&pv->tree, dir, NULL);
	const char *from = pathev__came_from(pv, rec->cookie, root);

	if (pathev__tell_record(pv, dir, rec, from))
		return -1;
	if (child != PATHEV__NIL && rec->is_dir &&
	    pv->tree.node[child].flags & PATHEV__NODE_ARRIVED) {
		pv->tree.node[child].flags &= (uint16_t)~PATHEV__NODE_ARRIVED;
		return 0;
	}
	return pathev__arrive(pv, dir, rec);
}

/*
 * Tell the other half of a rename right behind the first.  Nothing can have happened to either
 * name in between, for the kernel holds both directories; but what another process did below
 * a directory that was renamed may stand there, and is told under the new path.
 */
static int tell_arriving(struct pathev *pv, const struct pathev__record *to,
			 const struct pathev__record *from)
{
	pathev__note_came(pv, to, from);
	pathev__is_tellable(pv, to);
	if (pathev__aliases(pv, to->wd, &pv->dst))
		return -1;
	for (size_t i = 0; i < pv->dst.len; i++)
		if (come(pv, pv->dst.node[i], to))
			return -1;
	return skip_later(pv, to);
}

/* In its place, nothing is left of it but to look at a directory that is new here. */
static int look_arrived(struct pathev *pv, const struct pathev__record *to)
{
	if (!to->is_dir || pathev__aliases(pv, to->wd, &pv->dst))
		return to->is_dir ? -1 : 0;
	for (size_t i = 0; i < pv->dst.len; i++) {
		uint32_t child = pathev__watches_child(&pv->tree, pv->dst.node[i], to->name,
						       to->namelen);

		if (child != PATHEV__NIL && pathev__repend(pv, child))
			return -1;
	}
	return 0;
}

static int exchange(struct pathev *pv, const struct pathev__record *rec,
		    const struct pathev__record *to, const struct pathev__record *from2,
		    const struct pathev__record *back)
{
	/* both leave before either arrives: else the first to arrive would seem to replace the
	 * other, and the way back to bring it home */
	if (tell_leaving(pv, rec, to, TOGETHER) || tell_leaving(pv, from2, back, TOGETHER))
		return -1;
	if (pathev__aliases(pv, rec->wd, &pv->dst))
		return -1;
	for (size_t i = 0; i < pv->dst.len; i++)
		if (swap(pv, pv->dst.node[i], rec, to, from2, back))
			return -1;
	if (tell_arriving(pv, to, rec) || tell_arriving(pv, back, from2))
		return -1;
	return skip_later(pv, from2);
}

/* Tell a MOVED_FROM, and let what was there go to the other half, or go. */
static int leave(struct pathev *pv, const struct pathev__record *rec,
		 const struct pathev__record *to, int how)
{
	if (tell_leaving(pv, rec, to, how) || pathev__aliases(pv, rec->wd, &pv->dst))
		return -1;
	for (size_t i = 0; i < pv->dst.len; i++)
		if (relocate(pv, pv->dst.node[i], rec, to))
			return -1;
	return 0;
}

/* A name was left, and something is there all the same. */
static int look_behind(struct pathev *pv, const struct pathev__record *rec, enum pathev__after after,
		       char type)
{
	if (after == PATHEV__FREE)
		return 0;
	if (after == PATHEV__TAKEN)
		return pathev__reappear(pv, rec->wd, rec->name, rec->namelen, type);
	return pathev__check(pv, rec);
}

/* A MOVED_FROM by itself, or with its other half. */
static int rename_one(struct pathev *pv, const struct pathev__record *rec,
		      const struct pathev__record *to)
{
	enum pathev__after after = PATHEV__FREE;
	struct pathev__record told = *rec;
	int how = TOGETHER;
	char type = 0;

	if (pathev__is_suspect(pv, rec))
		after = pathev__after(pv, rec, pv->in.future, &type);
	if (after == PATHEV__TAKEN || after == PATHEV__TAKEN_YET || pathev__is_other(pv, rec) ||
	    (after != PATHEV__FREE && to && pathev__may_return(pv, rec, to)))
		how = APART;
	/* what goes is what was told to be there */
	if (pathev__is_other(pv, rec))
		told.is_dir = !rec->is_dir;
	if (leave(pv, &told, how == APART ? NULL : to, how) || look_behind(pv, rec, after, type))
		return -1;
	if (to && how == TOGETHER && tell_arriving(pv, to, rec))
		return -1;
	return pathev__root_record(pv, rec, how == APART ? NULL : to);
}

int pathev__moved_from(struct pathev *pv, const struct pathev__record *rec)
{
	struct pathev__record to, from2, back;
	int paired, held, swapped;

	if (is_skipped(pv, rec)) {
		paired = pathev__intake_moved_to(&pv->in, rec->cookie, &to);
		return pathev__root_record(pv, rec, paired ? &to : NULL);
	}
	paired = find_pair(pv, rec, &to);
	if (paired < 0)
		return -1;
	if (paired == 2)
		return 1;
	swapped = paired ? pathev__find_exchange(pv, rec, &to, &from2, &back) : 0;
	if (swapped == 2)
		return 1;
	held = pv->held_ns >= 0 && pv->held_cookie == rec->cookie;
	pv->held_ns = -1;
	if (swapped) {
		if (exchange(pv, rec, &to, &from2, &back))
			return -1;
		return pathev__root_record(pv, rec, &to);
	}
	if (rename_one(pv, rec, paired ? &to : NULL))
		return -1;
	if (!paired && !held && !has_left(pv, rec))
		note_half(pv, rec->cookie, pathev_now() + PAIR_NS);
	return 0;
}

/* A name came from outside: did another go there for it?  Then that is told first.  1: wait. */
static int give_way(struct pathev *pv, const struct pathev__record *rec)
{
	struct pathev__record from, to;
	int paired, swapped;

	if (pathev__watches_by_wd(&pv->tree, rec->wd) == PATHEV__NIL ||
	    pathev__came_from(pv, rec->cookie, PATHEV__NIL))
		return 0;
	swapped = pathev__find_half_exchange(pv, rec, &from);
	if (swapped == 2)
		return 1;
	pv->held_ns = -1;
	if (!swapped)
		return 0;
	paired = pathev__intake_moved_to(&pv->in, from.cookie, &to);
	if (leave(pv, &from, paired ? &to : NULL, TOGETHER) || skip_later(pv, &from))
		return -1;
	return paired ? tell_arriving(pv, &to, &from) : 0;
}

int pathev__moved_to(struct pathev *pv, const struct pathev__record *rec)
{
	int res;

	if (is_skipped(pv, rec))
		return look_arrived(pv, rec) ? -1 : pathev__root_record(pv, rec, NULL);
	res = give_way(pv, rec);
	if (res)
		return res;
	note_half(pv, rec->cookie, 0);
	pathev__note_came(pv, rec, NULL);
	pathev__is_tellable(pv, rec);
	if (pathev__aliases(pv, rec->wd, &pv->dst))
		return -1;
	for (size_t i = 0; i < pv->dst.len; i++)
		if (come(pv, pv->dst.node[i], rec))
			return -1;
	return pathev__root_record(pv, rec, NULL);
}
