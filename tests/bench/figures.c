/* SPDX-License-Identifier: MIT */
/* figures.c - what was measured: a table for people, JSON for programs */
#include "figures.h"

#include "work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 256, ROUNDS = 100 };

struct row {
	struct figure of;
	double v[ROUNDS];	/* one a round */
	int n;
};

static struct row rows[ROWS];
static int nrows;

static struct row *find(const char *job, const char *what, const char *program)
{
	for (int i = 0; i < nrows; i++)
		if (!strcmp(rows[i].of.job, job) && !strcmp(rows[i].of.what, what) &&
		    !strcmp(rows[i].of.program, program))
			return &rows[i];
	return NULL;
}

void figures_add(const struct figure *f)
{
	struct row *r = find(f->job, f->what, f->program);

	if (!r && nrows < ROWS) {
		r = &rows[nrows++];
		r->of = *f;
	}
	if (r && r->n < ROUNDS)
		r->v[r->n++] = f->value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorted copies of values: the median, and the least and greatest. */
static double spread(const double *v, int n, double *min, double *max)
{
	double s[ROUNDS];

	memcpy(s, v, (size_t)n * sizeof(*v));
	qsort(s, (size_t)n, sizeof(*s), compare);
	*min = s[0];
	*max = s[n - 1];
	return n % 2 ? s[n / 2] : (s[n / 2 - 1] + s[n / 2]) / 2;
}

/* The median of the ratios of each round to the same round of another program; 0: none. */
static double ratio(const struct row *r, const char *other)
{
	const struct row *o = other ? find(r->of.job, r->of.what, other) : NULL;
	double v[ROUNDS], min, max;
	int n = 0;

	if (!o || o == r)
		return 0;
	for (int i = 0; i < r->n && i < o->n; i++)
		if (o->v[i] > 0)
			v[n++] = r->v[i] / o->v[i];
	return n ? spread(v, n, &min, &max) : 0;
}

static void print_ratio(double r)
{
	if (r > 0)
		printf(" %8.2f", r);
	else
		printf(" %8s", "");
}

void figures_print(const char *job)
{
	printf("\n%-40s %9s %9s %9s %8s %8s\n", job, "median", "min", "max", "x limit", "x peer");
	for (int i = 0; i < nrows; i++) {
		const struct row *first = &rows[i];
		int is_first = 1;

		/* the rows of one measure together, in the order of the programs */
		for (int k = 0; k < i; k++)
			is_first &= strcmp(rows[k].of.job, job) || strcmp(rows[k].of.what, first->of.what);
		if (strcmp(first->of.job, job) || !is_first)
			continue;
		printf("  %s\n", first->of.what);
		for (int k = i; k < nrows; k++) {
			const struct row *r = &rows[k];
			double min, max, med;

			if (strcmp(r->of.job, job) || strcmp(r->of.what, first->of.what))
				continue;
			med = spread(r->v, r->n, &min, &max);
			printf("    %-36s %9.4g %9.4g %9.4g", r->of.program, med, min, max);
			print_ratio(ratio(r, r->of.limit));
			print_ratio(ratio(r, r->of.peer));
			putchar('\n');
		}
	}
	fflush(stdout);
}

void figures_save(const char *file)
{
	FILE *f = fopen(file, "we");

	if (!f)
		bench_die("cannot write to '%s'", file);
	fputs("[\n", f);
	for (int i = 0; i < nrows; i++) {
		const struct row *r = &rows[i];
		double min, max, med = spread(r->v, r->n, &min, &max);

		fprintf(f, "{\"job\":\"%s\",\"what\":\"%s\",\"program\":\"%s\",\"median\":%.6g,"
			"\"min\":%.6g,\"max\":%.6g", r->of.job, r->of.what, r->of.program, med,
			min, max);
		if (ratio(r, r->of.limit) > 0)
			fprintf(f, ",\"limit\":%.4g", ratio(r, r->of.limit));
		if (ratio(r, r->of.peer) > 0)
			fprintf(f, ",\"peer\":%.4g", ratio(r, r->of.peer));
		fputs(",\"rounds\":[", f);
		for (int k = 0; k < r->n; k++)
			fprintf(f, "%s%.6g", k ? "," : "", r->v[k]);
		fprintf(f, "]}%s\n", i + 1 < nrows ? "," : "");
	}
	fputs("]\n", f);
	if (fclose(f))
		bench_die("cannot write to '%s'", file);
}
