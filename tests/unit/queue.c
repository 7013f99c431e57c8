/* SPDX-License-Identifier: MIT */
/* queue.c - tests of the events that wait, against a model that keeps them in a list */
#include "alloc.h"

#include "../../lib/buf.c"
#include "../../lib/queue.c"

#include "random.h"
#include "tap.h"

enum { LONG_BYTES = 200000, WAITING = 1000 };

static const char root_a[] = "a", root_again[] = "a", root_slash[] = "/", root_abs[] = "/x/y";
static char long_path[LONG_BYTES + 1];	/* "a/ddd...": longer than a chunk */

/* Directories, each with the root that it is below and where the part below that begins. */
static const struct {
	const char *root, *dir;
	size_t reloff;
} dirs[] = {
	{root_a, "a", 2},
	{root_again, "a", 2},		/* removed, and added again */
	{root_a, "a/b", 2},
	{root_a, "a/c", 2},
	{root_a, "a/b/a rather long name of a directory that stands for many", 2},
	{root_slash, "/", 1},
	{root_slash, "/x/y", 1},
	{root_abs, "/x/y", 5},		/* the same path below another root */
	{root_abs, "/x/y/z", 5},
	{root_a, long_path, 2},
};

static const char *const names[] = {"f", "file-name.txt", "\xff\xfe odd\n", NULL};

static struct model {
	struct pathev__queue_in in;
	char *path;		/* put together naively */
} model[WAITING];
static size_t model_head, model_count, handed;

static char *join(const char *dir, const char *name)
{
	size_t len = strlen(dir);
	char *path = NULL;

	if (asprintf(&path, "%s%s%s", dir, name && dir[len - 1] != '/' ? "/" : "",
		     name ? name : "") < 0)
		abort();
	return path;
}

static struct pathev__queue_in random_event(void)
{
	static const uint32_t kinds[] = {
		PATHEV_CREATE, PATHEV_MOVED_FROM, PATHEV_MOVED_TO, PATHEV_MODIFY, PATHEV_ERROR,
		PATHEV_CLOSE_WRITE | PATHEV_MODIFY,
	};
	size_t d = draw(30) ? draw(PATHEV__COUNT(dirs) - 1) : PATHEV__COUNT(dirs) - 1;
	struct pathev__queue_in in = {
		.what = kinds[draw(PATHEV__COUNT(kinds))], .cookie = draw(1000),
		.error = draw(4) ? 0 : EACCES, .type = "\0df"[draw(3)],
		.synthesized = (char)draw(2), .time_ns = (int64_t)draw_state >> 1,
	};

	if (draw(20) == 0) {
		in.what = draw(2) ? PATHEV_OVERFLOW : PATHEV_READY;
		return in;
	}
	in.root = dirs[d].root;
	in.dir = dirs[d].dir;
	in.dirlen = strlen(in.dir);
	in.reloff = dirs[d].reloff;
	in.name = names[draw(PATHEV__COUNT(names))];
	in.namelen = in.name ? strlen(in.name) : 0;
	if (in.what & PATHEV_MOVE && draw(2)) {
		in.other = draw(50) ? dirs[draw(3)].dir : long_path;
		in.otherlen = strlen(in.other);
	}
	return in;
}

static int same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static int same(const struct pathev_event *ev, const struct model *m)
{
	const struct pathev__queue_in *in = &m->in;
	const char *slash = m->path ? strrchr(m->path, '/') : NULL;
	size_t len = m->path ? strlen(m->path) : 0;

	if (ev->what != in->what || ev->cookie != in->cookie || ev->error != in->error ||
	    ev->type != in->type || ev->synthesized != in->synthesized ||
	    ev->time_ns != in->time_ns || ev->root != in->root || ev->seq != 0)
		return 0;
	if (!same_text(ev->path, m->path) || ev->pathlen != len)
		return 0;
	if (m->path && ev->nameoff != (slash && len > 1 ? (size_t)(slash + 1 - m->path) : 0))
		return 0;
	if (m->path && ev->reloff != (in->reloff < len ? in->reloff : len))
		return 0;
	return same_text(ev->from, in->what & PATHEV_MOVED_TO ? in->other : NULL) &&
	       same_text(ev->to, in->what & PATHEV_MOVED_TO ? NULL : in->other);
}

