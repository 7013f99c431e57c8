/* SPDX-License-Identifier: MIT */
/*
 * roots.c - the added paths, which are names: binds them to what is there
 *
 * What a path means is decided in several places: each directory on the way may be renamed, each
 * symbolic link repointed, and the last name bound to something else.  Every such place is an
 * anchor: a name in a watched directory, or, where that is enough and makes less noise, the
 * directory's own MOVE_SELF.  When a record touches an anchor, the path is resolved anew.
 */
#include "engine.h"

#include "base.h"
#include "clock.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 40 };	/* as the kernel's, path_resolution(7) */

static const uint32_t UNBINDS = PATHEV_DELETE | PATHEV_MOVED_FROM;
static const uint32_t BINDS = PATHEV_CREATE | PATHEV_MOVED_TO;
static const uint32_t NAMED = PATHEV_CREATE | PATHEV_DELETE | PATHEV_MOVE | PATHEV_CLOSE_WRITE;
static const uint32_t SELF = PATHEV_DELETE_SELF | PATHEV_MOVE_SELF;

uint32_t pathev__root_find(const struct pathev *pv, const char *given)
{
	for (uint32_t i = 0; i < pv->nroots; i++)
		if (pv->root[i].given && !strcmp(pv->root[i].given, given))
			return i;
	return PATHEV__NIL;
}

uint32_t pathev__root_mask(const struct pathev *pv, const struct pathev__root *r)
{
	uint32_t mask = pv->opt.want & PATHEV_ALL;

	if (pv->written)
		mask |= BINDS | UNBINDS | PATHEV_CLOSE_WRITE;
	if (mask & PATHEV_MOVE)
		mask |= PATHEV_MOVE;
	if (r->flags & PATHEV_RECURSIVE)
		mask |= PATHEV_CREATE | PATHEV_DELETE | PATHEV_MOVE | PATHEV_MOVE_SELF;
	return mask ? mask : PATHEV_DELETE_SELF;
}

void pathev__nesting(struct pathev *pv)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < pv->nroots; i++)
		n += pv->root[i].given != NULL;
	/* finding out whether they really nest would not pay: it decides no result */
	pv->nested = n > 1;
}

/*
 * Anchors
 */

static uint32_t anchor_hash(const void *ctx, uint32_t i)
{
	const struct pathev *pv = ctx;

	return pathev__hash_u64((uint32_t)pv->anchor[i].wd);
}

static int is_anchored(const struct pathev *pv, int wd)
{
	uint32_t a;

	for (uint32_t i = pathev__table_first(&pv->anchors, pathev__hash_u64((uint32_t)wd));
	     (a = pv->anchors.slot[i]) != PATHEV__NIL; i = pathev__table_next(&pv->anchors, i))
		if (pv->anchor[a].wd == wd)
			return 1;
	return 0;
}

void pathev__unwatch(struct pathev *pv, int wd)
{
	if (wd < 0 || pathev__watches_by_wd(&pv->tree, wd) != PATHEV__NIL || is_anchored(pv, wd))
		return;
	for (uint32_t i = 0; i < pv->nroots; i++)
		if (pv->root[i].given && pv->root[i].ghost == wd)
			return;
	pathev__inotify_rm(pv->fd, wd);
}

static int add_anchor(struct pathev *pv, const struct pathev__anchor *from, const char *name,
		      size_t len)
{
	struct pathev__anchor *a;
	uint32_t i = pv->nanchors;

	for (uint32_t k = 0; k < i; k++) {
		a = &pv->anchor[k];
		if (a->wd != from->wd || a->root != from->root || !a->name != !name ||
		    (name && (strncmp(a->name, name, len) || a->name[len])))
			continue;
		a->last |= from->last;
		a->link |= from->link;
		a->round = pv->root[from->root].round;
		return 0;
	}
	a = pathev__grow(pv->anchor, &pv->capanchors, (size_t)i + 1, sizeof(*a));
	if (!a)
		return -1;
	pv->anchor = a;
	a[i] = *from;
	a[i].round = pv->root[from->root].round;
	if (name) {
		a[i].name = strndup(name, len);
		if (!a[i].name)
			return -1;
	}
	if (pathev__table_add(&pv->anchors, pathev__hash_u64((uint32_t)from->wd), i, anchor_hash,
			      pv)) {
		free(a[i].name);
		return -1;
	}
	pv->nanchors++;
	if (from->wd > pv->max_wd)
		pv->max_wd = from->wd;
	return 0;
}

