/* SPDX-License-Identifier: MIT */
/* filter.c - tests of include and exclude patterns */
#include "alloc.h"

#include <regex.h>

static int no_memory_to_match;	/* 1: as regexec(3) answers then */

static int match_or_fail(const regex_t *regex, const char *text, int flags)
{
	return no_memory_to_match ? REG_ESPACE : regexec(regex, text, 0, NULL, flags);
}

#define regexec(regex, text, n, match, flags) match_or_fail(regex, text, flags)

#include "../../lib/buf.c"
#include "../../lib/filter.c"

#include "tap.h"

#define EXC PATHEV__FILTER_EXCLUDE
#define INC PATHEV__FILTER_INCLUDE
#define ICASE PATHEV__FILTER_ICASE
#define HIDE PATHEV_HIDE
#define GONE (PATHEV_HIDE | PATHEV_PRUNE)

static const struct {
	struct {
		unsigned flags;
		const char *regex;
	} pattern[3];
	const char *path;
	int file, dir;		/* what is answered if path is one */
} table[] = {
	{ { { 0, NULL } }, "a/b", 0, 0 },
	{ { { EXC, "b" } }, "a/b", HIDE, GONE },
	{ { { EXC, "c" } }, "a/b", 0, 0 },
	/* anywhere, unless anchored */
	{ { { EXC, "o/b" } }, "foo/bar", HIDE, GONE },
	{ { { EXC, "^bar" } }, "foo/bar", 0, 0 },
	{ { { EXC, "^foo" } }, "foo/bar", HIDE, GONE },
	/* a directory also goes by its name with a slash */
	{ { { EXC, "bar/" } }, "foo/bar", 0, GONE },
	{ { { EXC, "bar$" } }, "foo/bar", HIDE, GONE },
	{ { { EXC, "/bar/$" } }, "foo/bar", 0, GONE },
	{ { { EXC, "bar/." } }, "foo/bar", 0, 0 },
	{ { { EXC, "foo/" } }, "foo/bar", HIDE, GONE },
	/* POSIX extended */
	{ { { EXC, "\\.(o|a)$" } }, "x.o", HIDE, GONE },
	{ { { EXC, "x{3}" } }, "axxxb", HIDE, GONE },
	{ { { EXC, "x{3}" } }, "axxb", 0, 0 },
	{ { { EXC, "a+[[:digit:]]?$" } }, "aaa7", HIDE, GONE },
	{ { { EXC, "" } }, "any", HIDE, GONE },
	{ { { EXC, "b.c" } }, "a\nb\nc", HIDE, GONE },
	{ { { EXC, "^b" } }, "a\nb", 0, 0 },
	/* case */
	{ { { EXC, "BAR" } }, "foo/bar", 0, 0 },
	{ { { EXC | ICASE, "BAR" } }, "foo/bar", HIDE, GONE },
	{ { { EXC | ICASE, "bar/" } }, "foo/BAR", 0, GONE },
	{ { { INC | ICASE, "BAR" } }, "foo/bar", 0, 0 },
	{ { { INC, "BAR" } }, "foo/bar", HIDE, HIDE },
	/* any exclude is enough */
	{ { { EXC, "x" }, { EXC, "a" } }, "a", HIDE, GONE },
	{ { { EXC, "a" }, { EXC, "x" } }, "a", HIDE, GONE },
	{ { { EXC, "x" }, { EXC, "y" } }, "a", 0, 0 },
	/* any include is enough; none of them prunes */
	{ { { INC, "\\.c$" } }, "a.c", 0, 0 },
	{ { { INC, "\\.c$" } }, "a.h", HIDE, HIDE },
	{ { { INC, "\\.c$" }, { INC, "\\.h$" } }, "a.h", 0, 0 },
	{ { { INC, "\\.h$" }, { INC, "\\.c$" } }, "a.h", 0, 0 },
	{ { { INC, "a/$" } }, "a", HIDE, 0 },
	/* an exclude outweighs the includes, in either order */
	{ { { INC, "a" }, { EXC, "b" } }, "ab", HIDE, GONE },
	{ { { EXC, "b" }, { INC, "a" } }, "ab", HIDE, GONE },
	{ { { EXC, "b" }, { INC, "a" } }, "ac", 0, 0 },
	{ { { EXC, "b" }, { INC, "a" } }, "c", HIDE, HIDE },
	{ { { EXC, "b/" }, { INC, "c" } }, "b", HIDE, GONE },
	{ { { EXC, "x" }, { INC, "a" }, { INC, "b" } }, "b", 0, 0 },
};

static struct pathev__filter *make(size_t row)
{
	struct pathev__filter *f = pathev__filter_new();
	char err[100];

	for (size_t i = 0; f && i < 3 && table[row].pattern[i].regex; i++)
		if (pathev__filter_add(f, table[row].pattern[i].flags,
				       table[row].pattern[i].regex, err, sizeof(err)))
			abort();
	return f;
}

static void judges_paths(void)
{
	for (size_t i = 0; i < PATHEV__COUNT(table); i++) {
		struct pathev__filter *f = make(i);
		const char *regex = table[i].pattern[0].regex;

		is_int(pathev__filter_ask(f, table[i].path, 0), table[i].file,
		       "row %zu: the file '%s' by '%s'", i, table[i].path, regex ? regex : "");
		is_int(pathev__filter_ask(f, table[i].path, 1), table[i].dir,
		       "row %zu: the directory '%s' by '%s'", i, table[i].path,
		       regex ? regex : "");
		pathev__filter_free(f);
	}
}

