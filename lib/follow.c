/* SPDX-License-Identifier: MIT */
/*
 * follow.c - acts on one kernel record: the tree follows, events are told
 *
 * Renames are in rename.c.
 */
#include "engine.h"

#include <string.h>
#include <sys/stat.h>

static const uint32_t BINDS = PATHEV_CREATE | PATHEV_MOVED_TO;
static const uint32_t UNBINDS = PATHEV_DELETE | PATHEV_MOVED_FROM;

int pathev__aliases(struct pathev *pv, int wd, struct pathev__nodes *l)
{
	l->len = 0;
	for (uint32_t v = pathev__watches_by_wd(&pv->tree, wd); v != PATHEV__NIL;
	     v = pv->tree.node[v].alias)
		if (pathev__nodes_add(l, v))
			return -1;
	return 0;
}

int pathev__tell_record(struct pathev *pv, uint32_t node, const struct pathev__record *rec,
		       const char *other)
{
	struct pathev__queue_in in = {
		.what = rec->what, .name = rec->namelen ? rec->name : NULL,
		.namelen = rec->namelen, .type = rec->is_dir ? 'd' : 0, .cookie = rec->cookie,
		.other = other, .otherlen = other ? strlen(other) : 0,
	};

	return pathev__tell(pv, node, &in);
}

void pathev__forget(struct pathev *pv, uint32_t node)
{
	int judged = pv->tree.node[node].flags & PATHEV__NODE_JUDGED;

	pathev__unwatch(pv, pathev__watches_remove(&pv->tree, node));
	/* else it is only cut: see pathev__sweep() */
	if (judged && pv->tree.node[node].flags & PATHEV__NODE_FREE)
		pathev__written_forget(pv, node);
}

/* A directory has taken a name: what had it before is gone. */
int pathev__arrive(struct pathev *pv, uint32_t dir, const struct pathev__record *rec)
{
	uint32_t child = pathev__watches_child(&pv->tree, dir, rec->name, rec->namelen);

	if (child != PATHEV__NIL)
		pathev__forget(pv, child);
	if (!rec->is_dir || !pathev__enters(pv, dir, rec->name, rec->namelen))
		return 0;
	child = pathev__watches_add(&pv->tree, dir, rec->name, rec->namelen);
	if (child == PATHEV__NIL)
		return -1;
	return pathev__pend(pv, child, PATHEV__NEW);
}

int pathev__replace(struct pathev *pv, uint32_t node)
{
	struct pathev__queue_in in = {.what = PATHEV_DELETE, .type = 'd', .synthesized = 1};
	uint32_t parent = pv->tree.node[node].parent;
	struct pathev__record rec = {.is_dir = 1};

	/* the names of the tree may move */
	pathev__buf_cut(&pv->other, 0);
	if (pathev__buf_adds(&pv->other, pathev__watches_name(&pv->tree, node)))
		return -1;
	in.name = rec.name = pv->other.data;
	in.namelen = rec.namelen = pv->other.len;
	if (pathev__tell(pv, parent, &in))
		return -1;
	in.what = PATHEV_CREATE;
	return pathev__tell(pv, parent, &in) || pathev__arrive(pv, parent, &rec) ? -1 : 0;
}

/*
 * May a record be told, where the directory was looked at while it was under way?  A name that
 * the look has left to the records counts as told once a record has bound it.
 */
int pathev__is_tellable(struct pathev *pv, const struct pathev__record *rec)
{
	struct pathev__window *w = pv->nwindows ? pathev__window_find(pv, rec->wd) : NULL;
	char *told = w && rec->namelen ? pathev__window_name(w, rec->name, rec->namelen) : NULL;
	char was;

	if (!told)
		return 1;
	was = *told == PATHEV__TOLD;
	if (rec->what & BINDS)
		*told = PATHEV__TOLD;
	else if (rec->what & UNBINDS)
		*told = PATHEV__HIDDEN;
	return was || rec->what & BINDS;
}


