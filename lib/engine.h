/* SPDX-License-Identifier: MIT */
/*
 * engine.h - the inside of a watcher, shared by the files that make it
 *
 *	pathev.c   its life: open, add, remove, wait, next; which work is done when
 *	follow.c   acts on one kernel record: the tree follows, events are told
 *	rename.c   the same for the halves of a rename
 *	exchange.c a name that something has left, and that is not free all the same
 *	look.c     looks at directories: watch, read, tell what was found
 *	scan.c     the same for many of which nothing is told, by several threads
 *	mounts.c   what is mounted on a directory, which no record tells
 *	roots.c    the added paths, which are names: binds them to what is there
 *	tell.c     lets an event through to the queue, or not
 *	written.c  which files are complete
 *
 * One difficulty shapes it all: records tell the past, and a look at the file system sees the
 * present.  We keep them apart by asking the future.  After every look the kernel's queue is
 * emptied into the intake; if a record there, not yet acted on, renames, removes or replaces
 * a directory on the path that was looked at, then what was seen may belong to another place,
 * and it is thrown away and looked at again later.  If there is none, then the path meant all
 * the time what our tree says it means.  (A directory changes its names under its lock, and
 * queues the record before it lets go, so that no second change can come between.)
 */
#ifndef PATHEV_ENGINE_H
#define PATHEV_ENGINE_H

#include "buf.h"
#include "intake.h"
#include "pathev.h"
#include "queue.h"
#include "see.h"
#include "table.h"
#include "walk.h"
#include "watches.h"
#include "written.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Why a directory is to be looked at, and with that, what is told of its contents. */
enum pathev__mode {
	PATHEV__QUIET,		/* nothing: it is there at the start */
	PATHEV__LIST,		/* EXISTS: a listing */
	PATHEV__NEW,		/* CREATE: it came, by creation or from outside */
	PATHEV__CHANGED,	/* after an overflow: what changed since */
	PATHEV__MOVED		/* nothing: it was renamed, only its directories are gone over */
};

/* Flags of nodes, besides those of watches.h. */
enum {
	PATHEV__NODE_MODE = 7 * PATHEV__NODE_USER,	/* a pathev__mode */
	PATHEV__NODE_PENDING = 8 * PATHEV__NODE_USER,	/* to be looked at */
	PATHEV__NODE_ARRIVED = 16 * PATHEV__NODE_USER,	/* moved here, to be told yet */
	PATHEV__NODE_BLIND = 32 * PATHEV__NODE_USER,	/* cannot be watched, and that was told */
	PATHEV__NODE_JUDGED = 64 * PATHEV__NODE_USER,	/* written.h may know files in it */
	PATHEV__NODE_TRY = 128 * PATHEV__NODE_USER,	/* this bit and up: a count of tries */
	PATHEV__TRIES = 7
};

/*
 * A place where the meaning of an added path is decided: a name in a directory that leads to it,
 * or a directory on the way whose own renaming is noticed.
 */
struct pathev__anchor {
	int wd;
	uint32_t root;
	uint32_t round;	/* the root's, when it was last needed */
	int link;	/* the name may be of something else than a directory */
	char *name;	/* owned; NULL: MOVE_SELF and DELETE_SELF of wd itself count */
	int last;	/* the added path's own last component */
};

struct pathev__root {
	char *given;		/* as added; NULL: removed */
	char *removed;		/* what given was, for the events that still wait */
	char *path;		/* without slashes at its end */
	size_t len;
	size_t reloff;		/* where the part below begins */
	uint32_t flags;
	uint32_t node;		/* what the name is bound to, or NIL */
	int is_dir;
	int told;		/* the name is bound, as far as events tell */
	int unsure;		/* the last look was overtaken: look again */
	int blind;		/* why a change of the way there would not be noticed; 0: it is */
	int blind_told;		/* that, as it was told last */
	int deaf;		/* not there, and why it would not be noticed that it comes; or 0 */
	uint32_t round;		/* counts how often the path was resolved */
	int ghost;		/* the watch of what was bound until just now; -1: none */
	dev_t dev;
	struct pathev__fs fs;
	uint64_t quiet_until;	/* records before this position are from before it was armed */
	uint64_t listed;	/* the watcher's count of listings when this one was begun */
};

