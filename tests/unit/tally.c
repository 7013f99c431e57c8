/* SPDX-License-Identifier: MIT */
/* tally.c - tests of counting by path and kind */
#include "alloc.h"

#include "../../lib/buf.c"
#include "../../lib/tally.c"

#include "tap.h"

#include <unistd.h>

#ifdef __has_feature		/* clang's way to say it */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

static uint32_t draw(uint32_t below)
{
	static uint64_t state = 20240229;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

/* Add a path, cut where its last component begins. */
static int add(struct pathev__tally *t, const char *path, uint32_t what)
{
	const char *slash = strrchr(path, '/');

	return pathev__tally_add(t, path, strlen(path), slash ? (size_t)(slash + 1 - path) : 0, what);
}

/* The row of a path, by its text; UINT32_MAX: none. */
static uint32_t row_of(const struct pathev__tally *t, const char *path)
{
	uint32_t *rows, found = UINT32_MAX;
	char key[200];
	size_t n;

	if (pathev__tally_sort(t, 0, 0, SIZE_MAX, &rows, &n))
		abort();
	for (size_t i = 0; i < n; i++)
		if (pathev__tally_key(t, rows[i], key, sizeof(key)) < sizeof(key) &&
		    !strcmp(key, path))
			found = rows[i];
	free(rows);
	return found;
}

static uint64_t count_of(const struct pathev__tally *t, const char *path, uint32_t what)
{
	uint32_t row = row_of(t, path);

	return row == UINT32_MAX ? 0 : pathev__tally_count(t, row, what);
}

/* The paths in order, joined by spaces. */
static const char *order(const struct pathev__tally *t, uint32_t by, unsigned flags, size_t max)
{
	static char text[1000];
	uint32_t *rows;
	size_t n, len = 0;

	if (pathev__tally_sort(t, by, flags, max, &rows, &n))
		abort();
	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (i)
			text[len++] = ' ';
		len += pathev__tally_key(t, rows[i], text + len, sizeof(text) - len);
	}
	free(rows);
	return text;
}

static void counts(void)
{
	struct pathev__tally *t = pathev__tally_new();
	uint32_t *rows;
	size_t n;

	is_int((intmax_t)pathev__tally_keys(t), 0, "a new tally has no keys");
	is_int((intmax_t)pathev__tally_sum(t, PATHEV_ALL), 0, "and no counts");
	ok(!pathev__tally_sort(t, 0, 0, SIZE_MAX, &rows, &n) && n == 0 && rows, "and no rows");
	free(rows);
	add(t, "a/x", PATHEV_OPEN);
	add(t, "a/x", PATHEV_OPEN);
	add(t, "a/x", PATHEV_MODIFY | PATHEV_UNMOUNT);
	add(t, "b/x", PATHEV_OPEN);
	add(t, "b/x", PATHEV_EXISTS | PATHEV_READY | PATHEV_OVERFLOW | PATHEV_ERROR);
	add(t, "c", PATHEV_EXISTS);
	add(t, "c", 0);
	is_int((intmax_t)pathev__tally_keys(t), 2, "what is no kind of event makes no key");
	is_int((intmax_t)count_of(t, "a/x", PATHEV_OPEN), 2, "counts one kind of a path");
	is_int((intmax_t)count_of(t, "a/x", PATHEV_MODIFY), 1, "counts another");
	is_int((intmax_t)count_of(t, "a/x", PATHEV_UNMOUNT), 1, "counts the highest bit");
	is_int((intmax_t)count_of(t, "a/x", PATHEV_OPEN | PATHEV_MODIFY), 3, "sums a group");
	is_int((intmax_t)count_of(t, "a/x", PATHEV_ALL), 4, "sums to a total");
	is_int((intmax_t)count_of(t, "a/x", UINT32_MAX), 4, "in which only kinds of events count");
	is_int((intmax_t)count_of(t, "b/x", PATHEV_ALL), 1, "tells directories apart");
	is_int((intmax_t)pathev__tally_sum(t, PATHEV_OPEN), 3, "sums a column");
	is_int((intmax_t)pathev__tally_sum(t, PATHEV_ALL), 5, "sums all");
	pathev__tally_free(t);
}

