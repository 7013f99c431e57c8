/* SPDX-License-Identifier: MIT */
/*
 * walk.h - look at paths and directories, however long their names are together
 *
 * The system calls take paths of less than PATH_MAX bytes; a tree may be deeper.  A short path
 * is another name for the same place that they take.
 */
#ifndef PATHEV_WALK_H
#define PATHEV_WALK_H

#include "buf.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct pathev__short {
	const char *path;	/* usable while the original lives and until _fini */
	int fd;
	char *mem;
};

/* 0, or -1 as open(2).  Costs nothing unless path is long; then it needs /proc. */
int pathev__short_init(struct pathev__short *s, const char *path, size_t len);
void pathev__short_fini(struct pathev__short *s);	/* keeps errno */

/*
 * Append the entries of a directory to list, without . and .. : for each the type as in
 * pathev_event (0: unknown), then the name and a NUL.  With only_dirs, those that are surely no
 * directories are left out.  Types that readdir does not tell are looked up.  0 or -1.
 */
int pathev__walk_read(int fd, int only_dirs, struct pathev__buf *list);

/* Open a directory to read it; nofollow: not through a final symbolic link (ENOTDIR). */
int pathev__walk_open(const char *path, int nofollow);

/* Wait until whoever is changing the names of a directory has done so, the records queued. */
void pathev__walk_pass(const char *path);

/* The type of a mode, as in pathev_event. */
char pathev__walk_type(mode_t mode);

/* What a file system is good for. */
struct pathev__fs {
	int blind;		/* 0; or EREMOTE: changes by other hosts, or below, are not told;
				 * EOPNOTSUPP: next to nothing is */
	int counts_links;	/* st_nlink == 2 means: no directories inside */
};
void pathev__walk_fs(const char *path, struct pathev__fs *fs);

#endif