enum pathev__told {
	PATHEV__HIDDEN,		/* not told, and records of it are not either until one binds it */
	PATHEV__TOLD,
	PATHEV__CHECK		/* not told, but it may be there, and no record will say so */
};

/*
 * What the records still in the intake say about names in a directory that was looked at: until
 * they were acted on, only a name that a record has created counts as told.
 */
struct pathev__window {
	int wd;
	uint64_t until;			/* position; UINT64_MAX: until its names are checked */
	struct pathev__buf names;	/* per name: a pathev__told, the name, NUL */
	struct pathev__table table;	/* offsets in names */
};

/* Records of access to a directory, or to what is in it, that our own look has caused. */
struct pathev__noise {
	uint32_t node;
	int files;		/* what is in it was opened as well */
	uint32_t name;		/* hash of what in it was opened alone; 0: it was looked at */
	uint64_t until;		/* position */
};

/* A rename that was seen leaving: what its MOVED_TO will want to know. */
struct pathev__move {
	uint32_t cookie;		/* 0: unused */
	uint32_t root;
	int wd;				/* the directory, and the hash of the name */
	uint32_t hash;
	struct pathev__buf from;	/* the old path; empty: that is not to be told */
	int64_t open_ns;		/* the other half may still come until then; 0: it will not */
};

enum { PATHEV__MOVES = 64 };

/* A half of a rename that was told already, before its place. */
struct pathev__skip {
	uint32_t cookie, what;
};

/* What came to a name by a rename: see exchange.c. */
struct pathev__came {
	int wd;
	uint32_t hash;			/* of the name */
	uint32_t cookie;		/* 0: unused */
	int is_dir;
	int from_wd;			/* where it came from; -1: not seen */
	uint32_t from_hash;
	int64_t time_ns;		/* when the record was read */
};

enum { PATHEV__CAME = 256 };

/* The last renames. */
struct pathev__renames {
	struct pathev__move move[PATHEV__MOVES];
	unsigned next_move;
	struct pathev__came came[PATHEV__CAME];	/* by hash */
	int64_t came_ns;			/* the last of them */
};

/* A barrier that was asked for. */
struct pathev__mark {
	uint64_t until;		/* position: what is before it happened before */
	char *token;		/* owned; NULL: none */
};

struct pathev__nodes {		/* a list of nodes */
	uint32_t *node;
	size_t len, cap;
};

struct pathev {
	struct pathev_options opt;
	int fd;				/* inotify */
	int epfd;			/* what the caller polls: fd and timer */
	int timerfd;			/* -1 until needed */
	int64_t timer_ns;		/* what it is set to; -1: nothing */

	int mounts_wake, mounts_fd;	/* the table of mounts, twice: see mounts.c; -1: without */
	int mounts_due;			/* it may have changed, and paths are not compared yet */
	struct pathev__buf mounts;	/* what it held */

	struct pathev__intake in;
	struct pathev__watches tree;
	struct pathev__written *written;	/* NULL: not wanted */
	struct pathev__queue queue;
	int64_t empty_ns;		/* when the kernel's queue was last seen empty */
	int max_wd;

	struct pathev__root *root;
	uint32_t nroots;
	uint32_t nremoved;
	size_t caproots;
	int adding;			/* what cannot be watched is refused */
	int nested;			/* an added path may lie below another one */
	struct pathev__anchor *anchor;
	uint32_t nanchors;
	size_t capanchors;
	struct pathev__table anchors;	/* by wd */

	struct pathev__nodes now;	/* to look at before the next record */
	uint64_t looked;		/* so many directories, for options.progress */
	unsigned few;			/* after so many looks in a row, do the rest together */
	struct pathev__nodes list;	/* to look at when there is nothing else to do */
	struct pathev__nodes later;	/* a look was overtaken: again when the intake is empty */
	int64_t later_ns;		/* and not before this time */
	uint64_t listings;		/* that were told in full, and their READY with them */
	int want_ready;			/* READY is to be told when nothing is left to look at */

