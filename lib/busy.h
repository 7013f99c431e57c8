/* SPDX-License-Identifier: MIT */
/* busy.h - is somebody still writing this file: the question of pathev_busy(), below a directory */
#ifndef PATHEV_BUSY_H
#define PATHEV_BUSY_H

/* As pathev_busy(), for a path seen from the directory dir, AT_FDCWD for the current one.
 * flags: O_NOFOLLOW, then a symbolic link is EINVAL; or 0. */
int pathev__busy_at(int dir, const char *path, int flags);

#endif
