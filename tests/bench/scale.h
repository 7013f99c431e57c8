/* SPDX-License-Identifier: MIT */
/* scale.h - half a million directories, then ten million events: memory and time as they go */
#ifndef PATHEV_BENCH_SCALE_H
#define PATHEV_BENCH_SCALE_H

/* The program is in build, the trees are made in dir.  Raises the limit of watches meanwhile. */
void scale(const char *build, const char *dir);

#endif
