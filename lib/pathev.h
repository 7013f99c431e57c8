/* SPDX-License-Identifier: MIT */
/*
 * pathev.h - file system events below paths: the whole interface of libpathev
 *
 * A watcher is opened, given paths, and asked for events one by one:
 *
 *	struct pathev *pv = pathev_open(NULL);
 *	pathev_add(pv, "src", PATHEV_RECURSIVE);
 *	while (pathev_wait(pv, -1) == 1)
 *		while (pathev_next(pv, &ev) == 1)
 *			puts(ev.path ? ev.path : "");
 *	pathev_close(pv);
 *
 * What is promised (pathev(7) has the full contract):
 *  - once a path is armed, every change below it is reported, or PATHEV_OVERFLOW says that
 *    some were lost; then the state is told again without being asked for;
 *  - a directory that appears is watched and its contents are told, with no gap between;
 *  - event paths are true at the event's place in the stream, also after renames;
 *  - an added path is a name: it may be replaced, removed and made again.
 *
 * Errors: functions return NULL or -1 and set errno.  Nothing here prints, exits, installs
 * signal handlers, or changes the working directory, umask or locale.  A watcher belongs to
 * one thread at a time; two watchers share nothing.  Only pathev_wait() blocks; all other
 * calls work on local state and on file systems, whose own waits they share.
 */
#ifndef PATHEV_H
#define PATHEV_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Events: the bits of pathev_event.what.  The first group has the names and the meaning of
 * inotify(7); the second is ours.  Skip bits you do not know: more may come.
 */
enum {
	PATHEV_ACCESS = 0x00000001,
	PATHEV_MODIFY = 0x00000002,
	PATHEV_ATTRIB = 0x00000004,
	PATHEV_CLOSE_WRITE = 0x00000008,
	PATHEV_CLOSE_NOWRITE = 0x00000010,
	PATHEV_OPEN = 0x00000020,
	PATHEV_MOVED_FROM = 0x00000040,
	PATHEV_MOVED_TO = 0x00000080,
	PATHEV_CREATE = 0x00000100,
	PATHEV_DELETE = 0x00000200,
	PATHEV_DELETE_SELF = 0x00000400,	/* of an added path only */
	PATHEV_MOVE_SELF = 0x00000800,		/* of an added path only */
	PATHEV_UNMOUNT = 0x00002000,

	PATHEV_OVERFLOW = 0x00004000,	/* events were lost here; the state is told again */
	PATHEV_EXISTS = 0x00010000,	/* listed: was there when the path was armed */
	PATHEV_READY = 0x00020000,	/* armed; with PATHEV_LIST, the listing is complete */
	PATHEV_ERROR = 0x00040000,	/* a blind spot: path cannot be watched, see error */
	PATHEV_WRITTEN = 0x00080000,	/* a regular file is complete: it was closed, renamed or
					 * linked to here, and nobody writes it; see evidence */
	PATHEV_SYNC = 0x00400000,	/* the answer to pathev_sync() */
	/* not handed out: for who renders, as pathwatch --control does, what became of a path */
	PATHEV_ADDED = 0x00100000,
	PATHEV_REMOVED = 0x00200000,

	PATHEV_CLOSE = PATHEV_CLOSE_WRITE | PATHEV_CLOSE_NOWRITE,
	PATHEV_MOVE = PATHEV_MOVED_FROM | PATHEV_MOVED_TO,
	/* all of inotify's events */
	PATHEV_ALL = 0x00000fff | PATHEV_UNMOUNT,
	/* those that change something: all but ACCESS, OPEN, CLOSE_NOWRITE */
	PATHEV_CHANGES = PATHEV_ALL & ~(PATHEV_ACCESS | PATHEV_OPEN | PATHEV_CLOSE_NOWRITE),
	/* our own records: always handed out, whatever options.want says */
	PATHEV_OWN = PATHEV_OVERFLOW | PATHEV_EXISTS | PATHEV_READY | PATHEV_ERROR |
		     PATHEV_ADDED | PATHEV_REMOVED | PATHEV_SYNC
};