static void drop_anchor(struct pathev *pv, uint32_t i)
{
	uint32_t last = pv->nanchors - 1;
	int wd = pv->anchor[i].wd;

	pathev__table_del(&pv->anchors, pathev__hash_u64((uint32_t)wd), i, anchor_hash, pv);
	free(pv->anchor[i].name);
	if (i != last) {
		uint32_t hash = anchor_hash(pv, last);

		pathev__table_del(&pv->anchors, hash, last, anchor_hash, pv);
		pv->anchor[i] = pv->anchor[last];
		pathev__table_add(&pv->anchors, hash, i, anchor_hash, pv);
	}
	pv->nanchors--;
	pathev__unwatch(pv, wd);
}

/* Drop the anchors of a root; those of the last round are kept, if all is not asked for. */
static void drop_anchors(struct pathev *pv, uint32_t root, int all)
{
	for (uint32_t i = pv->nanchors; i-- > 0;)
		if (pv->anchor[i].root == root &&
		    (all || pv->anchor[i].round != pv->root[root].round))
			drop_anchor(pv, i);
}

/* Is the anchor touched by a record not yet acted on? */
static int anchor_touched(const struct pathev *pv, const struct pathev__anchor *a, int any_name)
{
	struct pathev__intake_cursor c = {0};
	struct pathev__record rec;

	if (!a->name)
		return pathev__intake_move_self(&pv->in, a->wd);
	if (pathev__intake_touches_dir(&pv->in, a->wd, a->name, strlen(a->name)))
		return 1;
	if (!any_name && !a->link)
		return 0;
	while (pathev__intake_walk(&pv->in, pv->in.future, &c, &rec))
		if (rec.wd == a->wd && rec.what & (BINDS | UNBINDS) && !strcmp(rec.name, a->name))
			return 1;
	return 0;
}

int pathev__root_overtaken(const struct pathev *pv, uint32_t root)
{
	if (!pathev__intake_len(&pv->in))
		return 0;
	for (uint32_t i = 0; i < pv->nanchors; i++)
		if (pv->anchor[i].root == root && anchor_touched(pv, &pv->anchor[i], 0))
			return 1;
	return 0;
}

uint32_t pathev__root_named(const struct pathev *pv, int wd, const char *name)
{
	uint32_t a;

	for (uint32_t i = pathev__table_first(&pv->anchors, pathev__hash_u64((uint32_t)wd));
	     (a = pv->anchors.slot[i]) != PATHEV__NIL; i = pathev__table_next(&pv->anchors, i))
		if (pv->anchor[a].wd == wd && pv->anchor[a].last && !strcmp(pv->anchor[a].name, name))
			return pv->anchor[a].root;
	return PATHEV__NIL;
}

/*
 * Resolving: one component after the other, an anchor for each
 */

struct resolve {
	struct pathev *pv;
	uint32_t root;
	struct pathev__buf at;		/* the directory reached; "" is the current one */
	size_t before;			/* its length, while a name in it is looked at */
	int wd;				/* of its watch; -1: it has none, or not from this round */
	uint32_t what;			/* what that tells */
	struct pathev__buf rest;	/* components still to go */
	size_t restoff;
	int tail;			/* the last component of rest is the path's own */
	struct stat *st;		/* of the name looked up last */
	char type;			/* of what the path leads to; 0: not known */
	int links;
	int missing;			/* every name counts now, not only those at the end */
	int error;			/* why the last name could not be anchored; 0: it is */
	int blind;			/* why a change of the way would not be noticed; 0: it is */
	int deaf;			/* why it would not be noticed that what is missing comes */
};

/*
 * A place cannot be watched: the path has to do without.  What is gone already, or never was
 * a directory, has a record on its way that says so.
 */
static int miss_anchor(struct resolve *z, int counts)
{
	int err = errno;

	if (err == ENOMEM)
		return -1;
	if (err == ENOENT || err == ENOTDIR)
		return 0;
	z->error = err;
	/* many a parent may not be read, and hardly ever is one renamed: not worth a word */
	if (counts || err != EACCES)
		z->blind = err;
	return 0;
}

