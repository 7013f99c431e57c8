/* SPDX-License-Identifier: MIT */
/*
 * tell.c - lets an event through to the queue, or not
 *
 * An event is told once for each path it has: not if nobody wants it, if its path is filtered
 * out or too deep, if it is from before the path was armed, or if another added path is the
 * longer match for the same path and tells it.
 */
#include "engine.h"

#include "base.h"
#include "clock.h"

#include <string.h>

int pathev__dir_render(struct pathev *pv, uint32_t node)
{
	pathev__buf_cut(&pv->dir, 0);
	pv->dir_node = PATHEV__NIL;
	if (pathev__watches_path(&pv->tree, node, &pv->dir, &pv->dir_root))
		return pathev__break(pv);
	pathev__watches_root(&pv->tree, node, &pv->dir_depth);
	pv->dir_node = node;
	pv->dir_version = pv->tree.version;
	return 0;
}

int pathev__full(struct pathev *pv, const char *name, size_t len)
{
	pathev__buf_cut(&pv->full, 0);
	if (pathev__buf_room(&pv->full, pv->dir.len + len + 1))
		return pathev__break(pv);
	pathev__buf_add(&pv->full, pv->dir.data, pv->dir.len);
	if (!name)
		return 0;
	if (pv->dir.len && pv->dir.data[pv->dir.len - 1] != '/')
		pathev__buf_addch(&pv->full, '/');
	return pathev__buf_add(&pv->full, name, len);
}

/* Does an added path tell this of what is below it at this path?  Of a blind spot it does if it
 * looks into it. */
static int reaches(const struct pathev *pv, const struct pathev__root *r, const char *path,
		   size_t len, uint32_t what)
{
	uint32_t depth = what & PATHEV_ERROR ? 2 : 1;

	if (len == r->len)
		return 1;
	if (path[r->len] != '/' && r->path[r->len - 1] != '/')
		return 0;
	if (r->flags & PATHEV_RECURSIVE && !pv->opt.max_depth)
		return 1;
	for (size_t k = r->reloff; k < len; k++)
		depth += path[k] == '/';
	return depth <= (r->flags & PATHEV_RECURSIVE ? pv->opt.max_depth : 1);
}

/* Another added path, a longer one, that is armed and tells of this path; NULL: there is none. */
static const struct pathev__root *find_other(const struct pathev *pv,
					     const struct pathev__root *mine, const char *path,
					     size_t len, uint32_t what)
{
	for (uint32_t i = 0; i < pv->nroots; i++) {
		const struct pathev__root *r = &pv->root[i];

		if (!r->given || r == mine || r->len > len || r->len < mine->len ||
		    (r->len == mine->len && r > mine) || pv->in.pos < r->quiet_until)
			continue;
		if (!memcmp(r->path, path, r->len) && reaches(pv, r, path, len, what))
			return r;
	}
	return NULL;
}

/* A listing is whole: what the other one has not told along with it, this one tells for it. */
static int is_others(const struct pathev *pv, const struct pathev__root *other, uint32_t what)
{
	return other && (!(what & PATHEV_EXISTS) || other->listed == pv->listings);
}

unsigned pathev__verdict(struct pathev *pv, uint32_t node, const char *name, size_t len, int is_dir)
{
	uint32_t root;

	if (!pv->opt.filter)
		return 0;
	if (pathev__dir(pv, node, &root) || root == PATHEV__NIL || pathev__full(pv, name, len))
		return PATHEV_HIDE | PATHEV_PRUNE;
	return pv->opt.filter(pv->opt.filter_arg, pv->full.data, pv->root[root].reloff, is_dir);
}

void pathev__note_loss(struct pathev *pv, int64_t since_ns)
{
	/* the times of files come from a clock that ticks with the kernel's timer: 100 Hz at least */
	if (!pv->recovering)
		pv->lost_ns = since_ns - 10 * PATHEV__NS_PER_MS;
}

int pathev__tell_loss(struct pathev *pv)
{
	int waiting = pathev__intake_len(&pv->in) != 0;
	struct pathev__queue_in in = {
		.what = PATHEV_OVERFLOW,
		.time_ns = waiting ? pv->in.time_ns : pathev__clock_real_ns(),
	};

	pathev__note_loss(pv, waiting ? pv->in.since_ns : pv->empty_ns);
	if (pathev__queue_push(&pv->queue, &in))
		return -1;
	pv->lost = 1;
	return 0;
}