static void refuses_bad_patterns(void)
{
	static const char *const bad[] = { "(", "[", "a{2,1}", "[[:nope:]]", "[b-a]", "a\\" };
	struct pathev__filter *f = pathev__filter_new();

	for (size_t i = 0; i < PATHEV__COUNT(bad); i++) {
		char err[100] = "";

		errno = 0;
		ok(pathev__filter_add(f, EXC, bad[i], err, sizeof(err)) == -1 && errno == EINVAL,
		   "refuses '%s'", bad[i]);
		ok(strlen(err) > 3, "says why: %s", err);
	}
	is_int(pathev__filter_ask(f, "(", 0), 0, "a refused pattern hides nothing");
	char tiny[4] = "....";
	ok(pathev__filter_add(f, INC, "(", tiny, 3) == -1 && strlen(tiny) == 2 && tiny[3] == '.',
	   "cuts the reason to the space there is");
	is_int(pathev__filter_ask(f, "a", 0), 0, "a refused include hides nothing");
	ok(pathev__filter_add(f, EXC, "b", NULL, 0) == 0 && pathev__filter_ask(f, "b", 0) == HIDE,
	   "takes a good pattern after refusing bad ones");
	pathev__filter_free(f);
}

static void takes_long_paths(void)
{
	enum { LEN = 100000 };
	struct pathev__filter *f = pathev__filter_new();
	char *path = malloc(LEN + 1);

	if (!path)
		abort();
	memset(path, 'a', LEN);
	path[LEN] = '\0';
	pathev__filter_add(f, EXC, "aa/", NULL, 0);
	is_int(pathev__filter_ask(f, path, 0), 0, "a long file name");
	is_int(pathev__filter_ask(f, path, 1), GONE, "a long directory name");
	is_int(pathev__filter_ask(f, "b", 1), 0, "a short one after it");
	free(path);
	pathev__filter_free(f);
}

/* Allocation n fails, if there are as many.  1 if there are. */
static int fail_at(long n)
{
	struct pathev__filter *f;
	char err[100] = "";
	int added, answer, failed;

	alloc_left = n;
	f = pathev__filter_new();
	if (!f)
		return 1;
	errno = 0;
	added = pathev__filter_add(f, EXC, "b/", err, sizeof(err)) == 0;
	ok(added || (errno == ENOMEM && *err), "allocation %ld: adding succeeds or says why", n);
	errno = 0;
	answer = pathev__filter_ask(f, "b", 1);
	ok(answer == (added ? GONE : 0) || (answer == -1 && errno == ENOMEM),
	   "allocation %ld: the answer is right or ENOMEM", n);
	failed = alloc_left == -1;
	alloc_left = -1;
	is_int(pathev__filter_ask(f, "b", 1), added ? GONE : 0,
	       "allocation %ld: the filter is usable", n);
	pathev__filter_free(f);
	return failed;
}

static void survives_failed_allocations(void)
{
	long n = 0;

	while (fail_at(n))
		n++;
	is_int(n, 4, "has met every allocation");
}

static void tells_that_matching_failed(void)
{
	static const unsigned kinds[] = { EXC, INC };

	for (size_t i = 0; i < PATHEV__COUNT(kinds); i++) {
		struct pathev__filter *f = pathev__filter_new();

		pathev__filter_add(f, kinds[i], "b", NULL, 0);
		no_memory_to_match = 1;
		errno = 0;
		ok(pathev__filter_ask(f, "b", 0) == -1 && errno == ENOMEM,
		   "no memory to match an %s: is no answer", i ? "include" : "exclude");
		no_memory_to_match = 0;
		pathev__filter_free(f);
	}
}

static void frees(void)
{
	errno = 7;
	pathev__filter_free(NULL);
	pathev__filter_free(pathev__filter_new());
	is_int(errno, 7, "freeing keeps errno");
}

/* What is below "dir/" is excluded, whatever follows. */
static void judges_what_is_below(void)
{
	static const struct {
		unsigned flags;
		const char *regex;
		int below;
	} cases[] = {
		{ EXC, "d/ab", 1 },
		{ EXC, "/ab/", 1 },
		{ EXC, "b/.*", 1 },
		{ EXC, "/ab$", 0 },
		{ EXC, "/ab/$", 0 },
		{ EXC, "(/ab/|\\.o$)", 1 },
		{ EXC, "(/ax/|/ab/$)", 0 },
		{ EXC, "b/.", 0 },
		{ EXC, "b/\\B", 0 },
		{ EXC, "b/\\'", 0 },
		{ EXC, "AB", 0 },
		{ EXC | ICASE, "AB", 1 },
		{ INC, "zzz", 0 },
		{ INC, "ab", 0 },
	};
	struct pathev__filter *f;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f = pathev__filter_new();
		pathev__filter_add(f, cases[i].flags, cases[i].regex, NULL, 0);
		is_int(pathev__filter_all_below(f, "d/ab"), cases[i].below,
		       "below d/ab: %s %s", cases[i].flags & EXC ? "exclude" : "include",
		       cases[i].regex);
		pathev__filter_free(f);
	}
	f = pathev__filter_new();
	is_int(pathev__filter_all_below(f, "d"), 0, "without a pattern all below counts");
	pathev__filter_add(f, EXC, "d", NULL, 0);
	no_memory_to_match = 1;
	is_int(pathev__filter_all_below(f, "d"), -1, "below: no memory to match");
	is_int(errno, ENOMEM, "below: errno");
	no_memory_to_match = 0;
	pathev__filter_free(f);
}

int main(void)
{
	judges_paths();
	judges_what_is_below();
	refuses_bad_patterns();
	takes_long_paths();
	survives_failed_allocations();
	tells_that_matching_failed();
	frees();
	return done_testing();
}