/* Anchor a name in the directory reached. */
static int anchor_name(struct resolve *z, const char *name, size_t len, uint32_t what, int last,
		       int link)
{
	struct pathev__anchor a = {.root = z->root, .last = last, .link = link};
	struct pathev__short p;

	z->error = 0;
	if (z->wd < 0 || what & ~z->what) {
		if (pathev__short_init(&p, z->at.len ? z->at.data : ".", z->at.len))
			return 0;
		z->wd = pathev__inotify_add(z->pv->fd, p.path, what, PATHEV__WATCH_DIR);
		z->what = what;
		pathev__short_fini(&p);
	}
	if (z->wd < 0)
		return miss_anchor(z, last);
	a.wd = z->wd;
	return add_anchor(z->pv, &a, name, len);
}

static int push_component(struct resolve *z, const char *name, size_t len)
{
	if (z->at.len && z->at.data[z->at.len - 1] != '/' && pathev__buf_addch(&z->at, '/'))
		return -1;
	return pathev__buf_add(&z->at, name, len);
}

/* A name in the directory reached, as a path to be used until leave() is called.  0 or -1. */
static int enter(struct resolve *z, const char *name, size_t len, struct pathev__short *p)
{
	z->before = z->at.len;
	if (!push_component(z, name, len) && !pathev__short_init(p, z->at.data, z->at.len))
		return 0;
	pathev__buf_cut(&z->at, z->before);
	return -1;
}

static void leave(struct resolve *z, struct pathev__short *p)
{
	pathev__short_fini(p);
	pathev__buf_cut(&z->at, z->before);
}

/* What is this name in the directory reached?  Its type, 0: nothing. */
static char look_up(struct resolve *z, const char *name, size_t len)
{
	struct pathev__short p;
	char type = 0;

	if (enter(z, name, len, &p))
		return 0;
	if (!lstat(p.path, z->st))
		type = pathev__walk_type(z->st->st_mode);
	else if (errno == ENAMETOOLONG)
		z->error = errno;	/* nothing can come by this name */
	leave(z, &p);
	return type;
}

enum step { STEP_ON, STEP_END, STEP_FAIL };

/* Put a link's target before what is left. */
static enum step follow_link(struct resolve *z, const char *name, size_t len)
{
	struct pathev__buf target = {0};
	enum step s = STEP_FAIL;
	struct pathev__short p;
	ssize_t n = 0;

	if (pathev__buf_room(&target, PATH_MAX))
		return STEP_FAIL;
	if (!enter(z, name, len, &p)) {
		n = readlink(p.path, target.data, PATH_MAX);
		leave(z, &p);
	}
	if (n <= 0 || n == PATH_MAX) {
		s = STEP_END;
		goto out;
	}
	target.len = (size_t)n;
	if (++z->links > LINKS_MAX) {
		errno = ELOOP;
		goto out;
	}
	if (pathev__buf_addch(&target, '/') ||
	    pathev__buf_add(&target, z->rest.data + z->restoff, z->rest.len - z->restoff))
		goto out;
	if (*target.data == '/') {
		pathev__buf_cut(&z->at, 0);
		z->wd = -1;
		if (pathev__buf_addch(&z->at, '/'))
			goto out;
	}
	pathev__buf_fini(&z->rest);
	z->rest = target;
	z->restoff = 0;
	return STEP_ON;
out:
	pathev__buf_fini(&target);
	return s;
}

/*
 * A directory on the way: its own renaming is what matters, unless something is missing.  1: it is
 * the one reached now; 0: it cannot be watched, and errno says why; -1.
 */
static int anchor_dir(struct resolve *z, const char *name, size_t len, uint32_t what)
{
	struct pathev__anchor a = {.root = z->root};
	struct pathev__short p;

	if (enter(z, name, len, &p))
		return errno == ENOMEM ? -1 : 0;
	a.wd = pathev__inotify_add(z->pv->fd, p.path, what,
				   PATHEV__WATCH_DIR | PATHEV__WATCH_NOFOLLOW);
	pathev__short_fini(&p);
	if (a.wd < 0) {
		pathev__buf_cut(&z->at, z->before);
		return 0;
	}
	z->wd = a.wd;
	z->what = what;
	return add_anchor(z->pv, &a, NULL, 0) ? -1 : 1;
}

