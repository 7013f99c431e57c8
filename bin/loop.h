/* SPDX-License-Identifier: MIT */
/*
 * loop.h - the one loop of the programs: events, signals, the command, time, and output
 *
 *	switch (loop_next(&loop, &ev)) {
 *	case LOOP_EVENT: ...
 *
 * It waits only when there is nothing to do, and never for the reader of our output: while
 * that one is slow, events stay in memory.  How a run ends:
 *
 *	running --loop_end()--> ending: the events that came until now are handed out, and all
 *	output is written --> LOOP_DRAINED
 */
#ifndef PATHEV_LOOP_H
#define PATHEV_LOOP_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

struct cli;
struct out;
struct pathev;
struct pathev_event;

enum loop_what {
	LOOP_NOTHING,	/* loop_next() does not return it */
	LOOP_EVENT,	/* *ev is filled, until the next call */
	LOOP_SIGNAL,	/* loop->signo asks to end */
	LOOP_USR1,	/* SIGUSR1, of those who asked for it */
	LOOP_RESIZED,	/* SIGWINCH, likewise: the terminal has another size */
	LOOP_HUP,	/* SIGHUP, likewise */
	LOOP_INPUT,	/* input_fd is readable, or at its end */
	LOOP_CHILD,	/* the command ended: loop->status */
	LOOP_TIMER,	/* timer_ns has passed, and is -1 again */
	LOOP_DEADLINE,	/* deadline_ns has passed, and is -1 again */
	LOOP_DRAINED,	/* after loop_end() */
	LOOP_FAILED	/* a message was given; or the reader is gone: loop->signo is SIGPIPE */
};

struct loop {
	const struct cli *cli;
	struct pathev *pv;
	struct out *out;
	int64_t pair_ns;	/* how long the watcher may hold an event back; 0: not at all */
	int64_t deadline_ns;	/* a time of pathev_now(), as all below; -1: none */
	int64_t timer_ns;	/* -1: none */

	int input_fd;		/* what else is waited for, while running; -1: nothing */

	int hup;		/* SIGHUP is wanted, and does not end */
	int usr1;		/* SIGUSR1 is wanted */
	int winch;		/* SIGWINCH is; set before loop_start() */
	int usr1_due;		/* newer events than usr1_ns have come */
	int64_t usr1_ns;	/* when it came, as event.time_ns; 0: it did not, or was told */
	int signal_fd;		/* -1: signals do as they did */
	sigset_t caught;	/* those that come through signal_fd */
	sigset_t inherited;	/* the mask before us */
	int signo;		/* what to die of at the end; 0: nothing */

	pid_t child;		/* 0: there is none */
	int started;		/* there was one */
	int status;		/* of the command, as a shell tells it; -1: none yet */

	int state;		/* running, ending, over */
	int drained;		/* the watcher has nothing now */
	unsigned batch;		/* events since the last look at everything else */
	int64_t late_ns;	/* when output is late that waits for more events */
	unsigned nap_events;	/* events since the first one of nap_ns */
	int64_t nap_ns;		/* when a nap would end, or does */
	int napping;		/* events may gather until then */
	int mending;		/* after an overflow, all is being told again */
	int hurry;		/* ending: because of a signal */
	int64_t last_ns;	/* ending: what was read later (event.time_ns) is not ours */
	int64_t grace_ns;	/* ending: until when the watcher may hold back */
};

/* usr1: SIGUSR1 is to be told, and from now on does not kill. */
void loop_init(struct loop *l, const struct cli *cli, struct out *out, int usr1);

/* SIGHUP is to be told, and from now on does not kill. */
void loop_want_hup(struct loop *l);

/* The paths are armed: from here on the loop takes the signals.  pair_ns as the watcher has
 * it.  0, or -1 after a message. */
int loop_start(struct loop *l, struct pathev *pv, int64_t pair_ns);

/*
 * Tell that we are ready: --ready-fd, then start the command of --run, whose output goes to
 * stdout_fd.  0, or the exit status after a message.
 */
int loop_ready(struct loop *l, int stdout_fd);

enum loop_what loop_next(struct loop *l, struct pathev_event *ev);

/* The watcher was asked for something: look at it at once. */
void loop_wake(struct loop *l);

/* Do not wait for more: see above. */
void loop_end(struct loop *l);

/* Write all output, waiting for the reader.  0; -1: as LOOP_FAILED.  A signal that asks to
 * end for the second time ends this too. */
int loop_flush(struct loop *l);

/* Release all but the watcher, which is the caller's.  The exit status for main, which is
 * status, unless we are to die of a signal: then this does not return. */
int loop_exit(struct loop *l, int status);

#endif
