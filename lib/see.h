/* SPDX-License-Identifier: MIT */
/* see.h - sees a directory of which nothing is told: watch it, and read it if need be */
#ifndef PATHEV_SEE_H
#define PATHEV_SEE_H

#include "buf.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* What was seen of a directory. */
struct pathev__sight {
	int wd;			/* -1: it cannot be watched */
	int error;		/* why not, or why it cannot be read */
	int failed;		/* for that reason, there was no more to see */
	int other_fs;		/* than that of the added path */
	int known;		/* was watched under this very path before a loss */
	int probed;		/* its files were opened, to see whether they are complete */
	uint64_t from;		/* position of the first record that may be of this watch */
	struct stat st;		/* all zero when it was not needed */
	size_t first, end;	/* its entries in the list that they were appended to */
};

/* What is to be seen of a directory. */
struct pathev__see {
	int fd;			/* inotify */
	uint32_t what;		/* events */
	unsigned flags;		/* PATHEV__WATCH_* */
	int descends;		/* directories inside are to be found */
	int counts_links;	/* as in pathev__fs */
	int one_fs;		/* another file system is not read */
	dev_t dev;		/* of the added path */
};

/* Path is short, as in walk.h.  The directories inside are appended to entries. */
void pathev__see(const struct pathev__see *how, const char *path, struct pathev__buf *entries,
		 struct pathev__sight *s);

/* Only read it, all or the directories.  Its descriptor, for the caller to close; -1. */
int pathev__see_read(const struct pathev__see *how, const char *path, int only_dirs,
		     struct pathev__buf *entries, struct pathev__sight *s);

#endif
