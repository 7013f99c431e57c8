/* SPDX-License-Identifier: MIT */
/*
 * look.c - looks at directories: watch, read, tell what was found
 *
 * A directory is watched first and read then, so that nothing falls between.  What the records
 * of its watch will say later is not said here: a name that one of them binds is left to it.
 */
#include "engine.h"

#include "base.h"
#include "busy.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t RETRY_NS = PATHEV__NS_PER_MS;

enum pathev__mode pathev__mode_of(const struct pathev *pv, uint32_t node)
{
	return (enum pathev__mode)((pv->tree.node[node].flags & PATHEV__NODE_MODE) /
				   PATHEV__NODE_USER);
}

static void set_mode(struct pathev *pv, uint32_t node, enum pathev__mode mode)
{
	uint16_t *f = &pv->tree.node[node].flags;

	*f = (uint16_t)((*f & ~PATHEV__NODE_MODE) | (unsigned)mode * PATHEV__NODE_USER);
}

int pathev__pend(struct pathev *pv, uint32_t node, enum pathev__mode mode)
{
	uint16_t *f = &pv->tree.node[node].flags;

	/* what waits to be told is not forgotten for less */
	if (*f & PATHEV__NODE_PENDING && (mode == PATHEV__MOVED || mode == PATHEV__QUIET))
		return 0;
	set_mode(pv, node, mode);
	*f |= PATHEV__NODE_PENDING;
	*f &= PATHEV__NODE_TRY - 1;
	if (mode == PATHEV__LIST || mode == PATHEV__CHANGED)
		return pathev__nodes_add(&pv->list, node);
	return pathev__nodes_add(&pv->now, node);
}

int pathev__repend(struct pathev *pv, uint32_t node)
{
	return pv->tree.node[node].flags & PATHEV__NODE_PENDING ?
	       pathev__pend(pv, node, pathev__mode_of(pv, node)) : 0;
}

/* What was seen may be of another place or time: look again when the records are acted on. */
static int look_later(struct pathev *pv, uint32_t node, int64_t delay_ns)
{
	int64_t at_ns = pathev_now() + delay_ns;

	pv->tree.node[node].flags |= PATHEV__NODE_PENDING;
	if (!pv->later.len || at_ns < pv->later_ns)
		pv->later_ns = at_ns;
	return pathev__nodes_add(&pv->later, node);
}

/* One more try of a node: how many there were, or -1 when these are enough. */
static int count_try(struct pathev *pv, uint32_t node)
{
	uint16_t *f = &pv->tree.node[node].flags;
	int tries = *f / PATHEV__NODE_TRY;

	if (tries == PATHEV__TRIES)
		return -1;
	*f = (uint16_t)(*f + PATHEV__NODE_TRY);
	return tries;
}

int pathev__overtaken(struct pathev *pv, uint32_t node)
{
	const struct pathev__watches *t = &pv->tree;
	uint32_t v = node;

	if (!pathev__intake_len(&pv->in))
		return 0;
	while (!(t->node[v].flags & PATHEV__NODE_ROOT)) {
		const char *name = pathev__watches_name(t, v);
		int wd;

		if (t->node[v].flags & PATHEV__NODE_CUT)
			return 1;
		v = t->node[v].parent;
		wd = t->node[v].wd;
		if (wd >= 0 && pathev__intake_touches_dir(&pv->in, wd, name, strlen(name)))
			return 1;
	}
	return pathev__root_overtaken(pv, t->node[v].parent);
}

static int can_descend(const struct pathev *pv, const struct pathev__root *r, uint32_t depth)
{
	return r->flags & PATHEV_RECURSIVE && (!pv->opt.max_depth || depth < pv->opt.max_depth);
}

int pathev__enters(struct pathev *pv, uint32_t parent, const char *name, size_t len)
{
	uint32_t depth;
	uint32_t root = pathev__watches_root(&pv->tree, parent, &depth);

	if (root == PATHEV__NIL || !can_descend(pv, &pv->root[root], depth + 1))
		return 0;
	return !(pathev__verdict(pv, parent, name, len, 1) & PATHEV_PRUNE);
}

/* What pathev__busy_at() said, where the kernel does not tell rather one event too many. */
static int is_complete(int busy)
{
	return busy == 0 || (busy < 0 && errno != ENOENT && errno != EINVAL);
}