/* Go into a directory that is on the way, anchored or not. */
static int go_into(struct resolve *z, const char *name, size_t len)
{
	int res = anchor_dir(z, name, len, SELF);

	if (res)
		return res < 0 ? -1 : 0;
	if (miss_anchor(z, 0))
		return -1;
	z->wd = -1;
	return push_component(z, name, len);
}

/* The next component: its length, 0 at the end; *name is moved to it, *final is set. */
static size_t next_component(struct resolve *z, const char **name, int *final)
{
	const char *p = z->rest.data + z->restoff;
	const char *end = z->rest.data + z->rest.len;
	size_t len;

	while (p < end && *p == '/')
		p++;
	*name = p;
	while (p < end && *p != '/')
		p++;
	len = (size_t)(p - *name);
	while (p < end && *p == '/')
		p++;
	*final = p == end;
	z->restoff = (size_t)(p - z->rest.data);
	return len;
}

/* Is only one name left? */
static int one_left(const struct resolve *z)
{
	struct resolve next = *z;
	const char *name;
	int final;

	return next_component(&next, &name, &final) && final;
}

static enum step step(struct resolve *z)
{
	const uint32_t moves = UNBINDS | PATHEV_MOVED_TO;	/* CREATE only where it can come */
	const struct pathev__root *r = &z->pv->root[z->root];
	uint32_t comes = BINDS | UNBINDS;
	const char *name;
	int final, own;
	size_t len = next_component(z, &name, &final);
	char type;

	if (!len)
		return STEP_END;
	if (len == 1 && name[0] == '.')
		return STEP_ON;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		z->wd = -1;
		return push_component(z, name, len) ? STEP_FAIL : STEP_ON;
	}
	if (!final && !z->missing) {
		/* what can be watched as a directory needs no look; for the last name in it, too */
		int res = anchor_dir(z, name, len, one_left(z) ? SELF | moves : SELF);

		if (res)
			return res < 0 ? STEP_FAIL : STEP_ON;
	}
	own = final && z->tail;
	if (own)
		z->tail = 0;
	/* a file that comes may be closed before it has a watch of its own */
	if (own && z->pv->written)
		comes |= PATHEV_CLOSE_WRITE;
	if ((final || z->missing) && anchor_name(z, name, len, z->missing ? comes : moves, own, 0))
		return STEP_FAIL;
	type = look_up(z, name, len);
	if (!type && !z->missing) {
		/* anchor it for what may come, and only then believe that it is not there */
		if (anchor_name(z, name, len, comes, own, 0))
			return STEP_FAIL;
		type = look_up(z, name, len);
	}
	if (type == 'l' && !(own && r->flags & PATHEV_NOFOLLOW)) {
		if (anchor_name(z, name, len, moves, own, 1))
			return STEP_FAIL;
		return follow_link(z, name, len);
	}
	if (type && final) {
		z->type = type;
		return STEP_END;
	}
	if (type == 'd')
		return go_into(z, name, len) ? STEP_FAIL : STEP_ON;
	z->missing = 1;
	z->deaf = z->error;
	/* not a directory where one is needed: it may become one */
	if (type && anchor_name(z, name, len, BINDS | UNBINDS, 0, 1))
		return STEP_FAIL;
	return STEP_END;
}

/*
 * Set the anchors.  1: the path leads somewhere, 0: something is missing, -1: error.  What cannot
 * be noticed is left in the root.
 */
static int resolve_once(struct pathev *pv, uint32_t root, int missing, struct stat *st, char *type)
{
	struct pathev__root *r = &pv->root[root];
	struct resolve z = {.pv = pv, .root = root, .wd = -1, .missing = missing, .tail = 1, .st = st};
	enum step s = STEP_FAIL;

	if (pathev__buf_add(&z.rest, r->path, r->len) || pathev__buf_addch(&z.rest, '/'))
		goto out;
	if (r->path[0] == '/' && pathev__buf_addch(&z.at, '/'))
		goto out;
	do
		s = step(&z);
	while (s == STEP_ON);
out:
	pathev__buf_fini(&z.at);
	pathev__buf_fini(&z.rest);
	r->deaf = z.deaf;
	r->blind = z.deaf ? z.deaf : z.blind;
	*type = z.type;
	if (s == STEP_FAIL)
		return errno == ELOOP ? 0 : -1;
	return !z.missing;
}

