/* SPDX-License-Identifier: MIT */
/* work.h - what is done to the file system while others watch: trees and changes */
#ifndef PATHEV_BENCH_WORK_H
#define PATHEV_BENCH_WORK_H

/* All of these end the program with a message when they fail. */

/* A new directory dir with directories inside, ten in each, dirs of them with dir itself; and
 * files in each. */
void work_tree(const char *dir, unsigned dirs, unsigned files);

/*
 * Write to files of dir and close them in turn: two events each time, and no two that the kernel
 * takes for one.  The files are made when they are not there.  An object of these is the
 * descriptor of the directory.
 */
int work_open(const char *dir);
void work_write(int work, unsigned times);

/* The same once, to a file whose name is the end of all lines: MARK. */
#define WORK_MARK "bench-end"
void work_mark(int work);

/* Change the mode of each of count files below dir, which work_files has made: one event each. */
void work_files(const char *dir, unsigned count);
void work_chmod(const char *dir, unsigned count);

/* Remove a tree. */
void work_remove(const char *dir);

/* Say it on stderr, with the cause unless errno is 0, and end. */
void bench_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