/*
 * One event.  Strings belong to the watcher and live until the next call on it (any call but
 * pathev_fd).  Every path is spelled as the added one was, one slash, then the rest.
 */
struct pathev_event {
	uint32_t what;		/* PATHEV_* bits; mostly one */
	uint32_t cookie;	/* joins MOVED_FROM to MOVED_TO, else 0 */
	int error;		/* errno, when what is PATHEV_ERROR, else 0.  ENOSPC: the limit of
				 * watches; EREMOTE: changes by other hosts are not told; EOPNOTSUPP:
				 * a file system that tells next to nothing */
	char type;		/* as find -type: d f l p s c b; 0 where not known at no cost.
				 * A directory is always d, and nothing else ever is */
	char synthesized;	/* 1: found by looking, not told by the kernel */
	char evidence;		/* with WRITTEN: what it stands on, PATHEV_BY_*; else 0 */
	const char *path;	/* whole path; NULL when the event has none (OVERFLOW, READY) */
	size_t pathlen;
	size_t nameoff;		/* path + nameoff is the last component */
	size_t reloff;		/* path + reloff is the part below root; "" for root itself */
	const char *root;	/* the pathev_add() path that led here (the longest, if several);
				 * NULL when path is */
	const char *from;	/* with MOVED_TO: the old path, when it was in scope; else NULL */
	const char *to;		/* with MOVED_FROM: the new path, when it is in scope; else NULL */
	const char *token;	/* with SYNC: that of pathev_sync(); else NULL */
	const char *command;	/* NULL; for the caller, who may render a command that failed */
	const char *why;	/* NULL; likewise, with ERROR: told instead of error */
	int64_t time_ns;	/* when the record was read, ns since 1970 UTC: inotify tells no time */
	uint64_t seq;		/* 0; for the caller, who may number what it prints */
};

/* What options.filter answers, or'ed. */
enum {
	PATHEV_HIDE = 1,	/* do not report events of this path */
	PATHEV_PRUNE = 2	/* a directory: neither walk nor watch it */
};

/* Flags of pathev_options.flags (for every path) and of pathev_add() (for this one). */
enum {
	PATHEV_RECURSIVE = 1,	/* the directories below as well */
	PATHEV_NOFOLLOW = 2,	/* a path that is a symbolic link is watched itself */
	PATHEV_ONE_FS = 4,	/* do not enter directories of other file systems */
	PATHEV_MISSING_OK = 8,	/* the path, and its parents, need not exist yet */
	PATHEV_LIST = 16,	/* one EXISTS per entry in scope, the path itself first */
	PATHEV_EXISTING = 32	/* WRITTEN for files that are complete already; needs that event */
};

/* All zero means the defaults.  Unknown bits are refused with EINVAL. */
struct pathev_options {
	uint32_t want;		/* events to report; 0: PATHEV_CHANGES */
	uint32_t flags;		/* PATHEV_RECURSIVE ...; or'ed to those of every pathev_add() */
	uint32_t max_depth;	/* deepest level reported, 1 being the entries of an added
				 * directory; 0: no limit.  Only with PATHEV_RECURSIVE */
	size_t queue_limit;	/* bytes of waiting events before OVERFLOW; 0: 256 MiB */
	int64_t settle_ns;	/* WRITTEN only when the file has not changed for so long: for
				 * writers that close it and open it again; 0: at once */
	int64_t pair_ns;	/* how long a MOVED_FROM may wait for its MOVED_TO, so that it can
				 * carry `to'; it holds up what is behind.  0: 10 ms; -1: never */
	/*
	 * Is asked about every path below an added one (never about an added path itself)
	 * before it is watched or reported.  path + reloff is the part below root; is_dir is 1
	 * for directories.  Must not call the watcher.  NULL: everything counts.
	 */
	unsigned (*filter)(void *arg, const char *path, size_t reloff, int is_dir);
	void *filter_arg;
	/*
	 * Is told now and then, during long calls, how many directories were looked at since
	 * pathev_open(), so that a user who waits can be shown a number that grows.  It runs in the
	 * caller's thread, and must not call the watcher.  NULL: nobody is told.
	 */
	void (*progress)(void *arg, uint64_t dirs);
	void *progress_arg;
};