int pathev__is_complete(const char *path, size_t len)
{
	struct pathev__short s;
	int complete;

	if (pathev__short_init(&s, path, len))
		return 0;
	complete = is_complete(pathev__busy_at(AT_FDCWD, s.path, 0));
	pathev__short_fini(&s);
	return complete;
}

/* The type of an entry that is a regular file, and nobody is writing it. */
static const char COMPLETE = 'F';

/* Ask of each file now: what is queued until the queue is emptied next may contradict. */
static void mark_complete(struct pathev *pv, int fd)
{
	const struct pathev__buf *e = &pv->entries;
	char *p;

	for (size_t at = 0; at < e->len; at += strlen(p + 1) + 2) {
		p = e->data + at;
		if (*p == 'f' && is_complete(pathev__busy_at(fd, p + 1, O_NOFOLLOW)))
			*p = COMPLETE;
	}
}

/*
 * The own noise of a look
 */

static const uint32_t ACCESSES = PATHEV_ACCESS | PATHEV_OPEN | PATHEV_CLOSE_NOWRITE;

/* Is anything told yet?  Not of what comes before the first path is armed. */
static int is_armed(const struct pathev *pv)
{
	for (uint32_t i = 0; i < pv->nroots; i++)
		if (pv->root[i].given && pv->root[i].quiet_until != UINT64_MAX)
			return 1;
	return 0;
}

/* What the queue holds up to now. */
static int add_noise(struct pathev *pv, struct pathev__noise noise)
{
	struct pathev__noise *n;
	size_t kept = 0;

	if (!(pv->opt.want & ACCESSES) || !is_armed(pv))
		return 0;
	if (pathev__drain(pv))
		return -1;
	for (size_t i = 0; i < pv->nnoise; i++) {
		if (pv->in.pos >= pv->noise[i].until)
			continue;
		if (pv->noise[i].node == noise.node && pv->noise[i].name == noise.name)
			noise.files |= pv->noise[i].files;
		else
			pv->noise[kept++] = pv->noise[i];
	}
	pv->nnoise = kept;
	n = pathev__grow(pv->noise, &pv->capnoise, kept + 1, sizeof(*n));
	if (!n)
		return -1;
	pv->noise = n;
	noise.until = pv->in.end;
	n[pv->nnoise++] = noise;
	return 0;
}

int pathev__made_noise(struct pathev *pv, uint32_t node, int files)
{
	return add_noise(pv, (struct pathev__noise){.node = node, .files = files});
}

static uint32_t hash_noise(const char *name, size_t len)
{
	return pathev__hash_bytes(0, name, len) | 1;
}

int pathev__made_noise_of(struct pathev *pv, uint32_t node, const char *name, size_t len)
{
	return add_noise(pv, (struct pathev__noise){.node = node, .name = hash_noise(name, len)});
}

int pathev__is_noise(const struct pathev *pv, const struct pathev__record *rec)
{
	uint32_t dir, hash;

	if (!(rec->what & ACCESSES) || !pv->nnoise)
		return 0;
	/* the last entry ends last, and then all are of the past */
	if (pv->in.pos >= pv->noise[pv->nnoise - 1].until)
		return 0;
	hash = hash_noise(rec->name, rec->namelen);
	dir = pathev__watches_by_wd(&pv->tree, rec->wd);
	for (size_t i = 0; i < pv->nnoise && dir != PATHEV__NIL; i++) {
		uint32_t node = pv->noise[i].node;

		if (pv->in.pos >= pv->noise[i].until)
			continue;
		if (node == dir && (pv->noise[i].name ? pv->noise[i].name == hash :
							!rec->namelen || pv->noise[i].files))
			return 1;
		if (rec->is_dir &&
		    pathev__watches_child(&pv->tree, dir, rec->name, rec->namelen) == node)
			return 1;
	}
	return 0;
}

/*
 * Seeing a directory
 */

static int is_vanished(int err)
{
	return err == ENOENT || err == ENOTDIR || err == ELOOP || err == ENAMETOOLONG;
}

