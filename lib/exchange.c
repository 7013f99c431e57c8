/* SPDX-License-Identifier: MIT */
/*
 * exchange.c - a name that something has left, and that is not free all the same
 *
 * An exchange (RENAME_EXCHANGE, rename(2)) comes as two renames, there and back: FROM a, TO b,
 * FROM b, TO a.  Out of scope halves are not there, and the kernel takes equal neighbours for one,
 * though their cookies differ: of two MOVED_TO of one name the second is lost.  So two renames in
 * a row may look the same.  Either way something came to b by the first half; what sets an exchange
 * apart is that b is still bound behind the FROM that leaves it.
 *
 * Where this is certain before the first half is told, it is told as an exchange.  Where it turns
 * out later, or cannot be found out, the second half is told in a way that is true of both: as
 * something that left, and something that came from outside and is looked at; and what is at b is
 * looked at, too.
 */
#include "engine.h"

#include "clock.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint32_t BINDS = PATHEV_CREATE | PATHEV_MOVED_TO;
static const uint32_t UNBINDS = PATHEV_DELETE | PATHEV_MOVED_FROM;

/* So far the future is searched: behind a long queue a name is rather looked at once more. */
enum { SEARCH_MAX = 4096, NEAR = 64 };

/* The halves of an exchange come within one system call, which may be held up, but not for long. */
static const int64_t HELD_UP_NS = 2000 * PATHEV__NS_PER_MS;

static uint32_t hash_name(const struct pathev__record *rec)
{
	return pathev__hash_bytes(0, rec->name, rec->namelen);
}

static struct pathev__came *came_slot(struct pathev *pv, uint32_t hash, int wd)
{
	return &pv->renames->came[(hash ^ (uint32_t)wd) % PATHEV__CAME];
}

void pathev__note_came(struct pathev *pv, const struct pathev__record *to,
		      const struct pathev__record *from)
{
	uint32_t hash = hash_name(to);

	pv->renames->came_ns = pv->in.time_ns;
	*came_slot(pv, hash, to->wd) = (struct pathev__came){
		.wd = to->wd, .hash = hash, .cookie = to->cookie, .time_ns = pv->in.time_ns,
		.from_wd = from ? from->wd : -1, .from_hash = from ? hash_name(from) : 0,
		.is_dir = to->is_dir,
	};
}

/* What came to a name last, if that was just now, or NULL. */
static struct pathev__came *find_came(struct pathev *pv, const struct pathev__record *name)
{
	struct pathev__came *c;
	uint32_t hash;

	if (!pv->renames || pv->in.time_ns - pv->renames->came_ns >= HELD_UP_NS)
		return NULL;
	hash = hash_name(name);
	c = came_slot(pv, hash, name->wd);
	return c->cookie && c->wd == name->wd && c->hash == hash &&
	       pv->in.time_ns - c->time_ns < HELD_UP_NS ? c : NULL;
}

void pathev__note_gone(struct pathev *pv, const struct pathev__record *name)
{
	struct pathev__came *c = find_came(pv, name);

	if (c)
		c->cookie = 0;
}

/*
 * The first record that binds or unbinds a name, of those that wait behind position pos: up to
 * max of them are searched.  1; 0: there is none; -1: there are more than that.
 */
static int find_next(const struct pathev *pv, const struct pathev__record *name, uint64_t pos,
		     int max, struct pathev__record *next, uint64_t *at)
{
	struct pathev__intake_cursor c = {0};

	while (pathev__intake_walk(&pv->in, pos, &c, next)) {
		if (next->wd == name->wd && next->what & (BINDS | UNBINDS) &&
		    !strcmp(next->name, name->name)) {
			*at = c.next;
			return 1;
		}
		if (!max--)
			return -1;
	}
	return 0;
}

/* The position behind the half of a rename that is still to come; 0: it is not there. */
static uint64_t find_half(const struct pathev *pv, const struct pathev__record *half)
{
	struct pathev__intake_cursor c = {0};
	struct pathev__record rec;

	while (pathev__intake_walk(&pv->in, pv->in.pos, &c, &rec))
		if (rec.cookie == half->cookie && rec.what == half->what)
			return c.next;
	return 0;
}

/* What the records behind position pos say of a name. */
static enum pathev__after foretold(const struct pathev *pv, const struct pathev__record *name,
				   uint64_t pos)
{
	struct pathev__record next;
	uint64_t at;
	int found = find_next(pv, name, pos, SEARCH_MAX, &next, &at);

	if (found <= 0)
		return found ? PATHEV__UNKNOWN : PATHEV__UNTOLD;
	if (next.what & UNBINDS)
		return PATHEV__TAKEN_YET;
	return next.what & PATHEV_MOVED_TO ? PATHEV__UNKNOWN : PATHEV__FREE;
}

