/* SPDX-License-Identifier: MIT */
/*
 * intake.c - tests of the records that wait, against a model that keeps all of them in a list
 *
 * The questions about the future are answered by the model with a walk over that list.
 */
#include "alloc.h"

#include "../../lib/table.c"

#include "../../lib/intake.c"	/* behind it: both have a hash_of */

#include "random.h"
#include "tap.h"

#include <sys/inotify.h>

enum { MODEL_MAX = 100000 };

static struct {
	struct pathev__record rec;
	char name[256];
	uint64_t pos;
	int64_t time_ns, since_ns;
} model[MODEL_MAX];
static size_t model_len, model_next;	/* all records ever; the next to act on */
static int model_peeked;		/* model_next is the present */

static size_t encode(char *to, int wd, uint32_t mask, uint32_t cookie, const char *name)
{
	size_t len = strlen(name), field = len ? (len + 16) / 16 * 16 : 0;
	struct inotify_event ev = {
		.wd = wd, .mask = mask, .cookie = cookie, .len = (uint32_t)field,
	};

	memcpy(to, &ev, sizeof(ev));
	memset(to + sizeof(ev), 0, field);
	memcpy(to + sizeof(ev), name, len);
	return sizeof(ev) + field;
}

/* The next record of the intake, by hand. */
static int commit_one(struct pathev__intake *in, int wd, uint32_t mask, uint32_t cookie,
		      const char *name)
{
	size_t room, size;
	char *to = pathev__intake_room(in, &room);

	if (!to || room < PATHEV__RECORD_MAX)
		return -1;
	size = encode(to, wd, mask, cookie, name);
	return pathev__intake_commit(in, size, 1, 1);
}

static void reset(struct pathev__intake *in)
{
	pathev__intake_fini(in);
	pathev__intake_init(in);
	model_len = model_next = 0;
	model_peeked = 0;
}

/* A random record, few enough different ones for the questions to be met. */
static size_t random_record(char *to, uint64_t pos, int64_t time_ns, int64_t since_ns)
{
	static const uint32_t masks[] = {
		IN_CREATE, IN_DELETE, IN_MOVED_FROM, IN_MOVED_TO, IN_MODIFY, IN_MOVE_SELF,
		IN_IGNORED, IN_ATTRIB,
	};
	uint32_t mask = masks[draw(PATHEV__COUNT(masks))];
	uint32_t cookie = mask & IN_MOVE ? 1 + draw(40) : 0;
	int wd = 1 + (int)draw(4);
	char name[256] = "";
	size_t size;

	if (!(mask & (IN_MOVE_SELF | IN_IGNORED))) {
		if (draw(20))
			snprintf(name, sizeof(name), "n%u", draw(6));
		else
			memset(name, 'x', 255 - draw(2));
	}
	if (draw(2))
		mask |= IN_ISDIR;
	size = encode(to, wd, mask, cookie, name);
	pathev__inotify_decode(to, size, &model[model_len].rec);
	strcpy(model[model_len].name, name);
	model[model_len].rec.name = model[model_len].name;
	model[model_len].pos = pos;
	model[model_len].time_ns = time_ns;
	model[model_len].since_ns = since_ns;
	model_len++;
	return size;
}

/* Read some records, as many as come or as fit. */
static int commit_some(struct pathev__intake *in, uint32_t n)
{
	static int64_t now = 1000;
	size_t room, len = 0;
	char *to = pathev__intake_room(in, &room);

	if (!to || room < PATHEV__RECORD_MAX)
		return -1;
	now += 10;
	while (n-- && room - len >= PATHEV__RECORD_MAX && model_len < MODEL_MAX)
		len += random_record(to + len, in->end + len, now, now - 7);
	return pathev__intake_commit(in, len, now, now - 7);
}

static int same(const struct pathev__record *a, const struct pathev__record *b)
{
	return a->wd == b->wd && a->what == b->what && a->cookie == b->cookie &&
	       a->is_dir == b->is_dir && a->ignored == b->ignored && a->namelen == b->namelen &&
	       !strcmp(a->name, b->name);
}