/* A file system met for the first time: does it tell of changes? */
static int meet_fs(struct pathev *pv, uint32_t node, dev_t dev)
{
	struct pathev__queue_in in = {.what = PATHEV_ERROR, .type = 'd', .synthesized = 1};
	struct pathev__short p;
	struct pathev__fs fs;
	uint32_t root;
	dev_t *mem;

	for (size_t i = 0; i < pv->nseen; i++)
		if (pv->seen_dev[i] == dev)
			return 0;
	mem = pathev__grow(pv->seen_dev, &pv->capseen, pv->nseen + 1, sizeof(*mem));
	if (!mem)
		return -1;
	pv->seen_dev = mem;
	if (pathev__dir(pv, node, &root))
		return -1;
	if (pathev__short_init(&p, pv->dir.data, pv->dir.len))
		return 0;
	mem[pv->nseen++] = dev;
	pathev__walk_fs(p.path, &fs);
	pathev__short_fini(&p);
	in.error = fs.blind;
	return fs.blind ? pathev__tell(pv, node, &in) : 0;
}

/* Is this the path of a node? */
static int has_path(const struct pathev__watches *t, uint32_t node, const char *path, size_t len)
{
	for (;; node = t->node[node].parent) {
		const char *name = pathev__watches_name(t, node);
		size_t n = strlen(name);

		if (n > len || memcmp(path + len - n, name, n))
			return 0;
		len -= n;
		if (t->node[node].flags & PATHEV__NODE_ROOT)
			return !len;
		if (t->node[node].flags & PATHEV__NODE_CUT || !len || path[len - 1] != '/')
			return 0;
		/* the root directory brings its own slash */
		len -= len > 1;
	}
}

/* Was it watched, at the same path, before the loss? */
static int is_known(const struct pathev *pv, int wd)
{
	uint32_t v = pathev__watches_by_wd(&pv->old, wd);

	while (v != PATHEV__NIL && !has_path(&pv->old, v, pv->dir.data, pv->dir.len))
		v = pv->old.node[v].alias;
	return v != PATHEV__NIL;
}

enum { ONLY_DIRS = 1, ASK = 2 };	/* of what is read; whether somebody writes the files */

static int read_all(struct pathev *pv, const char *path, unsigned flags,
		    const struct pathev__see *how, struct pathev__sight *s)
{
	int fd = pathev__see_read(how, path, flags & ONLY_DIRS, &pv->entries, s);

	if (fd < 0)
		return -1;
	if (flags & ASK) {
		mark_complete(pv, fd);
		s->probed = 1;
	}
	close(fd);
	return 0;
}

/* See a directory of which is told, or below which all has moved: unwatched, it counts as well. */
static void see_all(struct pathev *pv, enum pathev__mode mode, const struct pathev__see *how,
		    const char *path, struct pathev__sight *s)
{
	unsigned flags = mode == PATHEV__MOVED ? ONLY_DIRS : 0;

	*s = (struct pathev__sight){0};
	s->wd = pathev__inotify_add(how->fd, path, how->what, how->flags);
	if (s->wd < 0)
		s->error = errno;
	else if (mode == PATHEV__CHANGED)
		s->known = is_known(pv, s->wd);
	s->failed = s->wd < 0 && is_vanished(s->error);
	if (s->failed || (mode == PATHEV__MOVED && !how->descends))
		return;
	if (pv->opt.want & PATHEV_CLOSE_WRITE &&
	    (mode == PATHEV__NEW || (mode == PATHEV__CHANGED && !s->known)))
		flags |= ASK;
	s->failed = read_all(pv, path, flags, how, s) != 0;
	if (s->failed)
		s->error = errno;
	s->end = pv->entries.len;
}

void pathev__see_how(const struct pathev *pv, uint32_t root, uint32_t depth, unsigned flags,
		     struct pathev__see *how)
{
	const struct pathev__root *r = &pv->root[root];

	*how = (struct pathev__see){
		.fd = pv->fd, .what = pathev__root_mask(pv, r), .flags = flags | PATHEV__WATCH_DIR,
		.descends = can_descend(pv, r, depth + 1), .counts_links = r->fs.counts_links,
		.one_fs = (r->flags & PATHEV_ONE_FS) != 0, .dev = r->dev,
	};
}

