/* SPDX-License-Identifier: MIT */
/*
 * written.c - the event WRITTEN: which files may be complete by now, and whether they are
 *
 * What may be the end of a writing makes a file a candidate: it was created, closed, renamed to
 * here, or found.  Candidates are asked about when all records were acted on, so that the tree is
 * true; then the kernel's queue is emptied, and what a record there speaks of is left to that
 * record.  The kernel queues that a writer closes a file before it lets go of it (fs/file_table.c,
 * __fput), so who is found not to write has its close in the stream already, and WRITTEN stands
 * behind it, once.
 *
 * Who is busy is asked again by time, too: not every writer's end is told, as where it opened
 * the file by another name, or before that had one.
 */
#include "written.h"

#include "base.h"
#include "busy.h"
#include "clock.h"
#include "engine.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* How soon a file is asked about again, at least and at most; in between it is a part of the time
 * that it was waited for, so that this adds little to it. */
static const int64_t LOOK_NS = 50 * PATHEV__NS_PER_MS;
static const int64_t LOOK_MAX_NS = PATHEV__NS_PER_S;
enum { LOOK_PART = 100 };

/* With more files than this waiting, each is asked about more seldom. */
enum { LOOK_FILES = 16 };

/* Looking takes at most one part of the time in so many. */
enum { LOOK_COST = 20 };

/* The record of a close is queued a moment before the writer is gone: one more look soon. */
static const int64_t CLOSING_NS = 2 * PATHEV__NS_PER_MS;

/* So long a file that is empty may just be about to be opened by who made it. */
static const int64_t NEWBORN_NS = 100 * PATHEV__NS_PER_MS;

/* Where nobody can tell who writes a file: left alone for so long, it is complete.  On file systems
 * that others change unseen it is longer than attributes are cached: 3 s, nfs(5). */
static const int64_t QUIET_NS = PATHEV__NS_PER_S;
static const int64_t QUIET_REMOTE_NS = 5 * PATHEV__NS_PER_S;
/* Its maker was seen and its end was not: who stalls has not finished. */
static const int64_t QUIET_OPEN_NS = 60 * PATHEV__NS_PER_S;
/* The times of files come from a clock that ticks with the kernel's timer: 100 Hz at least. */
static const int64_t TICK_NS = 10 * PATHEV__NS_PER_MS;
/* The clock of another host is trusted so far. */
static const int64_t SKEW_NS = 60 * PATHEV__NS_PER_S;

/* One round of looks, before the kernel's queue is emptied again. */
enum { ROUND = 64 };
static const int64_t ROUND_NS = PATHEV__NS_PER_MS;

enum {
	ROOT = 1,		/* an added path itself */
	DUE = 2,		/* in the list of what is looked at next */
	OPENED = 4,		/* was made here, and not closed since */
	CLOSED = 8,		/* was closed, or renamed to here: it is no newborn */
	CLOSING = 16,		/* was closed just now, and not looked at since */
	QUICK = 32,		/* looked at again within milliseconds */
	SEEN = 64,		/* the state below is filled */
	OVERTAKEN = 128		/* a record that waits speaks of it */
};

/* A file that may be complete, or soon. */
struct candidate {
	uint32_t dir;		/* as in struct pathev__file */
	uint32_t next;		/* of the free ones */
	char *name;		/* owned; NULL: this one is free */
	unsigned flags;
	int64_t from_ns;	/* waited for since the last event */
	int64_t look_ns;	/* when to ask again; -1: when something is told of it */
	/* what it was like, and since when it has not changed */
	int64_t since_ns;
	dev_t dev;
	ino_t ino;
	off_t size;
	int64_t mtime_ns, ctime_ns;
};

/* One that the tree is thrown away from under. */
struct kept {
	uint32_t root;
	char *path;
};

struct pathev__written {
	struct candidate *item;
	uint32_t len;			/* used of them, free ones included */
	size_t cap;
	uint32_t free;			/* a chain of free ones, or NIL */
	uint32_t count;			/* those that are not free */
	uint32_t quick;			/* those with QUICK */
	struct pathev__table by_file;
	struct pathev__nodes due;	/* in the order of events */
	size_t first;			/* of due, not looked at yet */
	int64_t next_ns;		/* no look_ns is earlier; -1: there is none */
	struct kept *kept;
	size_t nkept, capkept;
};

