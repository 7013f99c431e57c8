/* SPDX-License-Identifier: MIT */
/*
 * settle.c - changes that wait until their path has been quiet, and what they come to
 *
 * In the file's order: nodes and the two lists they wait in; events, which change the tree NOW;
 * time.  What is told of them is for retell.c; settling.h tells how it fits.
 */
#include "settling.h"

#include "base.h"
#include "clock.h"

#include <string.h>

/* How long a moved_from that has a `to' may be without its moved_to: that is about to come. */
#define FLIGHT_NS (50 * PATHEV__NS_PER_MS)

/* ---- nodes, and the lists they wait in ---- */

static void link_after(struct pathev__settle *s, int list, uint32_t n, uint32_t after)
{
	uint32_t next = after == NIL ? s->head[list] : at(s, after)->next[list];

	at(s, n)->prev[list] = after;
	at(s, n)->next[list] = next;
	if (after == NIL)
		s->head[list] = n;
	else
		at(s, after)->next[list] = n;
	if (next == NIL)
		s->tail[list] = n;
	else
		at(s, next)->prev[list] = n;
}

static void unlink_from(struct pathev__settle *s, int list, uint32_t n)
{
	uint32_t prev = at(s, n)->prev[list], next = at(s, n)->next[list];

	if (prev == NIL)
		s->head[list] = next;
	else
		at(s, prev)->next[list] = next;
	if (next == NIL)
		s->tail[list] = prev;
	else
		at(s, next)->prev[list] = prev;
}

void pathev__settling_unlist(struct pathev__settle *s, uint32_t n)
{
	struct node *d = at(s, n);

	if (!(d->flags & PENDING))
		return;
	unlink_from(s, QUIET, n);
	unlink_from(s, FIRST, n);
	d->flags &= ~(unsigned)(PENDING | LEFT | HIDES);
	d->what = 0;
	clear_other(d);
	d->twin.held--;
}

static void end_shadow(struct pathev__settle *s, uint32_t n)
{
	struct node *d = at(s, n);

	if (!(d->flags & SHADOW))
		return;
	d->flags &= ~(unsigned)SHADOW;
	d->twin.held--;
}

void pathev__settling_let_go(struct pathev__settle *s, uint32_t n)
{
	pathev__settling_unlist(s, n);
	end_shadow(s, n);
	pathev__twin_drop(&s->tree, n);
}

/* It has changed now: it waits from now on, or anew. */
static void wait_anew(struct pathev__settle *s, uint32_t n, int64_t now_ns)
{
	struct node *d = at(s, n);

	if (d->flags & PENDING) {
		unlink_from(s, QUIET, n);
	} else {
		if (!d->what)
			d->flags |= FOUND;
		d->flags |= PENDING;
		d->twin.held++;
		d->first_ns = now_ns;
		link_after(s, FIRST, n, s->tail[FIRST]);
	}
	end_shadow(s, n);
	d->last_ns = now_ns;
	link_after(s, QUIET, n, s->tail[QUIET]);
}

static uint32_t hash_root(const void *ctx, uint32_t i)
{
	const struct pathev__settle *s = ctx;

	return pathev__hash_bytes(0, s->roots[i], strlen(s->roots[i]));
}

/* The index of a root in *i.  There are few, and mostly the same one again. */
static int intern(struct pathev__settle *s, const char *root, uint32_t *i)
{
	uint32_t hash = pathev__hash_bytes(0, root, strlen(root));
	char **roots;

	for (uint32_t k = pathev__table_first(&s->root_table, hash);
	     (*i = s->root_table.slot[k]) != NIL; k = pathev__table_next(&s->root_table, k))
		if (!strcmp(s->roots[*i], root))
			return 0;
	roots = pathev__grow(s->roots, &s->caproots, s->nroots + 1, sizeof(*roots));
	if (!roots)
		return -1;
	s->roots = roots;
	roots[s->nroots] = strdup(root);
	if (!roots[s->nroots])
		return -1;
	*i = (uint32_t)s->nroots++;
	return pathev__table_add(&s->root_table, hash, *i, hash_root, s);
}

