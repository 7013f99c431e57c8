/* SPDX-License-Identifier: MIT */
/* table.c - an open-addressing table of numbers whose keys live with the caller */
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_SLOTS = 16, KEEP_SLOTS = 4096 };

/* What an empty table walks: one slot that holds nothing.  Never written. */
static const uint32_t nothing = PATHEV__NIL;

void pathev__table_init(struct pathev__table *t)
{
	*t = (struct pathev__table){.slot = (uint32_t *)&nothing};
}

void pathev__table_fini(struct pathev__table *t)
{
	if (t->slot != &nothing)
		free(t->slot);
	pathev__table_init(t);
}

void pathev__table_clear(struct pathev__table *t)
{
	if (!t->used)
		return;
	if (t->mask >= KEEP_SLOTS) {
		pathev__table_fini(t);
		return;
	}
	memset(t->slot, 0xff, ((size_t)t->mask + 1) * sizeof(*t->slot));
	t->used = 0;
}

static void put(struct pathev__table *t, uint32_t hash, uint32_t value)
{
	uint32_t i = pathev__table_first(t, hash);

	while (t->slot[i] != PATHEV__NIL)
		i = pathev__table_next(t, i);
	t->slot[i] = value;
	t->used++;
}

static int resize(struct pathev__table *t, uint32_t slots, pathev__table_hash *hash_of,
		  const void *ctx)
{
	struct pathev__table to = {.mask = slots - 1};

	to.slot = malloc((size_t)slots * sizeof(*to.slot));
	if (!to.slot)
		return -1;
	memset(to.slot, 0xff, (size_t)slots * sizeof(*to.slot));
	for (uint32_t i = 0; t->used && i <= t->mask; i++)
		if (t->slot[i] != PATHEV__NIL)
			put(&to, hash_of(ctx, t->slot[i]), t->slot[i]);
	pathev__table_fini(t);
	*t = to;
	return 0;
}

int pathev__table_add(struct pathev__table *t, uint32_t hash, uint32_t value,
		      pathev__table_hash *hash_of, const void *ctx)
{
	uint64_t slots = (uint64_t)t->mask + 1;

	if (t->slot == &nothing)
		slots = 0;
	if ((uint64_t)t->used + 1 > slots - slots / 8) {
		slots = slots ? slots * 2 : MIN_SLOTS;
		if (slots > UINT32_MAX) {
			errno = ENOMEM;
			return -1;
		}
		if (resize(t, (uint32_t)slots, hash_of, ctx))
			return -1;
	}
	put(t, hash, value);
	return 0;
}

void pathev__table_del(struct pathev__table *t, uint32_t hash, uint32_t value,
		       pathev__table_hash *hash_of, const void *ctx)
{
	uint32_t i = pathev__table_first(t, hash);
	uint32_t j;

	while (t->slot[i] != value) {
		if (t->slot[i] == PATHEV__NIL)
			return;
		i = pathev__table_next(t, i);
	}
	/* close the gap: pull back what the gap would cut off from its first slot */
	for (j = pathev__table_next(t, i); t->slot[j] != PATHEV__NIL;
	     j = pathev__table_next(t, j)) {
		uint32_t first = pathev__table_first(t, hash_of(ctx, t->slot[j]));

		if (((j - first) & t->mask) >= ((j - i) & t->mask)) {
			t->slot[i] = t->slot[j];
			i = j;
		}
	}
	t->slot[i] = PATHEV__NIL;
	t->used--;
}

uint32_t pathev__hash_bytes(uint32_t seed, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = seed ^ (len * 0x9e3779b97f4a7c15u);
	uint64_t w;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xbf58476d1ce4e5b9u;
		h ^= h >> 31;
	}
	w = 0;
	memcpy(&w, p, len);
	return pathev__hash_u64(h ^ w);
}
