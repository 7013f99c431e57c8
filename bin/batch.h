/* SPDX-License-Identifier: MIT */
/*
 * batch.h - records that gather and are written as one: --batch and --cooldown
 *
 *	text			one line, the paths as words of sh
 *	text with -0		each path and NUL, and a NUL alone
 *	text with --format	each record as ever, and its end alone
 *	JSON			{"seq":1,"time":"...","batch":[{...},{...}]}
 */
#ifndef PATHEV_BATCH_H
#define PATHEV_BATCH_H

#include "out.h"

#include <stddef.h>
#include <stdint.h>

struct cli;
struct pathev_event;
struct pathev_format;
struct record;

/* A path that is in a batch of paths. */
struct batch_word {
	size_t off, len;	/* in batch.text */
};

struct batch {
	const struct cli *cli;
	int on;			/* --batch was given */
	int64_t cooldown_ns;	/* at least so long between two */
	struct pathev_format *head;	/* of JSON; else NULL */
	struct out text;	/* the records so far; only its memory is used */
	size_t records;		/* how many there are in it */
	struct batch_word *word;	/* where it is of paths only, a table of them, so that each is
				 * there once: nwords slots, a power of two; unused ones have len 0 */
	size_t nwords;
	int64_t free_ns;	/* the next one may be written then */
	int64_t look_ns;	/* when to look again whether the last one was read */
	int64_t patience_ns;	/* and how much later the next time */
};

/* 0, or -1 after a message.  batch_fini() is due in both cases. */
int batch_init(struct batch *b, const struct cli *cli, int64_t cooldown_ns);
void batch_fini(struct batch *b);

/* How a record in a batch looks where no format was asked for. */
const char *batch_format(const struct cli *cli);

/* Is it one line, or one JSON object, so that its records have no ends of their own? */
int batch_is_joined(const struct cli *cli);

/* One more record, not numbered; of a path that is there already nothing, where the batch is of
 * paths only.  0, or -1 after a message. */
int batch_add(struct batch *b, struct record *r, struct pathev_event *ev);

/* May a batch be written now?  The cooldown has passed, and the last one was read. */
int batch_is_free(struct batch *b, const struct out *o, int64_t now_ns);

/* When to ask again. */
int64_t batch_free_time(const struct batch *b);

/* Write it, numbered, and begin anew; nothing, if it has no records.  0, or -1 after a message. */
int batch_write(struct batch *b, struct record *r, struct out *o, int64_t now_ns);

#endif
