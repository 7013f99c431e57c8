/* SPDX-License-Identifier: MIT */
/* files.h - files that pathwait judges: which have counted, and when to look at others again */
#ifndef PATHEV_FILES_H
#define PATHEV_FILES_H

#include <stddef.h>
#include <stdint.h>

struct file {
	char *path;		/* owned */
	unsigned counted;	/* it was complete, and counted so; the caller's flags */
	int64_t look_ns;	/* when to look again (pathev_now()); -1: after an event */
};

/* Sorted by path, each once. */
struct files {
	struct file *item;
	size_t len;
	size_t cap;
	size_t waiting;		/* how many have a look_ns */
};

void files_fini(struct files *f);

/* The file of this path, or NULL. */
struct file *files_find(struct files *f, const char *path);

/* The same, and made if it is not there; NULL with ENOMEM.  Valid until the next call that
 * adds or drops one. */
struct file *files_get(struct files *f, const char *path);

void files_drop(struct files *f, struct file *file);
void files_look_at(struct files *f, struct file *file, int64_t look_ns);

/* The earliest look_ns; -1: there is none. */
int64_t files_next_look(const struct files *f);

#endif