/* Look at the directory whose path is in pv->dir. */
static void see(struct pathev *pv, uint32_t node, enum pathev__mode mode, struct pathev__sight *s)
{
	int is_root = pv->tree.node[node].flags & PATHEV__NODE_ROOT;
	struct pathev__short p;
	struct pathev__see how;

	pathev__buf_cut(&pv->entries, 0);
	if (pathev__short_init(&p, pv->dir.data, pv->dir.len)) {
		*s = (struct pathev__sight){.wd = -1, .error = errno, .failed = 1};
		return;
	}
	pathev__see_how(pv, pv->dir_root, pv->dir_depth, is_root ? 0 : PATHEV__WATCH_NOFOLLOW,
			&how);
	if (mode == PATHEV__QUIET)
		pathev__see(&how, p.path, &pv->entries, s);
	else
		see_all(pv, mode, &how, p.path, s);
	pathev__short_fini(&p);
}

/* Take the descriptor away from nodes that are out of the tree already. */
static int unbind_dead(struct pathev *pv, int wd)
{
	if (pathev__watches_by_wd(&pv->tree, wd) == PATHEV__NIL)
		return 0;
	if (pathev__aliases(pv, wd, &pv->alias))
		return -1;
	for (size_t i = 0; i < pv->alias.len; i++)
		if (pathev__watches_root(&pv->tree, pv->alias.node[i], NULL) == PATHEV__NIL)
			pathev__watches_unbind(&pv->tree, pv->alias.node[i]);
	return 0;
}

/* A directory has one place below a root; two mean a race not yet told, or a bind mount. */
static int has_twin(struct pathev *pv, uint32_t node, uint32_t root, int wd)
{
	for (uint32_t v = pathev__watches_by_wd(&pv->tree, wd); v != PATHEV__NIL;
	     v = pv->tree.node[v].alias)
		if (v != node && pathev__watches_root(&pv->tree, v, NULL) == root)
			return 1;
	return 0;
}

static int bind_node(struct pathev *pv, uint32_t node, int wd)
{
	struct pathev__node *n = &pv->tree.node[node];

	if (n->wd == wd)
		return 0;
	if (n->wd >= 0) {
		int old = pathev__watches_unbind(&pv->tree, node);

		if (old >= 0)
			pathev__unwatch(pv, old);
	}
	return pathev__watches_bind(&pv->tree, node, wd);
}

/*
 * Which names the waiting records of a watch bind, so that they are told by those alone; and
 * whether what had such a name until now was told.
 */
static int find_window(struct pathev *pv, int wd, uint64_t from, int told)
{
	const uint32_t binds = PATHEV_CREATE | PATHEV_DELETE | PATHEV_MOVE;
	struct pathev__window *w = pathev__window_find(pv, wd);
	struct pathev__intake_cursor c = {0};
	struct pathev__record rec;

	if (w && w->until != UINT64_MAX)
		w->until = pv->in.end;
	while (pathev__intake_walk(&pv->in, from, &c, &rec)) {
		if (rec.wd != wd || !(rec.what & binds) || !rec.namelen)
			continue;
		if (!w)
			w = pathev__window_open(pv, wd);
		if (!w || pathev__window_note(w, rec.name, rec.namelen, told))
			return -1;
	}
	return 0;
}

/*
 * Telling what was seen
 */

static int tell_found(struct pathev *pv, uint32_t node, const char *name, size_t len, char type,
		      uint32_t what)
{
	struct pathev__queue_in in = {
		.what = what, .name = name, .namelen = len, .type = type, .synthesized = 1,
	};

	return pathev__tell(pv, node, &in);
}

int pathev__tell_new(struct pathev *pv, uint32_t node, const char *name, size_t len, char type)
{
	uint32_t root;

	if (tell_found(pv, node, name, len, type, PATHEV_CREATE))
		return -1;
	if (type != 'f' || !(pv->opt.want & PATHEV_CLOSE_WRITE))
		return 0;
	if (pathev__dir(pv, node, &root) || pathev__full(pv, name, len))
		return -1;
	if (!pathev__is_complete(pv->full.data, pv->full.len))
		return 0;
	return tell_found(pv, node, name, len, type, PATHEV_CLOSE_WRITE);
}

static int64_t ns_of(struct timespec ts)
{
	return (int64_t)ts.tv_sec * PATHEV__NS_PER_S + ts.tv_nsec;
}

