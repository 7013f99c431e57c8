/* SPDX-License-Identifier: MIT */
/* scope.h - which paths are watched: PATH arguments, lists of them, and what is left out */
#ifndef PATHEV_SCOPE_H
#define PATHEV_SCOPE_H

#include "blind.h"
#include "cli.h"
#include "ignores.h"
#include "progress.h"

#include <stddef.h>
#include <stdint.h>

struct pathev;
struct pathev_options;
struct scope_entry;
struct scope_root;

/* Who has asked for a PATH, or'ed. */
enum {
	SCOPE_ARGUMENT = 1,	/* the command line, or a list on standard input */
	SCOPE_LISTED = 2,	/* a list in a file */
	SCOPE_COMMAND = 4	/* a command */
};

struct scope {
	struct cli *cli;
	struct blind blind;
	struct progress progress;	/* until loop_ready() */
	uint32_t file_flags;		/* of pathev_add(), for a PATH that is no directory now */
	struct pathev *pv;		/* the caller's; NULL: not open yet */
	int output;			/* a regular file that we write; -1: none */
	struct scope_root *root;	/* the PATHs, each once */
	size_t nroots;
	struct scope_entry *entry;	/* what is left out, by its true path */
	size_t nentries;
	struct left_out *left_out;	/* the same below each PATH */
	size_t nleft_out;
	struct ignores ignores;
	unsigned flags;
	size_t fixed;			/* of cli->paths: those behind are of lists in files */
	struct cli_list listed;		/* PATHs of lists in files, which may be read again */
	struct cli_list listed_out;	/* and what they leave out */
};

enum {
	SCOPE_NEED_PATH = 1,	/* without PATH there is no `.' */
	SCOPE_MAY_BE_EMPTY = 2	/* nor is one needed */
};

/*
 * Complete cli->paths from --from-file, or with `.'; look whether they are there, unless they
 * may be missing; and make ready to answer the library's filter.  output is a regular file that
 * we write, which is left out, so that what we write is not an event to write about; -1: none.
 * 0, or -1 after a message.  scope_fini() is due in both cases.
 */
int scope_init(struct scope *s, struct cli *cli, int output, unsigned flags);
void scope_fini(struct scope *s);

/*
 * Open a watcher with these options, completed by those of the command line, and add all
 * paths to it.  s must stay where it is until the watcher is closed.  NULL after a message.
 */
struct pathev *scope_open(struct scope *s, struct pathev_options *opt);

/* Watch one more PATH, or list it again.  0, or -1 without a message: *why, or where that is NULL
 * errno.  flags as those of pathev_add(). */
int scope_add(struct scope *s, const char *path, uint32_t flags, unsigned from,
	      const char **why);

/* Watch a PATH no more, whoever asked for it.  0, or -1 with errno; ENOENT: it is not watched. */
int scope_remove(struct scope *s, const char *path);

/*
 * Read the lists again: PATHs that are in none any more are removed, new ones added, and those that
 * stay lose nothing.  A list that cannot be used is told, and all stays as it was.  output is what
 * we write to by now.  0, or -1 after a message.
 */
int scope_reload(struct scope *s, int output);

/* The message that a PATH cannot be watched. */
void scope_refuse(struct scope *s, const char *path, int error);

#endif