/* A slash at the end asks for a directory: path_resolution(7). */
static int is_dir_only(const struct pathev__root *r)
{
	return r->given[r->len] == '/';
}

/* What the path leads to now: type, or 0. */
static char stat_root(const struct pathev *pv, uint32_t root, struct stat *st)
{
	const struct pathev__root *r = &pv->root[root];
	struct pathev__short p;
	int res;

	if (pathev__short_init(&p, r->path, r->len))
		return 0;
	res = r->flags & PATHEV_NOFOLLOW ? lstat(p.path, st) : stat(p.path, st);
	pathev__short_fini(&p);
	return res || (is_dir_only(r) && !S_ISDIR(st->st_mode)) ? 0 : pathev__walk_type(st->st_mode);
}

/*
 * Set the anchors, anew if some are set.  Where something is missing each name on the way counts:
 * a directory that is removed and made again may not say so itself while somebody is in it.
 * 0, with the type of what the path leads to now, or 0, and *st; -1.
 */
static int resolve(struct pathev *pv, uint32_t root, struct stat *st, char *type)
{
	int res;

	pv->root[root].round++;
	res = resolve_once(pv, root, 0, st, type);
	if (!res)
		res = resolve_once(pv, root, 1, st, type);
	if (res < 0)
		return -1;
	/* where it ended in . or .. or a slash */
	if (!*type || is_dir_only(&pv->root[root]))
		*type = stat_root(pv, root, st);
	return 0;
}

/*
 * Binding
 */

void pathev__root_unbind(struct pathev *pv, uint32_t root)
{
	struct pathev__root *r = &pv->root[root];
	uint32_t node = r->node;
	int ghost = r->ghost;

	r->ghost = -1;
	pathev__unwatch(pv, ghost);
	if (node == PATHEV__NIL)
		return;
	/* its inode may still have to say that it was moved or deleted */
	if (pv->opt.want & SELF)
		r->ghost = pv->tree.node[node].wd;
	r->node = PATHEV__NIL;
	pathev__forget(pv, node);
}

static int tell_as(struct pathev *pv, uint32_t root, uint32_t what, int synthesized, char type)
{
	struct pathev__queue_in in = {
		.what = what, .type = type, .synthesized = (char)synthesized,
	};

	return pathev__tell_root(pv, root, &in);
}

/* Does a waiting record of a file's own watch say that a writer closed it? */
static int will_close(const struct pathev *pv, int wd)
{
	struct pathev__intake_cursor c = {0};
	struct pathev__record rec;

	while (pathev__intake_walk(&pv->in, pv->in.future, &c, &rec))
		if (rec.wd == wd && !rec.namelen && rec.what & PATHEV_CLOSE_WRITE)
			return 1;
	return 0;
}

/*
 * A file that took the name: what was written before the watch was set is not lost.  That it was
 * closed is left to the record of it, if there is one: as find_closed() in look.c has it.
 */
static int tell_contents(struct pathev *pv, uint32_t root, const char *path, char type)
{
	const struct pathev__root *r = &pv->root[root];
	uint32_t what = PATHEV_MODIFY;

	if (type != 'f' || !(pv->opt.want & (PATHEV_MODIFY | PATHEV_CLOSE_WRITE | PATHEV_WRITTEN)))
		return 0;
	if (pathev__is_complete(path, r->len))
		what |= PATHEV_CLOSE_WRITE;
	if (pathev__drain(pv) || (r->node != PATHEV__NIL && pathev__made_noise(pv, r->node, 1)))
		return -1;
	if (what & PATHEV_CLOSE_WRITE && r->node != PATHEV__NIL &&
	    will_close(pv, pv->tree.node[r->node].wd))
		what &= ~(uint32_t)PATHEV_CLOSE_WRITE;
	return tell_as(pv, root, what, 1, type);
}

static int changed_since(const struct stat *st, int64_t ns)
{
	return (int64_t)st->st_ctim.tv_sec * PATHEV__NS_PER_S + st->st_ctim.tv_nsec >= ns;
}

