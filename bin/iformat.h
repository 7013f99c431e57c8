/* SPDX-License-Identifier: MIT */
/* iformat.h - records as inotifywait prints them: its --format and its --csv */
#ifndef PATHEV_IFORMAT_H
#define PATHEV_IFORMAT_H

#include <stddef.h>

struct cli;
struct out;
struct pathev_event;
struct pathev_format;

struct iformat {
	int csv;
	struct pathev_format *format;	/* of a record, or of CSV's field of events */
	struct pathev_format *ignored;	/* the same where the event is IGNORED */
	struct pathev_format *watched;	/* CSV only, as below */
	struct pathev_format *name;
	char *field;			/* a growing buffer */
	size_t fieldcap;
};

/*
 * fmt in the language of inotifywait(1), NULL for CSV; timefmt may be NULL.  0, or -1 after a
 * message.  iformat_fini() is due in both cases.
 */
int iformat_init(struct iformat *f, const struct cli *c, const char *fmt, const char *timefmt);
void iformat_fini(struct iformat *f);

/* Add a record to the output; ev is one of itools.h.  0, or -1 after a message. */
int iformat_print(struct iformat *f, struct out *o, const struct pathev_event *ev);

#endif
