/* SPDX-License-Identifier: MIT */
/* lists.c - PATHs from files: --from-file */
#include "lists.h"

#include <errno.h>
#include <fcntl.h>
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

static int read_list(const struct reader *r, const char *file)
{
	char end = r->cli->nul ? '\0' : '\n';
	size_t left, len;
	char *text = cli_read(AT_FDCWD, file, &left);
	int ret = 0;

	if (!text) {
		cli_error(r->cli, "--from-file '%s': %s", r->name, strerror(errno));
		return -1;
	}
	for (const char *line = text; left && ret == 0; line += len, left -= len) {
		const char *last = memchr(line, end, left);

		len = last ? (size_t)(last - line) : left;
		if (memchr(line, '\0', len)) {
			cli_error(r->cli, "--from-file '%s': holds NUL bytes; -0 reads such lists",
				  r->name);
			ret = -1;
			break;
		}
		ret = add_line(r, line, len);
		len += last != NULL;
	}
	free(text);
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
		if (read_list(&r, is_stdin ? NULL : r.name))
			return -1;
	}
	return 0;
}