struct pathev__written *pathev__written_new(void)
{
	struct pathev__written *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->free = PATHEV__NIL;
	w->next_ns = -1;
	pathev__table_init(&w->by_file);
	return w;
}

void pathev__written_free(struct pathev__written *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < w->len; i++)
		free(w->item[i].name);
	free(w->item);
	for (size_t i = 0; i < w->nkept; i++)
		free(w->kept[i].path);
	free(w->kept);
	pathev__table_fini(&w->by_file);
	free(w->due.node);
	free(w);
}

/*
 * Candidates
 */

static uint32_t hash_file(uint32_t dir, const char *name, size_t len)
{
	return pathev__hash_bytes(dir, name, len);
}

static uint32_t hash_item(const void *ctx, uint32_t i)
{
	const struct pathev__written *w = ctx;
	const struct candidate *c = &w->item[i];

	return hash_file(c->dir, c->name, strlen(c->name));
}

static uint32_t find(const struct pathev__written *w, struct pathev__file f)
{
	uint32_t c;

	for (uint32_t i = pathev__table_first(&w->by_file, hash_file(f.dir, f.name, f.len));
	     (c = w->by_file.slot[i]) != PATHEV__NIL; i = pathev__table_next(&w->by_file, i))
		if (w->item[c].dir == f.dir && !strncmp(w->item[c].name, f.name, f.len) &&
		    !w->item[c].name[f.len])
			return c;
	return PATHEV__NIL;
}

/* A new one, or NIL with ENOMEM. */
static uint32_t add(struct pathev__written *w, struct pathev__file f)
{
	struct candidate *c;
	uint32_t i = w->free;

	if (i == PATHEV__NIL) {
		c = pathev__grow(w->item, &w->cap, (size_t)w->len + 1, sizeof(*c));
		if (!c)
			return PATHEV__NIL;
		w->item = c;
		i = w->len++;
		w->item[i] = (struct candidate){.next = PATHEV__NIL};
	} else {
		w->free = w->item[i].next;
	}
	c = &w->item[i];
	*c = (struct candidate){.dir = f.dir, .look_ns = -1, .flags = *f.name ? 0 : ROOT};
	c->name = strndup(f.name, f.len);
	if (!c->name ||
	    pathev__table_add(&w->by_file, hash_file(f.dir, f.name, f.len), i, hash_item, w)) {
		free(c->name);
		c->name = NULL;
		c->next = w->free;
		w->free = i;
		return PATHEV__NIL;
	}
	w->count++;
	return i;
}

static void set_quick(struct pathev__written *w, struct candidate *c, int quick)
{
	w->quick += (uint32_t)!!quick - !!(c->flags & QUICK);
	c->flags = quick ? c->flags | QUICK : c->flags & ~(unsigned)QUICK;
}

static void drop(struct pathev__written *w, uint32_t i)
{
	struct candidate *c = &w->item[i];

	pathev__table_del(&w->by_file, hash_item(w, i), i, hash_item, w);
	set_quick(w, c, 0);
	free(c->name);
	/* where the list of what is due names it, it is passed over: see take_due() */
	*c = (struct candidate){.next = w->free, .look_ns = -1};
	w->free = i;
	w->count--;
}

static void look_at(struct pathev__written *w, struct candidate *c, int64_t at_ns)
{
	c->look_ns = at_ns;
	if (w->next_ns < 0 || at_ns < w->next_ns)
		w->next_ns = at_ns;
}

/* Look at it in this order.  What was put there before, and was not looked at, keeps its place. */
static int make_due(struct pathev__written *w, uint32_t i)
{
	if (w->item[i].flags & DUE)
		return 0;
	if (w->first == w->due.len)
		w->first = w->due.len = 0;
	if (pathev__nodes_add(&w->due, i))
		return -1;
	w->item[i].flags |= DUE;
	w->item[i].look_ns = -1;
	return 0;
}

