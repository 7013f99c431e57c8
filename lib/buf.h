/* SPDX-License-Identifier: MIT */
/* buf.h - a growing run of bytes */
#ifndef PATHEV_BUF_H
#define PATHEV_BUF_H

#include <stddef.h>

/* data holds len bytes, and a NUL behind them once anything was added; all zero is empty */
struct pathev__buf {
	char *data;	/* owned; NULL while nothing was ever added */
	size_t len;
	size_t cap;
};

void pathev__buf_fini(struct pathev__buf *b);	/* free; b is empty again */

int pathev__buf_grow(struct pathev__buf *b, size_t more);

/* Room for more bytes and a NUL behind len.  0, or -1 with ENOMEM and b as it was. */
static inline int pathev__buf_room(struct pathev__buf *b, size_t more)
{
	return more < b->cap - b->len ? 0 : pathev__buf_grow(b, more);
}

/* Append.  0, or -1 with ENOMEM and b as it was. */
int pathev__buf_add(struct pathev__buf *b, const void *data, size_t len);
int pathev__buf_addch(struct pathev__buf *b, char c);
int pathev__buf_adds(struct pathev__buf *b, const char *s);

/* Cut to len bytes, which must not be more than it holds. */
void pathev__buf_cut(struct pathev__buf *b, size_t len);

#endif