/* To the queue, or to a reader who waits: that one has it at once if nothing else waits. */
static int push(struct pathev__queue *q)
{
	struct pathev__queue_in in = random_event();
	struct model *m = &model[(model_head + model_count) % WAITING];
	struct pathev_event ev, *to = draw(2) ? &ev : NULL;
	int failed, right;

	q->to = to;
	if (draw(50) == 0)
		alloc_left = 0;
	failed = pathev__queue_push(q, &in);
	right = !failed || (alloc_left == -1 && errno == ENOMEM);
	alloc_left = -1;
	right &= q->to == (to && !failed && !model_count ? NULL : to);
	q->to = NULL;
	if (failed)
		return right;
	m->in = in;
	m->path = in.root ? join(in.dir, in.name) : NULL;
	if (to && !model_count) {
		right &= same(&ev, m);
		free(m->path);
		handed++;
	} else {
		model_count++;
	}
	return right;
}

static int pop(struct pathev__queue *q)
{
	struct model *m = &model[model_head];
	struct pathev_event ev;
	int res, right;

	if (draw(50) == 0)
		alloc_left = 0;
	errno = 0;
	res = pathev__queue_pop(q, &ev);
	if (res < 0) {
		right = errno == ENOMEM && alloc_left == -1;
		alloc_left = -1;
		return right;
	}
	alloc_left = -1;
	if (!model_count)
		return res == 0;
	right = res == 1 && same(&ev, m);
	free(m->path);
	model_head = (model_head + 1) % WAITING;
	model_count--;
	return right;
}

static size_t chunk_bytes(const struct pathev__queue *q)
{
	size_t bytes = q->spare ? q->spare->cap + sizeof(*q->spare) : 0;

	for (const struct pathev__queue_chunk *c = q->head; c; c = c->next)
		bytes += c->cap + sizeof(*c);
	return bytes;
}

static void test_random(void)
{
	struct pathev__queue q = {0};
	const int steps = rounds(100000);
	int wrong_push = 0, wrong_pop = 0, wrong_count = 0;
	size_t most = 0, left;

	for (int step = 0; step < steps; step++) {
		/* by turns it grows, shrinks, and is emptied */
		int grows = draw(10) < (step / 3000 % 2 ? 3u : 7u);

		if (grows && model_count < WAITING)
			wrong_push += !push(&q);
		else
			wrong_pop += !pop(&q);
		if (draw(3000) == 0)
			while (model_count)
				wrong_pop += !pop(&q);
		wrong_count += q.count != model_count || (!model_count && q.bytes);
		most = q.bytes > most ? q.bytes : most;
	}
	while (model_count)
		wrong_pop += !pop(&q);
	left = chunk_bytes(&q);
	is_int(wrong_push, 0, "random events: all are taken, but for lack of memory");
	is_int(wrong_pop, 0, "random events: each comes out as it went in");
	is_int(wrong_count, 0, "random events: they are counted, and no byte is left over");
	ok(handed > 100, "random events: many are handed to who waits (%zu)", handed);
	ok(most > 10 * LONG_BYTES, "random events: long ones are among them");
	ok(left < 3 * LONG_BYTES, "random events: memory is given back (%zu kept)", left);
	pathev__queue_fini(&q);
}

