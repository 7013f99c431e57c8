/* SPDX-License-Identifier: MIT */
/*
 * filter.c - fuzz target: --include and --exclude.  Input: flags, is it a directory, an expression,
 * another one, a path.
 *
 * The compiler of expressions is the libc's.  To glibc's, x+ is xx*, so that each further + doubles
 * what is before it, {N} multiplies it, and a row of ? takes time like the doubling: some short
 * expressions ask for more than there is.  These are left out: not ours to find.
 */
#include "fuzz.h"

#include "filter.h"
#include "pathev.h"

#include <errno.h>

static int is_cheap(const char *regex)
{
	size_t braces = 0, repeats = 0, len = strlen(regex);

	for (size_t i = 0; i < len; i++) {
		braces += regex[i] == '{';
		repeats += strchr("*+?", regex[i]) != NULL;
	}
	return len < 64 && (braces ? braces == 1 && !repeats && len < 24 : repeats < 6);
}

static void add(struct pathev__filter *f, unsigned flags, const char *regex)
{
	char why[32] = "";

	if (!is_cheap(regex) || pathev__filter_add(f, flags, regex, why, sizeof(why)) == 0)
		return;
	must(errno == ENOMEM || errno == EINVAL);
	must(errno == ENOMEM || (*why && memchr(why, '\0', sizeof(why))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = { data, size };
	unsigned flags = (unsigned)fuzz_number(&in, 1);
	int is_dir = (int)(fuzz_number(&in, 1) & 1), verdict;
	char *one = fuzz_word(&in), *other = fuzz_word(&in), *path = fuzz_word(&in);
	unsigned icase = flags & PATHEV__FILTER_ICASE;
	struct pathev__filter *f = pathev__filter_new();

	must(f);
	must(pathev__filter_ask(f, path, is_dir) == 0);
	add(f, (flags & 1 ? PATHEV__FILTER_EXCLUDE : PATHEV__FILTER_INCLUDE) | icase, one);
	add(f, (flags & 2 ? PATHEV__FILTER_EXCLUDE : PATHEV__FILTER_INCLUDE) | icase, other);
	verdict = pathev__filter_ask(f, path, is_dir);
	must(verdict == -1 ? errno == ENOMEM : !(verdict & ~(PATHEV_HIDE | PATHEV_PRUNE)));
	must(verdict == -1 || is_dir || !(verdict & PATHEV_PRUNE));
	must(verdict == -1 || !(verdict & PATHEV_PRUNE) || verdict & PATHEV_HIDE);
	/* excluded by all means: whatever the rest says */
	if (verdict != -1 && pathev__filter_add(f, PATHEV__FILTER_EXCLUDE, "^", NULL, 0) == 0)
		must(pathev__filter_ask(f, path, is_dir) ==
		     (is_dir ? PATHEV_HIDE | PATHEV_PRUNE : PATHEV_HIDE));
	pathev__filter_free(f);
	free(path);
	free(other);
	free(one);
	return 0;
}
