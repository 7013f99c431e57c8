/* SPDX-License-Identifier: MIT */
/*
 * settle.c - changes that wait until their path has been quiet, and what they come to
 *
 * In the file's order: nodes and the two lists they wait in; events, which change the tree NOW;
 * telling, which makes the tree TOLD like it; time.
 *
 * A node waits (PENDING) when something is to be told of it.  What that is follows from its
 * places (twin.h): in NOW only, it is new; in TOLD only, it is gone; in both, it was renamed, or
 * merely changed.  Its children go with it in both trees, so a renamed directory costs no more
 * than a file.
 */
#include "settle.h"

#include "base.h"
#include "clock.h"
#include "queue.h"
#include "twin.h"

#include <assert.h>
#include <string.h>

#define NIL PATHEV__NIL
#define NOW PATHEV__NOW
#define TOLD PATHEV__TOLD

/* Telling one thing may need that another is told before; deeper than so, names are freed by
 * telling their moved_from alone. */
enum { MAX_DEPTH = 200 };

/* How long a moved_from that has a `to' may be without its moved_to: that is about to come. */
#define FLIGHT_NS (50 * PATHEV__NS_PER_MS)

static const uint32_t BINDS = PATHEV_CREATE | PATHEV_MOVED_TO;
static const uint32_t UNBINDS = PATHEV_DELETE | PATHEV_MOVED_FROM;

enum {
	PENDING = 1,	/* in both lists */
	FLIGHT = 2,	/* pending; its moved_to is still to come */
	SHADOW = 4,	/* gone, and its name was taken by another that is pending: that replaces it */
	HIDES = 8,	/* it was renamed to where something may have been that we never saw */
	FOUND = 16,	/* all of its events were synthesized */
	TELLING = 32,	/* being told now, further up the stack */
	LEFT = 64	/* its moved_from was told, and its moved_to must be */
};

struct node {
	struct pathev__twin_node twin;	/* held by PENDING and by SHADOW */
	uint32_t next[2], prev[2];	/* in the lists; NIL at the ends */
	int64_t last_ns;		/* what the lists are sorted by: the last event, */
	int64_t first_ns;		/* and the first one */
	int64_t time_ns;		/* of the last event, as pathev_event has it */
	uint32_t what;			/* all events since it was told */
	uint32_t cookie;
	uint32_t root;			/* of its last event: an index into roots */
	uint32_t is_root;		/* the root that has this very path, plus one; 0: none */
	unsigned flags;
	char type;
	char *other;			/* owned.  In flight: where to; else where from, when that is
					 * not in TOLD; NULL */
};

enum { QUIET, FIRST };			/* the lists */

struct flight {
	uint32_t cookie;
	uint32_t node;
};

struct pathev__settle {
	struct pathev__twin tree;
	int64_t quiet_ns, max_ns;
	uint32_t head[2], tail[2];
	int flushing;

	char **roots;			/* interned, for they outlive the events */
	size_t nroots, caproots;
	struct pathev__table root_table;

	struct flight *flight;
	size_t nflights, capflights;
	int64_t flight_ns;		/* when the last one left */

	uint32_t *parked;		/* LEFT, and nobody is about to let them arrive */
	size_t nparked, capparked;

	struct pathev__queue ready;	/* told, not handed out yet */
	struct pathev__buf path, other;
	struct pathev__buf dir;		/* the directory of the last event, */
	uint32_t dir_node, dir_version;	/* which is this node as long as no place is left */
};

static struct node *at(const struct pathev__settle *s, uint32_t n)
{
	return (struct node *)(void *)pathev__twin_at(&s->tree, n);
}

static int in(const struct pathev__settle *s, int tree, uint32_t n)
{
	return pathev__twin_in(&s->tree, tree, n);
}

static const struct pathev__twin_place *place(const struct pathev__settle *s, int tree, uint32_t n)
{
	return pathev__twin_place(&s->tree, tree, n);
}

/* What else, if anything, has the place in one tree that a node has in the other. */
static uint32_t at_place(const struct pathev__settle *s, int tree, uint32_t n)
{
	const struct pathev__twin_place *p = place(s, !tree, n);
	uint32_t m = pathev__twin_find(&s->tree, tree, p->up, p->name->text, p->name->len);

	return m == n ? NIL : m;
}

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

