/* SPDX-License-Identifier: MIT */
/*
 * ignores.c - what --ignore and --ignore-file mean below each PATH
 *
 * Where a FILE lies, by spelling; lists of patterns; PATHs that come and go; asking.
 */
#include "ignores.h"

#include "ignore.h"

#include <stdlib.h>
#include <string.h>

/* The list for one PATH. */
struct ignores_own {
	char *path;		/* as it was given */
	char *prefix;		/* how paths below it begin, up to the slash */
	size_t prefixlen;
	struct pathev__ignore *list;
};

/* ---- where a FILE lies, by spelling ---- */

/* The next component of path that is no dot; *len is 0 at the end. */
static const char *component(const char *path, size_t *len)
{
	for (;;) {
		path += strspn(path, "/");
		*len = strcspn(path, "/");
		if (*len != 1 || *path != '.')
			return path;
		path += *len;
	}
}

static int is_dotdot(const char *path, size_t len)
{
	return len == 2 && memcmp(path, "..", 2) == 0;
}

/* Write the components of path that come before end with one slash between them. */
static void join(char *to, const char *path, const char *end)
{
	size_t len;

	for (; (path = component(path, &len)) < end; path += len) {
		to = mempcpy(to, path, len);
		*to++ = '/';
	}
	to[-1] = '\0';
}

/*
 * The directory that file lies in, relative to root: 1, with *base for the caller to free; 0:
 * it lies elsewhere; -1: no memory.
 */
static int lies_in(const char *root, const char *file, char **base)
{
	const char *end = strrchr(file, '/');
	const char *p;
	size_t rootlen, len;

	if ((root[0] == '/') != (file[0] == '/'))
		return 0;
	if (!end)
		end = file;
	for (;; root += rootlen, file = p + len) {
		root = component(root, &rootlen);
		p = component(file, &len);
		if (!rootlen)
			break;
		if (p >= end || rootlen != len || memcmp(root, p, len) != 0)
			return 0;
	}
	/* where a .. leads to is not seen from its spelling */
	for (const char *q = p; q < end; q = component(q + len, &len))
		if (is_dotdot(q, len))
			return 0;
	*base = calloc(1, strlen(p) + 1);
	if (!*base)
		return -1;
	if (p < end)
		join(*base, p, end);
	return 1;
}

/* ---- lists of patterns ---- */

/* Add what is from elsewhere: it comes first, and so is overruled by what follows. */
static int add_elsewhere(const struct ignores *ig, struct pathev__ignore *list, const char *root)
{
	for (size_t i = 0; i < ig->cli->nignores; i++) {
		const struct cli_ignore *from = &ig->cli->ignores[i];
		char *base = NULL;
		int ret;

		if (!from->file || ig->inside[i])
			continue;
		ret = root ? lies_in(root, from->file, &base) : 0;
		free(base);
		if (ret == 0)
			ret = pathev__ignore_add_text(list, "", from->text, from->len);
		if (ret < 0)
			return -1;
	}
	return 0;
}

/* Add what is relative to this PATH, and what lies in it. */
static int add_own(const struct ignores *ig, struct pathev__ignore *list, const char *root)
{
	for (size_t i = 0; i < ig->cli->nignores; i++) {
		const struct cli_ignore *from = &ig->cli->ignores[i];
		char *base = NULL;
		int ret = 0;

		if (!from->file)
			ret = pathev__ignore_add(list, "", from->text);
		else if (root)
			ret = lies_in(root, from->file, &base);
		if (ret > 0)
			ret = pathev__ignore_add_text(list, base, from->text, from->len);
		free(base);
		if (ret < 0)
			return -1;
	}
	return 0;
}

/* Make *list anew; root is NULL for the common one.  0, or -1 after a message. */
static int make(const struct ignores *ig, struct pathev__ignore **list, const char *root)
{
	struct pathev__ignore *made = pathev__ignore_new();

	if (!made || add_elsewhere(ig, made, root) || add_own(ig, made, root)) {
		pathev__ignore_free(made);
		return cli_no_memory(ig->cli);
	}
	pathev__ignore_free(*list);
	*list = made;
	return 0;
}

