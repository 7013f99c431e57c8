/* SPDX-License-Identifier: MIT */
/*
 * stream.h - pathwatch's way from events to records
 *
 *	event -> (--settle: wait until its path is quiet) -> is it asked for? -> record, or a
 *	message where a path is expected -> (--batch: gather) -> output
 *
 * Time passes in pathev_now(): call stream_tick() when stream_due() says so.
 */
#ifndef PATHEV_STREAM_H
#define PATHEV_STREAM_H

#include "batch.h"
#include "out.h"
#include "record.h"

#include <stdint.h>

struct cli;
struct pathev__settle;
struct pathev_event;

/* What answers commands. */
#define STREAM_ANSWERS (PATHEV_ADDED | PATHEV_REMOVED | PATHEV_SYNC)

/* What the options of pathwatch say. */
struct stream_options {
	const char *outfile;	/* append to it; NULL: standard output */
	uint32_t own;		/* our own records that come whatever -e says */
	uint64_t count;		/* no more records than that; 0: no limit */
	int64_t settle_ns;	/* -1: not at all */
	int64_t max_delay_ns;	/* -1: no limit */
	int batch;
	int64_t cooldown_ns;	/* -1: none; only with batch */
};

struct stream {
	const struct cli *cli;
	struct out out;
	struct record record;
	struct batch batch;
	struct pathev__settle *settle;	/* NULL: without --settle and --batch */
	uint32_t shown;		/* events that become records */
	uint64_t count;		/* as above */
	int64_t tick_ns;	/* when stream_tick() was called last */
	int listing;		/* batches: a listing is not complete yet */
	int closed;		/* batches: what has gathered is one, without waiting for quiet */
	int seen;		/* something was told but ready and blind spots */
};

/* 0, or -1 after a message; stream_fini() is due in both cases. */
int stream_init(struct stream *s, const struct cli *cli, const struct stream_options *opt);

/* What is not written is lost.  0, or -1 after a message. */
int stream_fini(struct stream *s);

/* What pathev_options.want and .pair_ns must be. */
uint32_t stream_want(const struct stream *s);
int64_t stream_pair_ns(const struct stream *s);

/* An event, wherever it comes from.  0, or -1 after a message. */
int stream_take(struct stream *s, struct pathev_event *ev);

/* When stream_tick() has something to do; -1: when there was another event. */
int64_t stream_due(const struct stream *s);
int stream_tick(struct stream *s);

/* No more events: all that waits becomes records now. */
int stream_end(struct stream *s);

/* Are there as many records as were asked for? */
static inline int stream_is_full(const struct stream *s)
{
	return s->count && s->record.seq >= s->count;
}

#endif
