/* SPDX-License-Identifier: MIT */
/* lists.h - PATHs from files: --from-file */
#ifndef PATHEV_LISTS_H
#define PATHEV_LISTS_H

#include "cli.h"

/* Which of the files are meant. */
enum lists_which {
	LISTS_STDIN,	/* -, which can be read but once */
	LISTS_FILES	/* the others */
};

/*
 * Append the PATHs of these files to paths, and what stands behind an @ to left_out.  0, or -1
 * after a message, with both as far as they came.
 */
int lists_read(struct cli *c, enum lists_which which, struct cli_list *paths,
	       struct cli_list *left_out);

#endif