struct pathev;

/*
 * A new watcher, or NULL: EINVAL, ENOMEM, or as inotify_init1(2) (EMFILE: the limit of
 * instances, fs.inotify.max_user_instances).  opt is copied; the caller frees the result
 * with pathev_close().
 */
struct pathev *pathev_open(const struct pathev_options *opt);

/*
 * Watch a path.  On return it is armed, with all directories below it if recursive; with
 * PATHEV_LIST the work is done while pathev_next() is called, and READY says when it is
 * complete.  Directories below that cannot be watched become PATHEV_ERROR events.
 * The path itself is told so, once, while its name may come to be of something else unnoticed.
 * -1: ENOENT (and no PATHEV_MISSING_OK), EACCES, ENOSPC (limit of watches), ELOOP, ENOMEM, ...:
 * the path is not watched; nor is a missing one if it would not be noticed that it comes.
 * With ENOMEM the state of the other paths may be told anew, behind an OVERFLOW.
 * Adding a path (as spelled) again lists it again with PATHEV_LIST, and with PATHEV_RECURSIVE
 * goes down from it if it did not; nothing is missed by that.  path is copied.
 */
int pathev_add(struct pathev *pv, const char *path, uint32_t flags);

/* Stop watching a path, spelled as it was added; its waiting events are still handed out.
 * -1: ENOENT. */
int pathev_remove(struct pathev *pv, const char *path);

/*
 * A barrier: pathev_next() will hand out a SYNC event with this token (copied; NULL: none) behind
 * all events of what happened before this call, behind the listing of every path added before
 * it, and never between the two halves of a rename.  Several are answered in their order.
 */
int pathev_sync(struct pathev *pv, const char *token);

/*
 * The one descriptor to poll for reading; never read it.  It may say readable for nothing.
 * Drain pathev_next() down to 0 before polling again.  Valid until pathev_close().
 */
int pathev_fd(const struct pathev *pv);

/*
 * Block until pathev_next() may have something.  1: it may; 0: the deadline came; -1: error
 * (EINTR: a signal handler ran).  deadline_ns is a time of pathev_now(); -1: none.
 */
int pathev_wait(struct pathev *pv, int64_t deadline_ns);

/* The clock of deadlines: CLOCK_MONOTONIC in nanoseconds. */
int64_t pathev_now(void);

/*
 * The next event.  1: *ev is filled; 0: nothing now, poll; -1: the watcher is unusable
 * (ENOMEM or a failed read).
 */
int pathev_next(struct pathev *pv, struct pathev_event *ev);

/*
 * 1 while something that was read already waits to be told, though pathev_next() gave 0: for the
 * other half of a rename, or for a second look at a directory.  It comes within milliseconds, and
 * the descriptor says so.  For a caller that wants to end when all was told.  2 while an event
 * or a record is at hand; with 1, pathev_next() may take its time, as with a listing.  Else 0.
 */
int pathev_pending(const struct pathev *pv);

/*
 * For a caller that cannot take events now (its own reader is slow): moves what the kernel
 * has into memory, so that its queue does not overflow.  Call it when the descriptor is
 * readable.  0 or -1 as pathev_next().
 */
int pathev_fill(struct pathev *pv);

/* Close and free; errno is kept.  NULL is fine. */
void pathev_close(struct pathev *pv);

/*
 * Event lists: comma separated names of inotify(7) in any case, with or without IN_; groups
 * close, move, changes, all; -NAME takes one away.  *mask is read and changed: a list that
 * begins with -NAME takes away from what it holds, any other replaces nothing and adds.
 * -1: EINVAL, *mask as it was, and [*bad, *bad + *badlen) is the offending word of list (both
 * may be NULL).
 */
int pathev_parse_events(const char *list, uint32_t *mask, const char **bad, size_t *badlen);