	struct pathev__window *window;
	size_t nwindows, capwindows;
	int checks;			/* a window may have names to check */
	struct pathev__noise *noise;	/* our own looks, as they will show in the records */
	size_t nnoise, capnoise;
	struct pathev__renames *renames;	/* NULL before the first */
	struct pathev__skip *skip;
	size_t nskips, capskips;
	uint32_t held_cookie;		/* the MOVED_FROM at the head waits ... */
	int64_t held_ns;		/* ... until then; -1: nothing waits */

	struct pathev__mark *mark;	/* barriers not yet told, in their order */
	size_t nmarks, capmarks;
	int64_t mark_ns;		/* when to look at them again; -1: when something comes */

	int broken;			/* errno of what made it unusable; 0: it is not */
	int filled;			/* pathev_fill() was the last call: no event is wanted now */
	int listing;			/* a step of a listing is being told */
	size_t exempt;			/* bytes of the queue that are due to it */
	int lost;			/* queue_limit was reached: start over when it is empty */
	int64_t lost_ns;		/* changes since this time are told after an overflow */
	struct pathev__watches old;	/* the tree from before the loss, until all is looked at */
	int recovering;
	dev_t *seen_dev;		/* file systems that were found to be whole */
	size_t nseen, capseen;

	/* the directory of the last event told, so that a run of events renders it once */
	struct pathev__buf dir;
	uint32_t dir_node, dir_version, dir_root, dir_depth;

	struct pathev__buf full;	/* scratch: of an event */
	struct pathev__buf other;	/* scratch: from or to */
	struct pathev__buf entries;	/* scratch: a directory's entries */
	struct pathev__nodes alias, dst;	/* scratch: nodes of one descriptor */
	struct pathev__nodes touched;	/* scratch: roots that a record touches */
};

/* pathev.c */
int pathev__drain(struct pathev *pv);	/* empty the kernel's queue into the intake */
int pathev__nodes_add(struct pathev__nodes *l, uint32_t node);
int pathev__sweep(struct pathev *pv);
/* Something failed where it cannot be undone, or where nobody can say so: the watcher is unusable
 * from here on, and each call tells.  -1, with errno as it is. */
int pathev__break(struct pathev *pv);
int pathev__recover(struct pathev *pv);	/* after a loss: tell it, and start over */

/* follow.c; what acts on a record answers 0, -1, or 1: it has to wait for another one */
int pathev__follow(struct pathev *pv, const struct pathev__record *rec);
int pathev__aliases(struct pathev *pv, int wd, struct pathev__nodes *l);
int pathev__tell_record(struct pathev *pv, uint32_t node, const struct pathev__record *rec,
			const char *other);
void pathev__forget(struct pathev *pv, uint32_t node);	/* a directory that lost its name */
int pathev__arrive(struct pathev *pv, uint32_t dir, const struct pathev__record *rec);
int pathev__is_tellable(struct pathev *pv, const struct pathev__record *rec);
/* Something else than a directory that is known has its name: tell so, and what is there. */
int pathev__replace(struct pathev *pv, uint32_t node);

/* mounts.c */
int pathev__mounts_begin(struct pathev *pv);	/* before anything below a path is looked at: 0 or -1 */
int pathev__mounts_again(struct pathev *pv);	/* and before all is looked at anew */
int pathev__mounts_changed(struct pathev *pv);
int pathev__mounts_look(struct pathev *pv);	/* when the intake is empty */

/* rename.c */
int pathev__renames_need(struct pathev *pv);	/* make pv->renames, if there is none yet: 0 or -1 */
void pathev__renames_forget(struct pathev *pv);
int pathev__moved_from(struct pathev *pv, const struct pathev__record *rec);
int pathev__moved_to(struct pathev *pv, const struct pathev__record *rec);
/* The node of a descriptor, below the same root if there is a choice, or NIL. */
uint32_t pathev__goal(const struct pathev *pv, int wd, uint32_t root);
/* What a rename goes to (in pv->other), or came from; NULL: not in scope. */
const char *pathev__goes_to(struct pathev *pv, const struct pathev__record *to, uint32_t root);
const char *pathev__came_from(const struct pathev *pv, uint32_t cookie, uint32_t root);
int pathev__remember(struct pathev *pv, const struct pathev__record *rec, uint32_t root,
		     const char *from, size_t len);

