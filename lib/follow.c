/* SPDX-License-Identifier: MIT */
/*
 * follow.c - acts on one kernel record: the tree follows, events are told
 *
 * A rename comes as two records, MOVED_FROM and MOVED_TO, which need not be neighbours.  All of
 * it is done to the tree when the first is acted on, because the file system did so too: what
 * comes between is already under the new name.  Therefore the first may have to wait, for a few
 * milliseconds, until the second was read or is not to be expected any more.
 */
#include "engine.h"

#include "base.h"
#include "clock.h"

#include <string.h>
#include <sys/stat.h>

static const uint32_t BINDS = PATHEV_CREATE | PATHEV_MOVED_TO;
static const uint32_t UNBINDS = PATHEV_DELETE | PATHEV_MOVED_FROM;
static const int64_t PAIR_NS = 10 * PATHEV__NS_PER_MS;

int pathev__aliases(struct pathev *pv, int wd, struct pathev__nodes *l)
{
	l->len = 0;
	for (uint32_t v = pathev__watches_by_wd(&pv->tree, wd); v != PATHEV__NIL;
	     v = pv->tree.node[v].alias)
		if (pathev__nodes_add(l, v))
			return -1;
	return 0;
}

static int tell_record(struct pathev *pv, uint32_t node, const struct pathev__record *rec,
		       const char *other)
{
	struct pathev__tell t = {
		.what = rec->what, .node = node, .name = rec->namelen ? rec->name : NULL,
		.len = rec->namelen, .type = rec->is_dir ? 'd' : 0, .cookie = rec->cookie,
		.other = other, .otherlen = other ? strlen(other) : 0,
	};

	return pathev__tell(pv, &t);
}

/* Forget a directory that has lost its name. */
static void forget(struct pathev *pv, uint32_t node)
{
	pathev__unwatch(pv, pathev__watches_remove(&pv->tree, node));
}

/* A directory has taken a name: what had it before is gone. */
static int arrive(struct pathev *pv, uint32_t dir, const struct pathev__record *rec)
{
	uint32_t child = pathev__watches_child(&pv->tree, dir, rec->name, rec->namelen);

	if (child != PATHEV__NIL)
		forget(pv, child);
	if (!rec->is_dir || !pathev__enters(pv, dir, rec->name, rec->namelen))
		return 0;
	child = pathev__watches_add(&pv->tree, dir, rec->name, rec->namelen);
	if (child == PATHEV__NIL)
		return -1;
	return pathev__pend(pv, child, PATHEV__NEW);
}

/*
 * May a record be told, where the directory was looked at while it was under way?  A name that
 * the look has left to the records counts as told once a record has bound it.
 */
static int is_tellable(struct pathev *pv, const struct pathev__record *rec)
{
	struct pathev__window *w = pv->nwindows ? pathev__window_find(pv, rec->wd) : NULL;
	char *told = w && rec->namelen ? pathev__window_name(w, rec->name, rec->namelen) : NULL;
	int was;

	if (!told)
		return 1;
	was = *told;
	if (rec->what & BINDS)
		*told = 1;
	else if (rec->what & UNBINDS)
		*told = 0;
	return was || rec->what & BINDS;
}

/*
 * Renames
 */

int pathev__remember(struct pathev *pv, uint32_t cookie, uint32_t root, const char *from,
		     size_t len)
{
	struct pathev__move *m = &pv->move[pv->next_move++ % PATHEV__MOVES];

	m->cookie = cookie;
	m->root = root;
	m->skip = 0;
	pathev__buf_cut(&m->from, 0);
	return pathev__buf_add(&m->from, from, len);
}

const char *pathev__came_from(const struct pathev *pv, uint32_t cookie, uint32_t root)
{
	const char *from = NULL;

	for (unsigned i = 0; i < PATHEV__MOVES; i++) {
		const struct pathev__move *m = &pv->move[i];

		if (!cookie || m->cookie != cookie || m->skip)
			continue;
		if (m->root == root)
			return m->from.data;
		from = m->from.data;
	}
	return from;
}

/* This half of a rename is told already, before its place. */
static int skip_later(struct pathev *pv, const struct pathev__record *half)
{
	if (pathev__remember(pv, half->cookie, PATHEV__NIL, "", 0))
		return -1;
	pv->move[(pv->next_move - 1) % PATHEV__MOVES].skip = (int)half->what;
	return 0;
}

