/* SPDX-License-Identifier: MIT */
/*
 * intake.c - records read from the kernel and not yet acted on
 *
 * Blocks of raw records, in the order they were read; the oldest is given back when its last
 * record was acted on.  While the caller keeps up there is one block, used over and over.
 *
 * Marks answer questions about what is still to come without walking it.  A mark is a key and
 * the position of the last record that has it; marks behind us are stale and thrown away
 * together, each time everything was acted on.
 */
#include "intake.h"

#include "base.h"
#include "pathev.h"

#include <assert.h>
#include <string.h>

/* The first is small: there may never be more to read than an event or two. */
enum { BLOCK_BYTES = 64 * 1024, FIRST_BYTES = 2 * 1024 };

struct pathev__intake_block {
	struct pathev__intake_block *next;
	size_t cap;
	size_t off;		/* of the next record */
	size_t len;
	char data[];
};

struct pathev__intake_read {
	uint64_t end;		/* position behind its last record */
	int64_t time_ns;
	int64_t since_ns;
};

enum mark_kind { MARK_MOVED_TO, MARK_MOVE_SELF, MARK_GONE, MARK_DIR };

struct pathev__intake_mark {
	uint32_t hash;
	enum mark_kind kind;
	int wd;			/* or the cookie */
	const char *name;	/* in a block, which stays while the mark is not stale */
	const char *data;	/* the record */
	size_t left;		/* bytes from there to the end of its block */
	uint64_t pos;
};

void pathev__intake_init(struct pathev__intake *in)
{
	*in = (struct pathev__intake){0};
	pathev__table_init(&in->marks);
}

static void free_blocks(struct pathev__intake *in)
{
	struct pathev__intake_block *next;

	for (struct pathev__intake_block *b = in->head; b; b = next) {
		next = b->next;
		free(b);
	}
	free(in->spare);
	in->head = in->tail = in->spare = NULL;
}

void pathev__intake_fini(struct pathev__intake *in)
{
	free_blocks(in);
	free(in->reads);
	free(in->mark);
	pathev__table_fini(&in->marks);
}

static struct pathev__intake_block *new_block(struct pathev__intake *in)
{
	struct pathev__intake_block *b = in->spare;
	size_t cap = in->tail ? BLOCK_BYTES : FIRST_BYTES;

	in->spare = NULL;
	if (!b) {
		b = malloc(sizeof(*b) + cap);
		if (!b)
			return NULL;
		b->cap = cap;
	}
	b->next = NULL;
	b->off = b->len = 0;
	return b;
}

void *pathev__intake_room(struct pathev__intake *in, size_t *len)
{
	struct pathev__intake_block *b = in->tail;

	if (b && b->off == b->len)
		b->off = b->len = 0;
	if (!b || b->len) {
		/* keep small reads together, so that a slow consumer does not cost a block each */
		if (b && b->cap - b->len >= b->cap / 2) {
			*len = b->cap - b->len;
			return b->data + b->len;
		}
		b = new_block(in);
		if (!b)
			return NULL;
		if (in->tail)
			in->tail->next = b;
		else
			in->head = b;
		in->tail = b;
	}
	*len = b->cap;
	return b->data;
}

static uint32_t mark_hash(enum mark_kind kind, int wd, const char *name, size_t len)
{
	uint32_t seed = pathev__hash_u64((uint64_t)kind << 32 | (uint32_t)wd);

	return len ? pathev__hash_bytes(seed, name, len) : seed;
}

static uint32_t hash_of(const void *ctx, uint32_t i)
{
	const struct pathev__intake *in = ctx;

	return in->mark[i].hash;
}

