/* SPDX-License-Identifier: MIT */
/*
 * tally.c - event counts by path and kind, and sorted rows of them
 *
 * One table finds both directories and names: a directory is a row whose name is its whole
 * path, a key is a row with the number of its directory and what follows.  Rows are told apart
 * by (dir, name), and slots, an open-addressing table, leads from the hash of both to the row.
 * So a directory's path is stored once, and hashed only when the directory is another than
 * that of the key before.
 */
#include "tally.h"

#include "base.h"
#include "buf.h"
#include "pathev.h"

#include <assert.h>
#include <string.h>

enum {
	COLUMNS = 14		/* the bit numbers of PATHEV_ALL; 12 is none of them */
};
static_assert(PATHEV_ALL >> COLUMNS == 0, "a column for each kind");

#define NONE UINT32_MAX

struct row {
	uint32_t dir;		/* the row of the directory; NONE: this is one, and no key */
	uint32_t name;		/* where in names; NUL-ended */
	uint32_t hash;
	uint32_t wide;		/* 0, or 1 + place in wide, and then count is of no meaning */
	uint16_t count[COLUMNS];
};

/* the counts of a row that has more than 65535 in some column */
struct wide {
	uint64_t count[COLUMNS];
};

/* Of slots, a power of two or 0, at most three quarters are in use. */
struct pathev__tally {
	struct row *row;
	size_t rows;
	size_t row_cap;
	size_t keys;			/* the rows that are no directories */
	uint32_t *slot;			/* 1 + row; 0: free */
	size_t slots;
	struct pathev__buf names;
	struct wide *wide;
	size_t wides;
	size_t wide_cap;
	uint64_t sum[COLUMNS];
	uint32_t last_dir;		/* the directory of the key before, NONE at first */
	size_t last_dir_len;
	uint64_t *marked;		/* totals at the mark, of the rows there were */
	size_t marked_rows;
	size_t marked_cap;
	uint64_t marked_sum[COLUMNS];
};

struct pathev__tally *pathev__tally_new(void)
{
	struct pathev__tally *t = calloc(1, sizeof(*t));

	if (t)
		t->last_dir = NONE;
	return t;
}

void pathev__tally_free(struct pathev__tally *t)
{
	int cause = errno;

	if (!t)
		return;
	free(t->row);
	free(t->slot);
	pathev__buf_fini(&t->names);
	free(t->wide);
	free(t->marked);
	free(t);
	errno = cause;
}

/* ---- finding rows ---- */

static const char *name_of(const struct pathev__tally *t, uint32_t row)
{
	return t->names.data + t->row[row].name;
}

/* Eight bytes at a time: names are short, and this runs once an event. */
static uint32_t hash_name(uint32_t dir, const char *name, size_t len)
{
	const uint64_t mul = 0x9e3779b97f4a7c15;
	uint64_t h = ((uint64_t)len << 32 | dir) * mul, word;

	for (; len >= sizeof(word); name += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, name, sizeof(word));
		h = (h ^ word) * mul;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, name, len);
	h = (h ^ word) * mul;
	h ^= h >> 32;
	h *= mul;
	return (uint32_t)(h >> 32);
}

static int is_row(const struct pathev__tally *t, uint32_t row, uint32_t hash, uint32_t dir,
		  const char *name, size_t len)
{
	const struct row *r = &t->row[row];
	const char *stored = name_of(t, row);

	/* strncmp stops where the stored name is the shorter one */
	return r->hash == hash && r->dir == dir && strncmp(stored, name, len) == 0 &&
	       stored[len] == '\0';
}

/* The slot of the row, or the free one where it belongs; there must be slots. */
static uint32_t *find_slot(const struct pathev__tally *t, uint32_t hash, uint32_t dir,
			   const char *name, size_t len)
{
	size_t mask = t->slots - 1, i = hash & mask;

	while (t->slot[i] && !is_row(t, t->slot[i] - 1, hash, dir, name, len))
		i = (i + 1) & mask;
	return &t->slot[i];
}

/* Keep a quarter of the slots free, also when there is one row more. */
static int make_slots(struct pathev__tally *t)
{
	size_t slots = t->slots ? t->slots * 2 : 64, mask = slots - 1;
	uint32_t *slot;

	if (t->rows + 1 <= t->slots / 4 * 3)
		return 0;
	slot = calloc(slots, sizeof(*slot));
	if (!slot)
		return -1;
	for (size_t row = 0; row < t->rows; row++) {
		size_t i = t->row[row].hash & mask;

		while (slot[i])
			i = (i + 1) & mask;
		slot[i] = (uint32_t)row + 1;
	}
	free(t->slot);
	t->slot = slot;
	t->slots = slots;
	return 0;
}

