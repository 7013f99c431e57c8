/* SPDX-License-Identifier: MIT */
/* filter.h - --exclude and --include: does this path count */
#ifndef PATHEV_FILTER_H
#define PATHEV_FILTER_H

#include <stddef.h>

struct pathev__filter;

/* What a pattern is for; exactly one of EXCLUDE and INCLUDE. */
enum {
	PATHEV__FILTER_EXCLUDE = 1,
	PATHEV__FILTER_INCLUDE = 2,
	PATHEV__FILTER_ICASE = 4	/* upper and lower case are the same */
};

/* A filter without patterns, to which every path counts.  NULL: ENOMEM. */
struct pathev__filter *pathev__filter_new(void);
void pathev__filter_free(struct pathev__filter *f);	/* NULL is fine; keeps errno */

/*
 * Add a POSIX extended regular expression.  0, or -1 and f as it was: ENOMEM, or EINVAL where
 * it is not one.  The reason is in err then, as text, cut at errsize.
 */
int pathev__filter_add(struct pathev__filter *f, unsigned flags, const char *regex,
		       char *err, size_t errsize);

/*
 * Judge one path, as it is printed: PATHEV_HIDE and PATHEV_PRUNE or'ed, 0 when it counts; -1
 * with ENOMEM.  Expressions match anywhere in the path unless they say ^ or $.
 *
 * Excluded is what some exclude matches: hidden, and a directory pruned.  Where there are
 * includes, what none of them matches is hidden, but no directory is pruned for it.
 *
 * A directory is matched as "dir" and as "dir/", and either suffices.  So `/build$' takes
 * directories and files of that name, `/build/' the directories only, and both spare the walk.
 *
 * Only this path is judged, not those above it: whoever walks a tree does not come below a
 * pruned directory.  Asked all the same, `/build/' excludes everything below, `/build$' not.
 */
int pathev__filter_ask(struct pathev__filter *f, const char *path, int is_dir);

/*
 * For who asks with is_dir 0 about directories as well: is all below this directory excluded,
 * whatever it is called?  That is where an exclude matches "dir/" and would if more followed.
 * 1, 0, or -1 with ENOMEM.
 */
int pathev__filter_all_below(struct pathev__filter *f, const char *dir);

#endif