static const struct pathev__intake_mark *find_mark(const struct pathev__intake *in,
						   enum mark_kind kind, int wd,
						   const char *name, size_t len)
{
	const struct pathev__intake_mark *found = NULL;
	uint32_t hash, v;

	if (!in->nmarks)
		return NULL;
	hash = mark_hash(kind, wd, name, len);
	for (uint32_t i = pathev__table_first(&in->marks, hash);
	     (v = in->marks.slot[i]) != PATHEV__NIL; i = pathev__table_next(&in->marks, i)) {
		const struct pathev__intake_mark *m = &in->mark[v];

		if (m->hash != hash || m->kind != kind || m->wd != wd || m->pos < in->future)
			continue;
		if (len && (strncmp(m->name, name, len) || m->name[len]))
			continue;
		if (!found || m->pos > found->pos)
			found = m;
	}
	return found;
}

static int add_mark(struct pathev__intake *in, enum mark_kind kind, int wd,
		    const struct pathev__record *rec, const char *data, size_t left, uint64_t pos)
{
	size_t len = kind == MARK_DIR ? rec->namelen : 0;
	uint32_t hash = mark_hash(kind, wd, rec->name, len);
	struct pathev__intake_mark *m;

	/* the position of the last one is enough; this also keeps one name made and removed a
	 * million times from growing a chain */
	if (kind != MARK_MOVED_TO) {
		m = (struct pathev__intake_mark *)find_mark(in, kind, wd, rec->name, len);
		if (m) {
			m->pos = pos;
			m->name = rec->name;
			return 0;
		}
	}
	if (in->nmarks == PATHEV__NIL) {
		errno = ENOMEM;
		return -1;
	}
	m = pathev__grow(in->mark, &in->capmarks, (size_t)in->nmarks + 1, sizeof(*m));
	if (!m)
		return -1;
	in->mark = m;
	m[in->nmarks] = (struct pathev__intake_mark){
		.hash = hash, .kind = kind, .wd = wd, .name = rec->name,
		.data = data, .left = left, .pos = pos,
	};
	if (pathev__table_add(&in->marks, hash, in->nmarks, hash_of, in))
		return -1;
	in->nmarks++;
	return 0;
}

static int mark_record(struct pathev__intake *in, const struct pathev__record *rec,
		       const char *data, size_t left, uint64_t pos)
{
	const uint32_t binds = PATHEV_CREATE | PATHEV_DELETE | PATHEV_MOVE;

	if (rec->what & PATHEV_MOVED_TO &&
	    add_mark(in, MARK_MOVED_TO, (int)rec->cookie, rec, data, left, pos))
		return -1;
	if (rec->what & PATHEV_MOVE_SELF &&
	    add_mark(in, MARK_MOVE_SELF, rec->wd, rec, data, left, pos))
		return -1;
	if (rec->ignored && add_mark(in, MARK_GONE, rec->wd, rec, data, left, pos))
		return -1;
	if (rec->is_dir && rec->what & binds &&
	    add_mark(in, MARK_DIR, rec->wd, rec, data, left, pos))
		return -1;
	return 0;
}

/* Which read is the next record from? */
static void set_times(struct pathev__intake *in)
{
	const struct pathev__intake_read *r;

	if (in->pos == in->end) {
		in->nreads = in->firstread = 0;
		return;
	}
	while (in->reads[in->firstread].end <= in->pos)
		in->firstread++;
	r = &in->reads[in->firstread];
	in->read_end = r->end;
	in->time_ns = r->time_ns;
	in->since_ns = r->since_ns;
}

static int add_read(struct pathev__intake *in, uint64_t end, int64_t time_ns, int64_t since_ns)
{
	struct pathev__intake_read *r;

	r = pathev__grow(in->reads, &in->capreads, in->nreads + 1, sizeof(*r));
	if (!r)
		return -1;
	in->reads = r;
	r[in->nreads++] = (struct pathev__intake_read){end, time_ns, since_ns};
	return 0;
}