static int is_skipped(struct pathev *pv, const struct pathev__record *half)
{
	for (unsigned i = 0; i < PATHEV__MOVES; i++)
		if (pv->move[i].cookie == half->cookie && pv->move[i].skip == (int)half->what)
			return 1;
	return 0;
}

/* The node that a rename goes to: below the same root if there is a choice, or NIL. */
static uint32_t goal(const struct pathev *pv, int wd, uint32_t root)
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
	uint32_t node = goal(pv, to->wd, root), r, depth;

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
	if (pathev__buf_add(&pv->other, pv->full.data, pv->full.len))
		return NULL;
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
static int must_wait(struct pathev *pv, uint32_t cookie)
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
	return !has_left(pv, rec) && must_wait(pv, rec->cookie) ? 2 : 0;
}

/* Find the MOVED_FROM with a cookie that is still to come. */
static int find_from(const struct pathev *pv, uint32_t cookie, struct pathev__record *from)
{
	struct pathev__intake_cursor c = {0};

	while (pathev__intake_walk(&pv->in, pv->in.future, &c, from))
		if (from->cookie == cookie && from->what & PATHEV_MOVED_FROM)
			return 1;
	return 0;
}

/* Do a MOVED_TO of a name and the MOVED_FROM behind it lead there and back? */
static int is_round_trip(const struct pathev *pv, const struct pathev__record *to,
			 const struct pathev__record *from)
{
	struct pathev__record out, back;
	int has_out = find_from(pv, to->cookie, &out);
	int has_back = pathev__intake_moved_to(&pv->in, from->cookie, &back);

	if (!(from->what & PATHEV_MOVED_FROM) || has_out != has_back)
		return 0;
	return !has_out || (out.wd == back.wd && !strcmp(out.name, back.name));
}

/*
 * What the future says about a name behind the record last.  1: bound there, and *is_dir tells to
 * what; 0: not; -1: it says nothing.
 */
static int is_bound(const struct pathev *pv, const struct pathev__record *name,
		    const struct pathev__record *last, int *is_dir)
{
	struct pathev__intake_cursor c = {0};
	struct pathev__record rec, to = {0};
	int behind = 0;

	*is_dir = 0;
	while (pathev__intake_walk(&pv->in, pv->in.pos, &c, &rec)) {
		if (!behind) {
			behind = rec.cookie == last->cookie && rec.what == last->what;
			continue;
		}
		if (rec.wd != name->wd || !(rec.what & (BINDS | UNBINDS)) ||
		    strcmp(rec.name, name->name))
			continue;
		*is_dir = rec.is_dir;
		if (to.what) {
			/* what came and what went are two: so the other was there before */
			if (rec.what & UNBINDS && rec.is_dir != to.is_dir)
				return 1;
			if (!is_round_trip(pv, &to, &rec))
				return 0;
			to.what = 0;
		} else if (rec.what & PATHEV_MOVED_TO) {
			to = rec;	/* over something, or not */
		} else {
			return (rec.what & UNBINDS) != 0;
		}
	}
	return to.what ? 0 : -1;
}

static int stat_name(struct pathev *pv, uint32_t node, const struct pathev__record *name,
		     struct stat *st)
{
	struct pathev__short p;
	uint32_t root;
	int res;

	if (node == PATHEV__NIL || pathev__dir(pv, node, &root) || root == PATHEV__NIL ||
	    pathev__full(pv, name->name, name->namelen) ||
	    pathev__short_init(&p, pv->full.data, pv->full.len))
		return 0;
	res = lstat(p.path, st);
	pathev__short_fini(&p);
	return !res;
}

/*
 * Is a name bound behind the record last?  The future tells, or else a look, if the future has
 * nothing to say of it after that either.  1 and *type (0: not known), 0, -1: out of sight.
 */
