/* SPDX-License-Identifier: MIT */
/*
 * intake.h - records read from the kernel and not yet acted on
 *
 * The kernel's queue is small, so it is emptied into here whenever there is a chance, also in
 * the middle of a long scan.  What lies here is the future of the tree as we know it: before a
 * name that was looked up is believed, the future is asked whether it still holds.
 *
 * A position counts the bytes of all records ever read; each record has one.
 */
#ifndef PATHEV_INTAKE_H
#define PATHEV_INTAKE_H

#include "inotify.h"
#include "table.h"

#include <stddef.h>
#include <stdint.h>

struct pathev__intake_block;
struct pathev__intake_mark;
struct pathev__intake_read;

struct pathev__intake {
	struct pathev__intake_block *head;	/* being acted on; NULL before the first read */
	struct pathev__intake_block *tail;	/* being filled */
	struct pathev__intake_block *spare;	/* an empty one kept */
	uint64_t pos;				/* of the next record */
	uint64_t future;			/* behind the one peeked at: what is still to come */
	uint64_t end;				/* behind the last record */
	uint64_t read_end;			/* behind those that were read with the next one */
	int64_t time_ns;			/* when that was */
	int64_t since_ns;			/* they were queued after this time */
	struct pathev__intake_read *reads;	/* which records were read together, and when */
	size_t nreads, firstread, capreads;
	struct pathev__intake_mark *mark;	/* what may be asked for, see the .c file */
	uint32_t nmarks;
	size_t capmarks;
	struct pathev__table marks;
};

void pathev__intake_init(struct pathev__intake *in);
void pathev__intake_fini(struct pathev__intake *in);

/* Room for the next read(2): at least PATHEV__RECORD_MAX bytes, *len of them.  NULL: ENOMEM. */
void *pathev__intake_room(struct pathev__intake *in, size_t *len);

/*
 * len bytes were read into the room at time_ns, from a queue that was empty at since_ns.  0, or -1: ENOMEM, or EBADMSG when they are not
 * whole records; the bytes before that are kept.
 */
int pathev__intake_commit(struct pathev__intake *in, size_t len, int64_t time_ns,
			  int64_t since_ns);

/* The next record: 1, its bytes stay until it is skipped; 0: none.  From here until the skip it
 * is the present, and only what is behind it is the future. */
int pathev__intake_peek(struct pathev__intake *in, struct pathev__record *rec);
void pathev__intake_skip(struct pathev__intake *in);

/* Throw away everything. */
void pathev__intake_drop(struct pathev__intake *in);

/* Bytes waiting. */
static inline size_t pathev__intake_len(const struct pathev__intake *in)
{
	return (size_t)(in->end - in->pos);
}

/*
 * Questions about the future.
 */

/* The MOVED_TO with this cookie: 1 and the record, its bytes stay until skipped; 0: none. */
int pathev__intake_moved_to(const struct pathev__intake *in, uint32_t cookie,
			    struct pathev__record *rec);

/* Was the watched inode itself renamed (MOVE_SELF)? */
int pathev__intake_move_self(const struct pathev__intake *in, int wd);

/* Is the watch gone (IGNORED)? */
int pathev__intake_gone(const struct pathev__intake *in, int wd);

/* Was a directory of this name created, deleted or renamed in the watched directory? */
int pathev__intake_touches_dir(const struct pathev__intake *in, int wd, const char *name,
			       size_t namelen);

/*
 * Walk all records from position pos on: pass a cursor of all zero.  1, or 0 at the end.  The
 * next record itself is included when pos is its position.
 */
struct pathev__intake_cursor {
	const struct pathev__intake_block *block;
	size_t off;
	uint64_t pos;	/* of the record given */
	uint64_t next;
};
int pathev__intake_walk(const struct pathev__intake *in, uint64_t pos,
			struct pathev__intake_cursor *c, struct pathev__record *rec);

#endif
