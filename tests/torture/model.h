/* SPDX-License-Identifier: MIT */
/*
 * model.h - a directory tree rebuilt from the JSON lines of pathwatch, and only from those
 */
#ifndef MODEL_H
#define MODEL_H

#include <stddef.h>
#include <stdint.h>

struct model;

/* A model of what is below root, spelled as it was given to pathwatch. */
struct model *model_new(const char *root);

/* The lines are those of --settle: what is created may replace something, and of what has gone,
 * marked synthesized, nobody may have known. */
void model_is_settled(struct model *m);
void model_free(struct model *m);

/*
 * Take one line.  0, or -1: it breaks a promise, and why is in model_why(): not strict JSON, a
 * gap in seq, an event of a path that was never told, a name told twice, ...
 */
int model_line(struct model *m, const char *line, size_t len);
const char *model_why(const struct model *m);

/* Compare with the real tree.  0, or the number of differences, described in model_why(). */
int model_compare(struct model *m);

/* Was this path told?  How many overflows, lines and blind spots were there? */
int model_has(const struct model *m, const char *path);
struct model_counts {
	uint64_t lines, overflows, errors, entries;
};
struct model_counts model_counts(const struct model *m);

#endif
