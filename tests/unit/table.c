/* SPDX-License-Identifier: MIT */
/* table.c - tests of the open-addressing table, against a model that counts */
#include "alloc.h"

#include "../../lib/table.c"

#include "random.h"
#include "tap.h"

enum { VALUES = 600 };

/* What the caller keeps: the hash of each value, which the test chooses. */
static uint32_t hash[VALUES];

static uint32_t hash_of(const void *ctx, uint32_t v)
{
	return ((const uint32_t *)ctx)[v];
}

static int add(struct pathev__table *t, uint32_t v)
{
	return pathev__table_add(t, hash[v], v, hash_of, hash);
}

static void del(struct pathev__table *t, uint32_t v)
{
	pathev__table_del(t, hash[v], v, hash_of, hash);
}

/* How often a value is found by its hash. */
static uint32_t count(const struct pathev__table *t, uint32_t v)
{
	uint32_t n = 0;

	for (uint32_t i = pathev__table_first(t, hash[v]); t->slot[i] != PATHEV__NIL;
	     i = pathev__table_next(t, i))
		n += t->slot[i] == v;
	return n;
}

/* What table.h says of the slots. */
static int is_sound(const struct pathev__table *t)
{
	uint32_t used = 0;

	if (t->mask & (t->mask + 1))
		return 0;
	for (uint32_t i = 0; i <= t->mask; i++)
		used += t->slot[i] != PATHEV__NIL;
	return used == t->used && (t->used == 0 || (uint64_t)t->used * 8 <= 7 * ((uint64_t)t->mask + 1));
}

/* The ways hashes may fall: well spread, all in one run, at the end so that runs wrap, ... */
static uint32_t choose_hash(int kind, uint32_t v)
{
	switch (kind) {
	case 0:
		return pathev__hash_u64(v);
	case 1:
		return 7;
	case 2:
		return UINT32_MAX - draw(4);
	case 3:
		return draw(16);
	default:
		return v;
	}
}

static void test_random(int kind)
{
	uint32_t model[VALUES] = {0}, used = 0, wrong = 0, unsound = 0;
	struct pathev__table t;

	pathev__table_init(&t);
	for (uint32_t v = 0; v < VALUES; v++)
		hash[v] = choose_hash(kind, v);
	for (uint32_t step = 0; step < 30000; step++) {
		uint32_t v = draw(VALUES);

		/* by turns more are added than taken out, and the other way round */
		if (draw(10) < (step / 2000 % 2 ? 3u : 7u)) {
			wrong += add(&t, v) != 0;
			model[v]++;
			used++;
		} else {
			del(&t, v);
			used -= model[v] != 0;
			model[v] -= model[v] != 0;
		}
		if (draw(4000) == 0) {
			pathev__table_clear(&t);
			memset(model, 0, sizeof(model));
			used = 0;
		}
		v = draw(VALUES);
		wrong += count(&t, v) != model[v] || t.used != used;
		if (step % 500 == 0) {
			unsound += !is_sound(&t);
			for (v = 0; v < VALUES; v++)
				wrong += count(&t, v) != model[v];
		}
	}
	is_int(wrong, 0, "holds what a model holds, hashes of kind %d", kind);
	is_int(unsound, 0, "its slots are sound, hashes of kind %d", kind);
	pathev__table_fini(&t);
}

static void test_empty(void)
{
	struct pathev__table t;

	pathev__table_init(&t);
	is_int(count(&t, 3), 0, "an empty table is walked and holds nothing");
	del(&t, 3);
	pathev__table_clear(&t);
	is_int(t.used, 0, "taking out of an empty one does nothing");
	pathev__table_fini(&t);
	is_int(count(&t, 3), 0, "after fini it is empty again");
	is_int(add(&t, 3), 0, "and may be used again");
	is_int(count(&t, 3), 1, "and then finds");
	pathev__table_fini(&t);
}