int pathev__intake_commit(struct pathev__intake *in, size_t len, int64_t time_ns,
			  int64_t since_ns)
{
	struct pathev__intake_block *b = in->tail;
	const char *data = b->data + b->len;
	size_t off = 0;

	assert(len <= b->cap - b->len);
	for (;;) {
		struct pathev__record rec;
		size_t size;

		off += pathev__inotify_plain(data + off, len - off);
		if (off == len)
			break;
		size = pathev__inotify_decode(data + off, len - off, &rec);
		if (!size) {
			errno = EBADMSG;
			break;
		}
		if (mark_record(in, &rec, data + off, len - off, in->end + off))
			break;
		off += size;
	}
	if (!off)
		return len ? -1 : 0;
	if (add_read(in, in->end + off, time_ns, since_ns))
		return -1;
	b->len += off;
	in->end += off;
	set_times(in);
	return off == len ? 0 : -1;
}

static size_t record_size(const struct pathev__intake_block *b, size_t off,
			  struct pathev__record *rec)
{
	size_t size = pathev__inotify_decode(b->data + off, b->len - off, rec);

	assert(size);	/* commit has checked it */
	return size;
}

int pathev__intake_peek(struct pathev__intake *in, struct pathev__record *rec)
{
	if (in->pos == in->end)
		return 0;
	in->future = in->pos + record_size(in->head, in->head->off, rec);
	return 1;
}

/* The last record of a read is done. */
static void end_read(struct pathev__intake *in)
{
	struct pathev__intake_block *b = in->head;

	if (b->off == b->len && b->next) {
		in->head = b->next;
		if (b->cap < BLOCK_BYTES || in->spare)
			free(b);
		else
			in->spare = b;
	}
	if (in->pos == in->end) {
		pathev__table_clear(&in->marks);
		in->nmarks = 0;
	}
	set_times(in);
}

void pathev__intake_skip(struct pathev__intake *in)
{
	struct pathev__record rec;

	/* mostly it was */
	if (in->future == in->pos)
		pathev__intake_peek(in, &rec);
	in->head->off += (size_t)(in->future - in->pos);
	in->pos = in->future;
	if (in->pos >= in->read_end)
		end_read(in);
}

void pathev__intake_drop(struct pathev__intake *in)
{
	free_blocks(in);
	pathev__table_clear(&in->marks);
	in->nmarks = 0;
	in->pos = in->future = in->end;
	set_times(in);
}

int pathev__intake_moved_to(const struct pathev__intake *in, uint32_t cookie,
			    struct pathev__record *rec)
{
	const struct pathev__intake_mark *m = find_mark(in, MARK_MOVED_TO, (int)cookie, NULL, 0);

	return m && pathev__inotify_decode(m->data, m->left, rec) != 0;
}

int pathev__intake_move_self(const struct pathev__intake *in, int wd)
{
	return find_mark(in, MARK_MOVE_SELF, wd, NULL, 0) != NULL;
}

int pathev__intake_gone(const struct pathev__intake *in, int wd)
{
	return find_mark(in, MARK_GONE, wd, NULL, 0) != NULL;
}

int pathev__intake_touches_dir(const struct pathev__intake *in, int wd, const char *name,
			       size_t namelen)
{
	return find_mark(in, MARK_DIR, wd, name, namelen) != NULL;
}

int pathev__intake_walk(const struct pathev__intake *in, uint64_t pos,
			struct pathev__intake_cursor *c, struct pathev__record *rec)
{
	if (!c->block && !c->next) {
		c->block = in->head;
		c->off = c->block ? c->block->off : 0;
		c->next = in->pos;
	}
	while (c->next < in->end) {
		assert(c->block);	/* there is one as long as there are bytes */
		size_t left = c->block->len - c->off, size;

		/* past a block at once, if all that is left of it lies before */
		if (!left || c->next + left <= pos) {
			c->next += left;
			c->block = c->block->next;
			c->off = c->block ? c->block->off : 0;
			continue;
		}
		size = record_size(c->block, c->off, rec);
		c->pos = c->next;
		c->off += size;
		c->next += size;
		if (c->pos >= pos)
			return 1;
	}
	return 0;
}