static void tells_keys_apart(void)
{
	static const char *const key[] = {
		"", "/", "a", "b", "ab", "a/", "a/a", "a/ab", "a/abcdefgh", "a/abcdefghi", "a/abcdefg",
		"a/abcdefghabcdefgh", "aa/a", "/a", "a//a", "a/a/a", "\xff", "\xff\xff",
	};
	enum { KEYS = PATHEV__COUNT(key) };
	struct pathev__tally *t = pathev__tally_new();

	for (size_t i = 0; i < KEYS; i++)
		for (size_t times = 0; times <= i; times++)
			add(t, key[i], PATHEV_CREATE);
	is_int((intmax_t)pathev__tally_keys(t), KEYS, "each key has a row");
	for (size_t i = 0; i < KEYS; i++)
		is_int((intmax_t)count_of(t, key[i], PATHEV_CREATE), (intmax_t)i + 1,
		       "counts the key '%s'", key[i]);
	pathev__tally_free(t);
}

/* Names whose hashes happen to be equal are too rare to meet, so it is asked directly. */
static void tells_keys_apart_behind_equal_hashes(void)
{
	struct pathev__tally *t = pathev__tally_new();
	uint32_t row, hash, dir;

	add(t, "d/abcd", PATHEV_OPEN);
	row = row_of(t, "d/abcd");
	hash = t->row[row].hash;
	dir = t->row[row].dir;
	ok(is_row(t, row, hash, dir, "abcd", 4), "equal hash: the same name is the row's");
	ok(!is_row(t, row, hash, dir, "abc", 3), "equal hash: a shorter one is not");
	ok(!is_row(t, row, hash, dir, "abcde", 5), "equal hash: nor a longer one");
	ok(!is_row(t, row, hash, dir, "abce", 4), "equal hash: nor another");
	ok(!is_row(t, row, hash, dir + 1, "abcd", 4), "equal hash: nor that of another directory");
	pathev__tally_free(t);
}

static void renders_keys(void)
{
	struct pathev__tally *t = pathev__tally_new();
	uint32_t row;
	char buf[8];

	add(t, "dir/name", PATHEV_OPEN);
	row = row_of(t, "dir/name");
	for (size_t size = 0; size <= sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		is_int((intmax_t)pathev__tally_key(t, row, buf, size), 8, "key: length, size %zu", size);
		if (size)
			ok(!strncmp(buf, "dir/name", size - 1) && buf[size - 1] == '\0',
			   "key: cut at %zu", size);
		ok(size == sizeof(buf) || buf[size] == '#', "key: no byte behind %zu", size);
	}
	is_int((intmax_t)pathev__tally_key(t, row, NULL, 0), 8, "key: the length alone");
	pathev__tally_free(t);
}

static void sorts(void)
{
	struct pathev__tally *t = pathev__tally_new();
	uint32_t top[2], *rows;
	size_t n;

	for (int i = 0; i < 3; i++)
		add(t, "d/b", PATHEV_OPEN);
	for (int i = 0; i < 3; i++)
		add(t, "d/a", PATHEV_ACCESS);
	for (int i = 0; i < 9; i++)
		add(t, "d-c", PATHEV_ACCESS);
	add(t, "d/e/f", PATHEV_OPEN);
	add(t, "d", PATHEV_OPEN);
	add(t, "\xff", PATHEV_OPEN);
	is_str(order(t, 0, 0, SIZE_MAX), "d d-c d/a d/b d/e/f \xff", "by path: in byte order");
	is_str(order(t, 0, PATHEV__TALLY_REVERSE, SIZE_MAX), "\xff d/e/f d/b d/a d-c d",
	       "by path: reversed");
	is_str(order(t, PATHEV_ALL, 0, SIZE_MAX), "d-c d/a d/b d d/e/f \xff",
	       "by total: largest first, equal ones by path");
	is_str(order(t, PATHEV_ALL, PATHEV__TALLY_REVERSE, SIZE_MAX), "d d/e/f \xff d/a d/b d-c",
	       "by total: reversed, equal ones still by path");
	is_str(order(t, PATHEV_OPEN, 0, SIZE_MAX), "d/b d d/e/f \xff d-c d/a",
	       "by one kind: those without it last");
	is_str(order(t, PATHEV_ALL, 0, 2), "d-c d/a", "the first two by total");
	is_str(order(t, 0, 0, 2), "d d-c", "the first two by path");
	is_str(order(t, 0, PATHEV__TALLY_REVERSE, 1), "\xff", "the last one by path");
	is_str(order(t, PATHEV_ALL, PATHEV__TALLY_REVERSE, 1), "d", "the smallest by total");
	is_str(order(t, PATHEV_ALL, 0, 0), "", "the first none");
	is_str(order(t, PATHEV_ALL, 0, 6), "d-c d/a d/b d d/e/f \xff", "as many as there are");
	if (pathev__tally_sort(t, PATHEV_ALL, 0, 2, &rows, &n) || n != 2)
		abort();
	memcpy(top, rows, sizeof(top));
	free(rows);
	is_int((intmax_t)pathev__tally_rest(t, top, 2, PATHEV_ALL), 6, "the rest of the totals");
	is_int((intmax_t)pathev__tally_rest(t, top, 2, PATHEV_OPEN), 6, "the rest of a column");
	is_int((intmax_t)pathev__tally_rest(t, top, 1, PATHEV_ACCESS), 3, "the rest behind one row");
	is_int((intmax_t)pathev__tally_rest(t, top, 0, PATHEV_ALL), 18, "the rest behind none is all");
	pathev__tally_free(t);
}

