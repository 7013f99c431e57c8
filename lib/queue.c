/* SPDX-License-Identifier: MIT */
/*
 * queue.c - events ready to hand out, and the storage of their strings
 *
 * A queue is a chain of chunks.  A chunk holds items one behind the other; an item is a head
 * and then its bytes.  Before the first item of a chunk, and wherever the directory changes,
 * stands a dir item with the directory's path; the events behind it are in that directory.
 * Items are copied in and out, so that nothing needs to be aligned.
 *
 * To a reader who waits already an event is handed without all that.
 */
#include "queue.h"

#include "base.h"
#include "pathev.h"

#include <string.h>

/* The first is small: who waits for one event needs no more. */
enum { CHUNK_BYTES = 64 * 1024 - 64, FIRST_BYTES = 1024 - 64 };

struct pathev__queue_chunk {
	struct pathev__queue_chunk *next;
	size_t cap;
	size_t off;		/* of the next item to pop */
	size_t len;
	size_t dir;		/* where the dir item in force while pushing is; SIZE_MAX: none */
	char data[];
};

/* what == 0 marks a dir item: no event is without a bit */
struct dir_item {
	uint32_t what;
	uint32_t dirlen;
	uint32_t reloff;
	const char *root;
};

struct event_item {
	uint32_t what;
	uint32_t cookie;
	int32_t error;
	uint32_t otherlen;
	int64_t time_ns;
	uint16_t namelen;
	char type;
	char flags;
};

/* flags; evidence is in the two bits above */
enum { SYNTHESIZED = 1, HAS_OTHER = 2, HAS_NAME = 4, NO_PATH = 8, EVIDENCE = 16 };

void pathev__queue_fini(struct pathev__queue *q)
{
	struct pathev__queue_chunk *next;

	for (struct pathev__queue_chunk *c = q->head; c; c = next) {
		next = c->next;
		free(c);
	}
	free(q->spare);
	pathev__buf_fini(&q->path);
	pathev__buf_fini(&q->other);
	*q = (struct pathev__queue){0};
}

static struct pathev__queue_chunk *new_chunk(struct pathev__queue *q, size_t need)
{
	struct pathev__queue_chunk *c = NULL;
	size_t least = q->tail || q->spare ? CHUNK_BYTES : FIRST_BYTES;
	size_t size;

	if (need <= least) {
		need = least;
		c = q->spare;
		q->spare = NULL;
	}
	if (!c) {
		if (pathev__size(need, 1, sizeof(*c), &size))
			return NULL;
		c = malloc(size);
		if (!c)
			return NULL;
	}
	c->next = NULL;
	c->cap = need;
	c->off = c->len = 0;
	c->dir = SIZE_MAX;
	if (q->tail)
		q->tail->next = c;
	else
		q->head = c;
	q->tail = c;
	return c;
}

static void drop_head(struct pathev__queue *q)
{
	struct pathev__queue_chunk *c = q->head;

	q->head = c->next;
	if (!q->head)
		q->tail = NULL;
	if (!q->spare && c->cap == CHUNK_BYTES)
		q->spare = c;
	else
		free(c);
}

static void append(struct pathev__queue_chunk *c, const void *data, size_t len)
{
	memcpy(c->data + c->len, data, len);
	c->len += len;
}

/* Is the directory of a new event the one in force? */
static int same_dir(const struct pathev__queue_chunk *c, const struct pathev__queue_in *in)
{
	struct dir_item d;

	if (c->dir == SIZE_MAX)
		return 0;
	memcpy(&d, c->data + c->dir, sizeof(d));
	return d.dirlen == in->dirlen && d.root == in->root && d.reloff == in->reloff &&
	       !memcmp(c->data + c->dir + sizeof(d), in->dir, in->dirlen);
}

/* Paths begin with this directory from now on. */
static int enter_dir(struct pathev__queue *q, const char *dir, size_t len, const char *root,
		     size_t reloff)
{
	q->path.len = 0;
	if (pathev__buf_room(&q->path, len))
		return -1;
	memcpy(q->path.data, dir, len);
	q->dirlen = len;
	q->root = root;
	q->reloff = reloff;
	return 0;
}

/* The path of an event: the directory in the buffer, and the name, if it has one, behind it. */
static int put_path(struct pathev__queue *q, const char *name, size_t len, struct pathev_event *ev)
{
	const char *dir;
	char *p;

	q->path.len = q->dirlen;
	if (pathev__buf_room(&q->path, len + 1))
		return -1;
	dir = q->path.data;
	p = q->path.data + q->dirlen;
	if (name) {
		if (q->dirlen && p[-1] != '/')
			*p++ = '/';
		ev->nameoff = (size_t)(p - dir);
		memcpy(p, name, len);
		p += len;
	} else {
		const char *slash = q->dirlen > 1 ? memrchr(dir, '/', q->dirlen) : NULL;

		ev->nameoff = slash ? (size_t)(slash + 1 - dir) : 0;
	}
	*p = '\0';
	q->path.len = (size_t)(p - dir);
	ev->path = dir;
	ev->pathlen = q->path.len;
	ev->root = q->root;
	ev->reloff = q->reloff < ev->pathlen ? q->reloff : ev->pathlen;
	return 0;
}

