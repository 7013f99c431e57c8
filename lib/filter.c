/* SPDX-License-Identifier: MIT */
/* filter.c - --exclude and --include: does this path count */
#include "filter.h"

#include "base.h"
#include "buf.h"
#include "pathev.h"

#include <assert.h>
#include <regex.h>
#include <string.h>

struct pattern {
	regex_t regex;
	unsigned flags;
	int ends;		/* it may ask, in GNU's way, for what is behind the match */
};

struct pathev__filter {
	struct pattern **pattern;	/* used of them, each its own: a regex_t may not be moved */
	size_t used;
	size_t cap;
	size_t includes;		/* how many of them include */
	struct pathev__buf slashed;	/* the directory asked about, with its slash */
};

struct pathev__filter *pathev__filter_new(void)
{
	return calloc(1, sizeof(struct pathev__filter));
}

void pathev__filter_free(struct pathev__filter *f)
{
	int cause = errno;

	if (!f)
		return;
	for (size_t i = 0; i < f->used; i++) {
		regfree(&f->pattern[i]->regex);
		free(f->pattern[i]);
	}
	free(f->pattern);
	pathev__buf_fini(&f->slashed);
	free(f);
	errno = cause;
}

/* The reason into err, the cause into errno; -1 for the caller to return. */
static int fail(int code, const regex_t *regex, char *err, size_t errsize)
{
	regerror(code, regex, err, errsize);
	errno = code == REG_ESPACE ? ENOMEM : EINVAL;
	return -1;
}

int pathev__filter_add(struct pathev__filter *f, unsigned flags, const char *regex,
		       char *err, size_t errsize)
{
	int icase = flags & PATHEV__FILTER_ICASE ? REG_ICASE : 0;
	struct pattern **grown, *p;
	int code;

	assert(!(flags & PATHEV__FILTER_EXCLUDE) != !(flags & PATHEV__FILTER_INCLUDE));
	grown = pathev__grow(f->pattern, &f->cap, f->used + 1, sizeof(*grown));
	if (!grown)
		return fail(REG_ESPACE, NULL, err, errsize);
	f->pattern = grown;
	p = malloc(sizeof(*p));
	if (!p)
		return fail(REG_ESPACE, NULL, err, errsize);
	code = regcomp(&p->regex, regex, REG_EXTENDED | REG_NOSUB | icase);
	if (code) {
		fail(code, &p->regex, err, errsize);
		code = errno;
		free(p);
		errno = code;
		return -1;
	}
	p->flags = flags;
	/* \B and \' look behind the end, and REG_NOTEOL has no say in that */
	p->ends = strstr(regex, "\\B") || strstr(regex, "\\'");
	f->pattern[f->used++] = p;
	f->includes += !!(flags & PATHEV__FILTER_INCLUDE);
	return 0;
}

/* Does p match path or, where there is one, slashed?  1, 0, or -1 with ENOMEM. */
static int match(const struct pattern *p, const char *path, const char *slashed)
{
	int code = regexec(&p->regex, path, 0, NULL, 0);

	if (code == REG_NOMATCH && slashed)
		code = regexec(&p->regex, slashed, 0, NULL, 0);
	if (code == 0 || code == REG_NOMATCH)
		return code == 0;
	errno = ENOMEM;
	return -1;
}

/* The same for all patterns of that kind, up to the first that matches. */
static int match_any(const struct pathev__filter *f, unsigned kind, const char *path,
		     const char *slashed)
{
	int found = 0;

	for (size_t i = 0; i < f->used && found == 0; i++)
		if (f->pattern[i]->flags & kind)
			found = match(f->pattern[i], path, slashed);
	return found;
}

/* path with a slash behind it, until the next call; NULL: ENOMEM */
static const char *add_slash(struct pathev__filter *f, const char *path)
{
	pathev__buf_cut(&f->slashed, 0);
	if (pathev__buf_adds(&f->slashed, path) || pathev__buf_addch(&f->slashed, '/'))
		return NULL;
	return f->slashed.data;
}

int pathev__filter_ask(struct pathev__filter *f, const char *path, int is_dir)
{
	const char *slashed = NULL;
	int found;

	if (f->used == 0)
		return 0;
	if (is_dir) {
		slashed = add_slash(f, path);
		if (!slashed)
			return -1;
	}
	found = match_any(f, PATHEV__FILTER_EXCLUDE, path, slashed);
	if (found < 0)
		return -1;
	if (found)
		return is_dir ? PATHEV_HIDE | PATHEV_PRUNE : PATHEV_HIDE;
	if (f->includes == 0)
		return 0;
	found = match_any(f, PATHEV__FILTER_INCLUDE, path, slashed);
	if (found < 0)
		return -1;
	return found ? 0 : PATHEV_HIDE;
}

int pathev__filter_all_below(struct pathev__filter *f, const char *dir)
{
	const char *slashed = f->used > f->includes ? add_slash(f, dir) : "";

	if (!slashed)
		return -1;
	for (size_t i = 0; i < f->used; i++) {
		const struct pattern *p = f->pattern[i];
		int code;

		if (!(p->flags & PATHEV__FILTER_EXCLUDE) || p->ends)
			continue;
		code = regexec(&p->regex, slashed, 0, NULL, REG_NOTEOL);
		if (code == 0)
			return 1;
		if (code != REG_NOMATCH) {
			errno = ENOMEM;
			return -1;
		}
	}
	return 0;
}