/* ---- PATHs that come and go ---- */

int ignores_init(struct ignores *ig, const struct cli *cli)
{
	*ig = (struct ignores){ .cli = cli };
	if (!cli->nignores)
		return 0;
	ig->inside = calloc(cli->nignores, 1);
	if (!ig->inside)
		return cli_no_memory(cli);
	return make(ig, &ig->common, NULL);
}

static void free_own(struct ignores_own *own)
{
	free(own->path);
	free(own->prefix);
	pathev__ignore_free(own->list);
}

void ignores_fini(struct ignores *ig)
{
	for (size_t i = 0; i < ig->nown; i++)
		free_own(&ig->own[i]);
	free(ig->own);
	free(ig->inside);
	pathev__ignore_free(ig->common);
	*ig = (struct ignores){ .cli = ig->cli };
}

/* Does any FILE lie in path?  1, 0, or -1: no memory.  With mark, those that do are marked. */
static int has_files(struct ignores *ig, const char *path, int mark)
{
	int found = 0;

	for (size_t i = 0; i < ig->cli->nignores; i++) {
		const struct cli_ignore *from = &ig->cli->ignores[i];
		char *base;
		int ret;

		if (!from->file || (mark && ig->inside[i]))
			continue;
		ret = lies_in(path, from->file, &base);
		if (ret < 0)
			return -1;
		if (!ret)
			continue;
		if (mark)
			cli_note(ig->cli, "'%s' speaks for its own directory in '%s'",
				 from->file, path);
		free(base);
		ig->inside[i] |= mark != 0;
		found = 1;
	}
	return found;
}

int ignores_add(struct ignores *ig, const char *path)
{
	size_t len = strlen(path);
	struct ignores_own own = { .path = NULL };
	struct ignores_own *grown;
	int ret = has_files(ig, path, 0);

	if (ret <= 0)
		return ret ? cli_no_memory(ig->cli) : 0;
	grown = reallocarray(ig->own, ig->nown + 1, sizeof(*grown));
	if (grown)
		ig->own = grown;
	while (len && path[len - 1] == '/')
		len--;
	own.path = strdup(path);
	own.prefix = malloc(len + 2);
	if (!grown || !own.path || !own.prefix) {
		free_own(&own);
		return cli_no_memory(ig->cli);
	}
	memcpy(own.prefix, path, len);
	memcpy(own.prefix + len, "/", 2);
	own.prefixlen = len + 1;
	if (make(ig, &own.list, path)) {
		free_own(&own);
		return -1;
	}
	ig->own[ig->nown++] = own;
	return 0;
}

int ignores_settle(struct ignores *ig, const char *path)
{
	int ret = has_files(ig, path, 1);

	if (ret <= 0)
		return ret ? cli_no_memory(ig->cli) : 0;
	if (make(ig, &ig->common, NULL))
		return -1;
	for (size_t i = 0; i < ig->nown; i++)
		if (make(ig, &ig->own[i].list, ig->own[i].path))
			return -1;
	return 1;
}

void ignores_remove(struct ignores *ig, const char *path)
{
	for (size_t i = 0; i < ig->nown; i++) {
		if (strcmp(ig->own[i].path, path) != 0)
			continue;
		free_own(&ig->own[i]);
		ig->own[i] = ig->own[--ig->nown];
		return;
	}
}

/* ---- asking ---- */

unsigned ignores_ask(const struct ignores *ig, const char *path, size_t reloff, int is_dir)
{
	const struct pathev__ignore *list = ig->common;

	if (!list)
		return 0;
	for (size_t i = 0; i < ig->nown; i++) {
		const struct ignores_own *own = &ig->own[i];

		if (own->prefixlen == reloff && strncmp(path, own->prefix, reloff) == 0) {
			list = own->list;
			break;
		}
	}
	return pathev__ignore_ask(list, path + reloff, is_dir);
}
