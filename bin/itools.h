/* SPDX-License-Identifier: MIT */
/*
 * itools.h - what inotifywait and inotifywatch have in common: options, messages, what is
 * watched, and events as inotify-tools tells them
 *
 * inotify-tools has a watch for each directory and tells what inotify(7) says of each; scripts
 * know its records in that form.  So an event of pathev.h is translated here:
 *  - one bit a record, also where what was lost or replaced is told in one;
 *  - what happens to a directory below a watched one is told twice, from inside as well:
 *    OPEN,ISDIR of `d/' with the name `sub', and of `d/sub/' without a name; so are DELETE_SELF,
 *    MOVE_SELF and IGNORED;
 *  - a path that is given has no record under its own name of being made, moved or removed.
 *    Where it is replaced, the file that was there is told as deleted, and what then stands
 *    there as written: the watch goes on.
 */
#ifndef PATHEV_ITOOLS_H
#define PATHEV_ITOOLS_H

#include "blind.h"
#include "cli.h"
#include "loop.h"
#include "out.h"

#include <stdint.h>
#include <sys/types.h>

struct pathev;
struct pathev_event;
struct pathev__filter;

/* Bits beside those of pathev.h, where inotify(7) has them too. */
#define ITOOLS_IGNORED 0x00008000U	/* the watch is gone */
#define ITOOLS_ISDIR 0x40000000U	/* in -e: whatever happens to a directory */
#define ITOOLS_ONESHOT 0x80000000U	/* in -e: has no effect */

/* Without -e. */
#define ITOOLS_ALL (PATHEV_ALL & ~PATHEV_UNMOUNT)

/* The short options that both have, for getopt(3), and the values of the long ones. */
#define ITOOLS_LETTERS "hrPIFSe:t:"

enum {
	ITOOLS_FROMFILE = 256,
	ITOOLS_EXCLUDE,
	ITOOLS_EXCLUDEI,
	ITOOLS_INCLUDE,
	ITOOLS_INCLUDEI,
	ITOOLS_OWN		/* the program's own begin here */
};

#define ITOOLS_OPTIONS \
	{ "help", no_argument, NULL, 'h' }, \
	{ "event", required_argument, NULL, 'e' }, \
	{ "timeout", required_argument, NULL, 't' }, \
	{ "recursive", no_argument, NULL, 'r' }, \
	{ "inotify", no_argument, NULL, 'I' }, \
	{ "fanotify", no_argument, NULL, 'F' }, \
	{ "filesystem", no_argument, NULL, 'S' }, \
	{ "no-dereference", no_argument, NULL, 'P' }, \
	{ "fromfile", required_argument, NULL, ITOOLS_FROMFILE }, \
	{ "exclude", required_argument, NULL, ITOOLS_EXCLUDE }, \
	{ "excludei", required_argument, NULL, ITOOLS_EXCLUDEI }, \
	{ "include", required_argument, NULL, ITOOLS_INCLUDE }, \
	{ "includei", required_argument, NULL, ITOOLS_INCLUDEI }

/* The end of --help. */
extern const char itools_help[];

struct itools {
	/* the command line */
	struct cli cli;			/* paths and left_out among it; timeout_ns is not used */
	const char *fromfile;
	const char *exclude;		/* NULL: none, as below */
	const char *excludei;
	const char *include;
	const char *includei;
	long timeout;			/* seconds; 0: none */
	int fanotify;			/* asked for */
	int monitor;			/* events go on after the first */
	int says_new;			/* new directories have a message */
	int exact;			/* equal events must not be joined by the kernel */
	int foreground;			/* errors go to standard error, wherever else they go */

	struct out out;
	struct pathev *pv;
	int64_t pair_ns;		/* of pathev_options */
	struct loop loop;
	struct blind blind;

	/* of translating */
	uint32_t delivered;		/* what ITOOLS_ISDIR stands for */
	struct itools_root *root;	/* one for each of cli.paths, by path */
	size_t gone;			/* how many of them were deleted and not made again */
	int unmounted;			/* one of them was */
	char *self;			/* a growing buffer */
	size_t selfcap;
	int armed;			/* what was there at the beginning is watched */
	dev_t out_dev;			/* the file we write, which is not an event to write about */
	ino_t out_ino;
	char *out_name;			/* NULL: it is none */

	/*
	 * One record that was asked for.  what has one bit, maybe ITOOLS_IGNORED; path is NULL for
	 * an overflow.  0: go on; 1: no more records of this event; -1 after a message.
	 */
	int (*tell)(void *arg, struct pathev_event *ev);
	void *arg;
};

void itools_init(struct itools *t, const struct cli_program *program);
void itools_fini(struct itools *t);

/* An option that both have: 0, or -1 when it was refused; 1: it is none of them. */
int itools_option(struct itools *t, int opt, const char *arg);

/* The bits of a list as in -e.  0, or -1: not one, and nothing was said. */
int itools_parse_events(const char *list, uint32_t *events);

/* Options that contradict each other: -1 after a message. */
int itools_check_filters(const struct itools *t);

/*
 * After the options: compile the expressions, read --fromfile and the words that are left.
 * 0, or -1 after a message, as those below.
 */
int itools_prepare(struct itools *t, char **words);

/* Standard output may be a file in a watched directory: leave that out. */
int itools_leave_out_output(struct itools *t);

/* Open the watcher. */
int itools_open(struct itools *t);

/* Watch one path; flags are PATHEV_LIST or 0.  0 or -1 with errno, and nothing was said. */
int itools_add(struct itools *t, const char *path, uint32_t flags);

/* Say why that failed; what is as in `Couldn't watch'. */
void itools_refused(struct itools *t, const char *what, const char *path, int error);

/* From here on messages go to syslog(3). */
void itools_use_syslog(struct itools *t);

/* Messages, of how things go and of what is wrong. */
void itools_status(const struct itools *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void itools_error(const struct itools *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* When the timeout passes, from now on; a time of pathev_now(). */
int64_t itools_deadline(const struct itools *t);

/* Tell an event: 0, 1 or -1 as tell() returned it. */
int itools_translate(struct itools *t, const struct pathev_event *ev);

#endif
