/* SPDX-License-Identifier: MIT */
/*
 * options.c - fuzz target: the command line as a whole, with numbers and sizes.  Input: which sets
 * of options the program takes, then the arguments.
 *
 * The module is part of this file, so that what it prints can be dropped.
 */
#include "fuzz.h"

#include <stdio.h>

__attribute__((format(printf, 1, 2)))
static int drop(const char *fmt, ...)
{
	return fmt ? 0 : -1;
}

#undef dprintf
#undef printf
#undef fputs
#define dprintf(fd, ...) drop(__VA_ARGS__)
#define printf(...) drop(__VA_ARGS__)
#define fputs(text, file) drop("%s", text)
#include "../../bin/cli.c"
#include "../../bin/progress.c"

static int set(void *self, int opt, const char *arg)
{
	(void)self;
	must(opt == 'u' && arg);
	return 0;
}

static const struct option own[] = {
	{ "until", required_argument, NULL, 'u' },
	{ NULL, 0, NULL, 0 }
};

/* A number is read again as it is written. */
static void number(const struct cli *c, const char *arg)
{
	char text[32];
	uint64_t n, again;
	size_t size;

	if (cli_number(c, "--number", arg, 1, UINT64_MAX, &n) == 0) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
		must(cli_number(c, "--number", text, n, n, &again) == 0 && again == n);
	}
	if (size_of(c, "--size", arg, &size) == 0) {
		must(size > 0);
		snprintf(text, sizeof(text), "%zu", size);
		must(size_of(c, "--size", text, &size) == 0);
		must(strtoull(text, NULL, 10) == size);
	}
}

/* Nothing is opened but what lies in this directory, and that is no device; and filter.c says what
 * + ? and { may do in an expression. */
static void tame(char *word)
{
	for (; *word; word++)
		if (strchr("/+?{", *word))
			*word = '|';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { ARGS = 16 };
	struct fuzz in = { data, size };
	struct cli_program program = {
		.name = "fuzz",
		.usage = "",
		.options = own,
		.sets = (unsigned)fuzz_number(&in, 1) & 7,
		.events = PATHEV_CHANGES,
		.own_help = "",
		.set = set,
	};
	char *arg[ARGS + 2] = { fuzz_copy("fuzz", 5) }, *order[ARGS + 2];
	int n = 1, res;
	struct cli c;

	while (in.len && n <= ARGS) {
		arg[n] = fuzz_word(&in);
		tame(arg[n++]);
	}
	memcpy(order, arg, sizeof(order));	/* getopt_long(3) may change it */
	optind = 0;
	res = cli_parse(&c, &program, NULL, n, order);
	must(res == 1 || res == 0 || res == -1);
	if (res == 1) {
		must(!c.quiet || !c.verbose);
		must(!c.max_depth || c.flags & PATHEV_RECURSIVE);
		must(!c.command || *c.command);
		must(c.timeout_ns >= -1 && (c.ready_fd == -1 || c.ready_fd > 2));
	}
	for (int i = 1; i < n; i++)
		number(&c, arg[i]);
	cli_free(&c);
	for (int i = 0; i < n; i++)
		free(arg[i]);
	return 0;
}