static int watch_root(struct pathev *pv, uint32_t root, char type)
{
	const struct pathev__root *r = &pv->root[root];
	uint32_t mask = pathev__root_mask(pv, r);
	struct pathev__short p;
	int wd;

	if (type != 'd') {
		mask = pv->opt.want & (PATHEV_ALL & ~(BINDS | UNBINDS));
		if (pv->written)
			mask |= PATHEV_CLOSE_WRITE;
		if (!mask)
			mask = PATHEV_DELETE_SELF;
	}
	if (pathev__short_init(&p, r->path, r->len))
		return -1;
	wd = pathev__inotify_add(pv->fd, p.path, mask,
				 (type == 'd' ? PATHEV__WATCH_DIR : 0) |
				 (r->flags & PATHEV_NOFOLLOW ? PATHEV__WATCH_NOFOLLOW : 0));
	pathev__short_fini(&p);
	return wd;
}

/* The name is bound to something new: watch it, tell it, and have its contents looked at. */
static int bind_root(struct pathev *pv, uint32_t root, int wd, const struct stat *st,
		     enum pathev__mode mode, uint32_t how, int was_told)
{
	struct pathev__root *r = &pv->root[root];
	char type = pathev__walk_type(st->st_mode);
	int looks = type == 'd' && (mode != PATHEV__QUIET || r->flags & PATHEV_RECURSIVE);
	uint32_t node = pathev__watches_add_root(&pv->tree, root, r->path);
	struct pathev__short p;

	/* until it was looked at, what its records say of its contents has no ground */
	if (node == PATHEV__NIL || (!looks && wd >= 0 && pathev__watches_bind(&pv->tree, node, wd)))
		return -1;
	if (wd > pv->max_wd)
		pv->max_wd = wd;
	r->node = node;
	r->is_dir = type == 'd';
	if (r->dev != st->st_dev || !r->told) {
		r->dev = st->st_dev;
		if (!pathev__short_init(&p, r->path, r->len)) {
			pathev__walk_fs(p.path, &r->fs);
			pathev__short_fini(&p);
		}
	}
	r->told = 1;
	/* before anything is told: a path that cannot be added has told nothing */
	if (looks && pathev__pend(pv, node, mode))
		return -1;
	if (mode == PATHEV__LIST) {
		r->listed = pv->listings;
		if (tell_as(pv, root, PATHEV_EXISTS, 1, type))
			return -1;
	} else if (mode != PATHEV__QUIET && !was_told) {
		if (tell_as(pv, root, how & BINDS ? how & BINDS : PATHEV_CREATE, 1, type))
			return -1;
	}
	if (r->fs.blind) {
		struct pathev__queue_in in = {.what = PATHEV_ERROR, .type = type,
					      .error = r->fs.blind, .synthesized = 1};

		if (pathev__tell_root(pv, root, &in))
			return -1;
	}
	if (looks || r->is_dir)
		return 0;
	if (mode == PATHEV__NEW || (mode == PATHEV__CHANGED && changed_since(st, pv->lost_ns)))
		return tell_contents(pv, root, r->path, type);
	return 0;
}

/* A file that may not be read cannot be watched.  Where only its name is asked for nothing is
 * missed by that: the directory tells of it. */
static int name_suffices(const struct pathev *pv, char type)
{
	const uint32_t self = PATHEV_DELETE_SELF | PATHEV_MOVE_SELF | PATHEV_UNMOUNT;

	return type && type != 'd' && !pv->written && pv->opt.want & (BINDS | UNBINDS) &&
		!(pv->opt.want & ~(BINDS | UNBINDS | self));
}