/* A row behind the others; find_slot() does not know it yet. */
static int append_row(struct pathev__tally *t, uint32_t hash, uint32_t dir, const char *name,
		      size_t len)
{
	struct row *row = pathev__grow(t->row, &t->row_cap, t->rows + 1, sizeof(*row));

	if (!row)
		return -1;
	t->row = row;
	if (t->rows + 1 >= NONE || len >= NONE || t->names.len >= NONE - len) {
		errno = ENOMEM;
		return -1;
	}
	if (pathev__buf_room(&t->names, len + 1))
		return -1;
	row[t->rows++] = (struct row){
		.dir = dir, .name = (uint32_t)t->names.len, .hash = hash,
	};
	pathev__buf_add(&t->names, name, len);
	pathev__buf_addch(&t->names, '\0');
	return 0;
}

/* The row of this name in dir, made if there is none.  NONE: ENOMEM. */
static uint32_t find_row(struct pathev__tally *t, uint32_t dir, const char *name, size_t len)
{
	uint32_t hash = hash_name(dir, name, len);
	uint32_t *slot;

	if (make_slots(t))
		return NONE;
	slot = find_slot(t, hash, dir, name, len);
	if (*slot == 0) {
		if (append_row(t, hash, dir, name, len))
			return NONE;
		*slot = (uint32_t)t->rows;
		t->keys += dir != NONE;
	}
	return *slot - 1;
}

static uint32_t find_dir(struct pathev__tally *t, const char *path, size_t len)
{
	uint32_t dir = t->last_dir;

	if (dir != NONE && len == t->last_dir_len && memcmp(name_of(t, dir), path, len) == 0)
		return dir;
	dir = find_row(t, NONE, path, len);
	if (dir != NONE) {
		t->last_dir = dir;
		t->last_dir_len = len;
	}
	return dir;
}

/* ---- counting ---- */

static uint64_t sum_columns(const uint64_t *count, uint32_t what)
{
	uint64_t sum = 0;

	for (uint32_t left = what & PATHEV_ALL; left; left &= left - 1)
		sum += count[__builtin_ctz(left)];
	return sum;
}

static int is_full(const struct row *row, uint32_t what)
{
	for (uint32_t left = what & PATHEV_ALL; left; left &= left - 1)
		if (row->count[__builtin_ctz(left)] == UINT16_MAX)
			return 1;
	return 0;
}

/* Move the counts of a row to where they have room. */
static int widen(struct pathev__tally *t, struct row *row)
{
	struct wide *wide = pathev__grow(t->wide, &t->wide_cap, t->wides + 1, sizeof(*wide));

	if (!wide)
		return -1;
	t->wide = wide;
	for (size_t i = 0; i < COLUMNS; i++)
		wide[t->wides].count[i] = row->count[i];
	row->wide = (uint32_t)++t->wides;
	return 0;
}

/* The row of a key, made if there was none; NONE with ENOMEM. */
static uint32_t find_key(struct pathev__tally *t, const char *key, size_t len, size_t nameoff)
{
	uint32_t dir;

	assert(nameoff <= len);
	dir = find_dir(t, key, nameoff);
	return dir == NONE ? NONE : find_row(t, dir, key + nameoff, len - nameoff);
}

int pathev__tally_make(struct pathev__tally *t, const char *key, size_t len, size_t nameoff)
{
	return find_key(t, key, len, nameoff) == NONE ? -1 : 0;
}

int pathev__tally_add(struct pathev__tally *t, const char *key, size_t len, size_t nameoff,
		      uint32_t what)
{
	uint32_t number;
	struct row *row;

	if (!(what & PATHEV_ALL))
		return 0;
	number = find_key(t, key, len, nameoff);
	if (number == NONE)
		return -1;
	row = &t->row[number];
	if (!row->wide && is_full(row, what) && widen(t, row))
		return -1;
	for (uint32_t left = what & PATHEV_ALL; left; left &= left - 1) {
		int i = __builtin_ctz(left);

		t->sum[i]++;
		if (row->wide)
			t->wide[row->wide - 1].count[i]++;
		else
			row->count[i]++;
	}
	return 0;
}

uint64_t pathev__tally_sum(const struct pathev__tally *t, uint32_t what)
{
	return sum_columns(t->sum, what);
}

size_t pathev__tally_keys(const struct pathev__tally *t)
{
	return t->keys;
}

uint64_t pathev__tally_count(const struct pathev__tally *t, uint32_t row, uint32_t what)
{
	const struct row *r = &t->row[row];
	uint64_t sum = 0;

	if (r->wide)
		return sum_columns(t->wide[r->wide - 1].count, what);
	for (uint32_t left = what & PATHEV_ALL; left; left &= left - 1)
		sum += r->count[__builtin_ctz(left)];
	return sum;
}

uint64_t pathev__tally_rest(const struct pathev__tally *t, const uint32_t *rows, size_t n,
			    uint32_t what)
{
	uint64_t rest = pathev__tally_sum(t, what);

	for (size_t i = 0; i < n; i++)
		rest -= pathev__tally_count(t, rows[i], what);
	return rest;
}

size_t pathev__tally_key(const struct pathev__tally *t, uint32_t row, char *buf, size_t size)
{
	const char *part[] = { name_of(t, t->row[row].dir), name_of(t, row) };
	size_t len = 0;

	for (size_t i = 0; i < PATHEV__COUNT(part); i++) {
		size_t n = strlen(part[i]);

		if (len < size)
			memcpy(buf + len, part[i], n < size - len ? n : size - len);
		len += n;
	}
	if (size)
		buf[len < size ? len : size - 1] = '\0';
	return len;
}