static void outgrows_small_counters(void)
{
	struct pathev__tally *t = pathev__tally_new();

	add(t, "d/b", PATHEV_OPEN);
	for (int i = 0; i < 200000; i++) {
		add(t, "d/a", PATHEV_MODIFY);
		if (i == 65534 || i == 65535 || i == 65536)
			is_int((intmax_t)count_of(t, "d/a", PATHEV_ALL), i + 1, "counts to %d", i + 1);
	}
	add(t, "d/a", PATHEV_OPEN);
	for (int i = 0; i < 70000; i++)
		add(t, "d/c", PATHEV_OPEN | PATHEV_ATTRIB);
	is_int((intmax_t)count_of(t, "d/a", PATHEV_MODIFY), 200000, "counts to 200000");
	is_int((intmax_t)count_of(t, "d/a", PATHEV_OPEN), 1, "and other kinds beside it");
	is_int((intmax_t)count_of(t, "d/c", PATHEV_OPEN), 70000, "and other paths");
	is_int((intmax_t)count_of(t, "d/c", PATHEV_ATTRIB), 70000, "two kinds at once");
	is_int((intmax_t)count_of(t, "d/b", PATHEV_ALL), 1, "which a small one does not notice");
	is_int((intmax_t)pathev__tally_sum(t, PATHEV_ALL), 340002, "the sum is the sum");
	is_str(order(t, PATHEV_ALL, 0, SIZE_MAX), "d/a d/c d/b", "large counts are sorted");
	t->wide[t->row[row_of(t, "d/a")].wide - 1].count[1] = UINT32_MAX;
	add(t, "d/a", PATHEV_MODIFY);
	is_int((intmax_t)count_of(t, "d/a", PATHEV_MODIFY), UINT32_MAX + 1LL, "counts past 2^32");
	pathev__tally_free(t);
}

static void marks_intervals(void)
{
	struct pathev__tally *t = pathev__tally_new();

	add(t, "d/a", PATHEV_OPEN);
	is_int((intmax_t)pathev__tally_sum_since(t, PATHEV_ALL), 1, "since: the beginning at first");
	is_int((intmax_t)pathev__tally_total_since(t, row_of(t, "d/a")), 1, "since: a row as well");
	is_int(pathev__tally_mark(t), 0, "since: marks");
	is_int((intmax_t)pathev__tally_sum_since(t, PATHEV_ALL), 0, "since: nothing yet");
	is_int((intmax_t)pathev__tally_total_since(t, row_of(t, "d/a")), 0, "since: nor in a row");
	for (int i = 0; i < 70000; i++)
		add(t, "d/a", PATHEV_MODIFY);
	for (int i = 0; i < 100; i++) {
		char path[20];

		snprintf(path, sizeof(path), "e/%d", i);
		add(t, path, PATHEV_OPEN);
	}
	is_int((intmax_t)pathev__tally_sum_since(t, PATHEV_ALL), 70100, "since: the sum of all");
	is_int((intmax_t)pathev__tally_sum_since(t, PATHEV_OPEN), 100, "since: the sum of a column");
	is_int((intmax_t)pathev__tally_total_since(t, row_of(t, "d/a")), 70000, "since: an old row");
	is_int((intmax_t)pathev__tally_total_since(t, row_of(t, "e/99")), 1, "since: a new row");
	is_int(pathev__tally_mark(t), 0, "since: marks again");
	add(t, "e/99", PATHEV_OPEN);
	is_int((intmax_t)pathev__tally_sum_since(t, PATHEV_ALL), 1, "since: the last mark");
	is_int((intmax_t)pathev__tally_total_since(t, row_of(t, "e/99")), 1, "since: a row now old");
	is_int((intmax_t)pathev__tally_total_since(t, row_of(t, "e/98")), 0, "since: a quiet row");
	is_int((intmax_t)count_of(t, "e/99", PATHEV_ALL), 2, "since: the counts go on");
	pathev__tally_free(t);
}