static int bind_name(struct pathev *pv, uint32_t root, enum pathev__mode mode, uint32_t how)
{
	struct pathev__root *r = &pv->root[root];
	int was_told = r->told, wd = -1, err = 0;
	struct stat st;
	char type;

	if (resolve(pv, root, &st, &type))
		return -1;
	if (type)
		wd = watch_root(pv, root, type);
	if (wd < 0)
		err = errno;
	if (pathev__drain(pv))
		return -1;
	r->unsure = 0;
	for (uint32_t i = 0; i < pv->nanchors && pathev__intake_len(&pv->in); i++)
		if (pv->anchor[i].root == root && anchor_touched(pv, &pv->anchor[i], 1)) {
			/* the record that overtook us will bring us back here */
			r->unsure = 1;
			if (wd >= 0)
				pathev__unwatch(pv, wd);
			return 0;
		}
	drop_anchors(pv, root, 0);
	if (!type && pv->adding && r->flags & PATHEV_MISSING_OK && r->deaf) {
		errno = r->deaf;
		return -1;
	}
	if (wd < 0 && err == EACCES && name_suffices(pv, type))
		err = 0;
	if (type && err && (mode == PATHEV__QUIET || pv->adding)) {
		errno = err;
		return -1;
	}
	if (type && r->node != PATHEV__NIL && wd >= 0 && pv->tree.node[r->node].wd == wd)
		return 0;
	if (r->node != PATHEV__NIL) {
		/* the way there has changed, and it leads to something else */
		pathev__root_unbind(pv, root);
		if (was_told && type && tell_as(pv, root, PATHEV_DELETE, 1, r->is_dir ? 'd' : 0))
			return -1;
		was_told = was_told && !type;
	}
	if (type && !(wd < 0 && (err == ENOENT || err == ENOTDIR))) {
		if (bind_root(pv, root, wd, &st, mode, how, was_told))
			return -1;
		if (err) {
			struct pathev__queue_in in = {.what = PATHEV_ERROR, .type = type,
						      .error = err, .synthesized = 1};

			r->blind_told = r->blind;
			return pathev__tell_root(pv, root, &in);
		}
		return 0;
	}
	if (!was_told)
		return 0;
	r->told = 0;
	return tell_as(pv, root, how & UNBINDS ? how & UNBINDS : PATHEV_DELETE, 1,
		       r->is_dir ? 'd' : 0);
}

/* Tell, once, that the name may come to mean something else and nobody would say so. */
static int tell_unanchored(struct pathev *pv, uint32_t root)
{
	struct pathev__root *r = &pv->root[root];
	struct pathev__queue_in in = {
		.what = PATHEV_ERROR, .type = r->told && r->is_dir ? 'd' : 0, .error = r->blind,
		.synthesized = 1,
	};

	if (r->blind == r->blind_told)
		return 0;
	r->blind_told = r->blind;
	return r->blind ? pathev__tell_root(pv, root, &in) : 0;
}

int pathev__root_bind(struct pathev *pv, uint32_t root, enum pathev__mode mode, uint32_t how)
{
	if (bind_name(pv, root, mode, how))
		return -1;
	return pv->root[root].unsure ? 0 : tell_unanchored(pv, root);
}

/* What is not there yet may come to be unseen: the file system where it would be decides. */
int pathev__root_missing(struct pathev *pv, uint32_t root)
{
	const struct pathev__root *r = &pv->root[root];
	struct pathev__queue_in in = {.what = PATHEV_ERROR, .synthesized = 1};
	char *dir = strndup(r->path, r->len);
	struct pathev__fs fs;
	struct stat st;
	char *slash;

	if (!dir)
		return -1;
	while ((slash = strrchr(dir, '/')) && slash > dir && stat(dir, &st))
		*slash = '\0';
	pathev__walk_fs(!stat(dir, &st) ? dir : *dir == '/' ? "/" : ".", &fs);
	free(dir);
	in.error = fs.blind;
	return fs.blind ? pathev__tell_root(pv, root, &in) : 0;
}

int pathev__root_list(struct pathev *pv, uint32_t root)
{
	struct pathev__root *r = &pv->root[root];
	struct stat st;
	char type;

	r->listed = pv->listings;
	type = r->node == PATHEV__NIL ? 0 : stat_root(pv, root, &st);
	/* not there, or something else now: the records may not have said so yet */
	if (!type || (type == 'd') != r->is_dir)
		return pathev__root_bind(pv, root, PATHEV__LIST, PATHEV_CREATE);
	if (r->is_dir && pathev__pend(pv, r->node, PATHEV__LIST))
		return -1;
	return tell_as(pv, root, PATHEV_EXISTS, 1, type);
}

void pathev__root_fini(struct pathev *pv, uint32_t root)
{
	struct pathev__root *r = &pv->root[root];

	pathev__root_unbind(pv, root);
	drop_anchors(pv, root, 1);
	if (r->ghost >= 0) {
		int ghost = r->ghost;

		r->ghost = -1;
		pathev__unwatch(pv, ghost);
	}
}

/*
 * Records
 */