struct pathev__settle *pathev__settle_new(int64_t quiet_ns, int64_t max_ns)
{
	struct pathev__settle *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->quiet_ns = quiet_ns;
	s->max_ns = max_ns;
	s->head[QUIET] = s->tail[QUIET] = s->head[FIRST] = s->tail[FIRST] = NIL;
	s->dir_node = NIL;
	pathev__table_init(&s->root_table);
	if (pathev__twin_init(&s->tree, sizeof(struct node))) {
		pathev__settle_free(s);
		return NULL;
	}
	return s;
}

void pathev__settle_free(struct pathev__settle *s)
{
	int saved = errno;

	if (!s)
		return;
	for (uint32_t n = 0; n < s->tree.used; n++)
		free(at(s, n)->other);
	pathev__twin_fini(&s->tree);
	for (size_t i = 0; i < s->nroots; i++)
		free(s->roots[i]);
	free(s->roots);
	pathev__table_fini(&s->root_table);
	free(s->flight);
	free(s->parked);
	pathev__queue_fini(&s->ready);
	pathev__buf_fini(&s->path);
	pathev__buf_fini(&s->other);
	pathev__buf_fini(&s->dir);
	free(s);
	errno = saved;
}

size_t pathev__settle_bytes(const struct pathev__settle *s)
{
	return s->tree.bytes + s->ready.bytes;
}

/* ---- events ---- */

/* An event, taken apart. */
struct taken {
	const struct pathev_event *ev;
	int64_t now_ns;
	uint32_t root;
	uint32_t up;		/* the directory, */
	const char *name;	/* and the name in it */
	size_t len;
};

/*
 * What is at a name now; if nothing is known of it: it is there, and was told, or else the event
 * would be another.  Below a directory that is new itself, it cannot have been told.
 */
static uint32_t known(struct pathev__settle *s, uint32_t up, const char *name, size_t len)
{
	uint32_t n = pathev__twin_find(&s->tree, NOW, up, name, len);

	if (n != NIL)
		return n;
	n = pathev__twin_new(&s->tree);
	if (n == NIL || pathev__twin_put(&s->tree, NOW, n, up, name, len))
		return NIL;
	if (!in(s, TOLD, up) || pathev__twin_find(&s->tree, TOLD, up, name, len) != NIL)
		return n;
	return pathev__twin_put(&s->tree, TOLD, n, up, name, len) ? NIL : n;
}

/* The directory that is the first len bytes of path; NIL with ENOMEM. */
static uint32_t walk(struct pathev__settle *s, const char *path, size_t len, size_t rootlen,
		     uint32_t root)
{
	uint32_t n = 0;

	if (s->dir_node != NIL && s->dir_version == s->tree.version[NOW] && s->dir.len == len &&
	    !memcmp(s->dir.data, path, len))
		return s->dir_node;
	for (size_t off = 0, step; off < len; off += step) {
		step = pathev__twin_component(path + off, len - off);
		n = known(s, n, path + off, step);
		if (n == NIL)
			return NIL;
		if (off + step == rootlen)
			at(s, n)->is_root = root + 1;
	}
	pathev__buf_cut(&s->dir, 0);
	if (pathev__buf_add(&s->dir, path, len))
		return NIL;
	s->dir_node = n;
	s->dir_version = s->tree.version[NOW];
	return n;
}

static int take_apart(struct pathev__settle *s, const struct pathev_event *ev, struct taken *t)
{
	size_t len = bare_len(ev->path, ev->pathlen), dirlen = len, rootlen;

	if (intern(s, ev->root, &t->root))
		return -1;
	rootlen = bare_len(ev->root, strlen(ev->root));
	while (dirlen && ev->path[dirlen - 1] != '/')
		dirlen--;
	dirlen = bare_len(ev->path, dirlen);
	t->up = walk(s, ev->path, dirlen, rootlen, t->root);
	t->name = ev->path + dirlen;
	t->len = len - dirlen;
	return t->up == NIL ? -1 : 0;
}