/* Steps from where a row's hash points to where it is, over all rows. */
static double average_probes(const struct pathev__tally *t)
{
	size_t mask = t->slots - 1, probes = 0;

	for (size_t row = 0; row < t->rows; row++) {
		size_t i = t->row[row].hash & mask;

		for (probes++; t->slot[i] != row + 1; probes++)
			i = (i + 1) & mask;
	}
	return (double)probes / (double)t->rows;
}

/* Names of the same few letters in numbered directories: what trees are made of. */
static void spreads_names(void)
{
	static const char *const format[] = { "src%d/%x.o", "%d/f%d", "%d/file-%08d.txt", "%d/%d" };

	for (size_t f = 0; f < PATHEV__COUNT(format); f++) {
		struct pathev__tally *t = pathev__tally_new();
		char path[40];

		for (int i = 0; i < 98000; i++) {
			int dir = i % 100, name = i / 100;

			snprintf(path, sizeof(path), format[f], dir, name);
			add(t, path, PATHEV_OPEN);
		}
		/* 2.5 is what chance gives in a table three quarters full */
		ok(average_probes(t) < 3, "names like %s are found in %.2f steps", format[f],
		   average_probes(t));
		pathev__tally_free(t);
	}
}

/* ---- against a model: an array of paths and counts ---- */

enum {
	MODEL_KEYS = 300
};

static struct model_row {
	char path[40];
	uint64_t count[32];
	uint64_t marked;
} model[MODEL_KEYS];
static size_t models;
static uint32_t model_by;
static int model_reverse;

static struct model_row *model_find(const char *path)
{
	for (size_t i = 0; i < models; i++)
		if (!strcmp(model[i].path, path))
			return &model[i];
	return NULL;
}

static uint64_t model_count(const struct model_row *m, uint32_t what)
{
	uint64_t sum = 0;

	for (int i = 0; i < 32; i++)
		if (what >> i & 1)
			sum += m->count[i];
	return sum;
}

static void model_add(const char *path, uint32_t what)
{
	struct model_row *m = model_find(path);

	if (!m) {
		m = &model[models++];
		memset(m, 0, sizeof(*m));
		strcpy(m->path, path);
	}
	for (int i = 0; i < 32; i++)
		m->count[i] += what >> i & 1;
}

static int model_compare(const void *a, const void *b)
{
	const struct model_row *p = a, *q = b;
	uint64_t m = model_count(p, model_by), n = model_count(q, model_by);

	if (m != n)
		return (m > n ? -1 : 1) * (model_reverse ? -1 : 1);
	return strcmp(p->path, q->path) * (model_by == 0 && model_reverse ? -1 : 1);
}

/* Some directories below each other, so that paths are cut in many places. */
static void draw_path(char *path, size_t size)
{
	static const char *const dir[] = { "", "d/", "d/e/", "d-/", "f/long-name-of-a-directory/" };

	snprintf(path, size, "%s%x", dir[draw(PATHEV__COUNT(dir))], draw(60) * 5);
}