/* After a loss: an entry whose times say that it changed.  A rename shows in the ctime alone. */
static int tell_changed(struct pathev *pv, uint32_t node, const char *name, size_t len, char type)
{
	uint32_t what = PATHEV_CREATE;
	struct pathev__short p;
	struct stat st;
	uint32_t root;
	int res;

	if (pathev__dir(pv, node, &root) || pathev__full(pv, name, len))
		return -1;
	res = pathev__short_init(&p, pv->full.data, pv->full.len) ? -1 : lstat(p.path, &st);
	pathev__short_fini(&p);
	/* what cannot be seen may have changed */
	if (res ? is_vanished(errno) : ns_of(st.st_ctim) < pv->lost_ns)
		return 0;
	if (type == 'f')
		what |= PATHEV_MODIFY | PATHEV_CLOSE_WRITE;
	return tell_found(pv, node, name, len, type, what);
}

static int tell_entry(struct pathev *pv, uint32_t node, enum pathev__mode mode, const char *name,
		      size_t len, char type)
{
	switch (mode) {
	case PATHEV__LIST:
		return tell_found(pv, node, name, len, type, PATHEV_EXISTS);
	case PATHEV__NEW:
		return tell_found(pv, node, name, len, type, PATHEV_CREATE);
	case PATHEV__CHANGED:
		return tell_changed(pv, node, name, len, type);
	case PATHEV__QUIET:
	case PATHEV__MOVED:
		break;
	}
	return 0;
}

/* A directory inside: have it looked at in turn.  1: it tells of itself then. */
static int descend(struct pathev *pv, uint32_t node, enum pathev__mode mode, const char *name,
		   size_t len)
{
	uint32_t child = pathev__watches_child(&pv->tree, node, name, len);
	int enters = pathev__enters(pv, node, name, len);

	if (child != PATHEV__NIL && !enters)
		pathev__watches_cut(&pv->tree, child);
	if (!enters)
		return 0;
	if (child == PATHEV__NIL) {
		child = pathev__watches_add(&pv->tree, node, name, len);
		if (child == PATHEV__NIL)
			return -1;
		if (mode == PATHEV__MOVED)
			mode = PATHEV__NEW;
	}
	if (pathev__pend(pv, child, mode))
		return -1;
	return mode == PATHEV__CHANGED;
}

/*
 * Names of which the waiting records say that a writer closed them: it did so before we asked, for
 * the kernel queues that first and lets go of the file then (fs/file_table.c, __fput).  The record
 * is told, and nothing in its place.
 */
static int find_closed(struct pathev *pv, const struct pathev__sight *s, struct pathev__window *closed)
{
	const uint32_t unbinds = PATHEV_DELETE | PATHEV_MOVED_FROM;
	struct pathev__intake_cursor c = {0};
	struct pathev__record rec;

	if (s->wd < 0)
		return 0;
	while (pathev__intake_walk(&pv->in, s->from, &c, &rec)) {
		if (rec.wd != s->wd || rec.is_dir || !rec.namelen ||
		    !(rec.what & (PATHEV_CLOSE_WRITE | unbinds)))
			continue;
		/* the first counts: what is closed behind an unlink is another file */
		if (pathev__window_note(closed, rec.name, rec.namelen,
					(rec.what & PATHEV_CLOSE_WRITE) != 0))
			return -1;
	}
	return 0;
}

static int is_closed(const struct pathev__window *closed, const char *name, size_t len)
{
	const char *first = pathev__window_name(closed, name, len);

	return first && *first;
}

static int tell_names(struct pathev *pv, uint32_t node, enum pathev__mode mode,
		      const struct pathev__sight *s, const char *entries,
		      const struct pathev__window *closed)
{
	const char *p = entries + s->first;
	const char *end = entries + s->end;
	size_t len;

	for (; p < end; p += len + 2) {
		const struct pathev__window *w = s->wd < 0 ? NULL : pathev__window_find(pv, s->wd);
		char type = *p == COMPLETE ? 'f' : *p;
		const char *name = p + 1;
		int res = 0;

		len = strlen(name);
		if (w && pathev__window_name(w, name, len))
			continue;
		if (type == 'd')
			res = descend(pv, node, mode, name, len);
		if (res < 0 || (!res && tell_entry(pv, node, mode, name, len, type)))
			return -1;
		if (*p == COMPLETE && !is_closed(closed, name, len) &&
		    tell_found(pv, node, name, len, type, PATHEV_CLOSE_WRITE))
			return -1;
	}
	return 0;
}