/* The first record that is the future. */
static size_t future(void)
{
	return model_next + (model_peeked != 0);
}

static int asks_right(const struct pathev__intake *in)
{
	const uint32_t binds = PATHEV_CREATE | PATHEV_DELETE | PATHEV_MOVE;
	struct pathev__record rec;
	uint32_t cookie = draw(42);
	int wd = (int)draw(6), self = 0, dir = 0, gone = 0, found;
	char name[8];
	size_t to = SIZE_MAX;

	snprintf(name, sizeof(name), "n%u", draw(7));
	for (size_t i = future(); i < model_len; i++) {
		const struct pathev__record *r = &model[i].rec;

		if (r->what & PATHEV_MOVED_TO && r->cookie == cookie)
			to = i;
		self |= r->what & PATHEV_MOVE_SELF && r->wd == wd;
		gone |= r->ignored && r->wd == wd;
		dir |= r->is_dir && r->what & binds && r->wd == wd && !strcmp(r->name, name);
	}
	found = pathev__intake_moved_to(in, cookie, &rec);
	if (found != (to != SIZE_MAX) || (found && !same(&rec, &model[to].rec)))
		return 0;
	return pathev__intake_move_self(in, wd) == self && pathev__intake_gone(in, wd) == gone &&
	       pathev__intake_touches_dir(in, wd, name, strlen(name)) == dir;
}

/* Walk from a random position, which need not be where a record begins. */
static int walks_right(const struct pathev__intake *in)
{
	uint64_t from = in->pos + draw((uint32_t)pathev__intake_len(in) + 3);
	struct pathev__intake_cursor c = {0};
	struct pathev__record rec;
	size_t i = model_next;

	while (i < model_len && model[i].pos < from)
		i++;
	for (; pathev__intake_walk(in, from, &c, &rec); i++)
		if (i >= model_len || !same(&rec, &model[i].rec) || c.pos != model[i].pos)
			return 0;
	return i == model_len;
}

static int peeks_right(struct pathev__intake *in)
{
	struct pathev__record rec;
	int got = pathev__intake_peek(in, &rec);

	if (got != (model_next < model_len))
		return 0;
	model_peeked = got;
	return !got || (same(&rec, &model[model_next].rec) && in->pos == model[model_next].pos);
}

static int times_right(const struct pathev__intake *in)
{
	return in->time_ns == model[model_next].time_ns &&
	       in->since_ns == model[model_next].since_ns;
}

static void test_random(uint32_t burst, uint32_t skips)
{
	struct pathev__intake in;
	int failed = 0, asked = 0, walked = 0, peeked = 0, timed = 0;

	pathev__intake_init(&in);
	reset(&in);
	while (model_len < 30000 && !failed) {
		failed += commit_some(&in, draw(burst) + (draw(50) == 0 ? 3000 : 1)) != 0;
		asked += !asks_right(&in);
		if (draw(4) == 0)
			walked += !walks_right(&in);
		for (uint32_t n = draw(skips); n-- && model_next < model_len;) {
			peeked += !peeks_right(&in);
			asked += !asks_right(&in);
			timed += !times_right(&in);
			pathev__intake_skip(&in);
			model_next++;
			model_peeked = 0;
		}
		if (draw(30) == 0)
			peeked += !peeks_right(&in);
		if (draw(300) == 0) {
			pathev__intake_drop(&in);
			model_next = model_len;
			model_peeked = 0;
			peeked += !peeks_right(&in);
		}
	}
	is_int(failed, 0, "bursts of %u: everything is taken", burst);
	is_int(peeked, 0, "bursts of %u: records come out as they went in", burst);
	is_int(asked, 0, "bursts of %u: the future is known", burst);
	is_int(walked, 0, "bursts of %u: walks see the same", burst);
	is_int(timed, 0, "bursts of %u: each record has the times of its read", burst);
	pathev__intake_fini(&in);
}