static int is_there(struct pathev *pv, const struct pathev__record *name,
		    const struct pathev__record *last, char *type)
{
	uint32_t node = goal(pv, name->wd, PATHEV__NIL);
	int is_dir, found = 0, bound;
	struct stat st;

	*type = 0;
	bound = is_bound(pv, name, last, &is_dir);
	if (bound < 0 && node != PATHEV__NIL) {
		found = stat_name(pv, node, name, &st);
		if (pathev__drain(pv))
			return -1;
		bound = is_bound(pv, name, last, &is_dir);
		if (bound < 0 && pathev__overtaken(pv, node))
			return -1;
	}
	if (bound >= 0) {
		if (is_dir)
			*type = 'd';
		return bound;
	}
	if (found)
		*type = pathev__walk_type(st.st_mode);
	return found;
}

/*
 * An exchange (RENAME_EXCHANGE, rename(2)) comes as two renames, there and back, and so do two
 * renames one after the other.  They differ in whether the name that the second one leaves is
 * still there behind it.  Out of sight it is taken for an exchange: others are hardly so quick.
 */
static int is_still_there(struct pathev *pv, const struct pathev__record *name,
			  const struct pathev__record *last)
{
	char type;

	return is_there(pv, name, last, &type) != 0;
}

/* The watched directory that had the name which a directory has taken, or NIL. */
static uint32_t find_victim(const struct pathev *pv, const struct pathev__record *to)
{
	uint32_t dir = goal(pv, to->wd, PATHEV__NIL), y;

	if (!to->is_dir || dir == PATHEV__NIL)
		return PATHEV__NIL;
	y = pathev__watches_child(&pv->tree, dir, to->name, to->namelen);
	return y != PATHEV__NIL && pv->tree.node[y].wd >= 0 ? y : PATHEV__NIL;
}

/*
 * What became of it?  1: it was renamed itself, so the names have changed places; 0: it was
 * replaced; 2: that is still to be told.
 */
static int fate(struct pathev *pv, uint32_t victim, uint32_t cookie)
{
	int wd = pv->tree.node[victim].wd;

	for (int drained = 0;; drained = 1) {
		if (pathev__intake_move_self(&pv->in, wd))
			return 1;
		if (pathev__intake_gone(&pv->in, wd))
			return 0;
		if (drained || pathev__drain(pv))
			return must_wait(pv, cookie) ? 2 : 0;
	}
}

/* Cookies count all renames of the system: the two of an exchange are next to each other, save
 * for what other processors rename in the same moment. */
enum { COOKIES_NEAR = 3 };

/*
 * The MOVED_FROM of the name that a MOVED_TO has bound, close behind it: an exchange's second half
 * follows the first at once.  1: *from2; 0: none; -1: none yet, but there may be more to read.
 */
static int find_back(struct pathev *pv, const struct pathev__record *to, uint64_t pos,
		     struct pathev__record *from2)
{
	struct pathev__intake_cursor c = {0};
	int behind = 0, n = 0;

	while (n < 64 && pathev__intake_walk(&pv->in, pos, &c, from2)) {
		n += behind;
		if (from2->what & PATHEV_MOVED_TO && from2->cookie == to->cookie)
			behind = 1;
		else if (behind && from2->what & (BINDS | UNBINDS) && from2->wd == to->wd &&
			 !strcmp(from2->name, to->name))
			return from2->what & PATHEV_MOVED_FROM &&
			       from2->cookie - to->cookie <= COOKIES_NEAR;
	}
	return n < 4 ? -1 : 0;
}

static int drain_back(struct pathev *pv, const struct pathev__record *to, uint64_t pos,
		      struct pathev__record *from2)
{
	int res = find_back(pv, to, pos, from2);

	if (res >= 0)
		return res;
	return pathev__drain(pv) ? 0 : find_back(pv, to, pos, from2) == 1;
}

/*
 * Both names in scope: FROM a, TO b, FROM b, TO a.  1: an exchange, *from2 and *back are filled;
 * 0: none; 2: wait.
 */
static int find_exchange(struct pathev *pv, const struct pathev__record *rec,
			 const struct pathev__record *to, struct pathev__record *from2,
			 struct pathev__record *back)
{
	uint32_t victim = find_victim(pv, to);
	int swapped = victim == PATHEV__NIL ? -1 : fate(pv, victim, rec->cookie);