static int tell_entries(struct pathev *pv, uint32_t node, enum pathev__mode mode,
			const struct pathev__sight *s, const struct pathev__buf *entries)
{
	struct pathev__window closed = {0};
	int res;

	if (s->first == s->end)
		return 0;
	pathev__table_init(&closed.table);
	res = pv->opt.want & PATHEV_CLOSE_WRITE && mode == PATHEV__NEW ?
	      find_closed(pv, s, &closed) : 0;
	if (!res)
		res = tell_names(pv, node, mode, s, entries->data, &closed);
	pathev__buf_fini(&closed.names);
	pathev__table_fini(&closed.table);
	return res;
}

/* A directory of a changed tree tells of itself: only now it is known whether it is new. */
static int tell_dir_changed(struct pathev *pv, uint32_t node, const struct pathev__sight *s)
{
	if (pv->tree.node[node].flags & PATHEV__NODE_ROOT)
		return 0;
	if (!s->known)
		return tell_found(pv, node, NULL, 0, 'd', PATHEV_CREATE);
	if (ns_of(s->st.st_ctim) >= pv->lost_ns)
		return tell_found(pv, node, NULL, 0, 'd', PATHEV_ATTRIB);
	return 0;
}

/*
 * The whole look
 */

/* Hear of permissions that change in a directory, for one inside that may not be read. */
static int watch_attrib(struct pathev *pv, uint32_t dir)
{
	struct pathev__short p;
	uint32_t root;
	int wd;

	if (pathev__dir(pv, dir, &root))
		return -1;
	if (root == PATHEV__NIL || pathev__short_init(&p, pv->dir.data, pv->dir.len))
		return 0;
	wd = pathev__inotify_add(pv->fd, p.path, PATHEV_ATTRIB, PATHEV__WATCH_DIR);
	pathev__short_fini(&p);
	if (wd != pv->tree.node[dir].wd)
		pathev__unwatch(pv, wd);
	return 0;
}

static int tell_blind(struct pathev *pv, uint32_t node, int error)
{
	struct pathev__queue_in in = {
		.what = PATHEV_ERROR, .type = 'd', .error = error, .synthesized = 1,
	};

	if (pv->tree.node[node].flags & PATHEV__NODE_BLIND)
		return 0;
	pv->tree.node[node].flags |= PATHEV__NODE_BLIND;
	if (pathev__tell(pv, node, &in))
		return -1;
	if (error != EACCES || pv->tree.node[node].flags & PATHEV__NODE_ROOT)
		return 0;
	return watch_attrib(pv, pv->tree.node[node].parent);
}

/* It was not there, though no record says why: the record is on its way, or there is none. */
static int vanished(struct pathev *pv, uint32_t node)
{
	int tries;

	if (pathev__overtaken(pv, node))
		return look_later(pv, node, 0);
	tries = count_try(pv, node);
	if (tries >= 0)
		return look_later(pv, node, RETRY_NS << tries);
	if (pv->tree.node[node].flags & PATHEV__NODE_ROOT)
		return pathev__root_bind(pv, pv->tree.node[node].parent, PATHEV__NEW,
					 PATHEV_CREATE);
	pathev__watches_cut(&pv->tree, node);
	return 0;
}

/* What was seen stands: the node has its watch from here on. */
static int settle(struct pathev *pv, uint32_t node, enum pathev__mode mode,
		  const struct pathev__sight *s)
{
	struct pathev__node *n = &pv->tree.node[node];
	int was_bound = n->wd == s->wd;

	if (s->wd > pv->max_wd)
		pv->max_wd = s->wd;
	n->flags &= PATHEV__NODE_TRY - 1;
	if (!s->error)
		n->flags &= (uint16_t)~PATHEV__NODE_BLIND;
	if (bind_node(pv, node, s->wd))
		return -1;
	return find_window(pv, s->wd, s->from,
			   mode == PATHEV__QUIET || was_bound || s->known);
}