/* Until when the other half of a rename that was told in part may come; 0: there is none. */
int64_t pathev__half_open(const struct pathev *pv);

/* Something that must follow a record is not there yet: 1 to wait for it, 0 to go on without. */
int pathev__must_wait(struct pathev *pv, uint32_t cookie);

/* exchange.c */

/* What is at a name behind a record that left it. */
enum pathev__after {
	PATHEV__FREE,		/* nothing */
	PATHEV__TAKEN,		/* something, by a look, and no record will say so */
	PATHEV__TAKEN_YET,	/* something, for a later record unbinds it */
	PATHEV__UNTOLD,		/* no record tells, and a look is of no use now */
	PATHEV__UNKNOWN		/* the next record fits both */
};
enum pathev__after pathev__after(struct pathev *pv, const struct pathev__record *name, uint64_t pos,
				char *type);
/* Look whether a name is there, and empty the queue: FREE, TAKEN, or UNKNOWN. */
enum pathev__after pathev__look_up(struct pathev *pv, uint32_t node, const char *name, size_t len,
				  char *type);
/* Remember what a MOVED_TO has brought; from: its other half, or NULL. */
void pathev__note_came(struct pathev *pv, const struct pathev__record *to,
		      const struct pathev__record *from);
void pathev__note_gone(struct pathev *pv, const struct pathev__record *name);
/* May this MOVED_FROM be the second half of an exchange; is it, for what came is another thing;
 * may it be, if it goes there? */
int pathev__is_suspect(struct pathev *pv, const struct pathev__record *from);
int pathev__is_other(struct pathev *pv, const struct pathev__record *from);
int pathev__may_return(struct pathev *pv, const struct pathev__record *from,
		      const struct pathev__record *to);
/* Is the rename of two halves surely the first of an exchange?  1: *from2 and *back are filled;
 * 0: no, or not surely; 2: wait.  And so of a MOVED_TO whose other half is out of scope. */
int pathev__find_exchange(struct pathev *pv, const struct pathev__record *rec,
			 const struct pathev__record *to, struct pathev__record *from2,
			 struct pathev__record *back);
int pathev__find_half_exchange(struct pathev *pv, const struct pathev__record *to,
			      struct pathev__record *from2);
/* Tell something that is at a name, though no record says so: now, or have it looked up later. */
int pathev__reappear(struct pathev *pv, int wd, const char *name, size_t len, char type);
int pathev__check(struct pathev *pv, const struct pathev__record *name);
int pathev__check_names(struct pathev *pv);	/* when the intake is empty */

/* look.c */
int pathev__pend(struct pathev *pv, uint32_t node, enum pathev__mode mode);
int pathev__repend(struct pathev *pv, uint32_t node);	/* now, if it waits for its turn */
int pathev__look(struct pathev *pv, uint32_t node);
enum pathev__mode pathev__mode_of(const struct pathev *pv, uint32_t node);
/* What is to be seen of a directory so deep below a root. */
void pathev__see_how(const struct pathev *pv, uint32_t root, uint32_t depth, unsigned flags,
		     struct pathev__see *how);
/* The directory was seen, and the kernel's queue emptied behind that: what follows? */
int pathev__judge(struct pathev *pv, uint32_t node, enum pathev__mode mode,
		  const struct pathev__sight *s, const struct pathev__buf *entries);