	if (swapped == 0 || swapped == 2)
		return swapped;
	if (!drain_back(pv, to, pv->in.future, from2))
		return swapped == 1 && must_wait(pv, rec->cookie) ? 2 : 0;
	if (!pathev__intake_moved_to(&pv->in, from2->cookie, back) &&
	    (pathev__drain(pv) || !pathev__intake_moved_to(&pv->in, from2->cookie, back)))
		return must_wait(pv, rec->cookie) ? 2 : 0;
	if (back->wd != rec->wd || strcmp(back->name, rec->name))
		return 0;
	/* what came and what left are two things? */
	return swapped == 1 || to->is_dir != from2->is_dir || is_still_there(pv, to, back);
}

/* Is this MOVED_TO the second half of an exchange whose first, a MOVED_FROM, was just told? */
static int is_second_half(struct pathev *pv, const struct pathev__record *to)
{
	uint32_t dir = goal(pv, to->wd, PATHEV__NIL), root;

	if (dir == PATHEV__NIL || pathev__dir(pv, dir, &root) ||
	    pathev__full(pv, to->name, to->namelen))
		return 0;
	for (unsigned i = 0; i < PATHEV__MOVES; i++)
		if (pv->move[i].cookie && to->cookie - pv->move[i].cookie <= COOKIES_NEAR &&
		    !pv->move[i].skip && !strcmp(pv->move[i].from.data, pv->full.data))
			return 1;
	return 0;
}

/* One of them: TO b, FROM b.  What was at b has left before the other came.  As above. */
static int find_half_exchange(struct pathev *pv, const struct pathev__record *to,
			      struct pathev__record *from2)
{
	uint32_t victim = find_victim(pv, to);
	int swapped = victim == PATHEV__NIL ? -1 : fate(pv, victim, to->cookie);
	struct pathev__record other;

