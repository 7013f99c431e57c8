/* SPDX-License-Identifier: MIT */
/* blind.h - says what is not watched, why, and what helps */
#ifndef PATHEV_BLIND_H
#define PATHEV_BLIND_H

struct cli;

struct blind {
	const struct cli *cli;
	int limit_told;		/* the limit of watches is told once */
};

/*
 * A path that is watched in part or not at all, from a PATHEV_ERROR event: a warning, or with
 * --strict an error.  0: go on; -1: --strict was given.
 */
int blind_spot(struct blind *b, const char *path, int error);

/* A PATH argument that could not be added at all: an error. */
void blind_path(struct blind *b, const char *path, int error);

/* The limit of watches was reached: what it is, who holds how many, and what helps. */
void blind_limit(const struct cli *c);

/* pathev_open() failed. */
void blind_open(const struct cli *c, int error);

#endif