/* Tell something that was found: as created, and a complete file as closed, too. */
int pathev__tell_new(struct pathev *pv, uint32_t node, const char *name, size_t len, char type);
int pathev__look_now(struct pathev *pv);	/* all that cannot wait for the next record */
int pathev__look_listed(struct pathev *pv);	/* one step of a listing */
int pathev__overtaken(struct pathev *pv, uint32_t node);
/* All records of access to a node up to now are our own; files: and of those to what is in it. */
int pathev__made_noise(struct pathev *pv, uint32_t node, int files);
/* The same of one name in it, which was opened. */
int pathev__made_noise_of(struct pathev *pv, uint32_t node, const char *name, size_t len);
int pathev__is_noise(const struct pathev *pv, const struct pathev__record *rec);
/* Is a directory of this name below that one to be watched? */
int pathev__enters(struct pathev *pv, uint32_t parent, const char *name, size_t len);
/* Nobody writes the regular file, as far as can be told? */
int pathev__is_complete(const char *path, size_t len);

/* scan.c: look at what is to be looked at now, as far as it can be done together */
int pathev__scan(struct pathev *pv);

/* roots.c */
/* Tell if nobody will say that the added path, which is not there, has come to be. */
int pathev__root_missing(struct pathev *pv, uint32_t root);
uint32_t pathev__root_find(const struct pathev *pv, const char *given);
/* Bind an added path to what is there now; how is the event that led here, for the record. */
int pathev__root_bind(struct pathev *pv, uint32_t root, enum pathev__mode mode, uint32_t how);
/* List an added path that is watched already, and leave no gap. */
int pathev__root_list(struct pathev *pv, uint32_t root);
/* An event about a name or directory that an added path depends on; other as in pathev__tell(). */
int pathev__root_record(struct pathev *pv, const struct pathev__record *rec,
			const struct pathev__record *to);
void pathev__root_unbind(struct pathev *pv, uint32_t root);	/* and drop what is below */
void pathev__root_fini(struct pathev *pv, uint32_t root);
int pathev__root_overtaken(const struct pathev *pv, uint32_t root);
/* The added path whose own name this is, or NIL. */
uint32_t pathev__root_named(const struct pathev *pv, int wd, const char *name);
/* What the kernel is to tell of an added path, a directory or not. */
uint32_t pathev__root_mask(const struct pathev *pv, const struct pathev__root *r);
void pathev__unwatch(struct pathev *pv, int wd);	/* unless something still needs it */
void pathev__nesting(struct pathev *pv);

/* tell.c */

/* An event about a name in a directory, or with name NULL about a node itself: all but what
 * belongs to the place, and the time, is the caller's to fill in. */
int pathev__tell(struct pathev *pv, uint32_t node, struct pathev__queue_in *in);
void pathev__note_loss(struct pathev *pv, int64_t since_ns);	/* what came later may be lost */
int pathev__tell_own(struct pathev *pv, uint32_t what);		/* READY, OVERFLOW */
/* All that comes is thrown away, and when the reader has caught up the state is told again. */
int pathev__tell_loss(struct pathev *pv);
int pathev__tell_sync(struct pathev *pv, const char *token);
/* An event about an added path itself, which need not be bound. */
int pathev__tell_root(struct pathev *pv, uint32_t root, struct pathev__queue_in *in);

/* Make pv->dir the path of a directory.  Its root, or NIL when it is not in the tree. */
int pathev__dir_render(struct pathev *pv, uint32_t node);
static inline int pathev__dir(struct pathev *pv, uint32_t node, uint32_t *root)
{
	if ((pv->dir_node != node || pv->dir_version != pv->tree.version) &&
	    pathev__dir_render(pv, node))
		return -1;
	*root = pv->dir_root;
	return 0;
}
/* The path of a name in it, in pv->full. */
int pathev__full(struct pathev *pv, const char *name, size_t len);
unsigned pathev__verdict(struct pathev *pv, uint32_t node, const char *name, size_t len, int is_dir);

struct pathev__window *pathev__window_find(struct pathev *pv, int wd);
struct pathev__window *pathev__window_open(struct pathev *pv, int wd);
int pathev__window_note(struct pathev__window *w, const char *name, size_t len, int told);
/* The told byte of a name, or NULL when no record in the window binds it. */
char *pathev__window_name(const struct pathev__window *w, const char *name, size_t len);
void pathev__windows_close(struct pathev *pv, int all);

#endif