	if (is_second_half(pv, to))
		return 0;
	if (swapped == 0 || swapped == 2)
		return swapped;
	if (!drain_back(pv, to, pv->in.pos, from2))
		return swapped == 1 && must_wait(pv, to->cookie) ? 2 : 0;
	/* the other half is in scope, but its MOVED_FROM was merged into one before it? */
	if (pathev__intake_moved_to(&pv->in, from2->cookie, &other))
		return swapped == 1;
	return swapped == 1 || to->is_dir != from2->is_dir || is_still_there(pv, to, from2);
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
	q = to && root != PATHEV__NIL ? goal(pv, to->wd, root) : PATHEV__NIL;
	if (!to || root == PATHEV__NIL || !may_follow(pv, root, q, to)) {
		forget(pv, x);
		return 0;
	}
	victim = pathev__watches_child(&pv->tree, q, to->name, to->namelen);
	if (victim != PATHEV__NIL && victim != x)
		forget(pv, victim);
	if (pathev__watches_move(&pv->tree, x, q, to->name, to->namelen)) {
		if (errno != ELOOP)
			return -1;
		forget(pv, x);
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
	uint32_t q = goal(pv, to->wd, pathev__watches_root(t, dir, NULL));
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

/* Tell a MOVED_FROM under each of its paths, and remember them for the other half. */
static int tell_leaving(struct pathev *pv, const struct pathev__record *rec,
			const struct pathev__record *to)
{
	int tellable = is_tellable(pv, rec);

	if (pathev__aliases(pv, rec->wd, &pv->dst))
		return -1;
	for (size_t i = 0; tellable && i < pv->dst.len; i++) {
		uint32_t dir = pv->dst.node[i], root;
		const char *other;

		root = pathev__watches_root(&pv->tree, dir, NULL);
		if (root == PATHEV__NIL)
			continue;
		other = to ? pathev__goes_to(pv, to, root) : NULL;
		if (tell_record(pv, dir, rec, other))
			return -1;
		if (pathev__dir(pv, dir, &root) || pathev__full(pv, rec->name, rec->namelen) ||
		    pathev__remember(pv, rec->cookie, root, pv->full.data, pv->full.len))
			return -1;
	}
	return 0;
}

static int moved_to(struct pathev *pv, uint32_t dir, const struct pathev__record *rec)
{
	uint32_t child = pathev__watches_child(&pv->tree, dir, rec->name, rec->namelen);
	uint32_t root = pathev__watches_root(&pv->tree, dir, NULL);
	const char *from = pathev__came_from(pv, rec->cookie, root);

	if (tell_record(pv, dir, rec, from))
		return -1;
	if (child != PATHEV__NIL && rec->is_dir &&
	    pv->tree.node[child].flags & PATHEV__NODE_ARRIVED) {
		pv->tree.node[child].flags &= (uint16_t)~PATHEV__NODE_ARRIVED;
		return 0;
	}
	return arrive(pv, dir, rec);
}

/*
 * Tell the other half of a rename right behind the first.  Nothing can have happened to either
 * name in between, for the kernel holds both directories; but what another process did below
 * a directory that was renamed may stand there, and is told under the new path.
 */
static int tell_arriving(struct pathev *pv, const struct pathev__record *to)
{
	is_tellable(pv, to);
	if (pathev__aliases(pv, to->wd, &pv->dst))
		return -1;
	for (size_t i = 0; i < pv->dst.len; i++)
		if (moved_to(pv, pv->dst.node[i], to))
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
	if (tell_leaving(pv, rec, to) || tell_leaving(pv, from2, back))
		return -1;
	if (pathev__aliases(pv, rec->wd, &pv->dst))
		return -1;
	for (size_t i = 0; i < pv->dst.len; i++)
		if (swap(pv, pv->dst.node[i], rec, to, from2, back))
			return -1;
	if (tell_arriving(pv, to) || tell_arriving(pv, back))
		return -1;
	return skip_later(pv, from2);
}

/* Tell a MOVED_FROM, and let what was there go to the other half, or go. */
static int leave(struct pathev *pv, const struct pathev__record *rec,
		 const struct pathev__record *to)
{
	if (tell_leaving(pv, rec, to) || pathev__aliases(pv, rec->wd, &pv->dst))
		return -1;
	for (size_t i = 0; i < pv->dst.len; i++)
		if (relocate(pv, pv->dst.node[i], rec, to))
			return -1;
	return 0;
}

/*
 * The kernel takes two MOVED_TO of one name for one, though their cookies differ, if nothing stands
 * between.  Then a MOVED_FROM right behind may be the second half of an exchange whose first half
 * is not there.
 */
static int is_behind_to(const struct pathev *pv, const struct pathev__record *rec)
{
	return pv->last_to.wd == rec->wd && pv->last_to.end == pv->in.pos &&
	       pv->last_to.hash == pathev__hash_bytes(0, rec->name, rec->namelen);
}

static void note_to(struct pathev *pv, const struct pathev__record *rec)
{
	pv->last_to.wd = rec->wd;
	pv->last_to.end = pv->in.future;
	pv->last_to.hash = pathev__hash_bytes(0, rec->name, rec->namelen);
}

static int reappear(struct pathev *pv, const struct pathev__record *rec)
{
	struct pathev__record found = *rec;
	char type;

	if (is_there(pv, rec, rec, &type) != 1)
		return 0;
	found.is_dir = type == 'd';
	if (pathev__aliases(pv, rec->wd, &pv->dst))
		return -1;
	for (size_t i = 0; i < pv->dst.len; i++)
		if (pathev__tell_new(pv, pv->dst.node[i], rec->name, rec->namelen, type) ||
		    arrive(pv, pv->dst.node[i], &found))
			return -1;
	return 0;
}

static int moved_from(struct pathev *pv, const struct pathev__record *rec)
{
	struct pathev__record to, from2, back;
	int paired = find_pair(pv, rec, &to);
	int swapped = 0;

	if (is_skipped(pv, rec))
		return pathev__root_record(pv, rec, paired == 1 ? &to : NULL);
	if (paired < 0)
		return -1;
	if (paired == 1)
		swapped = find_exchange(pv, rec, &to, &from2, &back);
	if (paired == 2 || swapped == 2)
		return 1;
	pv->held_ns = -1;
	if (swapped) {
		if (exchange(pv, rec, &to, &from2, &back))
			return -1;
	} else if (leave(pv, rec, paired ? &to : NULL) ||
		   (!paired && is_behind_to(pv, rec) && reappear(pv, rec))) {
		return -1;
	} else if (paired && tell_arriving(pv, &to)) {
		return -1;
	}
	return pathev__root_record(pv, rec, paired ? &to : NULL);
}

/*
 * Everything else
 */

static int named(struct pathev *pv, uint32_t dir, const struct pathev__record *rec)
{
	uint32_t child;

	if (rec->what & PATHEV_MOVED_TO)
		return moved_to(pv, dir, rec);
	child = rec->is_dir ?
		pathev__watches_child(&pv->tree, dir, rec->name, rec->namelen) : PATHEV__NIL;
	/* the kernel is not quite in order with itself: a chmod may come behind the rmdir */
	if (rec->is_dir && child == PATHEV__NIL && !(rec->what & (BINDS | UNBINDS)) &&
	    pathev__enters(pv, dir, rec->name, rec->namelen))
		return 0;
	if (tell_record(pv, dir, rec, NULL))
		return -1;
	if (rec->what & PATHEV_CREATE)
		return arrive(pv, dir, rec);
	if (child == PATHEV__NIL)
		return 0;
	if (rec->what & PATHEV_DELETE)
		forget(pv, child);
	else if (rec->what & PATHEV_ATTRIB && pv->tree.node[child].flags & PATHEV__NODE_BLIND)
		/* its permissions may have changed for the better */
		return pathev__pend(pv, child, PATHEV__NEW);
	return 0;
}

/* A record without a name: of directories below an added path, the parent tells it. */
static int unnamed(struct pathev *pv, uint32_t node, struct pathev__record rec)
{
	uint32_t root = pathev__watches_root(&pv->tree, node, NULL);

	if (root == PATHEV__NIL)
		return 0;
	if (pv->tree.node[node].flags & PATHEV__NODE_ROOT)
		rec.is_dir = pv->root[root].is_dir;
	else if (rec.what & PATHEV_UNMOUNT)
		rec.is_dir = 1;
	else
		return 0;
	return tell_record(pv, node, &rec, NULL);
}

/* A watch is gone: with its inode, its file system, or because we removed it. */
static int ignored(struct pathev *pv, const struct pathev__record *rec)
{
	if (pathev__aliases(pv, rec->wd, &pv->alias))
		return -1;
	for (size_t i = 0; i < pv->alias.len; i++) {
		uint32_t v = pv->alias.node[i];
		uint32_t root = pathev__watches_root(&pv->tree, v, NULL);

		pathev__watches_unbind(&pv->tree, v);
		if (root == PATHEV__NIL)
			continue;
		/* if it has a name still, that leads to something else now */
		if (pv->tree.node[v].flags & PATHEV__NODE_ROOT ?
		    pathev__root_bind(pv, root, PATHEV__NEW, PATHEV_DELETE) :
		    pathev__pend(pv, v, PATHEV__NEW))
			return -1;
	}
	return pathev__root_record(pv, rec, NULL);
}

/* A name came from outside: perhaps another went there for it.  0, -1; 1: hold. */
static int entered(struct pathev *pv, const struct pathev__record *rec)
{
	struct pathev__record from, to;
	int swapped, paired;

	if (pathev__watches_by_wd(&pv->tree, rec->wd) == PATHEV__NIL ||
	    pathev__came_from(pv, rec->cookie, PATHEV__NIL))
		return 0;
	swapped = find_half_exchange(pv, rec, &from);
	if (swapped == 2)
		return 1;
	pv->held_ns = -1;
	if (!swapped)
		return 0;
	paired = pathev__intake_moved_to(&pv->in, from.cookie, &to);
	return leave(pv, &from, paired ? &to : NULL) || skip_later(pv, &from) ? -1 : 0;
}

int pathev__follow(struct pathev *pv, const struct pathev__record *rec)
{
	if (rec->what & PATHEV_OVERFLOW)
		return pathev__recover(pv);
	if (rec->ignored)
		return ignored(pv, rec);
	if (rec->what & PATHEV_MOVED_FROM)
		return moved_from(pv, rec);
	if (rec->what & PATHEV_MOVED_TO && is_skipped(pv, rec))
		return look_arrived(pv, rec) ? -1 : pathev__root_record(pv, rec, NULL);
	if (rec->what & PATHEV_MOVED_TO) {
		int res = entered(pv, rec);

		if (res)
			return res;
		note_to(pv, rec);
	}
	if (!pathev__is_noise(pv, rec) && is_tellable(pv, rec)) {
		if (pathev__aliases(pv, rec->wd, &pv->dst))
			return -1;
		for (size_t i = 0; i < pv->dst.len; i++)
			if (rec->namelen ? named(pv, pv->dst.node[i], rec) :
					   unnamed(pv, pv->dst.node[i], *rec))
				return -1;
	}
	return pathev__root_record(pv, rec, NULL);
}