int pathev__written_note(struct pathev *pv, struct pathev__file file, uint32_t what,
			 int synthesized)
{
	const uint32_t begins = PATHEV_CREATE | PATHEV_CLOSE_WRITE | PATHEV_MOVED_TO | PATHEV_EXISTS;
	const uint32_t ends = PATHEV_CLOSE_WRITE | PATHEV_MOVED_TO;
	struct pathev__written *w = pv->written;
	uint32_t i = find(w, file);
	struct candidate *c;

	if (i != PATHEV__NIL && what & (PATHEV_DELETE | PATHEV_MOVED_FROM)) {
		drop(w, i);
		i = PATHEV__NIL;
	}
	if (!(what & begins))
		return 0;
	if (i == PATHEV__NIL)
		i = add(w, file);
	if (i == PATHEV__NIL || make_due(w, i))
		return -1;
	c = &w->item[i];
	c->from_ns = pathev_now();
	set_quick(w, c, 0);
	/* a close that was concluded says nothing that we do not find out ourselves */
	if (what & ends && !synthesized) {
		c->flags |= CLOSED | CLOSING;
		c->flags &= ~(unsigned)OPENED;
	} else if (what & PATHEV_CREATE && !synthesized) {
		c->flags |= OPENED;
	}
	if (!(c->flags & ROOT))
		pv->tree.node[c->dir].flags |= PATHEV__NODE_JUDGED;
	return 0;
}

int pathev__written_closed(struct pathev *pv, uint32_t root)
{
	struct pathev__file f = {.dir = root, .name = ""};

	if (!pv->written || find(pv->written, f) == PATHEV__NIL)
		return 0;
	return pathev__written_note(pv, f, PATHEV_CLOSE_WRITE, 0);
}

void pathev__written_forget(struct pathev *pv, uint32_t node)
{
	struct pathev__written *w = pv->written;

	if (!w || !w->count)
		return;
	for (uint32_t i = 0; i < w->len; i++) {
		const struct candidate *c = &w->item[i];

		if (!c->name || c->flags & ROOT)
			continue;
		if (node == PATHEV__NIL ?
		    pathev__watches_root(&pv->tree, c->dir, NULL) == PATHEV__NIL : c->dir == node)
			drop(w, i);
	}
}

void pathev__written_forget_root(struct pathev *pv, uint32_t root)
{
	struct pathev__file f = {.dir = root, .name = ""};
	uint32_t i = pv->written ? find(pv->written, f) : PATHEV__NIL;

	if (i != PATHEV__NIL)
		drop(pv->written, i);
}

/*
 * Asking
 */

/* The path of a candidate in pv->full; its root, or NIL when it is not in the tree any more. */
static int path_of(struct pathev *pv, const struct candidate *c, uint32_t *root)
{
	const struct pathev__root *r;

	if (!(c->flags & ROOT)) {
		if (pathev__dir(pv, c->dir, root))
			return -1;
		return *root == PATHEV__NIL ? 0 : pathev__full(pv, c->name, strlen(c->name));
	}
	*root = c->dir;
	r = &pv->root[c->dir];
	pathev__buf_cut(&pv->full, 0);
	return pathev__buf_add(&pv->full, r->path, r->len);
}

static int64_t ns_of(struct timespec ts)
{
	return (int64_t)ts.tv_sec * PATHEV__NS_PER_S + ts.tv_nsec;
}

/* How long ago the file changed, as its times tell: 0 where they tell nothing. */
static int64_t age_of(const struct stat *st)
{
	int64_t mtime_ns = ns_of(st->st_mtim), ctime_ns = ns_of(st->st_ctim);
	int64_t age = pathev__clock_real_ns() - (mtime_ns > ctime_ns ? mtime_ns : ctime_ns);

	return age > 0 ? age : 0;
}

/* For how long has it not changed? */
static int64_t quiet_of(struct candidate *c, const struct stat *st, int remote, int64_t now)
{
	if (!(c->flags & SEEN) || c->dev != st->st_dev || c->ino != st->st_ino ||
	    c->size != st->st_size || c->mtime_ns != ns_of(st->st_mtim) ||
	    c->ctime_ns != ns_of(st->st_ctim)) {
		int64_t age = age_of(st) - TICK_NS;

		if (age < 0)
			age = 0;
		c->flags |= SEEN;
		c->dev = st->st_dev;
		c->ino = st->st_ino;
		c->size = st->st_size;
		c->mtime_ns = ns_of(st->st_mtim);
		c->ctime_ns = ns_of(st->st_ctim);
		c->since_ns = now - (remote && age < SKEW_NS ? 0 : age);
	}
	return now - c->since_ns;
}