/* Every count and the whole order, sorted somehow.  How many things differ. */
static int compare_with_model(const struct pathev__tally *t)
{
	static const uint32_t bys[] = { 0, PATHEV_ALL, PATHEV_OPEN, PATHEV_CLOSE, PATHEV_UNMOUNT };
	size_t n, max = draw(2) ? SIZE_MAX : draw(MODEL_KEYS + 10);
	uint64_t rest = 0;
	uint32_t *rows;
	int wrong = 0;

	model_by = bys[draw(PATHEV__COUNT(bys))];
	model_reverse = draw(2) != 0;
	qsort(model, models, sizeof(model[0]), model_compare);
	if (pathev__tally_sort(t, model_by, model_reverse ? PATHEV__TALLY_REVERSE : 0, max, &rows, &n))
		abort();
	wrong += n != (max < models ? max : models) || pathev__tally_keys(t) != models;
	for (size_t i = 0; i < models; i++) {
		uint64_t total = model_count(&model[i], PATHEV_ALL);
		char key[40];

		if (i >= n) {
			rest += total;
			continue;
		}
		pathev__tally_key(t, rows[i], key, sizeof(key));
		wrong += strcmp(key, model[i].path) != 0;
		for (uint32_t bit = 1; bit; bit <<= 1)
			wrong += pathev__tally_count(t, rows[i], bit) !=
				 model_count(&model[i], bit & PATHEV_ALL);
		wrong += pathev__tally_total_since(t, rows[i]) != total - model[i].marked;
	}
	wrong += pathev__tally_rest(t, rows, n, PATHEV_ALL) != rest;
	free(rows);
	return wrong;
}

static void equals_the_model(void)
{
	int wrong = 0;

	for (int round = 0; round < 20; round++) {
		struct pathev__tally *t = pathev__tally_new();
		uint64_t sum = 0;

		models = 0;
		for (int i = 0; i < 3000; i++) {
			uint32_t what = draw(4) ? 1u << draw(18) : draw(1 << 18);
			char path[40];

			draw_path(path, sizeof(path));
			add(t, path, what);
			if (what & PATHEV_ALL)
				model_add(path, what & PATHEV_ALL);
			sum += (uint64_t)__builtin_popcount(what & PATHEV_ALL);
			if (draw(1000) == 0) {
				pathev__tally_mark(t);
				for (size_t k = 0; k < models; k++)
					model[k].marked = model_count(&model[k], PATHEV_ALL);
			}
			if (draw(200) == 0)
				wrong += compare_with_model(t);
		}
		wrong += compare_with_model(t) + (pathev__tally_sum(t, PATHEV_ALL) != sum);
		pathev__tally_free(t);
	}
	is_int(wrong, 0, "60000 random events are counted as by the model");
}

/* ---- memory ---- */

/* Every allocation fails once; the same event, given again, is counted. */
static void survives_failed_allocations(void)
{
	long met = 0, lost = 0;
	int wrong = 0;

	for (long n = 0; lost == met; n++) {
		struct pathev__tally *t = pathev__tally_new();

		models = 0;
		alloc_left = n;
		for (int i = 0; i < 60; i++) {
			char path[40];
			int kept;

			snprintf(path, sizeof(path), "dir%d/%d", i % 7, i);
			model_add(path, PATHEV_OPEN);
			errno = 0;
			kept = add(t, path, PATHEV_OPEN) == 0;
			if (kept)
				continue;
			lost++;
			wrong += errno != ENOMEM || alloc_left != -1 ||
				 pathev__tally_sum(t, PATHEV_ALL) != (uint64_t)i || add(t, path, PATHEV_OPEN);
		}
		met += alloc_left == -1;
		lost += alloc_left != -1;	/* the first n that is out of reach ends the loop */
		alloc_left = -1;
		wrong += compare_with_model(t);
		pathev__tally_free(t);
	}
	is_int(wrong, 0, "an event that does not fit is not counted, and all else stays");
	ok(met >= 8, "has met %ld allocations", met);
}