/* Nothing has overtaken it, and it is there.  1: look at it later all the same. */
static int take_watch(struct pathev *pv, uint32_t node, enum pathev__mode mode,
		      const struct pathev__sight *s)
{
	uint32_t root = pathev__watches_root(&pv->tree, node, NULL);

	/* a descriptor that is newer than all has no other node */
	if (s->wd <= pv->max_wd) {
		if (unbind_dead(pv, s->wd))
			return -1;
		if (has_twin(pv, node, root, s->wd)) {
			int tries = count_try(pv, node);

			if (tries >= 0 && tries < 3)
				return look_later(pv, node, RETRY_NS << tries) ? -1 : 1;
		}
	}
	return settle(pv, node, mode, s);
}

static void drop_sight(struct pathev *pv, const struct pathev__sight *s)
{
	if (s->wd >= 0)
		pathev__unwatch(pv, s->wd);
}

/* How many looks apart options.progress is told: seldom where they are fast, and often enough to
 * see a number move where they are not. */
enum { LOOKS_APART = 16 };

static void count_look(struct pathev *pv)
{
	if (++pv->looked % LOOKS_APART == 0 && pv->opt.progress)
		pv->opt.progress(pv->opt.progress_arg, pv->looked);
}

int pathev__judge(struct pathev *pv, uint32_t node, enum pathev__mode mode,
		  const struct pathev__sight *s, const struct pathev__buf *entries)
{
	uint32_t root = pathev__watches_root(&pv->tree, node, NULL);
	int res = 0;

	count_look(pv);
	if (!s->failed && pathev__made_noise(pv, node, s->probed))
		return -1;
	if (pathev__overtaken(pv, node)) {
		drop_sight(pv, s);
		return look_later(pv, node, 0);
	}
	if (s->failed && is_vanished(s->error)) {
		drop_sight(pv, s);
		return vanished(pv, node);
	}
	if (s->other_fs && pv->root[root].flags & PATHEV_ONE_FS) {
		drop_sight(pv, s);
		return 0;
	}
	if (s->other_fs && !s->failed && s->wd >= 0 && meet_fs(pv, node, s->st.st_dev))
		return -1;
	/* it is watched: what is missing is memory of ours */
	if (s->wd >= 0 && s->error == ENOMEM) {
		errno = ENOMEM;
		return -1;
	}
	if (s->error && tell_blind(pv, node, s->error))
		return -1;
	if (s->wd >= 0)
		res = take_watch(pv, node, mode, s);
	if (res)
		return res < 0 ? -1 : 0;
	if (mode == PATHEV__CHANGED) {
		if (tell_dir_changed(pv, node, s))
			return -1;
		if (!s->known)
			mode = PATHEV__NEW;
	}
	return tell_entries(pv, node, mode, s, entries);
}

int pathev__look(struct pathev *pv, uint32_t node)
{
	enum pathev__mode mode = pathev__mode_of(pv, node);
	uint64_t before = pv->in.end;
	struct pathev__sight s;
	uint32_t root;

	if (!(pv->tree.node[node].flags & PATHEV__NODE_PENDING) ||
	    pv->tree.node[node].flags & PATHEV__NODE_FREE)
		return 0;
	pv->tree.node[node].flags &= (uint16_t)~PATHEV__NODE_PENDING;
	if (pathev__dir(pv, node, &root))
		return -1;
	if (root == PATHEV__NIL)
		return 0;
	see(pv, node, mode, &s);
	if (pathev__drain(pv))
		return -1;
	s.from = s.wd > pv->max_wd ? before : pv->in.future;
	return pathev__judge(pv, node, mode, &s, &pv->entries);
}

int pathev__look_now(struct pathev *pv)
{
	unsigned looked = 0;
	int res = 0;

	/* what is new to a recovery is a part of its listing */
	pv->listing = pv->recovering;
	while (pv->now.len && !res) {
		if (looked++ >= pv->few)
			res = pathev__scan(pv);
		if (!res && pv->now.len)
			res = pathev__look(pv, pv->now.node[--pv->now.len]);
	}
	pv->listing = 0;
	return res;
}

int pathev__look_listed(struct pathev *pv)
{
	int res;

	pv->listing = 1;
	res = pathev__look(pv, pv->list.node[--pv->list.len]);
	pv->listing = 0;
	return res;
}
