/* SPDX-License-Identifier: MIT */
/* tally.h - event counts by path and kind, and sorted rows of them */
#ifndef PATHEV_TALLY_H
#define PATHEV_TALLY_H

#include <stddef.h>
#include <stdint.h>

/*
 * A row per key, a column per kind of event: the bits of PATHEV_ALL.  A key is any text
 * without NUL: a path, a directory, a root, an extension.  A row keeps its number, and those
 * that are made later have larger ones.  Counts are exact up to 2^64.
 *
 * `what' below is any PATHEV_* bits; those that are no kind of event count nothing.  PATHEV_ALL
 * asks for the total, which therefore is the sum of the columns.
 */
struct pathev__tally;

struct pathev__tally *pathev__tally_new(void);		/* NULL: ENOMEM */
void pathev__tally_free(struct pathev__tally *t);	/* NULL is fine; keeps errno */

/*
 * Count one event: 1 to each column in what, and the row is made if this is its first.  The key
 * is key[0] to key[len - 1]; what is before nameoff is kept once for all keys that share it, so
 * it should be the directory of a path with its slash, or 0 where nothing is shared.  One key
 * must always be cut at the same place.  Cheapest when the key before had the same beginning.
 * 0, or -1 with ENOMEM (also beyond 2^32 rows, or 4 GiB of names), and nothing was counted.
 */
int pathev__tally_add(struct pathev__tally *t, const char *key, size_t len, size_t nameoff,
		      uint32_t what);

/* Make the row of a key that may never be counted for; as pathev__tally_add(). */
int pathev__tally_make(struct pathev__tally *t, const char *key, size_t len, size_t nameoff);

/* The sum of the columns in what, over all rows. */
uint64_t pathev__tally_sum(const struct pathev__tally *t, uint32_t what);

/* How many keys there are. */
size_t pathev__tally_keys(const struct pathev__tally *t);

enum {
	PATHEV__TALLY_REVERSE = 1
};

/*
 * The rows in order, but no more than max of them (SIZE_MAX: all).  by: the sum of these columns,
 * largest first, and by key where they are equal; 0: by key, in byte order.  With REVERSE smallest
 * first, or keys from the last to the first.  *rows is a new array of *n row numbers, never NULL,
 * that the caller frees.  0 or -1 with ENOMEM.
 */
int pathev__tally_sort(const struct pathev__tally *t, uint32_t by, unsigned flags, size_t max,
		       uint32_t **rows, size_t *n);

/* The columns in what of one row, summed. */
uint64_t pathev__tally_count(const struct pathev__tally *t, uint32_t row, uint32_t what);

/* The same over all rows but these n, all different: the line below the top ones. */
uint64_t pathev__tally_rest(const struct pathev__tally *t, const uint32_t *rows, size_t n,
			    uint32_t what);

/* The key of a row into buf as snprintf(3) does: NUL-ended, cut at size; the full length is
 * returned. */
size_t pathev__tally_key(const struct pathev__tally *t, uint32_t row, char *buf, size_t size);

/*
 * For reports at intervals: from now on `since' means since now; before the first mark, since
 * the beginning.  8 bytes a row from the first mark on.  0, or -1 with ENOMEM and the mark where
 * it was.
 */
int pathev__tally_mark(struct pathev__tally *t);
uint64_t pathev__tally_sum_since(const struct pathev__tally *t, uint32_t what);
uint64_t pathev__tally_total_since(const struct pathev__tally *t, uint32_t row);

#endif
