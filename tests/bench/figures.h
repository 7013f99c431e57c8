/* SPDX-License-Identifier: MIT */
/* figures.h - what was measured: a table for people, JSON for programs */
#ifndef PATHEV_BENCH_FIGURES_H
#define PATHEV_BENCH_FIGURES_H

/* One figure of one round.  The names live on; rounds of a figure come in order. */
struct figure {
	const char *job;
	const char *what;	/* with its unit */
	const char *program;
	const char *limit;	/* the program that is its limit; NULL: it is one itself */
	const char *peer;	/* the one it is compared with; NULL: none */
	double value;
};
void figures_add(const struct figure *f);

/* All figures of a job that were added. */
void figures_print(const char *job);

/* All figures of all jobs to a file; ends the program with a message if that fails. */
void figures_save(const char *file);

#endif
