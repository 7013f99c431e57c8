/* SPDX-License-Identifier: MIT */
/* lists.c - PATHs from files: --from-file */
#include "lists.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct cli *cli;
	const char *name;		/* of the file */
	struct cli_list *paths;
	struct cli_list *left_out;
};

static int add_line(const struct reader *r, const char *line, size_t len)
{
	if (len == 0)
		return 0;
	if (line[0] != '@')
		return cli_list_add(r->cli, r->paths, line, len);
	if (len == 1) {
		cli_error(r->cli, "--from-file '%s': '@' without a path", r->name);
		return -1;
	}
	return cli_list_add(r->cli, r->left_out, line + 1, len - 1);
}

static int read_lines(const struct reader *r, FILE *f)
{
	char end = r->cli->nul ? '\0' : '\n';
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int ret = 0;

	errno = 0;
	while (ret == 0 && (len = getdelim(&line, &size, end, f)) > 0) {
		if (line[len - 1] == end)
			len--;
		if (memchr(line, '\0', (size_t)len)) {
			cli_error(r->cli, "--from-file '%s': holds NUL bytes; -0 reads such lists",
				  r->name);
			ret = -1;
			break;
		}
		ret = add_line(r, line, (size_t)len);
		errno = 0;
	}
	if (ret == 0 && errno) {
		cli_error(r->cli, "--from-file '%s': %s", r->name, strerror(errno));
		ret = -1;
	}
	free(line);
	return ret;
}

static int read_file(const struct reader *r)
{
	FILE *f = fopen(r->name, "re");
	int ret;

	if (!f) {
		cli_error(r->cli, "--from-file '%s': %s", r->name, strerror(errno));
		return -1;
	}
	ret = read_lines(r, f);
	fclose(f);
	return ret;
}

int lists_read(struct cli *c, enum lists_which which, struct cli_list *paths,
	       struct cli_list *left_out)
{
	struct reader r = { .cli = c, .paths = paths, .left_out = left_out };

	for (size_t i = 0; i < c->from_files.len; i++) {
		int is_stdin = strcmp(c->from_files.item[i], "-") == 0;

		r.name = c->from_files.item[i];
		if (is_stdin != (which == LISTS_STDIN))
			continue;
		if (is_stdin ? read_lines(&r, stdin) : read_file(&r))
			return -1;
	}
	return 0;
}