/* ---- sorting ---- */

struct entry {
	uint64_t rank;		/* smaller comes first; equal: by key */
	uint32_t row;
};

struct order {
	const struct pathev__tally *t;
	uint32_t by;
	uint64_t rank_flip;	/* turns a count into a rank */
	int key_sign;		/* -1: keys from the last to the first */
};

static int compare_keys(const struct pathev__tally *t, uint32_t a, uint32_t b)
{
	const char *p = name_of(t, a), *q = name_of(t, b);
	const char *p_next = NULL, *q_next = NULL;

	if (t->row[a].dir != t->row[b].dir) {
		p_next = p;
		q_next = q;
		p = name_of(t, t->row[a].dir);
		q = name_of(t, t->row[b].dir);
	}
	for (;; p++, q++) {
		if (!*p && p_next) {
			p = p_next;
			p_next = NULL;
		}
		if (!*q && q_next) {
			q = q_next;
			q_next = NULL;
		}
		if (*p != *q || !*p)
			return (unsigned char)*p - (unsigned char)*q;
	}
}

static int compare(const struct order *o, const struct entry *a, const struct entry *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return compare_keys(o->t, a->row, b->row) * o->key_sign;
}

static int compare_for_qsort(const void *a, const void *b, void *o)
{
	return compare(o, a, b);
}

/*
 * Let e sink from place i of the heap, which is free, to where it belongs: in the heap an entry
 * never comes before the two below it, so that the top is the one that comes last of all.
 */
static void sink(const struct order *o, struct entry *heap, size_t n, size_t i, struct entry e)
{
	size_t below;

	while ((below = 2 * i + 1) < n) {
		if (below + 1 < n && compare(o, &heap[below], &heap[below + 1]) < 0)
			below++;
		if (compare(o, &e, &heap[below]) >= 0)
			break;
		heap[i] = heap[below];
		i = below;
	}
	heap[i] = e;
}

/*
 * The n rows that come first, in no order; n is not more than there are keys, and not 0.  The
 * heap is for few rows out of a million, each second: sorting them all takes a second itself.
 */
static void select_rows(const struct order *o, struct entry *heap, size_t n)
{
	const struct pathev__tally *t = o->t;
	size_t seen = 0;

	for (uint32_t row = 0; row < t->rows; row++) {
		struct entry e = { .row = row };

		if (t->row[row].dir == NONE)
			continue;
		e.rank = pathev__tally_count(t, row, o->by) ^ o->rank_flip;
		if (seen == n)
			for (size_t i = n / 2; i-- > 0;)
				sink(o, heap, n, i, heap[i]);
		if (seen < n)
			heap[seen] = e;
		else if (compare(o, &e, &heap[0]) < 0)
			sink(o, heap, n, 0, e);
		seen++;
	}
}

int pathev__tally_sort(const struct pathev__tally *t, uint32_t by, unsigned flags, size_t max,
		       uint32_t **rows, size_t *n)
{
	int reverse = !!(flags & PATHEV__TALLY_REVERSE);
	struct order o = {
		.t = t,
		.by = by,
		.rank_flip = reverse ? 0 : UINT64_MAX,
		.key_sign = by == 0 && reverse ? -1 : 1,
	};
	size_t used = max < t->keys ? max : t->keys;
	struct entry *entry = calloc(used + 1, sizeof(*entry));
	uint32_t *sorted = calloc(used + 1, sizeof(*sorted));

	if (!entry || !sorted) {
		free(entry);
		free(sorted);
		errno = ENOMEM;
		return -1;
	}
	if (used)
		select_rows(&o, entry, used);
	qsort_r(entry, used, sizeof(*entry), compare_for_qsort, &o);
	for (size_t i = 0; i < used; i++)
		sorted[i] = entry[i].row;
	free(entry);
	*rows = sorted;
	*n = used;
	return 0;
}

/* ---- intervals ---- */

int pathev__tally_mark(struct pathev__tally *t)
{
	uint64_t *marked = pathev__grow(t->marked, &t->marked_cap, t->rows, sizeof(*marked));

	if (!marked)
		return -1;
	t->marked = marked;
	t->marked_rows = t->rows;
	for (size_t row = 0; row < t->rows; row++)
		marked[row] = pathev__tally_count(t, (uint32_t)row, PATHEV_ALL);
	memcpy(t->marked_sum, t->sum, sizeof(t->sum));
	return 0;
}

uint64_t pathev__tally_sum_since(const struct pathev__tally *t, uint32_t what)
{
	return sum_columns(t->sum, what) - sum_columns(t->marked_sum, what);
}

uint64_t pathev__tally_total_since(const struct pathev__tally *t, uint32_t row)
{
	uint64_t total = pathev__tally_count(t, row, PATHEV_ALL);

	return row < t->marked_rows ? total - t->marked[row] : total;
}