static int put_other(struct pathev__queue *q, const char *other, size_t len,
		     struct pathev_event *ev)
{
	pathev__buf_cut(&q->other, 0);
	if (pathev__buf_add(&q->other, other, len))
		return -1;
	if (ev->what & PATHEV_SYNC)
		ev->token = q->other.data;
	else if (ev->what & PATHEV_MOVED_TO)
		ev->from = q->other.data;
	else
		ev->to = q->other.data;
	return 0;
}

/* All of an event but its strings.  One by one: the compiler would clear it first, all 136 bytes,
 * and that takes longer than the rest. */
static inline void fill(struct pathev_event *ev, uint32_t what, uint32_t cookie, int error,
			char type, char synthesized, char evidence, int64_t time_ns)
{
	ev->what = what;
	ev->cookie = cookie;
	ev->error = error;
	ev->type = type;
	ev->synthesized = synthesized;
	ev->evidence = evidence;
	ev->path = ev->root = ev->from = ev->to = NULL;
	ev->token = ev->command = ev->why = NULL;
	ev->pathlen = ev->nameoff = ev->reloff = 0;
	ev->time_ns = time_ns;
	ev->seq = 0;
}

/* To the reader who waits. */
static int hand_over(struct pathev__queue *q, const struct pathev__queue_in *in)
{
	struct pathev_event *ev = q->to;

	fill(ev, in->what, in->cookie, in->error, in->type, in->synthesized, in->evidence,
	     in->time_ns);
	if (in->root && (enter_dir(q, in->dir, in->dirlen, in->root, in->reloff) ||
			 put_path(q, in->name, in->name ? in->namelen : 0, ev)))
		return -1;
	if (in->other && put_other(q, in->other, in->otherlen, ev))
		return -1;
	q->to = NULL;
	return 0;
}

/* Kept apart from the short way, which would pay for its room. */
static __attribute__((noinline)) int store(struct pathev__queue *q, const struct pathev__queue_in *in)
{
	struct pathev__queue_chunk *c = q->tail;
	struct event_item e = {
		.what = in->what, .cookie = in->cookie, .error = in->error,
		.otherlen = (uint32_t)(in->other ? in->otherlen : 0), .time_ns = in->time_ns,
		.namelen = (uint16_t)(in->name ? in->namelen : 0), .type = in->type,
		.flags = (char)((in->synthesized ? SYNTHESIZED : 0) | (in->other ? HAS_OTHER : 0) |
				(in->name ? HAS_NAME : 0) | (in->root ? 0 : NO_PATH) |
				in->evidence * EVIDENCE),
	};
	size_t event = sizeof(e) + e.namelen + e.otherlen;
	size_t dir = in->root ? sizeof(struct dir_item) + in->dirlen : 0;
	size_t before;

	/* empty again: start over at the front, where the cache is warm */
	if (c && !q->count) {
		c->off = c->len = 0;
		c->dir = SIZE_MAX;
	}
	if (!c || c->cap - c->len < event + dir)
		c = new_chunk(q, event + dir);
	if (!c)
		return -1;
	before = c->len;
	if (in->root && !same_dir(c, in)) {
		struct dir_item d = {
			.dirlen = (uint32_t)in->dirlen, .reloff = (uint32_t)in->reloff,
			.root = in->root,
		};

		c->dir = c->len;
		append(c, &d, sizeof(d));
		append(c, in->dir, in->dirlen);
	}
	append(c, &e, sizeof(e));
	if (in->name)
		append(c, in->name, in->namelen);
	if (in->other)
		append(c, in->other, in->otherlen);
	q->bytes += c->len - before;
	q->count++;
	return 0;
}

int pathev__queue_push(struct pathev__queue *q, const struct pathev__queue_in *in)
{
	return q->to && !q->count ? hand_over(q, in) : store(q, in);
}

/* A dir item: its directory stays in the buffer for the events behind it. */
static int take_dir(struct pathev__queue *q, struct pathev__queue_chunk *c)
{
	struct dir_item d;

	memcpy(&d, c->data + c->off, sizeof(d));
	if (enter_dir(q, c->data + c->off + sizeof(d), d.dirlen, d.root, d.reloff))
		return -1;
	c->off += sizeof(d) + d.dirlen;
	return 0;
}

int pathev__queue_pop(struct pathev__queue *q, struct pathev_event *ev)
{
	struct pathev__queue_chunk *c;
	struct event_item e;
	size_t before;
	const char *name;

	if (!q->count)
		return 0;
	while (q->head->off == q->head->len)
		drop_head(q);
	c = q->head;
	before = c->off;
	memcpy(&e.what, c->data + c->off, sizeof(e.what));
	if (!e.what && take_dir(q, c))
		return -1;
	memcpy(&e, c->data + c->off, sizeof(e));
	name = c->data + c->off + sizeof(e);
	fill(ev, e.what, e.cookie, e.error, e.type, (e.flags & SYNTHESIZED) != 0,
	     (char)(e.flags / EVIDENCE), e.time_ns);
	if ((!(e.flags & NO_PATH) &&
	     put_path(q, e.flags & HAS_NAME ? name : NULL, e.namelen, ev)) ||
	    (e.flags & HAS_OTHER && put_other(q, name + e.namelen, e.otherlen, ev))) {
		c->off = before;
		return -1;
	}
	c->off += sizeof(e) + e.namelen + e.otherlen;
	q->bytes -= c->off - before;
	q->count--;
	return 1;
}