static void clear_other(struct node *d)
{
	free(d->other);
	d->other = NULL;
}

/* It waits no longer.  Whether it may go is for the caller to ask. */
static void unlist(struct pathev__settle *s, uint32_t n)
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

/* Nothing is to be told of it for now. */
static void let_go(struct pathev__settle *s, uint32_t n)
{
	unlist(s, n);
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

static size_t bare_len(const char *path, size_t len)
{
	while (len && path[len - 1] == '/')
		len--;
	return len;
}

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
			let_go(s, c);
		c = up;
	}
}

/* It is nowhere any more, or only what its directory is gone with. */
static void vanish(struct pathev__settle *s, uint32_t n)
{
	forget_told(s, n);
	let_go(s, n);
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
			vanish(s, c);
		} else if (same) {
			/* who hears that the directory is gone, hears it of this too */
			at(s, up)->twin.held++;
			let_go(s, c);
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
			vanish(s, n);
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
			vanish(s, old);
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
			vanish(s, n);
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

/* ---- telling ---- */

/* The root of a path that a node has: that of its last event, unless a directory on the way was
 * renamed to below another one. */
static const char *root_of(const struct pathev__settle *s, int tree, uint32_t n,
			   const struct pathev__buf *path, size_t *rootlen)
{
	const char *root = s->roots[at(s, n)->root];

	*rootlen = bare_len(root, strlen(root));
	if (*rootlen <= path->len && !memcmp(root, path->data, *rootlen) &&
	    (*rootlen == path->len || path->data[*rootlen] == '/'))
		return root;
	for (uint32_t i = n; i && in(s, tree, i); i = place(s, tree, i)->up)
		if (at(s, i)->is_root) {
			root = s->roots[at(s, i)->is_root - 1];
			break;
		}
	*rootlen = bare_len(root, strlen(root));
	return root;
}

/* Hand out a record of the path in s->path, which the node has in a tree. */
static int tell_record(struct pathev__settle *s, int tree, uint32_t n, uint32_t what,
		       const char *other)
{
	const struct node *d = at(s, n);
	size_t rootlen;
	struct pathev__queue_in rec = {
		.what = what, .type = d->type, .synthesized = (d->flags & FOUND) != 0,
		.cookie = what & (PATHEV_MOVED_FROM | PATHEV_MOVED_TO) ? d->cookie : 0,
		.time_ns = d->time_ns, .dir = s->path.data, .dirlen = s->path.len, .other = other,
		.otherlen = other ? strlen(other) : 0
	};

	if (!what)
		return 0;
	rec.root = root_of(s, tree, n, &s->path, &rootlen);
	rec.reloff = rootlen + 1;
	if (rootlen == s->path.len) {
		/* as it was given, with the slashes at its end */
		rec.dir = rec.root;
		rec.dirlen = rec.reloff = strlen(rec.root);
	}
	return pathev__queue_push(&s->ready, &rec);
}

static int tell(struct pathev__settle *s, uint32_t n, unsigned depth);

/* Below a node in TOLD, deepest first: one that has gone or was renamed, and must be told of
 * while its directory can still be named.  NIL: none. */
static uint32_t find_stray(const struct pathev__settle *s, uint32_t n)
{
	uint32_t c = n;

	while (place(s, TOLD, c)->kids != NIL)
		c = place(s, TOLD, c)->kids;
	while (c != n) {
		if (at(s, c)->flags & PENDING && !pathev__twin_same(&s->tree, c))
			return c;
		if (place(s, TOLD, c)->next == NIL) {
			c = place(s, TOLD, c)->up;
			continue;
		}
		c = place(s, TOLD, c)->next;
		while (place(s, TOLD, c)->kids != NIL)
			c = place(s, TOLD, c)->kids;
	}
	return NIL;
}

static int park(struct pathev__settle *s, uint32_t n, unsigned depth);
static int leave(struct pathev__settle *s, uint32_t n, unsigned depth);

/* Tell all that was told of below a node and is not there any more. */
static int evacuate(struct pathev__settle *s, uint32_t n, unsigned depth)
{
	uint32_t c;
	int ret = 0;

	at(s, n)->twin.held++;
	while (!ret && (c = find_stray(s, n)) != NIL) {
		if (!in(s, NOW, c)) {
			ret = leave(s, c, depth + 1);
			continue;
		}
		ret = tell(s, c, depth + 1);
		if (!ret && find_stray(s, n) == c)
			ret = park(s, c, depth + 1);
	}
	at(s, n)->twin.held--;
	return ret;
}

/* It is gone: tell that, under the name that was told. */
static int leave(struct pathev__settle *s, uint32_t n, unsigned depth)
{
	struct node *d;
	uint32_t what, up;

	if (evacuate(s, n, depth))
		return -1;
	d = at(s, n);
	if (!(d->flags & PENDING) || !in(s, TOLD, n))
		return 0;
	what = d->what & ~BINDS;
	if (!(what & UNBINDS)) {
		/* its name was taken by another, which has gone as well */
		what |= PATHEV_DELETE;
		d->flags |= FOUND;
	}
	if (pathev__twin_path(&s->tree, TOLD, n, &s->path) ||
	    tell_record(s, TOLD, n, what, what & PATHEV_MOVED_FROM ? d->other : NULL))
		return -1;
	up = place(s, TOLD, n)->up;
	pathev__twin_take(&s->tree, TOLD, n);
	vanish(s, n);
	pathev__twin_drop(&s->tree, up);
	return 0;
}

/* It was renamed: tell that of its old name. */
static int leave_for(struct pathev__settle *s, uint32_t n)
{
	struct node *d = at(s, n);
	uint32_t up = place(s, TOLD, n)->up;

	if (pathev__twin_path(&s->tree, NOW, n, &s->other) ||
	    pathev__twin_path(&s->tree, TOLD, n, &s->path) ||
	    tell_record(s, TOLD, n, PATHEV_MOVED_FROM, s->other.data))
		return -1;
	clear_other(d);
	d->other = strdup(s->path.data);
	if (!d->other)
		return -1;
	pathev__twin_take(&s->tree, TOLD, n);
	pathev__twin_drop(&s->tree, up);
	d->flags |= LEFT;
	return 0;
}

/* The same, when its new name cannot be told yet. */
static int park(struct pathev__settle *s, uint32_t n, unsigned depth)
{
	uint32_t *parked;

	if (!in(s, TOLD, n) || pathev__twin_same(&s->tree, n))
		return 0;
	if (evacuate(s, n, depth))
		return -1;
	/* was it told meanwhile? */
	if (!in(s, TOLD, n) || pathev__twin_same(&s->tree, n))
		return 0;
	parked = pathev__grow(s->parked, &s->capparked, s->nparked + 1, sizeof(*parked));
	if (!parked)
		return -1;
	s->parked = parked;
	parked[s->nparked++] = n;
	return leave_for(s, n);
}

/* Tell what is at its name now. */
static int arrive(struct pathev__settle *s, uint32_t n)
{
	struct node *d = at(s, n);
	uint32_t what = d->what & ~UNBINDS;

	if (d->flags & LEFT)
		what |= PATHEV_MOVED_TO;
	else if (!(what & BINDS))
		what |= PATHEV_CREATE;
	if (what & PATHEV_CREATE && !d->other)
		d->cookie = 0;
	if (pathev__twin_path(&s->tree, NOW, n, &s->path) ||
	    tell_record(s, NOW, n, what, what & PATHEV_MOVED_TO ? d->other : NULL) ||
	    pathev__twin_settle(&s->tree, n))
		return -1;
	let_go(s, n);
	return 0;
}

/* What was told of the name that a node has now must have left it. */
static int free_name(struct pathev__settle *s, uint32_t n, unsigned depth)
{
	uint32_t old = at_place(s, TOLD, n);

	if (old == NIL)
		return 0;
	if (!in(s, NOW, old)) {
		/* replaced, without a word */
		if (evacuate(s, old, depth))
			return -1;
		if (at_place(s, TOLD, n) != old)
			return 0;
		pathev__twin_take(&s->tree, TOLD, old);
		vanish(s, old);
		return 0;
	}
	if (depth < MAX_DEPTH && tell(s, old, depth + 1))
		return -1;
	return at_place(s, TOLD, n) == old ? park(s, old, depth) : 0;
}

/*
 * All directories from n upwards must be told as they are now.  0; 1: one of them is being told,
 * further up the stack; -1.
 */
static int ensure(struct pathev__settle *s, uint32_t n, unsigned depth)
{
	for (;;) {
		uint32_t top = 0;

		for (uint32_t i = n; i; i = place(s, NOW, i)->up) {
			if (!in(s, NOW, i))
				return 1;
			if (!pathev__twin_same(&s->tree, i))
				top = i;
		}
		if (!top)
			return 0;
		if (at(s, top)->flags & TELLING || depth > 2 * MAX_DEPTH)
			return 1;
		if (at(s, top)->flags & PENDING) {
			if (tell(s, top, depth + 1))
				return -1;
			if (!pathev__twin_same(&s->tree, top))
				return 1;
		} else if (free_name(s, top, depth) || pathev__twin_settle(&s->tree, top)) {
			return -1;
		}
	}
}

/* Something that is there: new, renamed, or changed. */
static int tell_present(struct pathev__settle *s, uint32_t n, unsigned depth)
{
	int ret = ensure(s, place(s, NOW, n)->up, depth);

	if (ret)
		return ret < 0 ? -1 : park(s, n, depth);
	if (pathev__twin_same(&s->tree, n)) {
		uint32_t what = at(s, n)->what & ~(UNBINDS | PATHEV_MOVED_TO);

		if (pathev__twin_path(&s->tree, NOW, n, &s->path) ||
		    tell_record(s, NOW, n, what, NULL))
			return -1;
		let_go(s, n);
		return 0;
	}
	if (free_name(s, n, depth) || (in(s, TOLD, n) && leave_for(s, n)))
		return -1;
	return arrive(s, n);
}

static int tell_gone(struct pathev__settle *s, uint32_t n, unsigned depth)
{
	uint32_t heir = at_place(s, NOW, n), up = place(s, TOLD, n)->up, what;

	if (heir != NIL && at(s, heir)->flags & PENDING) {
		/* not gone, for it is replaced; unless the other goes before that is told */
		at(s, n)->twin.held++;
		what = at(s, n)->what;
		unlist(s, n);
		at(s, n)->what = what;
		at(s, n)->flags |= SHADOW;
		return 0;
	}
	if (in(s, NOW, up) && ensure(s, up, depth) < 0)
		return -1;
	return leave(s, n, depth);
}

/* Tell what is to be told of a node, and before that what must be known for it. */
static int tell(struct pathev__settle *s, uint32_t n, unsigned depth)
{
	int ret = 0;

	if (!(at(s, n)->flags & PENDING) || at(s, n)->flags & TELLING)
		return 0;
	at(s, n)->flags |= TELLING;
	at(s, n)->twin.held++;
	if (in(s, NOW, n))
		ret = n ? tell_present(s, n, depth) : 0;
	else if (in(s, TOLD, n))
		ret = tell_gone(s, n, depth);
	if (!n) {
		pathev__buf_cut(&s->path, 0);
		ret = pathev__buf_add(&s->path, "", 0) || tell_record(s, NOW, 0, at(s, 0)->what, NULL);
		unlist(s, 0);
	}
	at(s, n)->flags &= ~(unsigned)TELLING;
	at(s, n)->twin.held--;
	pathev__twin_drop(&s->tree, n);
	return ret;
}

/* And what could not be told to its end then. */
static int tell_all(struct pathev__settle *s, uint32_t n)
{
	if (tell(s, n, 0))
		return -1;
	while (s->nparked)
		if (tell(s, s->parked[--s->nparked], 0))
			return -1;
	return 0;
}

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
	if (ensure(s, n, 0) < 0)
		return -1;
	while (s->nparked)
		if (tell(s, s->parked[--s->nparked], 0))
			return -1;
	return 0;
}

/* ---- time ---- */

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
		if (tell_all(s, n))
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
