/* SPDX-License-Identifier: MIT */
/* ignore.h - gitignore's pattern rules: does this path count */
#ifndef PATHEV_IGNORE_H
#define PATHEV_IGNORE_H

#include <stddef.h>

/*
 * A list of patterns, each relative to a base: a directory below the root of what is watched,
 * without a slash at either end, "" being the root.  The last pattern that matches decides;
 * those of a deeper base come after those of a shallower one, whatever the order of adding.
 * So one file for all may be added with base "", and one of each directory with its own.
 *
 * The rules are those of gitignore(5), in bytes.  Where git before 2.53 takes `foo**' at the
 * beginning of a pattern for `foo' and a real `**', this does not.
 */
struct pathev__ignore;

/* A list without patterns, which ignores nothing.  NULL: ENOMEM. */
struct pathev__ignore *pathev__ignore_new(void);
void pathev__ignore_free(struct pathev__ignore *ig);	/* NULL is fine; keeps errno */

/*
 * Add one pattern, as from the command line: # begins no comment and spaces at the end count.
 * One that can match nothing (empty, a [ never closed, a \ at the end) is no error, as in git.
 * 0, or -1 with ENOMEM and ig as it was.
 */
int pathev__ignore_add(struct pathev__ignore *ig, const char *base, const char *pattern);

/*
 * Add the lines of a file, of which text holds all len bytes: blank lines and comments are
 * left out, spaces not escaped cut from the ends.  0, or -1 with ENOMEM, and then some of the
 * lines may have been added.
 */
int pathev__ignore_add_text(struct pathev__ignore *ig, const char *base, const char *text,
			    size_t len);

/*
 * Judge one path below the root, such as "src/main.c": PATHEV_HIDE, for a directory with
 * PATHEV_PRUNE, or 0.
 *
 * Only this path is judged, not the directories above it.  What is below an ignored directory
 * is ignored, and no pattern brings it back: whoever walks a tree heeds PRUNE, and so does not
 * ask there.  Whoever did not come by walking asks about each directory from the top first.
 */
unsigned pathev__ignore_ask(const struct pathev__ignore *ig, const char *rel, int is_dir);

#endif
