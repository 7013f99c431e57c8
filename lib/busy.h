/* SPDX-License-Identifier: MIT */
/* busy.h - is somebody still writing this file, and what that answer stands on */
#ifndef PATHEV_BUSY_H
#define PATHEV_BUSY_H

#include <sys/stat.h>

/*
 * What the kernel alone says of a path seen from the directory dir, AT_FDCWD for the current one:
 * 1, 0, or -1, where it does not tell, too.  flags: O_NOFOLLOW, then a symbolic link is EINVAL;
 * or 0.
 */
int pathev__busy_at(int dir, const char *path, int flags);

/*
 * As pathev_busy(), flags as above, with *st from the moment of the answer.  It is filled
 * whenever there is such a file: with 1, with 0, and when it is not known.  Where the file may not
 * be looked at, which is EACCES too, it is all zero.
 */
int pathev__busy_ask(const char *path, int flags, struct stat *st, int *evidence);

/* errno of an answer of -1: nobody can tell, though the file is there? */
int pathev__busy_unknown(int err);

#endif