enum pathev__after pathev__look_up(struct pathev *pv, uint32_t node, const char *name, size_t len,
				  char *type)
{
	struct pathev__short p;
	struct stat st;
	uint32_t root;
	int res;

	*type = 0;
	if (pathev__dir(pv, node, &root) || root == PATHEV__NIL || pathev__full(pv, name, len) ||
	    pathev__short_init(&p, pv->full.data, pv->full.len))
		return PATHEV__UNKNOWN;
	res = lstat(p.path, &st);
	pathev__short_fini(&p);
	if (!pathev__short_init(&p, pv->dir.data, pv->dir.len)) {
		/* what has changed the name lets go of the directory when its record is queued */
		pathev__walk_pass(p.path);
		pathev__short_fini(&p);
	}
	if (pathev__made_noise(pv, node, 0) || pathev__drain(pv))
		return PATHEV__UNKNOWN;
	if (!res)
		*type = pathev__walk_type(st.st_mode);
	return res ? PATHEV__FREE : PATHEV__TAKEN;
}

enum pathev__after pathev__after(struct pathev *pv, const struct pathev__record *name, uint64_t pos,
				char *type)
{
	uint32_t node = pathev__goal(pv, name->wd, PATHEV__NIL);
	enum pathev__after told = foretold(pv, name, pos), seen;

	*type = 0;
	if (told != PATHEV__UNTOLD || node == PATHEV__NIL)
		return told == PATHEV__UNTOLD ? PATHEV__UNKNOWN : told;
	seen = pathev__look_up(pv, node, name->name, name->namelen, type);
	told = foretold(pv, name, pos);
	if (told != PATHEV__UNTOLD)
		return told;
	return pathev__overtaken(pv, node) ? PATHEV__UNTOLD : seen;
}

int pathev__is_suspect(struct pathev *pv, const struct pathev__record *from)
{
	const struct pathev__window *w;

	if (find_came(pv, from))
		return 1;
	/* what came first may have been missed while its directory was looked at */
	w = pv->nwindows ? pathev__window_find(pv, from->wd) : NULL;
	return w && pathev__window_name(w, from->name, from->namelen);
}

int pathev__is_other(struct pathev *pv, const struct pathev__record *from)
{
	const struct pathev__came *c = find_came(pv, from);

	return c && c->is_dir != from->is_dir;
}