/*
 * A file that is made and opened in one call, as open(2) with O_CREAT does, has a moment in
 * between where nobody writes it yet: it is empty, has one name, and is new.
 */
static int64_t newborn_for(const struct candidate *c, const struct stat *st)
{
	int64_t age;

	if (c->flags & CLOSED || st->st_size || st->st_nlink != 1)
		return 0;
	age = age_of(st);
	return age < NEWBORN_NS ? NEWBORN_NS - age : 0;
}

/* For how long must it not have changed, where that is all there is to go by? */
static int64_t quiet_needed(const struct candidate *c, const struct stat *st, int error)
{
	if (error == EREMOTE)
		return QUIET_REMOTE_NS;
	return c->flags & OPENED && st->st_nlink == 1 ? QUIET_OPEN_NS : QUIET_NS;
}

/* Ask again after some time; cost_ns is what asking took. */
static void look_later(struct pathev__written *w, struct candidate *c, int64_t now, int64_t cost_ns)
{
	int64_t ns = (now - c->from_ns) / LOOK_PART;

	if (c->flags & CLOSING) {
		c->flags &= ~(unsigned)CLOSING;
		set_quick(w, c, 1);
		look_at(w, c, now + CLOSING_NS);
		return;
	}
	if (ns < LOOK_NS)
		ns = LOOK_NS;
	if (ns > LOOK_MAX_NS)
		ns = LOOK_MAX_NS;
	if (ns < LOOK_COST * cost_ns)
		ns = LOOK_COST * cost_ns;
	look_at(w, c, pathev__clock_after(now, ns * (1 + w->count / LOOK_FILES)));
}

enum verdict { FAILED = -1, PENDING, COMPLETE, NO_FILE };

static enum verdict judge(struct pathev *pv, struct candidate *c, int *evidence)
{
	int64_t before = pathev_now(), now, quiet, needed, newborn;
	struct pathev__short p;
	struct stat st;
	uint32_t root;
	int follow, busy, err;

	if (path_of(pv, c, &root))
		return FAILED;
	if (root == PATHEV__NIL || !pv->root[root].given)
		return NO_FILE;
	if (pathev__short_init(&p, pv->full.data, pv->full.len))
		return errno == ENOMEM ? FAILED : NO_FILE;
	follow = c->flags & ROOT && !(pv->root[root].flags & PATHEV_NOFOLLOW);
	busy = pathev__busy_ask(p.path, follow ? 0 : O_NOFOLLOW, &st, evidence);
	err = errno;
	pathev__short_fini(&p);
	now = pathev_now();
	set_quick(pv->written, c, 0);
	if (busy < 0 && err != EMFILE && err != ENFILE && (!pathev__busy_unknown(err) || !st.st_mode))
		return err == ENOMEM ? (errno = err, FAILED) : NO_FILE;
	if (busy > 0 || (busy < 0 && !pathev__busy_unknown(err))) {
		look_later(pv->written, c, now, now - before);
		return PENDING;
	}
	newborn = newborn_for(c, &st);
	quiet = quiet_of(c, &st, busy < 0 && err == EREMOTE, now);
	needed = pv->opt.settle_ns;
	if (busy < 0) {
		int64_t least = quiet_needed(c, &st, err);

		needed = needed > least ? needed : least;
		*evidence = PATHEV_BY_QUIET;
	}
	c->flags &= ~(unsigned)CLOSING;
	if (!newborn && quiet >= needed)
		return COMPLETE;
	look_at(pv->written, c, pathev__clock_after(now, newborn > needed - quiet ? newborn :
								needed - quiet));
	return PENDING;
}

/*
 * Looking
 */

