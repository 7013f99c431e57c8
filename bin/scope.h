/* SPDX-License-Identifier: MIT */
/* scope.h - which paths are watched: PATH arguments, lists of them, and what is left out */
#ifndef PATHEV_SCOPE_H
#define PATHEV_SCOPE_H

#include "blind.h"

#include <stddef.h>
#include <stdint.h>

struct cli;
struct cli_list;
struct pathev;
struct pathev_options;

struct scope {
	const struct cli *cli;
	struct blind blind;
	char **true_root;		/* of each PATH; NULL: not needed yet */
	struct left_out *left_out;	/* what @PATH means below each PATH */
	size_t nleft_out;
};

enum { SCOPE_NEED_PATH = 1 };	/* without PATH there is no `.' */

/*
 * Complete cli->paths from --from-file, or with `.'; look whether they are there, unless they
 * may be missing; and make ready to answer the library's filter.  output is a descriptor whose
 * regular file is left out, so that what we write is not an event to write about; -1: none.
 * 0, or -1 after a message.  scope_fini() is due in both cases.
 */
int scope_init(struct scope *s, struct cli *cli, int output, unsigned flags);
void scope_fini(struct scope *s);

/*
 * Open a watcher with these options, completed by those of the command line, and add all
 * paths to it.  s must stay where it is until the watcher is closed.  NULL after a message.
 */
struct pathev *scope_open(struct scope *s, struct pathev_options *opt);

#endif