/*
 * The last step: into the queue, unless it is full.  A listing is let through whatever its size:
 * its reader takes it directory by directory, and a loss would only begin it anew.
 */
static int push(struct pathev *pv, struct pathev__queue_in *in)
{
	size_t waiting = pathev__intake_len(&pv->in);

	if (pv->lost)
		return 0;
	if (!pv->queue.count)
		pv->exempt = 0;
	in->time_ns = in->synthesized || !waiting ? pathev__clock_real_ns() : pv->in.time_ns;
	if (!pv->listing && pv->queue.bytes + waiting > pv->opt.queue_limit + pv->exempt)
		return pathev__tell_loss(pv);
	if (pathev__queue_push(&pv->queue, in))
		return -1;
	if (pv->listing)
		pv->exempt = pv->queue.bytes;
	return 0;
}

int pathev__tell_own(struct pathev *pv, uint32_t what)
{
	struct pathev__queue_in in = {.what = what};

	return push(pv, &in);
}

int pathev__tell_sync(struct pathev *pv, const char *token)
{
	struct pathev__queue_in in = {
		.what = PATHEV_SYNC, .time_ns = pathev__clock_real_ns(), .other = token,
		.otherlen = token ? strlen(token) : 0,
	};

	/* whatever the limit: who waits for it must not wait in vain */
	return pathev__queue_push(&pv->queue, &in);
}

/* Is this from before the path was armed?  Then only blind spots are told. */
static int is_early(const struct pathev *pv, const struct pathev__root *r, uint32_t what)
{
	return pv->in.pos < r->quiet_until && !(what & PATHEV_ERROR);
}

/* Can it make a file complete, or be the end of one? */
static int is_judged(const struct pathev *pv, const struct pathev__queue_in *in)
{
	const uint32_t any = PATHEV_EXISTS | PATHEV_CREATE | PATHEV_CLOSE_WRITE | PATHEV_DELETE |
			     PATHEV_MOVE;

	return pv->written && in->what & any && (in->type == 'f' || !in->type);
}

/* What is to be handed out of it below this added path. */
static uint32_t wanted(const struct pathev *pv, const struct pathev__root *r, uint32_t what)
{
	what &= pv->opt.want | PATHEV_OWN;
	/* who wants to know what is complete already need not want the listing */
	return !(r->flags & PATHEV_EXISTING) || r->flags & PATHEV_LIST ?
	       what : what & ~(uint32_t)PATHEV_EXISTS;
}

static int judge(struct pathev *pv, uint32_t dir, const struct pathev__queue_in *in)
{
	struct pathev__file f = {.dir = dir, .name = in->name ? in->name : "", .len = in->namelen};

	if (!in->name)
		f.len = 0;
	return pathev__written_note(pv, f, in->what, in->synthesized);
}

/* So deep below it, does an added path tell of it? */
static int is_too_deep(const struct pathev *pv, const struct pathev__root *r, uint32_t depth)
{
	return depth > 1 && (!(r->flags & PATHEV_RECURSIVE) ||
			     (pv->opt.max_depth && depth > pv->opt.max_depth));
}

/*
 * The added path that tells of it, where there are several or a filter: *r, or another.  1: it
 * is to be told; 0: not; -1: ENOMEM.
 */
static int choose(struct pathev *pv, const struct pathev__root **r,
		  const struct pathev__queue_in *in, uint32_t what, uint32_t depth)
{
	const struct pathev__root *other = NULL;

	if (pathev__full(pv, in->name, in->namelen))
		return -1;
	if (pv->nested)
		other = find_other(pv, *r, pv->full.data, pv->full.len, what);
	if (is_others(pv, other, what))
		return 0;
	if (other) {
		*r = other;
		depth = pv->full.len != other->len;
	}
	return !depth || !pv->opt.filter || in->what == PATHEV_ERROR ||
	       !(pv->opt.filter(pv->opt.filter_arg, pv->full.data, (*r)->reloff,
				in->type == 'd') & PATHEV_HIDE);
}