/* What time has made due.  Finds the next time on the way. */
static int take_time(struct pathev__written *w)
{
	int64_t now;

	if (w->next_ns < 0)
		return 0;
	now = pathev_now();
	if (now < w->next_ns)
		return 0;
	w->next_ns = -1;
	for (uint32_t i = 0; i < w->len; i++) {
		struct candidate *c = &w->item[i];

		if (!c->name || c->look_ns < 0)
			continue;
		if (c->look_ns > now)
			look_at(w, c, c->look_ns);
		else if (make_due(w, i))
			return -1;
	}
	return 0;
}

int pathev__written_due(struct pathev *pv)
{
	struct pathev__written *w = pv->written;

	if (!w)
		return 0;
	/* without memory it stays due: the next call may have it */
	if (take_time(w))
		w->next_ns = 0;
	return w->first < w->due.len;
}

int pathev__written_pending(const struct pathev *pv)
{
	const struct pathev__written *w = pv->written;

	return w && (w->first < w->due.len || w->quick);
}

int64_t pathev__written_next(const struct pathev *pv)
{
	const struct pathev__written *w = pv->written;

	if (!w)
		return -1;
	return w->first < w->due.len ? 0 : w->next_ns;
}

/* The next one that is due, or NIL. */
static uint32_t take_due(struct pathev__written *w)
{
	while (w->first < w->due.len) {
		uint32_t i = w->due.node[w->first++];

		if (!w->item[i].name || !(w->item[i].flags & DUE))
			continue;
		w->item[i].flags &= ~(unsigned)(DUE | OVERTAKEN);
		return i;
	}
	return PATHEV__NIL;
}

/* Our own opening of what was asked about is not told. */
static int made_noise(struct pathev *pv, const struct candidate *c)
{
	if (c->flags & ROOT)
		return pv->root[c->dir].node == PATHEV__NIL ? 0 :
		       pathev__made_noise(pv, pv->root[c->dir].node, 0);
	return pathev__made_noise_of(pv, c->dir, c->name, strlen(c->name));
}

struct round {
	struct {
		uint32_t i;
		int evidence;
	} file[ROUND];		/* complete, as it seems */
	unsigned len;
};

static int ask_some(struct pathev *pv, struct round *round)
{
	struct pathev__written *w = pv->written;
	int64_t end = pathev_now() + ROUND_NS;
	uint32_t i;

	round->len = 0;
	while (round->len < ROUND && (i = take_due(w)) != PATHEV__NIL) {
		enum verdict verdict;
		int evidence;

		verdict = judge(pv, &w->item[i], &evidence);
		if (verdict == FAILED || made_noise(pv, &w->item[i]))
			return -1;
		switch (verdict) {
		case COMPLETE:
			round->file[round->len].i = i;
			round->file[round->len++].evidence = evidence;
			break;
		case NO_FILE:
			drop(w, i);
			break;
		default:
			break;
		}
		if (pathev_now() >= end)
			break;
	}
	return 0;
}

static void overtake(struct pathev *pv, struct pathev__file f)
{
	uint32_t i = find(pv->written, f);

	if (i != PATHEV__NIL)
		pv->written->item[i].flags |= OVERTAKEN;
}

/* What the records that came meanwhile speak of is theirs. */
static void note_overtaken(struct pathev *pv)
{
	const uint32_t speaks = PATHEV_CREATE | PATHEV_DELETE | PATHEV_MOVE | PATHEV_CLOSE_WRITE;
	struct pathev__intake_cursor cursor = {0};
	struct pathev__record rec;

	while (pathev__intake_walk(&pv->in, pv->in.pos, &cursor, &rec)) {
		if (rec.is_dir || !(rec.what & speaks))
			continue;
		for (uint32_t v = pathev__watches_by_wd(&pv->tree, rec.wd); v != PATHEV__NIL;
		     v = pv->tree.node[v].alias) {
			const struct pathev__node *n = &pv->tree.node[v];

			if (rec.namelen)
				overtake(pv, (struct pathev__file){v, rec.name, rec.namelen});
			else if (n->flags & PATHEV__NODE_ROOT)
				overtake(pv, (struct pathev__file){n->parent, "", 0});
		}
	}
}

