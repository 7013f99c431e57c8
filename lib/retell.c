/* SPDX-License-Identifier: MIT */
/*
 * retell.c - tells what has become of names, so that a picture made of what was told is right
 *
 * Telling a node makes its place in TOLD that in NOW.  Before that, and by the same means,
 *  - the directories on the way to it are told as they are now (ensure),
 *  - what was told of the name it has now has left it (free_name),
 *  - what was told of below it and has gone, or was renamed, is told while its directory can
 *    still be named (evacuate).
 * Where these go round in a circle, as with exchanged names, one of them is parked: its
 * moved_from is told at once, and its moved_to when the others are done.
 */
#include "settling.h"

#include "base.h"

#include <string.h>

/* Telling one thing may need that another is told before; deeper than so, names are freed by
 * telling their moved_from alone. */
enum { MAX_DEPTH = 200 };

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
	pathev__settling_vanish(s, n);
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
	pathev__settling_let_go(s, n);
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
		pathev__settling_vanish(s, old);
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
		pathev__settling_let_go(s, n);
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
		pathev__settling_unlist(s, n);
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
		pathev__settling_unlist(s, 0);
	}
	at(s, n)->flags &= ~(unsigned)TELLING;
	at(s, n)->twin.held--;
	pathev__twin_drop(&s->tree, n);
	return ret;
}

/* What could not be told to its end, since something else was being told. */
static int tell_parked(struct pathev__settle *s)
{
	while (s->nparked)
		if (tell(s, s->parked[--s->nparked], 0))
			return -1;
	return 0;
}

int pathev__retell(struct pathev__settle *s, uint32_t n)
{
	return tell(s, n, 0) || tell_parked(s) ? -1 : 0;
}

int pathev__retell_names(struct pathev__settle *s, uint32_t n)
{
	return ensure(s, n, 0) < 0 || tell_parked(s) ? -1 : 0;
}