/*
 * The lower-case names of the bits in what, in the order of the values above, joined by sep,
 * into buf as snprintf(3) does: NUL-ended, cut at size; the full length is returned.
 */
size_t pathev_event_names(uint32_t what, char sep, char *buf, size_t size);

/* The name of number i (0, 1, ...) in the table of event and group names, with its bits in
 * *mask (may be NULL); NULL past the last.  For help texts and completions. */
const char *pathev_event_name(size_t i, uint32_t *mask);

/* What it stands on that nobody writes a file, or that somebody does. */
enum {
	PATHEV_BY_LEASE = 1,	/* the kernel's word, for all processes of this host */
	PATHEV_BY_PROCESSES = 2,	/* the processes were looked through */
	PATHEV_BY_QUIET = 3	/* nobody can tell, but it did not change for a while; not said by
				 * pathev_busy() */
};

/*
 * Is somebody still writing this regular file?  1: yes; 0: nobody on this host has it open for
 * writing, nor mapped; -1: error, or not known.  *evidence (may be NULL) says what the answer
 * stands on, and is 0 with -1.  A symbolic link is followed.
 *
 * EINVAL: not a regular file.  Not known, for nobody who can be seen writes it: EACCES: it is
 * not ours, so that the kernel does not tell (F_SETLEASE, fcntl(2)), and there are processes that
 * we may not look into; EOPNOTSUPP: the same where the file system cannot tell; EREMOTE: other
 * hosts, or who is behind a FUSE file system, may write it.
 *
 * Others see one open and close_nowrite.  Ask after an event, and else not more often than every
 * 50 ms; where the kernel does not tell, it takes some milliseconds.
 */
int pathev_busy(const char *path, int *evidence);

/*
 * Output formats.  What a format may hold is in pathwatch(1).
 */
struct pathev_format;

enum {
	PATHEV_FORMAT_RAW = 1,		/* paths as they are; else what could split a line or steer
					 * a terminal, and backslash, is escaped in %w %f %{path} ... */
	PATHEV_FORMAT_NUL = 2,		/* a record ends with NUL; implies RAW */
	PATHEV_FORMAT_NO_END = 4,	/* nothing is added to the record's end */
	PATHEV_FORMAT_LETTERS = 8	/* no %{...}, but %{e as %Xe is: for who has inotifywait's
					 * formats */
};

/*
 * Compile a format: text with % directives, or one of the ready-made "json" and "csv" kinds
 * below.  timefmt (strftime(3) and %1N ... %9N) is for %T and may be NULL.  NULL: ENOMEM or
 * EINVAL, and *bad (may be NULL) points at the offending text in fmt (or in timefmt), *badlen
 * bytes, with a static explanation in *why (may be NULL).  Free with pathev_format_free().
 */
struct pathev_format *pathev_format_new(const char *fmt, const char *timefmt, unsigned flags,
					const char **bad, size_t *badlen, const char **why);
struct pathev_format *pathev_format_new_json(unsigned flags);
struct pathev_format *pathev_format_new_csv(unsigned flags);
void pathev_format_free(struct pathev_format *f);

/* The columns of CSV, for who wants a header line.  Paths are exact, quoted as RFC 4180 says;
 * what does not apply is empty; a record ends with a newline alone, as shell tools expect. */
#define PATHEV_CSV_HEADER "seq,time,events,path,root,type,cookie,from,to,synthesized,error,token,command"

/* Does the format show the events (%e, %{events}, JSON, CSV)?  Does it show from or to? */
int pathev_format_shows_events(const struct pathev_format *f);
int pathev_format_shows_pairs(const struct pathev_format *f);

/*
 * Render one event into buf as snprintf(3) does, but without a NUL at the end: at most size
 * bytes are written, the full length is returned; where it is larger than size, grow and
 * render again.  No allocation, no locale but the process's.  f remembers how the last second
 * is written, so it belongs to one thread at a time.
 */
size_t pathev_format_render(struct pathev_format *f, const struct pathev_event *ev, char *buf,
			    size_t size);

#ifdef __cplusplus
}
#endif

#endif