static int is_overtaken(struct pathev *pv, const struct candidate *c)
{
	if (c->flags & OVERTAKEN)
		return 1;
	return c->flags & ROOT ? pathev__root_overtaken(pv, c->dir) : pathev__overtaken(pv, c->dir);
}

static int tell_written(struct pathev *pv, const struct candidate *c, int evidence)
{
	struct pathev__queue_in in = {
		.what = PATHEV_WRITTEN, .type = 'f', .evidence = (char)evidence,
	};

	if (c->flags & ROOT)
		return pathev__tell_root(pv, c->dir, &in);
	in.name = c->name;
	in.namelen = strlen(c->name);
	return pathev__tell(pv, c->dir, &in);
}

int pathev__written_look(struct pathev *pv)
{
	struct pathev__written *w = pv->written;
	struct round round;
	int res = 0;

	if (ask_some(pv, &round) || pathev__drain(pv))
		return -1;
	note_overtaken(pv);
	for (unsigned k = 0; k < round.len && !res; k++) {
		struct candidate *c = &w->item[round.file[k].i];

		if (is_overtaken(pv, c)) {
			/* in case that the record is not about this one after all */
			look_later(w, c, pathev_now(), 0);
			continue;
		}
		/* as a listing: a round is small, and a loss would only ask for it anew */
		pv->listing = 1;
		res = tell_written(pv, c, round.file[k].evidence);
		pv->listing = 0;
		if (!res)
			drop(w, round.file[k].i);
	}
	return res;
}

/*
 * After a loss the tree is made anew.  What changed since then is told again and so is a candidate
 * again; who was one before, and may have been closed since without a change, is kept here.
 */

int pathev__written_keep(struct pathev *pv)
{
	struct pathev__written *w = pv->written;

	for (uint32_t i = 0; i < w->len; i++) {
		struct kept *k;
		uint32_t root;

		if (!w->item[i].name)
			continue;
		if (path_of(pv, &w->item[i], &root))
			return -1;
		if (root != PATHEV__NIL) {
			k = pathev__grow(w->kept, &w->capkept, w->nkept + 1, sizeof(*k));
			if (!k)
				return -1;
			w->kept = k;
			k += w->nkept;
			*k = (struct kept){.root = root, .path = strdup(pv->full.data)};
			if (!k->path)
				return -1;
			w->nkept++;
		}
		drop(w, i);
	}
	w->first = w->due.len = 0;
	w->next_ns = -1;
	return 0;
}

/* Where a path is in the new tree: 0, or -1 if it is not there. */
static int locate(const struct pathev *pv, const struct kept *k, struct pathev__file *f)
{
	const struct pathev__root *r = &pv->root[k->root];
	const char *name = k->path + r->reloff, *slash;

	if (!r->given || r->node == PATHEV__NIL)
		return -1;
	if (strlen(k->path) <= r->reloff) {
		*f = (struct pathev__file){.dir = k->root, .name = ""};
		return 0;
	}
	f->dir = r->node;
	for (; (slash = strchr(name, '/')); name = slash + 1) {
		f->dir = pathev__watches_child(&pv->tree, f->dir, name, (size_t)(slash - name));
		if (f->dir == PATHEV__NIL)
			return -1;
	}
	f->name = name;
	f->len = strlen(name);
	return 0;
}

/* Was it told as changed? */
static int is_told(const struct pathev *pv, const struct kept *k)
{
	struct pathev__short p;
	struct stat st;
	int told;

	if (pv->root[k->root].flags & PATHEV_EXISTING ||
	    pathev__short_init(&p, k->path, strlen(k->path)))
		return 1;
	told = stat(p.path, &st) || ns_of(st.st_ctim) >= pv->lost_ns;
	pathev__short_fini(&p);
	return told;
}

int pathev__written_restore(struct pathev *pv)
{
	struct pathev__written *w = pv->written;
	int res = 0;

	for (size_t n = 0; n < w->nkept; n++) {
		const struct kept *k = &w->kept[n];
		struct pathev__file f;

		if (!res && !is_told(pv, k) && !locate(pv, k, &f) && find(w, f) == PATHEV__NIL)
			res = pathev__written_note(pv, f, PATHEV_EXISTS, 1);
		free(k->path);
	}
	w->nkept = 0;
	return res;
}
