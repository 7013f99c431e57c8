/* SPDX-License-Identifier: MIT */
/* report.h - what pathstat counted, as a table, JSON or CSV */
#ifndef PATHEV_REPORT_H
#define PATHEV_REPORT_H

#include "cli.h"

#include <stddef.h>
#include <stdint.h>

struct out;
struct pathev__tally;
struct screen;

enum { REPORT_COLUMNS = 32 };

/* How a report is to be: set once. */
struct report {
	const struct cli *cli;
	enum cli_style style;
	const char *key;	/* what the rows are: "path", "dir", "root", "ext" */
	uint32_t sort;		/* by the sum of these events; 0: by key */
	unsigned sort_flags;	/* PATHEV__TALLY_REVERSE */
	size_t top;		/* so many rows, then one for the rest; SIZE_MAX: all */
	uint32_t events;	/* what is counted */
	uint32_t zero;		/* these columns are shown even if nothing was counted */
	int rates;		/* with events per second, since the mark */
	struct screen *screen;	/* each report is drawn over the last one; NULL: below it */
	int printed;		/* reports so far */
};

/* Add a report to the output; seconds is the time since the mark.  0, or -1 after a message. */
int report_print(struct report *r, struct out *o, const struct pathev__tally *t,
		 double seconds);

/* Others may write to the terminal now: below the report, or in its place. */
enum report_leave { REPORT_BELOW, REPORT_WIPED };
int report_leave(struct report *r, struct out *o, enum report_leave how);

#endif
