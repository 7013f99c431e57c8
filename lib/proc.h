/* SPDX-License-Identifier: MIT */
/* proc.h - which processes have a file open for writing, as far as /proc shows them to us */
#ifndef PATHEV_PROC_H
#define PATHEV_PROC_H

#include <sys/stat.h>

/*
 * Look through all processes for one that has this file open for writing or mapped so.  1: there
 * is one; 0: none, and every process of this host was looked into; -1: none among those that we
 * may look into (EACCES), or an error.  Takes milliseconds:
 * 1 for 100 processes that are closed to us, 15 for as many that are open.
 */
int pathev__proc_writes(const struct stat *file);

#endif