/* The event is one of this node. */
static void touch(struct pathev__settle *s, uint32_t n, const struct taken *t)
{
	struct node *d = at(s, n);

	wait_anew(s, n, t->now_ns);
	d->what |= t->ev->what;
	d->time_ns = t->ev->time_ns;
	if (t->ev->cookie)
		d->cookie = t->ev->cookie;
	if (t->ev->type)
		d->type = t->ev->type;
	d->root = t->root;
	if (!t->ev->synthesized)
		d->flags &= ~(unsigned)FOUND;
	if (t->ev->pathlen == strlen(t->ev->root))
		d->is_root = t->root + 1;
}

/* What is told of below this node goes with it, for it leaves TOLD for good. */
static void forget_told(struct pathev__settle *s, uint32_t n)
{
	uint32_t c = n, up;

	for (;;) {
		while (place(s, TOLD, c)->kids != NIL)
			c = place(s, TOLD, c)->kids;
		if (c == n)
			return;
		up = place(s, TOLD, c)->up;
		pathev__twin_take(&s->tree, TOLD, c);
		if (!in(s, NOW, c) && !(at(s, c)->flags & FLIGHT))
			pathev__settling_let_go(s, c);
		c = up;
	}
}

void pathev__settling_vanish(struct pathev__settle *s, uint32_t n)
{
	forget_told(s, n);
	pathev__settling_let_go(s, n);
}

/* What is below this node now goes with it, for it leaves NOW for good. */
static void orphan(struct pathev__settle *s, uint32_t n, uint32_t how, int64_t now_ns)
{
	uint32_t c = n, up;

	for (;;) {
		int same;

		while (place(s, NOW, c)->kids != NIL)
			c = place(s, NOW, c)->kids;
		if (c == n)
			return;
		up = place(s, NOW, c)->up;
		same = pathev__twin_same(&s->tree, c);
		pathev__twin_take(&s->tree, NOW, c);
		if (!in(s, TOLD, c)) {
			pathev__settling_vanish(s, c);
		} else if (same) {
			/* who hears that the directory is gone, hears it of this too */
			at(s, up)->twin.held++;
			pathev__settling_let_go(s, c);
			at(s, up)->twin.held--;
		} else {
			wait_anew(s, c, now_ns);
			at(s, c)->what |= how;
		}
		c = up;
	}
}

/* Something that was told must be told as gone: it waits from now on. */
static int uncover(struct pathev__settle *s, const struct taken *t, int hides)
{
	uint32_t n = pathev__twin_find(&s->tree, TOLD, t->up, t->name, t->len);

	if (n != NIL) {
		if (!in(s, NOW, n) && !(at(s, n)->flags & FLIGHT))
			wait_anew(s, n, t->now_ns);
		return 0;
	}
	if (!hides || !in(s, TOLD, t->up))
		return 0;
	n = pathev__twin_new(&s->tree);
	if (n == NIL || pathev__twin_put(&s->tree, TOLD, n, t->up, t->name, t->len))
		return -1;
	wait_anew(s, n, t->now_ns);
	at(s, n)->root = t->root;
	at(s, n)->time_ns = t->ev->time_ns;
	return 0;
}

static int add_flight(struct pathev__settle *s, uint32_t n, const struct taken *t)
{
	struct node *d = at(s, n);
	struct flight *f;

	f = pathev__grow(s->flight, &s->capflights, s->nflights + 1, sizeof(*f));
	if (!f)
		return -1;
	s->flight = f;
	clear_other(d);
	d->other = strdup(t->ev->to);
	if (!d->other)
		return -1;
	f[s->nflights++] = (struct flight){ t->ev->cookie, n };
	s->flight_ns = t->now_ns;
	d->flags |= FLIGHT;
	return 0;
}

/* What left with this cookie, for this path; NIL. */
static uint32_t take_flight(struct pathev__settle *s, const struct pathev_event *ev)
{
	for (size_t i = 0; i < s->nflights; i++) {
		uint32_t n = s->flight[i].node;

		if (s->flight[i].cookie != ev->cookie || strcmp(at(s, n)->other, ev->path))
			continue;
		s->flight[i] = s->flight[--s->nflights];
		at(s, n)->flags &= ~(unsigned)FLIGHT;
		clear_other(at(s, n));
		return n;
	}
	return NIL;
}