/* The example of a deletion that must not cut a run: a, b, c fall into one slot. */
static void test_gap(void)
{
	struct pathev__table t;

	pathev__table_init(&t);
	hash[0] = hash[1] = hash[2] = 15;	/* 0 in the last slot, the others wrap */
	hash[3] = 0;				/* pushed on by them */
	hash[4] = 5;				/* by itself */
	for (uint32_t v = 0; v < 5; v++)
		add(&t, v);
	is_int(t.mask, 15, "so few are in sixteen slots");
	is_int(t.slot[15], 0, "the first is where its hash says");
	is_int(t.slot[2], 3, "who comes late stands behind the run");
	del(&t, 0);
	is_int(t.slot[15], 1, "the gap is closed across the end");
	is_int(t.slot[1], 3, "and what stood behind moves up");
	is_int(t.slot[5], 4, "what was in its own place stays there");
	del(&t, 1);
	del(&t, 2);
	is_int(t.slot[0], 3, "no further than its first slot");
	is_int(count(&t, 3) + count(&t, 4), 2, "both are still found");
	pathev__table_fini(&t);
}

static void test_twice(void)
{
	struct pathev__table t;

	pathev__table_init(&t);
	hash[9] = 9;
	add(&t, 9);
	add(&t, 9);
	is_int(count(&t, 9), 2, "a value added twice is there twice");
	del(&t, 9);
	is_int(count(&t, 9), 1, "taken out once it is there once");
	del(&t, 9);
	del(&t, 9);
	is_int(count(&t, 9), 0, "and then not at all");
	pathev__table_fini(&t);
}

/* A table that had many values gives the memory back; a small one keeps it. */
static void test_clear(void)
{
	struct pathev__table t;
	uint32_t *slot;

	pathev__table_init(&t);
	hash[0] = 0;
	add(&t, 0);
	slot = t.slot;
	pathev__table_clear(&t);
	ok(t.slot == slot && t.used == 0, "clearing a small table keeps its memory");
	is_int(count(&t, 0), 0, "and forgets");
	for (uint32_t i = 0; i < 5000; i++)
		add(&t, 0);
	pathev__table_clear(&t);
	is_int(t.mask, 0, "clearing a large one frees it");
	is_int(count(&t, 0), 0, "and forgets as well");
	pathev__table_fini(&t);
}

static void test_nomem(void)
{
	struct pathev__table t;
	int res;

	pathev__table_init(&t);
	alloc_left = 0;
	res = add(&t, 0);
	ok(res == -1 && errno == ENOMEM, "no memory for the first value is an error");
	is_int(t.used, 0, "and the table is still empty");
	for (uint32_t v = 0; v < VALUES; v++)
		hash[v] = v;
	for (uint32_t v = 0; v < 14; v++)
		add(&t, v);
	alloc_left = 0;
	res = add(&t, 14);
	ok(res == -1 && errno == ENOMEM, "no memory to grow is an error");
	for (uint32_t v = 0; v < 15; v++)
		res += (int)count(&t, v);
	is_int(res, -1 + 14, "and the table holds what it did");
	is_int(t.used, 14, "and no more");
	is_int(add(&t, 14), 0, "with memory it grows");
	pathev__table_fini(&t);
}

static void test_hash(void)
{
	const char *data = "a name that is longer than eight";
	uint32_t low[16] = {0}, worst = 0;

	ok(pathev__hash_bytes(0, data, 9) != pathev__hash_bytes(0, data, 10),
	   "the hash depends on the length");
	ok(pathev__hash_bytes(0, "a\0", 2) != pathev__hash_bytes(0, "a", 1),
	   "also where what follows is a NUL");
	ok(pathev__hash_bytes(1, data, 20) != pathev__hash_bytes(2, data, 20),
	   "the hash depends on the seed");
	for (int i = 0; i < 4096; i++) {
		char name[16];
		int len = snprintf(name, sizeof(name), "f%04d", i);

		low[pathev__hash_bytes(0, name, (size_t)len) % 16]++;
	}
	for (int i = 0; i < 16; i++)
		worst = low[i] > worst ? low[i] : worst;
	ok(worst < 2 * 4096 / 16, "numbered names spread over the low bits (worst of 256: %u)", worst);
}

int main(void)
{
	test_empty();
	test_gap();
	test_twice();
	test_clear();
	test_nomem();
	test_hash();
	for (int kind = 0; kind < 5; kind++)
		test_random(kind);
	return done_testing();
}