/* What a name is put together of. */
static void test_names(void)
{
	struct pathev__queue q = {0};
	struct pathev_event ev;
	struct pathev__queue_in in = {
		.what = PATHEV_ATTRIB, .root = root_a, .dir = "a", .dirlen = 1, .reloff = 2,
	};

	is_int(pathev__queue_pop(&q, &ev), 0, "a new queue is empty");
	pathev__queue_push(&q, &in);
	in.name = "f";
	in.namelen = 1;
	pathev__queue_push(&q, &in);
	in.root = root_slash;
	in.dir = "/";
	in.reloff = 1;
	pathev__queue_push(&q, &in);
	in.name = NULL;
	pathev__queue_push(&q, &in);
	pathev__queue_pop(&q, &ev);
	is_str(ev.path, "a", "the root itself");
	is_str(ev.path + ev.reloff, "", "has nothing below");
	is_str(ev.path + ev.nameoff, "a", "and is its own last component");
	pathev__queue_pop(&q, &ev);
	is_str(ev.path, "a/f", "a name in it");
	is_str(ev.path + ev.reloff, "f", "is below");
	pathev__queue_pop(&q, &ev);
	is_str(ev.path, "/f", "a name in the root directory");
	is_str(ev.path + ev.nameoff, "f", "is a last component");
	pathev__queue_pop(&q, &ev);
	is_str(ev.path, "/", "the root directory");
	is_str(ev.path + ev.nameoff, "/", "is its own last component");
	pathev__queue_fini(&q);
}

static void test_pairs(void)
{
	struct pathev__queue q = {0};
	struct pathev_event ev;
	struct pathev__queue_in in = {
		.what = PATHEV_MOVED_FROM, .root = root_a, .dir = "a", .dirlen = 1, .reloff = 2,
		.name = "x", .namelen = 1, .other = "a/yy", .otherlen = 3, .cookie = 7,
	};

	pathev__queue_push(&q, &in);
	in.what = PATHEV_MOVED_TO;
	pathev__queue_push(&q, &in);
	in.other = NULL;
	pathev__queue_push(&q, &in);
	in.other = "";
	in.otherlen = 0;
	pathev__queue_push(&q, &in);
	pathev__queue_pop(&q, &ev);
	is_str(ev.to, "a/y", "what leaves tells where it goes, of the length given");
	is_str(ev.from, NULL, "and not where it comes from");
	pathev__queue_pop(&q, &ev);
	is_str(ev.from, "a/y", "what arrives tells where it comes from");
	is_str(ev.to, NULL, "and not where it goes");
	pathev__queue_pop(&q, &ev);
	is_str(ev.from, NULL, "or neither");
	pathev__queue_pop(&q, &ev);
	is_str(ev.from, "", "which is not the same as nothing");
	pathev__queue_fini(&q);
}