/* Their moved_to did not come: they are gone. */
static void ground(struct pathev__settle *s, int64_t now_ns)
{
	while (s->nflights) {
		uint32_t n = s->flight[--s->nflights].node;

		at(s, n)->flags &= ~(unsigned)FLIGHT;
		orphan(s, n, PATHEV_MOVED_FROM, now_ns);
		if (!in(s, TOLD, n))
			pathev__settling_vanish(s, n);
	}
}

/* A name comes to stand for something. */
static int bind(struct pathev__settle *s, const struct taken *t)
{
	uint32_t old = pathev__twin_find(&s->tree, NOW, t->up, t->name, t->len);
	int moved = (t->ev->what & PATHEV_MOVED_TO) != 0, hides = 0;
	uint32_t n = NIL;

	if (old != NIL && !moved) {
		/* it is told as new though it was there, as after a loss */
		touch(s, old, t);
		return 0;
	}
	/* the directory must stay, whatever goes from it */
	at(s, t->up)->twin.held++;
	if (moved)
		n = take_flight(s, t->ev);
	if (old != NIL) {
		hides = (at(s, old)->flags & HIDES) != 0;
		orphan(s, old, PATHEV_DELETE, t->now_ns);
		pathev__twin_take(&s->tree, NOW, old);
		if (in(s, TOLD, old))
			wait_anew(s, old, t->now_ns);
		else
			pathev__settling_vanish(s, old);
	} else if (moved && in(s, TOLD, t->up)) {
		hides = pathev__twin_find(&s->tree, TOLD, t->up, t->name, t->len) == NIL;
	}
	if (n == NIL) {
		n = pathev__twin_new(&s->tree);
		if (n == NIL)
			return -1;
		if (t->ev->from && !(at(s, n)->other = strdup(t->ev->from)))
			return -1;
	}
	if (pathev__twin_put(&s->tree, NOW, n, t->up, t->name, t->len))
		return -1;
	at(s, t->up)->twin.held--;
	touch(s, n, t);
	if (hides)
		at(s, n)->flags |= HIDES;
	return 0;
}

/* A name stands for nothing any more. */
static int unbind(struct pathev__settle *s, const struct taken *t)
{
	uint32_t how = t->ev->what & UNBINDS, n;
	int hides;

	n = pathev__twin_find(&s->tree, NOW, t->up, t->name, t->len);
	if (n == NIL)
		n = pathev__twin_find(&s->tree, TOLD, t->up, t->name, t->len);
	if (n == NIL)
		n = known(s, t->up, t->name, t->len);
	if (n == NIL)
		return -1;
	touch(s, n, t);
	if (!in(s, NOW, n))
		return 0;	/* told twice */
	hides = (at(s, n)->flags & HIDES) != 0;
	at(s, n)->flags &= ~(unsigned)HIDES;
	at(s, t->up)->twin.held++;
	pathev__twin_take(&s->tree, NOW, n);
	if (uncover(s, t, hides))
		return -1;
	if (t->ev->to && how & PATHEV_MOVED_FROM) {
		if (add_flight(s, n, t))
			return -1;
	} else {
		clear_other(at(s, n));
		orphan(s, n, how, t->now_ns);
		if (!in(s, TOLD, n))
			pathev__settling_vanish(s, n);
	}
	at(s, t->up)->twin.held--;
	pathev__twin_drop(&s->tree, t->up);
	return 0;
}

/* It changes, whatever it is; one that is open may change after its name has gone. */
static int change(struct pathev__settle *s, const struct taken *t)
{
	uint32_t n = pathev__twin_find(&s->tree, NOW, t->up, t->name, t->len);

	if (n == NIL)
		n = pathev__twin_find(&s->tree, TOLD, t->up, t->name, t->len);
	if (n == NIL)
		n = known(s, t->up, t->name, t->len);
	if (n == NIL)
		return -1;
	touch(s, n, t);
	return 0;
}

int pathev__settle_add(struct pathev__settle *s, const struct pathev_event *ev, int64_t now_ns)
{
	struct taken t = { .ev = ev, .now_ns = now_ns };

	if (take_apart(s, ev, &t))
		return -1;
	if (!t.len) {
		touch(s, 0, &t);	/* the root directory */
		return 0;
	}
	if (ev->what & BINDS)
		return bind(s, &t);
	if (ev->what & UNBINDS)
		return unbind(s, &t);
	return change(s, &t);
}