int pathev__may_return(struct pathev *pv, const struct pathev__record *from,
		      const struct pathev__record *to)
{
	const struct pathev__came *c = find_came(pv, from);
	uint32_t hash = hash_name(to);

	if (!c)
		return 0;
	if (c->from_wd >= 0)
		return c->from_wd == to->wd && c->from_hash == hash;
	/* its own MOVED_FROM was not seen: was it taken for another one of that name? */
	for (unsigned i = 0; i < PATHEV__MOVES; i++) {
		const struct pathev__move *m = &pv->renames->move[i];

		if (m->cookie && m->wd == to->wd && m->hash == hash)
			return 1;
	}
	return 0;
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

/*
 * What became of it?  1: it was renamed itself, so the names have changed places; 0: it was
 * replaced, or that is not told in time; 2: that is still to be told.
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

/*
 * The MOVED_FROM that leaves the name which a MOVED_TO has bound, as the second half of an
 * exchange.  Where that is not sure, it has the next cookie: then no record of either was taken for
 * one of another rename.
 */
static int find_back(struct pathev *pv, const struct pathev__record *to, uint64_t pos, int sure,
		     struct pathev__record *from2, uint64_t *at)
{
	int found = find_next(pv, to, pos, NEAR, from2, at);

	if (!found && !pathev__drain(pv))
		found = find_next(pv, to, pos, NEAR, from2, at);
	return found == 1 && from2->what & PATHEV_MOVED_FROM &&
	       (sure || from2->cookie == to->cookie + 1);
}

/* Is what left a name something else than what came to it, as far as records tell? */
static int differ(struct pathev *pv, const struct pathev__record *to,
		  const struct pathev__record *from2, uint64_t at)
{
	enum pathev__after after;
	char type;

	if (to->is_dir != from2->is_dir)
		return 1;
	after = pathev__after(pv, to, at, &type);
	return after == PATHEV__TAKEN || after == PATHEV__TAKEN_YET;
}

int pathev__find_exchange(struct pathev *pv, const struct pathev__record *rec,
			 const struct pathev__record *to, struct pathev__record *from2,
			 struct pathev__record *back)
{
	uint32_t victim = find_victim(pv, to);
	int swapped = victim == PATHEV__NIL ? -1 : fate(pv, victim, rec->cookie);
	uint64_t pos = find_half(pv, to), at;

	if (swapped == 0 || swapped == 2)
		return swapped;
	if (!find_back(pv, to, pos, swapped == 1, from2, &at))
		return swapped == 1 && pathev__must_wait(pv, rec->cookie) ? 2 : 0;
	if (!pathev__intake_moved_to(&pv->in, from2->cookie, back) &&
	    (pathev__drain(pv) || !pathev__intake_moved_to(&pv->in, from2->cookie, back)))
		return pathev__must_wait(pv, rec->cookie) ? 2 : 0;
	if (back->wd != rec->wd || strcmp(back->name, rec->name))
		return 0;
	return swapped == 1 || differ(pv, to, from2, at);
}

int pathev__find_half_exchange(struct pathev *pv, const struct pathev__record *to,
			      struct pathev__record *from2)
{
	uint32_t victim = find_victim(pv, to);
	int swapped = victim == PATHEV__NIL ? -1 : fate(pv, victim, to->cookie);
	uint64_t at;

	if (swapped == 0 || swapped == 2)
		return swapped;
	if (!find_back(pv, to, pv->in.future, swapped == 1, from2, &at))
		return swapped == 1 && pathev__must_wait(pv, to->cookie) ? 2 : 0;
	return swapped == 1 || differ(pv, to, from2, at);
}

/*
 * Names for which no record speaks
 */

int pathev__reappear(struct pathev *pv, int wd, const char *name, size_t len, char type)
{
	const struct pathev__record found = {.name = name, .namelen = len, .is_dir = type == 'd'};
	struct pathev__window *w = pathev__window_find(pv, wd);
	char *told = w ? pathev__window_name(w, name, len) : NULL;

	if (told)
		*told = PATHEV__TOLD;
	if (pathev__aliases(pv, wd, &pv->dst))
		return -1;
	for (size_t i = 0; i < pv->dst.len; i++)
		if (pathev__tell_new(pv, pv->dst.node[i], name, len, type) ||
		    pathev__arrive(pv, pv->dst.node[i], &found))
			return -1;
	return 0;
}

int pathev__check(struct pathev *pv, const struct pathev__record *name)
{
	struct pathev__window *w = pathev__window_find(pv, name->wd);
	char *told;

	if (!w)
		w = pathev__window_open(pv, name->wd);
	if (!w)
		return -1;
	told = pathev__window_name(w, name->name, name->namelen);
	if (told)
		*told = PATHEV__CHECK;
	else if (pathev__window_note(w, name->name, name->namelen, PATHEV__CHECK))
		return -1;
	w->until = UINT64_MAX;
	pv->checks = 1;
	return 0;
}

/* Is it there?  *told stays as it is if records have come that say so, or whose place it is. */
static int check_name(struct pathev *pv, int wd, char *told)
{
	const char *name = told + 1;
	const struct pathev__record rec = {.wd = wd, .name = name, .namelen = strlen(name)};
	uint32_t node = pathev__goal(pv, wd, PATHEV__NIL);
	enum pathev__after seen = PATHEV__UNKNOWN;
	char type;

	if (node != PATHEV__NIL)
		seen = pathev__look_up(pv, node, name, rec.namelen, &type);
	if (node != PATHEV__NIL && (foretold(pv, &rec, pv->in.pos) != PATHEV__UNTOLD ||
				    pathev__overtaken(pv, node)))
		return 0;
	*told = PATHEV__HIDDEN;
	return seen == PATHEV__TAKEN ? pathev__reappear(pv, wd, name, rec.namelen, type) : 0;
}

int pathev__check_names(struct pathev *pv)
{
	pv->checks = 0;
	for (size_t i = 0; i < pv->nwindows; i++) {
		struct pathev__window *w = &pv->window[i];
		int left = 0;

		if (w->until != UINT64_MAX)
			continue;
		for (size_t off = 0; off < w->names.len; off += strlen(w->names.data + off + 1) + 2) {
			char *told = w->names.data + off;

			if (*told == PATHEV__CHECK && check_name(pv, w->wd, told))
				return -1;
			left |= *told == PATHEV__CHECK;
		}
		pv->checks |= left;
		if (!left)
			w->until = pv->in.end;
	}
	return 0;
}
