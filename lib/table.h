/* SPDX-License-Identifier: MIT */
/*
 * table.h - an open-addressing table of numbers whose keys live with the caller
 *
 * A table holds uint32_t values, mostly indices into an array.  The caller hashes a key, walks
 * the slots that may hold it, and compares:
 *
 *	for (i = pathev__table_first(t, hash); (v = t->slot[i]) != PATHEV__NIL;
 *	     i = pathev__table_next(t, i))
 *		if (this is v)
 *			return v;
 */
#ifndef PATHEV_TABLE_H
#define PATHEV_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define PATHEV__NIL UINT32_MAX

/* slot has mask + 1 entries, a power of two, of which used are not NIL: at most 7 of 8 */
struct pathev__table {
	uint32_t *slot;
	uint32_t mask;
	uint32_t used;
};

/* The hash of a value that is in the table. */
typedef uint32_t pathev__table_hash(const void *ctx, uint32_t value);

void pathev__table_init(struct pathev__table *t);
void pathev__table_fini(struct pathev__table *t);

/* Forget all values; keeps the memory unless it is large. */
void pathev__table_clear(struct pathev__table *t);

/* 0, or -1 with ENOMEM and t as it was.  The value may be there already: then it is twice. */
int pathev__table_add(struct pathev__table *t, uint32_t hash, uint32_t value,
		      pathev__table_hash *hash_of, const void *ctx);

/* Take out a value; nothing happens if it is not there. */
void pathev__table_del(struct pathev__table *t, uint32_t hash, uint32_t value,
		       pathev__table_hash *hash_of, const void *ctx);

static inline uint32_t pathev__table_first(const struct pathev__table *t, uint32_t hash)
{
	return hash & t->mask;
}

static inline uint32_t pathev__table_next(const struct pathev__table *t, uint32_t i)
{
	return (i + 1) & t->mask;
}

/* Mix a number, or bytes, into a hash whose low bits are good. */
static inline uint32_t pathev__hash_u64(uint64_t x)
{
	x ^= x >> 32;
	x *= 0x9e3779b97f4a7c15u;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9u;
	return (uint32_t)(x >> 32);
}

uint32_t pathev__hash_bytes(uint32_t seed, const void *data, size_t len);

#endif