/* ---- time ---- */

int pathev__settle_before(struct pathev__settle *s, const char *path)
{
	size_t len = bare_len(path, strlen(path));
	uint32_t n = 0;

	ground(s, s->flight_ns);
	for (size_t off = 0, step; off < len; off += step) {
		uint32_t c;

		step = pathev__twin_component(path + off, len - off);
		c = pathev__twin_find(&s->tree, NOW, n, path + off, step);
		if (c == NIL)
			break;
		n = c;
	}
	return pathev__retell_names(s, n);
}

void pathev__settle_flush(struct pathev__settle *s)
{
	ground(s, s->flight_ns);
	s->flushing = 1;
}

/* A directory on the way to it whose own name is to be told, and is not quiet yet; NIL. */
static uint32_t find_unquiet(const struct pathev__settle *s, uint32_t n, int64_t now_ns)
{
	int tree = in(s, NOW, n) ? NOW : TOLD;

	for (uint32_t i = n ? place(s, tree, n)->up : 0; i && in(s, NOW, i);
	     i = place(s, NOW, i)->up) {
		const struct node *d = at(s, i);

		if (d->flags & PENDING && !pathev__twin_same(&s->tree, i) &&
		    now_ns < pathev__clock_after(d->last_ns, s->quiet_ns))
			return i;
	}
	return NIL;
}

/* The next one whose time has come; NIL.  To be below a directory that was renamed or made is a
 * change as well, and of the same moment. */
static uint32_t find_due(struct pathev__settle *s, int64_t now_ns)
{
	uint32_t n = s->head[FIRST], dir;

	if (s->flushing) {
		s->flushing = n != NIL;
		return n;
	}
	if (s->nflights && now_ns < s->flight_ns + FLIGHT_NS)
		return NIL;
	ground(s, now_ns);
	n = s->head[FIRST];
	if (n != NIL && s->max_ns >= 0 &&
	    now_ns >= pathev__clock_after(at(s, n)->first_ns, s->max_ns))
		return n;
	while ((n = s->head[QUIET]) != NIL &&
	       now_ns >= pathev__clock_after(at(s, n)->last_ns, s->quiet_ns)) {
		dir = find_unquiet(s, n, now_ns);
		if (dir == NIL)
			return n;
		unlink_from(s, QUIET, n);
		at(s, n)->last_ns = at(s, dir)->last_ns;
		link_after(s, QUIET, n, dir);
	}
	return NIL;
}

int pathev__settle_next(struct pathev__settle *s, int64_t now_ns, struct pathev_event *ev)
{
	for (;;) {
		int got = pathev__queue_pop(&s->ready, ev);
		uint32_t n;

		if (got)
			return got;
		n = find_due(s, now_ns);
		if (n == NIL)
			return 0;
		if (pathev__retell(s, n))
			return -1;
	}
}

/* The time in *due unless the limit of the first change comes before; and not between the halves
 * of a rename. */
static int64_t bounded(const struct pathev__settle *s, int64_t due)
{
	int64_t limit;

	if (s->max_ns >= 0) {
		limit = pathev__clock_after(at(s, s->head[FIRST])->first_ns, s->max_ns);
		due = limit < due ? limit : due;
	}
	if (s->nflights && due < s->flight_ns + FLIGHT_NS)
		due = s->flight_ns + FLIGHT_NS;
	return due;
}

int64_t pathev__settle_due(const struct pathev__settle *s)
{
	if (s->ready.count || (s->flushing && s->head[FIRST] != NIL))
		return 0;
	if (s->head[QUIET] == NIL)
		return -1;
	return bounded(s, pathev__clock_after(at(s, s->head[QUIET])->last_ns, s->quiet_ns));
}

int64_t pathev__settle_all_due(const struct pathev__settle *s)
{
	if (s->head[QUIET] == NIL)
		return -1;
	return bounded(s, pathev__clock_after(at(s, s->tail[QUIET])->last_ns, s->quiet_ns));
}