static void test_future(void)
{
	struct pathev__intake in;
	struct pathev__record rec;

	pathev__intake_init(&in);
	is_int(pathev__intake_peek(&in, &rec), 0, "a new intake is empty");
	is_int(pathev__intake_moved_to(&in, 1, &rec), 0, "and knows no future");
	commit_one(&in, 1, IN_MOVED_TO | IN_ISDIR, 5, "d");
	commit_one(&in, 2, IN_MOVE_SELF, 0, "");
	is_int(pathev__intake_moved_to(&in, 5, &rec), 1, "before the peek, the first is future");
	pathev__intake_peek(&in, &rec);
	is_int(pathev__intake_moved_to(&in, 5, &rec), 0, "once peeked at, it is the present");
	is_int(pathev__intake_touches_dir(&in, 1, "d", 1), 0, "also as what touches a name");
	is_int(pathev__intake_move_self(&in, 2), 1, "what is behind it is still to come");
	pathev__intake_skip(&in);
	pathev__intake_peek(&in, &rec);
	is_int(pathev__intake_move_self(&in, 2), 0, "until it is peeked at in turn");
	commit_one(&in, 2, IN_MOVE_SELF, 0, "");
	is_int(pathev__intake_move_self(&in, 2), 1, "the same once more is future again");
	pathev__intake_drop(&in);
	is_int(pathev__intake_move_self(&in, 2), 0, "what is dropped is not to come");
	is_int(pathev__intake_peek(&in, &rec), 0, "nor there");
	commit_one(&in, 3, IN_CREATE, 0, "f");
	ok(pathev__intake_peek(&in, &rec) && rec.wd == 3, "after a drop it goes on");
	is_int(pathev__intake_touches_dir(&in, 3, "f", 1), 0, "a file touches no directory");
	commit_one(&in, 3, IN_DELETE | IN_ISDIR, 0, "name");
	is_int(pathev__intake_touches_dir(&in, 3, "nam", 3), 0, "a shorter name is another");
	is_int(pathev__intake_touches_dir(&in, 3, "names", 5), 0, "and so is a longer one");
	is_int(pathev__intake_touches_dir(&in, 3, "names", 4), 1,
	       "of a name no more than its length is looked at");
	pathev__intake_fini(&in);
}

/* The bytes that are no record end a commit; what was before them stays. */
static void test_malformed(void)
{
	struct pathev__intake in;
	struct pathev__record rec;
	size_t room, len;
	char *to;
	int res;

	pathev__intake_init(&in);
	to = pathev__intake_room(&in, &room);
	len = encode(to, 1, IN_CREATE, 0, "first");
	len += encode(to + len, 1, IN_MOVED_TO, 9, "second");
	encode(to + len, 1, IN_CREATE, 0, "third");
	errno = 0;
	res = pathev__intake_commit(&in, len + 20, 5, 4);
	ok(res == -1 && errno == EBADMSG, "a commit that ends inside a record is an error");
	is_int((intmax_t)pathev__intake_len(&in), (intmax_t)len, "what was before is kept");
	is_int(pathev__intake_moved_to(&in, 9, &rec), 1, "and is known");
	is_int(commit_one(&in, 1, IN_CREATE, 0, "fourth"), 0, "and it goes on behind that");
	for (int i = 0; i < 3 && pathev__intake_peek(&in, &rec); i++) {
		static const char *const names[] = {"first", "second", "fourth"};

		is_str(rec.name, names[i], "record %d is there", i);
		is_int(in.time_ns, i < 2 ? 5 : 1, "record %d: when it was read", i);
		pathev__intake_skip(&in);
	}
	is_int(pathev__intake_peek(&in, &rec), 0, "and no more");
	to = pathev__intake_room(&in, &room);
	memset(to, 0xff, 64);
	res = pathev__intake_commit(&in, 64, 5, 4);
	ok(res == -1 && errno == EBADMSG, "nothing but garbage is an error too");
	is_int((intmax_t)pathev__intake_len(&in), 0, "and leaves nothing");
	is_int(pathev__intake_commit(&in, 0, 5, 4), 0, "no bytes are no error");
	pathev__intake_fini(&in);
}

static int count_blocks(const struct pathev__intake *in)
{
	int n = in->spare != NULL;

	for (const struct pathev__intake_block *b = in->head; b; b = b->next)
		n++;
	return n;
}