/* The added path's own name was bound or unbound: told as the kernel told it. */
static int own_record(struct pathev *pv, uint32_t root, const struct pathev__record *rec,
		      const struct pathev__record *to)
{
	struct pathev__root *r = &pv->root[root];
	struct pathev__queue_in in = {
		.what = rec->what, .cookie = rec->cookie, .type = rec->is_dir ? 'd' : 0,
	};

	/* or a link to a directory, which then is found */
	if (rec->what & BINDS && !rec->is_dir && !r->told && is_dir_only(r))
		return pathev__root_bind(pv, root, PATHEV__NEW, rec->what);
	/* what goes is what was told to be there: in an exchange another comes before it */
	if (rec->what & UNBINDS && r->told)
		in.type = r->is_dir ? 'd' : 0;
	if (rec->what & BINDS)
		r->is_dir = rec->is_dir;

	if (rec->what & PATHEV_MOVED_FROM) {
		in.other = to ? pathev__goes_to(pv, to, root) : NULL;
		if (pathev__remember(pv, rec, root, r->path, r->len))
			return -1;
	} else if (rec->what & PATHEV_MOVED_TO) {
		in.other = pathev__came_from(pv, rec->cookie, root);
	}
	in.otherlen = in.other ? strlen(in.other) : 0;
	pathev__root_unbind(pv, root);
	if (rec->what & BINDS || r->told)
		if (pathev__tell_root(pv, root, &in))
			return -1;
	r->told = (rec->what & BINDS) != 0;
	return pathev__root_bind(pv, root, PATHEV__NEW, rec->what);
}

/* The inode that had the name until just now says farewell. */
static int ghost_record(struct pathev *pv, uint32_t root, const struct pathev__record *rec)
{
	struct pathev__root *r = &pv->root[root];
	struct pathev__queue_in in = {.what = rec->what & SELF, .type = r->is_dir ? 'd' : 0};

	if (rec->ignored || rec->what & SELF) {
		int ghost = r->ghost;

		r->ghost = -1;
		if (!rec->ignored && !(rec->what & PATHEV_DELETE_SELF))
			pathev__unwatch(pv, ghost);
	}
	return in.what && !r->told ? pathev__tell_root(pv, root, &in) : 0;
}

/* The roots that a record touches, in pv->touched: twice the number, plus 1 if by its own name. */
static int find_touched(struct pathev *pv, const struct pathev__record *rec)
{
	uint32_t hash = pathev__hash_u64((uint32_t)rec->wd), a;

	pv->touched.len = 0;
	for (uint32_t i = pathev__table_first(&pv->anchors, hash);
	     (a = pv->anchors.slot[i]) != PATHEV__NIL; i = pathev__table_next(&pv->anchors, i)) {
		const struct pathev__anchor *k = &pv->anchor[a];
		size_t n;

		if (k->wd != rec->wd)
			continue;
		if (k->name ? strcmp(k->name, rec->name) || !(rec->what & NAMED) :
			      rec->namelen != 0)
			continue;
		for (n = 0; n < pv->touched.len; n++)
			if (pv->touched.node[n] / 2 == k->root)
				break;
		if (n == pv->touched.len && pathev__nodes_add(&pv->touched, k->root * 2))
			return -1;
		pv->touched.node[n] |= k->last != 0;
	}
	return 0;
}

int pathev__root_record(struct pathev *pv, const struct pathev__record *rec,
			const struct pathev__record *to)
{
	/* a directory on the way was renamed: whatever it does to the path is done by that */
	uint32_t how = rec->what & PATHEV_MOVE_SELF ? PATHEV_MOVE : rec->what;

	if (!(rec->what & (NAMED | SELF)) && !rec->ignored)
		return 0;
	for (uint32_t i = 0; !rec->namelen && i < pv->nroots; i++)
		if (pv->root[i].given && pv->root[i].ghost == rec->wd && ghost_record(pv, i, rec))
			return -1;
	if (find_touched(pv, rec))
		return -1;
	for (size_t n = 0; n < pv->touched.len; n++) {
		uint32_t root = pv->touched.node[n] / 2;
		int own = pv->touched.node[n] & 1;

		if (!pv->root[root].given)
			continue;
		if (rec->what & PATHEV_CLOSE_WRITE) {
			if (own && pathev__written_closed(pv, root))
				return -1;
			continue;
		}
		if (own ? own_record(pv, root, rec, to) :
			  pathev__root_bind(pv, root, PATHEV__NEW, how))
			return -1;
	}
	return 0;
}
