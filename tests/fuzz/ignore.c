/* SPDX-License-Identifier: MIT */
/*
 * ignore.c - fuzz target: patterns of gitignore.  Input: is it a directory, a path, a base, a
 * single pattern, the text of a file.
 */
#include "fuzz.h"

#include "ignore.h"
#include "pathev.h"

static unsigned ask(const struct pathev__ignore *ig, const char *rel, int is_dir)
{
	unsigned verdict = pathev__ignore_ask(ig, rel, is_dir);

	must(verdict == 0 || verdict == PATHEV_HIDE ||
	     (is_dir && verdict == (PATHEV_HIDE | PATHEV_PRUNE)));
	must(pathev__ignore_ask(ig, rel, is_dir) == verdict);
	return verdict;
}

/* The shape of a path below a root: components, none of them empty. */
static int is_rel(const char *s)
{
	size_t len = strlen(s);

	return len && s[0] != '/' && s[len - 1] != '/' && !strstr(s, "//");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = { data, size };
	int is_dir = (int)(fuzz_number(&in, 1) & 1);
	char *rel = fuzz_word(&in), *base = fuzz_word(&in), *pattern = fuzz_word(&in);
	char *text = fuzz_copy(in.data, in.len);
	struct pathev__ignore *ig = pathev__ignore_new();

	must(ig);
	must(ask(ig, rel, is_dir) == 0);
	must(pathev__ignore_add(ig, "", pattern) == 0);
	ask(ig, rel, is_dir);
	must(pathev__ignore_add_text(ig, "", text, in.len) == 0);
	ask(ig, rel, is_dir);
	if (is_rel(rel)) {
		/* the last pattern that matches decides */
		must(pathev__ignore_add(ig, "", "*") == 0);
		must(ask(ig, rel, is_dir) & PATHEV_HIDE);
		must(pathev__ignore_add(ig, "", "!*") == 0);
		must(ask(ig, rel, is_dir) == 0);
	}
	if (is_rel(base) || !*base) {
		must(pathev__ignore_add(ig, base, pattern) == 0);
		must(pathev__ignore_add_text(ig, base, text, in.len) == 0);
		ask(ig, rel, is_dir);
	}
	pathev__ignore_free(ig);
	free(text);
	free(pattern);
	free(base);
	free(rel);
	return 0;
}
