/* SPDX-License-Identifier: MIT */
/*
 * exchange.c - tells two names that changed places from two renames in a row
 *
 * The records of both are the same: FROM a, TO b, FROM b, TO a; or, where a is out of scope,
 * TO b, FROM b.  What tells them apart is what became of b.
 */
#include "engine.h"

#include <string.h>
#include <sys/stat.h>

static const uint32_t BINDS = PATHEV_CREATE | PATHEV_MOVED_TO;
static const uint32_t UNBINDS = PATHEV_DELETE | PATHEV_MOVED_FROM;

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
 * what; 0: not; 2: something is renamed to it, perhaps over what was there; -1: it says nothing.
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
		if (rec.wd != name->wd || strcmp(rec.name, name->name))
			continue;
		if (!(rec.what & (BINDS | UNBINDS))) {
			if (to.what)
				continue;
			/* what changes is there */
			*is_dir = rec.is_dir;
			return 1;
		}
		*is_dir = rec.is_dir;
		if (to.what) {
			/* what came and what went are two: so the other was there before */
			if (rec.what & UNBINDS && rec.is_dir != to.is_dir)
				return 1;
			if (!is_round_trip(pv, &to, &rec))
				return 2;
			to.what = 0;
		} else if (rec.what & PATHEV_MOVED_TO) {
			to = rec;	/* over something, or not */
		} else {
			return (rec.what & UNBINDS) != 0;
		}
	}
	return to.what ? 2 : -1;
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
 * nothing to say of it after that either.  1 and *type (0: not known), 0, 2: perhaps, and it makes
 * no difference, -1: out of sight.
 */
int pathev__is_there(struct pathev *pv, const struct pathev__record *name,
		    const struct pathev__record *last, char *type)
{
	uint32_t node = pathev__goal(pv, name->wd, PATHEV__NIL);
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
 * Where a rename to that name follows, it is not, for then it makes no difference.
 */
static int is_still_there(struct pathev *pv, const struct pathev__record *name,
			  const struct pathev__record *last)
{
	char type;
	int there = pathev__is_there(pv, name, last, &type);

	return there == 1 || there == -1;
}

/* The watched directory that had the name which a directory has taken, or NIL. */
static uint32_t find_victim(const struct pathev *pv, const struct pathev__record *to)
{
	uint32_t dir = pathev__goal(pv, to->wd, PATHEV__NIL), y;

	if (!to->is_dir || dir == PATHEV__NIL)
		return PATHEV__NIL;
	y = pathev__watches_child(&pv->tree, dir, to->name, to->namelen);
	return y != PATHEV__NIL && pv->tree.node[y].wd >= 0 ? y : PATHEV__NIL;
}

/* Can a directory have left this name?  One that was there is known, unless it was left to the
 * records when the directory was looked at. */
static int had_dir(struct pathev *pv, const struct pathev__record *name)
{
	uint32_t dir = pathev__goal(pv, name->wd, PATHEV__NIL);
	const struct pathev__window *w = pathev__window_find(pv, name->wd);

	return (w && pathev__window_name(w, name->name, name->namelen)) || dir == PATHEV__NIL ||
	       pathev__watches_child(&pv->tree, dir, name->name, name->namelen) != PATHEV__NIL ||
	       !pathev__enters(pv, dir, name->name, name->namelen);
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
			return pathev__must_wait(pv, cookie) ? 2 : 0;
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
int pathev__find_exchange(struct pathev *pv, const struct pathev__record *rec,
			 const struct pathev__record *to, struct pathev__record *from2,
			 struct pathev__record *back)
{
	uint32_t victim = find_victim(pv, to);
	int swapped = victim == PATHEV__NIL ? -1 : fate(pv, victim, rec->cookie);

	if (swapped == 0 || swapped == 2)
		return swapped;
	if (!drain_back(pv, to, pv->in.future, from2))
		return swapped == 1 && pathev__must_wait(pv, rec->cookie) ? 2 : 0;
	if (!pathev__intake_moved_to(&pv->in, from2->cookie, back) &&
	    (pathev__drain(pv) || !pathev__intake_moved_to(&pv->in, from2->cookie, back)))
		return pathev__must_wait(pv, rec->cookie) ? 2 : 0;
	if (back->wd != rec->wd || strcmp(back->name, rec->name))
		return 0;
	if (from2->is_dir && !had_dir(pv, to))
		return 0;
	/* what came and what left are two things? */
	return swapped == 1 || to->is_dir != from2->is_dir || is_still_there(pv, to, back);
}

/* Is this MOVED_TO the second half of an exchange whose first, a MOVED_FROM, was just told? */
static int is_second_half(struct pathev *pv, const struct pathev__record *to)
{
	uint32_t dir = pathev__goal(pv, to->wd, PATHEV__NIL), root;

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
int pathev__find_half_exchange(struct pathev *pv, const struct pathev__record *to,
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
		return swapped == 1 && pathev__must_wait(pv, to->cookie) ? 2 : 0;
	if (from2->is_dir && !had_dir(pv, to))
		return 0;
	/* the other half is in scope, but its MOVED_FROM was merged into one before it? */
	if (pathev__intake_moved_to(&pv->in, from2->cookie, &other))
		return swapped == 1 || to->is_dir != from2->is_dir;
	return swapped == 1 || to->is_dir != from2->is_dir || is_still_there(pv, to, from2);
}