static void test_blocks(void)
{
	struct pathev__intake in;
	struct pathev__record rec;
	size_t bytes = 0;

	pathev__intake_init(&in);
	for (int i = 0; i < 1000; i++) {
		commit_one(&in, 1, IN_CREATE, 0, "f");
		pathev__intake_peek(&in, &rec);
		pathev__intake_skip(&in);
	}
	is_int(count_blocks(&in), 1, "who keeps up needs one block");
	is_int((intmax_t)in.capreads, 16, "and nothing else grows");
	for (int i = 0; i < 20000; i++) {
		commit_one(&in, 1, IN_CREATE, 0, "f");
		bytes += sizeof(struct inotify_event) + 16;
	}
	ok((size_t)count_blocks(&in) <= bytes / (BLOCK_BYTES / 2) + 2,
	   "single records that wait share blocks (%d for %zu bytes)", count_blocks(&in), bytes);
	while (pathev__intake_peek(&in, &rec))
		pathev__intake_skip(&in);
	ok(count_blocks(&in) <= 2, "blocks are given back, but for one to spare");
	for (int i = 0; i < 5000; i++) {
		for (int k = 0; k < 3; k++)
			commit_one(&in, 1, IN_CREATE, 0, "f");
		for (int k = 0; k < 3 && pathev__intake_peek(&in, &rec); k++)
			pathev__intake_skip(&in);
	}
	is_int(count_blocks(&in), 2, "and are used over and over");
	pathev__intake_fini(&in);
}

/* One name made and removed very often leaves one mark, and none when all is acted on. */
static void test_marks(void)
{
	struct pathev__intake in;
	struct pathev__record rec;

	pathev__intake_init(&in);
	for (int i = 0; i < 5000; i++) {
		commit_one(&in, 1, IN_CREATE | IN_ISDIR, 0, "d");
		commit_one(&in, 1, IN_DELETE | IN_ISDIR, 0, "d");
		commit_one(&in, 2, IN_MOVE_SELF, 0, "");
	}
	is_int(in.nmarks, 2, "many records that say the same are marked once");
	is_int(pathev__intake_touches_dir(&in, 1, "d", 1), 1, "and found");
	for (int i = 0; i < 14998 && pathev__intake_peek(&in, &rec); i++)
		pathev__intake_skip(&in);
	is_int(pathev__intake_touches_dir(&in, 1, "d", 1), 1, "up to the last of them");
	pathev__intake_peek(&in, &rec);
	is_int(pathev__intake_touches_dir(&in, 1, "d", 1), 0, "and not behind it");
	pathev__intake_skip(&in);
	pathev__intake_peek(&in, &rec);
	pathev__intake_skip(&in);
	is_int(in.nmarks, 0, "when all is acted on no mark is left");
	pathev__intake_fini(&in);
}

/* Whichever allocation fails: an error, the records before it kept, and it goes on. */
static void test_nomem(void)
{
	int kept_wrong = 0, told_wrong = 0;

	for (long n = 0; n < 8; n++) {
		struct pathev__intake in;
		struct pathev__record rec;
		int got = 0, failed = 0, res;

		pathev__intake_init(&in);
		alloc_left = n;
		for (uint32_t i = 1; i <= 40; i++) {
			errno = 0;
			res = commit_one(&in, 1, IN_MOVED_TO | IN_ISDIR, i, "a-name");
			failed += res != 0;
			told_wrong += res && errno != ENOMEM;
		}
		alloc_left = -1;
		while (pathev__intake_peek(&in, &rec)) {
			got++;
			pathev__intake_skip(&in);
		}
		kept_wrong += got + failed != 40 || failed > 1;
		pathev__intake_fini(&in);
	}
	is_int(told_wrong, 0, "no memory is told as such");
	is_int(kept_wrong, 0, "and costs what did not fit, no more");
}

int main(void)
{
	test_future();
	test_malformed();
	test_blocks();
	test_marks();
	test_nomem();
	test_random(3, 5);
	test_random(40, 60);
	test_random(40, 90);
	test_random(2000, 3000);
	return done_testing();
}