static void survives_other_failed_allocations(void)
{
	struct pathev__tally *t = pathev__tally_new();
	uint32_t *rows;
	size_t n;

	alloc_left = 0;
	ok(!pathev__tally_new() && errno == ENOMEM, "no memory for a tally is told");
	for (int i = 0; i < 65535; i++)
		add(t, "d/a", PATHEV_OPEN | PATHEV_ACCESS);
	alloc_left = 0;
	ok(add(t, "d/a", PATHEV_OPEN | PATHEV_ACCESS) == -1 && errno == ENOMEM,
	   "no memory for large counters is told");
	is_int((intmax_t)pathev__tally_sum(t, PATHEV_ALL), 131070, "and nothing is counted");
	is_int((intmax_t)count_of(t, "d/a", PATHEV_OPEN), 65535, "nor wraps");
	add(t, "d/a", PATHEV_OPEN);
	is_int((intmax_t)count_of(t, "d/a", PATHEV_OPEN), 65536, "until there is some");
	for (long k = 0; k < 2; k++) {
		alloc_left = k;
		ok(pathev__tally_sort(t, 0, 0, SIZE_MAX, &rows, &n) == -1 && errno == ENOMEM,
		   "no memory to sort is told (%ld)", k);
	}
	alloc_left = 0;
	ok(pathev__tally_mark(t) == -1 && errno == ENOMEM, "no memory for a mark is told");
	is_int((intmax_t)pathev__tally_sum_since(t, PATHEV_ALL), 131071, "the mark is where it was");
	is_int((intmax_t)pathev__tally_total_since(t, row_of(t, "d/a")), 131071, "for rows as well");
	alloc_left = -1;
	t->names.len = UINT32_MAX - 5;		/* as if so many names had come */
	ok(add(t, "d/abcdef", PATHEV_OPEN) == -1 && errno == ENOMEM, "more than 4 GiB of names");
	pathev__tally_free(t);
}

#ifdef __SANITIZE_ADDRESS__
static void is_small(void)
{
	skip("the address sanitizer takes memory of its own");
}
#else
static size_t resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void is_small(void)
{
	enum { PATHS = 1000000 };
	struct pathev__tally *t = pathev__tally_new();
	size_t before = resident_bytes(), names = 0, taken;
	long each;

	if (!before || under_valgrind()) {
		skip(before ? "valgrind takes memory of its own" : "/proc is not mounted");
		pathev__tally_free(t);
		return;
	}
	for (int i = 0; i < PATHS; i++) {
		char path[60];
		int dirlen = snprintf(path, sizeof(path), "/home/user/src/directory-%d/", i / 50);
		int namelen = snprintf(path + dirlen, 20, "name-%d", i);

		names += (size_t)namelen;
		pathev__tally_add(t, path, (size_t)(dirlen + namelen), (size_t)dirlen,
				  PATHEV_OPEN | PATHEV_ACCESS | PATHEV_MODIFY | PATHEV_ATTRIB | PATHEV_CLOSE);
	}
	taken = resident_bytes() - before;
	each = (long)((taken - names) / PATHS);
	ok(taken > names && each <= 70, "a million paths take %ld bytes each beside the names", each);
	pathev__tally_mark(t);
	taken = resident_bytes() - before;
	each = (long)((taken - names) / PATHS);
	ok(taken > names && each <= 78, "and %ld bytes with a mark", each);
	pathev__tally_free(t);
}
#endif

static void frees(void)
{
	struct pathev__tally *t = pathev__tally_new();

	add(t, "d/a", PATHEV_OPEN);
	errno = 7;
	pathev__tally_free(NULL);
	pathev__tally_free(t);
	is_int(errno, 7, "freeing keeps errno");
}

static void makes_rows(void)
{
	struct pathev__tally *t = pathev__tally_new();
	uint32_t *rows;
	size_t n;

	is_int(pathev__tally_make(t, "b", 1, 0), 0, "a row is made");
	is_int(pathev__tally_make(t, "a", 1, 0), 0, "and another");
	is_int(pathev__tally_make(t, "b", 1, 0), 0, "and the first one again");
	is_int((int64_t)pathev__tally_keys(t), 2, "there are two");
	is_int((int64_t)pathev__tally_sum(t, PATHEV_ALL), 0, "nothing is counted by that");
	pathev__tally_add(t, "b", 1, 0, PATHEV_OPEN);
	is_int((int64_t)pathev__tally_keys(t), 2, "it is the row that is counted for");
	pathev__tally_sort(t, 0, 0, SIZE_MAX, &rows, &n);
	ok(n == 2 && rows[1] < rows[0], "the number tells which was made first");
	free(rows);
	pathev__tally_free(t);
}

int main(void)
{
	is_small();
	makes_rows();
	counts();
	tells_keys_apart();
	tells_keys_apart_behind_equal_hashes();
	renders_keys();
	sorts();
	outgrows_small_counters();
	marks_intervals();
	spreads_names();
	equals_the_model();
	survives_failed_allocations();
	survives_other_failed_allocations();
	frees();
	return done_testing();
}
