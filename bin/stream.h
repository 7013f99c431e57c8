/* SPDX-License-Identifier: MIT */
/*
 * stream.h - pathwatch's way from events to records
 *
 *	event -> is it asked for? -> record, or a message where a path is expected -> output
 */
#ifndef PATHEV_STREAM_H
#define PATHEV_STREAM_H

#include "out.h"
#include "record.h"

#include <stdint.h>

struct cli;
struct pathev_event;

struct stream {
	const struct cli *cli;
	struct out out;
	struct record record;
	uint32_t shown;		/* events that become records */
	int seen;		/* something was told but ready and blind spots */
};

/*
 * Records go to standard output, or are appended to outfile.  own are those of our own records
 * that come whatever -e says.  0, or -1 after a message; stream_fini() is due in both cases.
 */
int stream_init(struct stream *s, const struct cli *cli, const char *outfile, uint32_t own);

/* What is not written is lost.  0, or -1 after a message. */
int stream_fini(struct stream *s);

/* An event, wherever it comes from.  0, or -1 after a message. */
int stream_take(struct stream *s, struct pathev_event *ev);

/* How many records there were. */
static inline uint64_t stream_count(const struct stream *s)
{
	return s->record.seq;
}

#endif