/* A reader that sleeps while 200000 events come. */
static void test_memory(void)
{
	enum { EVENTS = 200000 };
	struct pathev__queue q = {0};
	struct pathev__queue_in in = {
		.what = PATHEV_CREATE, .root = root_abs, .dir = "/x/y/some/directory",
		.dirlen = 19, .reloff = 5, .namelen = 8,
	};
	struct pathev_event ev;
	size_t bytes, heap, cap;
	char name[16];
	int wrong = 0;

	in.name = name;
	for (int i = 0; i < EVENTS; i++) {
		snprintf(name, sizeof(name), "f%07d", i);
		wrong += pathev__queue_push(&q, &in) != 0;
	}
	bytes = q.bytes;
	heap = chunk_bytes(&q);
	ok(bytes <= (size_t)EVENTS * 42, "an event of a run takes 32 bytes and its name (%.1f)",
	   (double)bytes / EVENTS);
	ok(heap >= bytes && heap <= bytes + bytes / 100 + 2 * CHUNK_BYTES,
	   "and the heap holds little more (%.1f)", (double)heap / EVENTS);
	for (int i = 0; i < EVENTS; i++) {
		snprintf(name, sizeof(name), "f%07d", i);
		wrong += pathev__queue_pop(&q, &ev) != 1 || strcmp(ev.path + 20, name) != 0;
		if (i == EVENTS / 2) {
			ok(q.bytes < bytes / 2 + CHUNK_BYTES && q.bytes > bytes / 2 - CHUNK_BYTES,
			   "half of them gone, half of the bytes are");
			ok(chunk_bytes(&q) < heap / 2 + 3 * CHUNK_BYTES, "and half of the heap is");
		}
	}
	is_int(wrong, 0, "all of them come out in order");
	is_int((intmax_t)q.bytes, 0, "and leave no byte");
	ok(chunk_bytes(&q) <= 3 * CHUNK_BYTES, "and little heap");
	cap = q.path.cap;
	for (int i = 0; i < 10000; i++) {
		wrong += pathev__queue_push(&q, &in) != 0 || pathev__queue_pop(&q, &ev) != 1;
		alloc_left = 0;		/* from here on nothing more is needed */
	}
	is_int(wrong, 0, "once warm an event needs no allocation");
	ok(q.path.cap == cap, "not even for its path");
	alloc_left = -1;
	for (int i = 0; i < 20; i++) {
		for (int k = 0; k < 2500; k++)
			wrong += pathev__queue_push(&q, &in) != 0;
		for (int k = 0; k < 2500; k++)
			wrong += pathev__queue_pop(&q, &ev) != 1;
		if (i == 3)
			alloc_left = 0;
	}
	is_int(wrong, 0, "nor where they fill a chunk and a half, again and again");
	alloc_left = -1;
	pathev__queue_fini(&q);
}

/* One very long path is not kept for ever. */
static void test_long(void)
{
	struct pathev__queue q = {0};
	struct pathev__queue_in in = {
		.what = PATHEV_CREATE, .root = root_a, .dir = long_path, .dirlen = LONG_BYTES,
		.reloff = 2,
	};
	struct pathev_event ev;

	pathev__queue_push(&q, &in);
	in.dirlen = 1;
	pathev__queue_push(&q, &in);
	pathev__queue_pop(&q, &ev);
	is_int((intmax_t)ev.pathlen, LONG_BYTES, "a path may be longer than a chunk");
	pathev__queue_pop(&q, &ev);
	is_str(ev.path, "a", "and what comes behind is another");
	ok(chunk_bytes(&q) < LONG_BYTES, "the long chunk is given back");
	pathev__queue_fini(&q);
}

/* Without memory for the path nothing is popped, and later it is. */
static void test_nomem(void)
{
	struct pathev__queue q = {0};
	struct pathev__queue_in in = {
		.what = PATHEV_MOVED_TO, .root = root_a, .dir = "a/b", .dirlen = 3, .reloff = 2,
		.name = "c", .namelen = 1, .other = "a/d", .otherlen = 3,
	};
	struct pathev_event ev;

	alloc_left = 0;
	ok(pathev__queue_push(&q, &in) == -1 && errno == ENOMEM, "no memory for an event");
	is_int(pathev__queue_pop(&q, &ev), 0, "then there is none");
	pathev__queue_push(&q, &in);
	for (int i = 0; i < 2; i++) {
		alloc_left = i;
		ok(pathev__queue_pop(&q, &ev) == -1 && errno == ENOMEM,
		   "no memory to hand it out (%d)", i);
		is_int((intmax_t)q.count, 1, "then it waits");
	}
	is_int(pathev__queue_pop(&q, &ev), 1, "until there is");
	is_str(ev.path, "a/b/c", "with its path");
	is_str(ev.from, "a/d", "and where it comes from");
	is_int((intmax_t)q.bytes, 0, "and all is counted");
	pathev__queue_fini(&q);
}

int main(void)
{
	memset(long_path, 'd', LONG_BYTES);
	memcpy(long_path, "a/", 2);
	test_names();
	test_pairs();
	test_memory();
	test_long();
	test_nomem();
	test_random();
	return done_testing();
}