int pathev__tell(struct pathev *pv, uint32_t node, struct pathev__queue_in *in)
{
	uint32_t what = in->what & (pv->opt.want | PATHEV_OWN);
	int judged = is_judged(pv, in);
	const struct pathev__root *r;
	uint32_t root, depth;

	if (!what && !judged)
		return 0;
	if (pathev__dir(pv, node, &root))
		return -1;
	if (root == PATHEV__NIL)
		return 0;
	r = &pv->root[root];
	depth = pv->dir_depth + (in->name != NULL);
	if (!r->given || is_early(pv, r, what) || is_too_deep(pv, r, depth))
		return 0;
	if (pv->nested || pv->opt.filter) {
		int tells = choose(pv, &r, in, what, depth);

		if (tells <= 0)
			return tells;
	}
	/* a record without a name is of an added path, or of a directory */
	if (judged && judge(pv, in->name ? node : root, in))
		return -1;
	in->what = wanted(pv, r, what);
	if (!in->what)
		return 0;
	in->root = r->given;
	in->dir = pv->dir.data;
	in->dirlen = pv->dir.len;
	in->reloff = r->reloff;
	return push(pv, in);
}

int pathev__tell_root(struct pathev *pv, uint32_t root, struct pathev__queue_in *in)
{
	const struct pathev__root *r = &pv->root[root];
	const struct pathev__root *other;
	uint32_t what = wanted(pv, r, in->what);
	int judged = is_judged(pv, in);

	if ((!what && !judged) || !r->given || is_early(pv, r, what))
		return 0;
	other = pv->nested ? find_other(pv, r, r->path, r->len, what) : NULL;
	if (is_others(pv, other, in->what))
		return 0;
	if (judged && judge(pv, root, in))
		return -1;
	if (!what)
		return 0;
	in->what = what;
	in->root = other ? other->given : r->given;
	in->dir = r->path;
	in->dirlen = r->len;
	in->reloff = r->reloff;
	return push(pv, in);
}

/*
 * Windows
 */

static uint32_t window_hash(const void *ctx, uint32_t off)
{
	const struct pathev__window *w = ctx;
	const char *name = w->names.data + off + 1;

	return pathev__hash_bytes(0, name, strlen(name));
}

struct pathev__window *pathev__window_find(struct pathev *pv, int wd)
{
	for (size_t i = 0; i < pv->nwindows; i++)
		if (pv->window[i].wd == wd && pv->in.pos < pv->window[i].until)
			return &pv->window[i];
	return NULL;
}

struct pathev__window *pathev__window_open(struct pathev *pv, int wd)
{
	struct pathev__window *w;

	w = pathev__grow(pv->window, &pv->capwindows, pv->nwindows + 1, sizeof(*w));
	if (!w)
		return NULL;
	pv->window = w;
	w += pv->nwindows++;
	*w = (struct pathev__window){.wd = wd, .until = pv->in.end};
	pathev__table_init(&w->table);
	return w;
}

char *pathev__window_name(const struct pathev__window *w, const char *name, size_t len)
{
	uint32_t off;

	for (uint32_t i = pathev__table_first(&w->table, pathev__hash_bytes(0, name, len));
	     (off = w->table.slot[i]) != PATHEV__NIL; i = pathev__table_next(&w->table, i))
		if (!strcmp(w->names.data + off + 1, name))
			return w->names.data + off;
	return NULL;
}

int pathev__window_note(struct pathev__window *w, const char *name, size_t len, int told)
{
	size_t off = w->names.len;

	if (pathev__window_name(w, name, len))
		return 0;
	if (off >= PATHEV__NIL) {
		errno = ENOMEM;
		return -1;
	}
	if (pathev__buf_addch(&w->names, (char)told) || pathev__buf_add(&w->names, name, len + 1))
		return -1;
	return pathev__table_add(&w->table, pathev__hash_bytes(0, name, len), (uint32_t)off,
				 window_hash, w);
}

void pathev__windows_close(struct pathev *pv, int all)
{
	size_t kept = 0;

	for (size_t i = 0; i < pv->nwindows; i++) {
		struct pathev__window *w = &pv->window[i];

		if (!all && pv->in.pos < w->until) {
			pv->window[kept++] = *w;
			continue;
		}
		pathev__buf_fini(&w->names);
		pathev__table_fini(&w->table);
	}
	pv->nwindows = kept;
}
