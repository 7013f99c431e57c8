/* SPDX-License-Identifier: MIT */
/*
 * quote.h - any bytes written so that they can be read back
 *
 * A path may hold every byte but NUL.  Each notation here carries all of them; what differs is
 * who reads it.  Output goes to a fixed place and is counted beyond it, as with snprintf(3).
 */
#ifndef PATHEV_QUOTE_H
#define PATHEV_QUOTE_H

#include <stddef.h>
#include <string.h>

/* The first size bytes of what is put are in buf; len, never cut, counts all of them. */
struct pathev__out {
	char *buf;	/* the caller's; may be NULL when size is 0 */
	size_t size;
	size_t len;
};

static inline void pathev__out_put(struct pathev__out *o, const void *data, size_t len)
{
	if (o->len + len < o->size)
		memcpy(o->buf + o->len, data, len);
	else if (o->len < o->size)
		memcpy(o->buf + o->len, data, o->size - o->len);
	o->len += len;
}

static inline void pathev__out_putc(struct pathev__out *o, char c)
{
	if (o->len < o->size)
		o->buf[o->len] = c;
	o->len++;
}

/*
 * For people and for tools that read lines: \n \t \r \\, and \xHH (always two digits) for each
 * byte of what must not reach a terminal: control characters (C0, DEL, C1), the line and
 * paragraph separators and the bidirectional overrides of Unicode, and bytes that are not
 * UTF-8.  So the result is one line and valid UTF-8.
 */
void pathev__quote_text(struct pathev__out *o, const char *s, size_t len);

enum {
	PATHEV__SH_ONE_LINE = 1	/* a newline becomes $'\n', which needs a shell of POSIX.1-2024 */
};

/*
 * One word for sh.  In single quotes, unless it is made of letters, digits and _./,:@%+- only,
 * is not empty and does not begin with a digit (2>x is not the same as '2'>x).
 */
void pathev__quote_sh(struct pathev__out *o, const char *s, size_t len, unsigned flags);

/* A JSON string with its quotes.  What quote_text hides is escaped here too.  -1: the bytes are
 * not UTF-8 (by RFC 3629: no surrogates, nothing overlong), and o->len is as it was. */
int pathev__quote_json(struct pathev__out *o, const char *s, size_t len);

/* A JSON string of base64 (RFC 4648, padded), with its quotes. */
void pathev__quote_base64(struct pathev__out *o, const char *s, size_t len);

/* A field of RFC 4180: in double quotes where it holds a comma, a quote or a control byte. */
void pathev__quote_csv(struct pathev__out *o, const char *s, size_t len);

#endif
