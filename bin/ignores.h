/* SPDX-License-Identifier: MIT */
/* ignores.h - what --ignore and --ignore-file mean below each PATH */
#ifndef PATHEV_IGNORES_H
#define PATHEV_IGNORES_H

#include "cli.h"

#include <stddef.h>

struct pathev__ignore;
struct ignores_own;

/*
 * A GLOB speaks relative to each PATH.  A FILE that lies in a PATH or below, as both are spelled,
 * speaks for its own directory, and in no other PATH; one from elsewhere speaks relative to each
 * PATH, and before all others, so that they can take back what it says.
 */
struct ignores {
	const struct cli *cli;
	struct pathev__ignore *common;	/* for a PATH with no FILE in it */
	struct ignores_own *own;	/* for those with */
	size_t nown;
	unsigned char *inside;		/* for each of cli->ignores: a FILE that lies in some PATH */
};

/* ig is empty then, or 0, or -1 after a message.  ignores_fini() is due in both cases. */
int ignores_init(struct ignores *ig, const struct cli *cli);
void ignores_fini(struct ignores *ig);

/* Make ready to be asked about what is below a PATH.  0, or -1 after a message. */
int ignores_add(struct ignores *ig, const char *path);

/*
 * The PATH stays: FILEs that lie in it are from elsewhere no more, even when it is removed.
 * 1: so there were some, and what they hid below other PATHs counts now; 0, or -1 after a message.
 */
int ignores_settle(struct ignores *ig, const char *path);

void ignores_remove(struct ignores *ig, const char *path);

/* As pathev__ignore_ask(); what is asked about is the part of path from reloff. */
unsigned ignores_ask(const struct ignores *ig, const char *path, size_t reloff, int is_dir);

#endif
