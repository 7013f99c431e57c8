/* SPDX-License-Identifier: MIT */
/*
 * inotify.h - the kernel's inotify: instances, watches, and its records as plain structs
 *
 * The implementation is the only file that knows <sys/inotify.h>.
 */
#ifndef PATHEV_INOTIFY_H
#define PATHEV_INOTIFY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The longest record: header, 255 bytes of name, its NUL, padded (inotify(7)). */
enum { PATHEV__RECORD_MAX = 16 + 256 };

/* One record; name points into the bytes it was decoded from. */
struct pathev__record {
	int wd;			/* -1 for OVERFLOW */
	uint32_t what;		/* one of PATHEV_*; 0 for IGNORED and for what we do not know */
	uint32_t cookie;
	int is_dir;
	int ignored;		/* the watch is gone: removed, its inode deleted or unmounted */
	const char *name;	/* NUL-ended; "" when the record is about the watched inode itself */
	size_t namelen;
};

/*
 * Decode the first record of len bytes.  Its size in bytes, or 0 when the bytes do not begin
 * with a whole, well-formed record.  Pure.
 */
size_t pathev__inotify_decode(const void *data, size_t len, struct pathev__record *rec);

/* How many bytes, from the start, are whole, well-formed records that are not of directories, nor
 * MOVED_TO, MOVE_SELF or IGNORED: nearly all are, and nobody asks for them in advance. */
size_t pathev__inotify_plain(const void *data, size_t len);

/* How to look up the path of a watch. */
enum {
	PATHEV__WATCH_DIR = 1,		/* it must be a directory, else ENOTDIR */
	PATHEV__WATCH_NOFOLLOW = 2	/* a final symbolic link is watched itself */
};

/* A new instance, close-on-exec and non-blocking; -1 as inotify_init1(2). */
int pathev__inotify_open(void);

/*
 * Watch a path for these PATHEV_* events, in addition to what its inode is watched for already.
 * The watch descriptor, or -1 as inotify_add_watch(2).  One inode has one descriptor.
 * Unlinked children are left out: their names are gone, whoever still has them open.
 */
int pathev__inotify_add(int fd, const char *path, uint32_t what, unsigned flags);

/* Remove a watch; that it is gone already is no error. */
void pathev__inotify_rm(int fd, int wd);

#endif