static int named(struct pathev *pv, uint32_t dir, const struct pathev__record *rec)
{
	uint32_t child;

	child = rec->is_dir ?
		pathev__watches_child(&pv->tree, dir, rec->name, rec->namelen) : PATHEV__NIL;
	/* the kernel is not quite in order with itself: a chmod may come behind the rmdir */
	if (rec->is_dir && child == PATHEV__NIL && !(rec->what & (BINDS | UNBINDS)) &&
	    pathev__enters(pv, dir, rec->name, rec->namelen))
		return 0;
	if (pathev__tell_record(pv, dir, rec, NULL))
		return -1;
	if (rec->what & PATHEV_CREATE)
		return pathev__arrive(pv, dir, rec);
	if (child == PATHEV__NIL)
		return 0;
	if (rec->what & PATHEV_DELETE)
		pathev__forget(pv, child);
	else if (rec->what & PATHEV_ATTRIB && pv->tree.node[child].flags & PATHEV__NODE_BLIND)
		/* its permissions may have changed for the better */
		return pathev__pend(pv, child, PATHEV__NEW);
	return 0;
}

/* Is a directory there? */
static int is_there(struct pathev *pv, uint32_t node)
{
	struct pathev__short p;
	struct stat st;
	uint32_t root;
	int res;

	if (pathev__dir(pv, node, &root) || pathev__short_init(&p, pv->dir.data, pv->dir.len))
		return 0;
	res = lstat(p.path, &st);
	pathev__short_fini(&p);
	return !res && S_ISDIR(st.st_mode);
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
	if (pathev__tell_record(pv, node, &rec, NULL))
		return -1;
	/* what was mounted on has its name again; what was inside has none, or another one's */
	return rec.what & PATHEV_UNMOUNT && !(pv->tree.node[node].flags & PATHEV__NODE_ROOT) &&
	       is_there(pv, node) ? pathev__replace(pv, node) : 0;
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

static int at_node(struct pathev *pv, uint32_t node, const struct pathev__record *rec)
{
	return rec->namelen ? named(pv, node, rec) : unnamed(pv, node, *rec);
}

/* What is no rename, at each place that its directory has: at one, as good as ever. */
static int follow_plain(struct pathev *pv, const struct pathev__record *rec)
{
	uint32_t node = pathev__watches_by_wd(&pv->tree, rec->wd);

	if (node == PATHEV__NIL)
		return 0;
	if (pv->tree.node[node].alias == PATHEV__NIL)
		return at_node(pv, node, rec);
	if (pathev__aliases(pv, rec->wd, &pv->dst))
		return -1;
	for (size_t i = 0; i < pv->dst.len; i++)
		if (at_node(pv, pv->dst.node[i], rec))
			return -1;
	return 0;
}

/* Does what happened to a file leave the tree and all that is remembered as it is? */
static int is_content(const struct pathev *pv, const struct pathev__record *rec)
{
	const uint32_t content = PATHEV_ACCESS | PATHEV_MODIFY | PATHEV_ATTRIB | PATHEV_OPEN |
				 PATHEV_CLOSE;

	/* that a file was closed, an added path of that name wants to know: pathev__written_closed() */
	return rec->what & content && rec->namelen && !rec->is_dir &&
	       !(pv->written && rec->what & PATHEV_CLOSE_WRITE);
}

int pathev__follow(struct pathev *pv, const struct pathev__record *rec)
{
	/* nearly all of a busy system's events; what is below would come to the same */
	if (is_content(pv, rec) && !pv->nnoise && !pv->nwindows) {
		uint32_t node = pathev__watches_by_wd(&pv->tree, rec->wd);

		if (node != PATHEV__NIL && pv->tree.node[node].alias == PATHEV__NIL)
			return pathev__tell_record(pv, node, rec, NULL);
	}
	if (rec->what & PATHEV_OVERFLOW)
		return pathev__recover(pv);
	if (rec->ignored)
		return ignored(pv, rec);
	if (rec->what & PATHEV_MOVE && pathev__renames_need(pv))
		return -1;
	if (rec->what & PATHEV_MOVED_FROM)
		return pathev__moved_from(pv, rec);
	if (rec->what & PATHEV_MOVED_TO)
		return pathev__moved_to(pv, rec);
	if (rec->what & PATHEV_DELETE)
		pathev__note_gone(pv, rec);
	if (!(pv->nnoise && pathev__is_noise(pv, rec)) &&
	    (!pv->nwindows || pathev__is_tellable(pv, rec)) && follow_plain(pv, rec))
		return -1;
	return pathev__root_record(pv, rec, NULL);
}
