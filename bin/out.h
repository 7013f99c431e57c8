/* SPDX-License-Identifier: MIT */
/*
 * out.h - where data goes: records gather in memory and leave in few writes
 *
 * Writing never waits for a slow reader: what does not go stays in memory, and the program
 * goes on emptying the kernel's queue meanwhile.  The descriptor we were given is shared with
 * other processes, so it is never made non-blocking itself.
 */
#ifndef PATHEV_OUT_H
#define PATHEV_OUT_H

#include <stddef.h>

struct cli;

enum out_kind {
	OUT_PLAIN,	/* a regular file or the like: write(2) does not wait for a reader */
	OUT_SOCKET,	/* send(2) with MSG_DONTWAIT */
	OUT_FIRST,	/* a pipe or terminal that little was written to; then one of these two: */
	OUT_NONBLOCK,	/* opened anew without blocking */
	OUT_CHUNKS	/* cannot be opened anew: see out.c */
};

/* Bytes data[head] to data[len - 1] are still to be written. */
struct out {
	const struct cli *cli;
	const char *name;	/* for messages */
	enum out_kind kind;
	int is_file;		/* a regular one */
	int is_pipe;
	int wrote;		/* something, or tried to */
	int fd;			/* -1: not open */
	int owned;		/* fd is ours to close */
	int reopen;		/* as soon as nothing waits */
	char *data;
	size_t head;
	size_t len;
	size_t cap;
};

enum {
	OUT_FAILED = -1,	/* a message was given */
	OUT_GONE = -2		/* there is no reader any more */
};

/*
 * Before anything else is opened: a standard descriptor that is closed is filled, so that no
 * file of ours takes its number and is written into.  0 or -1.
 */
int out_guard(void);

/* Standard output, or a file to append to.  0, or -1 after a message. */
int out_open(struct out *o, const struct cli *cli, const char *file);

/* What is not written is lost.  0, or -1 after a message when closing the file failed. */
int out_close(struct out *o);

/*
 * Open the file anew by its name, as soon as all that waits was written, so that every record is
 * in one of the two as a whole.  Where that fails, after a message, the old one stays.  As
 * out_flush().
 */
int out_reopen(struct out *o);

/* Room for size more bytes at data + len, which the caller then adds to len.  0, or -1 after
 * a message. */
int out_grow(struct out *o, size_t size);
static inline int out_room(struct out *o, size_t size)
{
	return o->cap - o->len >= size ? 0 : out_grow(o, size);
}

int out_add(struct out *o, const char *data, size_t len);
int out_printf(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The regular file that is written, or -1. */
static inline int out_file(const struct out *o)
{
	return o->is_file ? o->fd : -1;
}

/* Bytes that wait. */
static inline size_t out_pending(const struct out *o)
{
	return o->len - o->head;
}

/* Write what goes without waiting.  0, OUT_FAILED, OUT_GONE. */
int out_flush(struct out *o);

/* Has the reader taken all that was written?  Of files and terminals that is always said, of a
 * socket to another host when that host has it. */
int out_is_read(const struct out *o);

/* What poll(2) said of fd.  0, or OUT_GONE. */
int out_polled(const struct out *o, short revents);

#endif
