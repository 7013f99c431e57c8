/* SPDX-License-Identifier: MIT */
/* writer.h - random operations on a watched tree and an unwatched sibling of it */
#ifndef WRITER_H
#define WRITER_H

#include <stdint.h>

/* An attribute of files that had a second name at some time. */
#define WRITER_LINKED "user.linked"

/*
 * Do n random operations below the directories in ("watched") and out ("unwatched"), both below
 * the directory that fd is open on.  The same seed does the same operations, as far as other
 * writers leave things in place.  Bursts: full speed, with a short rest now and then.
 * exchanges (RENAME_EXCHANGE): 0: none, 1: of names in one tree, 2: of names in both trees, too.
 */
void writer_run(int fd, const char *in, const char *out, uint64_t seed, unsigned n,
		int exchanges);

/* Remove what is below name in fd, and name; deeper than PATH_MAX, too. */
void writer_remove(int fd, const char *name);

#endif
