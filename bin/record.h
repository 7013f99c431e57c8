/* SPDX-License-Identifier: MIT */
/* record.h - events as the user wants to see them: --format and its companions */
#ifndef PATHEV_RECORD_H
#define PATHEV_RECORD_H

#include <stdint.h>

struct cli;
struct out;
struct pathev_event;
struct pathev_format;

struct record {
	const struct cli *cli;
	struct pathev_format *format;
	const char *bare_fmt;		/* for events without a path; NULL: the same */
	unsigned flags;			/* for that */
	struct pathev_format *bare;	/* made of it; NULL: not yet */
	struct pathev_format *token;	/* for those with a token instead; NULL: not yet */
	uint64_t seq;		/* records printed so far */
};

/*
 * fmt is the format where none was asked for, bare the one of events without a path.  more may
 * hold PATHEV_FORMAT_RAW for these two, and PATHEV_FORMAT_NO_END for any.  0, or -1 after a
 * message.  record_fini() is due in both cases.
 */
int record_init(struct record *r, const struct cli *c, const char *fmt, const char *bare,
		unsigned more);
void record_fini(struct record *r);

/* pathev_options.pair_ns: an event is held up only for who sees the other half's path. */
int64_t record_pair_ns(const struct record *r);

/* Add one record to the output, numbered.  0, or -1 after a message. */
int record_print(struct record *r, struct out *o, struct pathev_event *ev);

/* The same, not numbered; and by any format. */
int record_add(struct record *r, struct out *o, struct pathev_event *ev);
int record_render(struct pathev_format *f, struct out *o, const struct pathev_event *ev);

#endif
