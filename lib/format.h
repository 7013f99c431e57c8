/* SPDX-License-Identifier: MIT */
/*
 * format.h - what a compiled format is made of: format.c writes it, render.c reads it
 *
 * The interface is in pathev.h.  Nobody else includes this, so its names are short.
 */
#ifndef PATHEV_FORMAT_H
#define PATHEV_FORMAT_H

#include "buf.h"
#include "pathev.h"

#include <stddef.h>
#include <stdint.h>

enum op_kind {
	/* paths: these take a modifier */
	OP_PATH,
	OP_REL,
	OP_ROOT,
	OP_DIR,
	OP_NAME,
	OP_FROM,
	OP_TO,
	OP_TOKEN,
	OP_COMMAND,
	OP_ERROR,

	OP_EVENTS,
	OP_TYPE,
	OP_COOKIE,
	OP_EPOCH,
	OP_SEQ,
	OP_TIME,	/* only while compiling: becomes OP_STAMP and OP_FRACTION */

	OP_WATCHED,	/* %w */
	OP_INSIDE,	/* %f */
	OP_UPPER,	/* %e, %Xe */
	OP_COOKIE_HEX,	/* %c */

	OP_TEXT,
	OP_STAMP,
	OP_FRACTION
};

enum quote {
	QUOTE_TEXT,
	QUOTE_RAW,
	QUOTE_SH,
	QUOTE_SH_ONE_LINE,
	QUOTE_JSON
};

/* What strftime(3) makes of fmt, kept until its second is over. */
struct stamp {
	int utc;		/* else local time */
	int64_t second;		/* that text is of, since 1970; INT64_MIN: none yet */
	size_t len;		/* of text */
	size_t cap;
	const char *fmt;	/* in the same allocation, behind text */
	char text[];
};

struct op {
	enum op_kind kind;
	enum quote quote;	/* of paths, %w and %f */
	char sep;		/* OP_UPPER */
	int digits;		/* OP_FRACTION: 1 ... 9 */
	size_t off, len;	/* OP_TEXT: in pathev_format.text */
	struct stamp *stamp;	/* OP_STAMP: owned */
};

enum kind { TEXT, JSON, CSV };

/* JSON and CSV are written by one function each; their only op is the record's end. */
struct pathev_format {
	enum kind kind;
	unsigned flags;		/* PATHEV_FORMAT_* */
	struct op *op;
	size_t nops, cap;
	struct pathev__buf text;
	struct stamp *second;	/* JSON, CSV: the time but for its fraction; else NULL */
	char time[64];		/* the same: that time_ns, as written last */
	size_t timelen;		/* 0: none yet */
	int64_t time_ns;
};

#define PATHEV__FORMAT_SECOND "%Y-%m-%dT%H:%M:%S"

#endif
