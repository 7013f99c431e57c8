/* SPDX-License-Identifier: MIT */
/*
 * control.h - commands on standard input, and their answers in the stream
 *
 * One command is done at a time, and the next is not even read before the answer to it was
 * printed: so answers come in order, and a flood of commands waits in its pipe.  Every answer
 * stands behind a barrier of the watcher (pathev_sync), and so behind all that came before.
 */
#ifndef PATHEV_CONTROL_H
#define PATHEV_CONTROL_H

#include "command.h"

#include <stddef.h>
#include <stdint.h>

struct cli;
struct pathev_event;
struct scope;
struct stream;

struct control {
	const struct cli *cli;
	struct scope *scope;
	struct stream *stream;
	char *text;		/* what was read: text[head] to text[len - 1] is still to do */
	size_t head;
	size_t len;
	int fd;			/* -1: not open, or at its end */
	int skipping;		/* in the rest of a command that is too long */

	int state;		/* waiting for a command, or for one of two barriers */
	struct command now;	/* being done; its strings are in text */
	int error;		/* why it failed, where now.why does not say it; 0: it did not */
};

/* Refuse a standard input that cannot be read.  0, or -1 after a message; control_fini() is due. */
int control_init(struct control *c, const struct cli *cli, struct scope *scope,
		 struct stream *stream);
void control_fini(struct control *c);

/* What to poll for reading; -1: nothing now. */
int control_fd(const struct control *c);

/* It is readable.  0, or -1 after a message. */
int control_read(struct control *c);

/* The watcher has handed out the barrier of a command.  0, or -1 after a message. */
int control_reached(struct control *c, const struct pathev_event *sync);

/* Begin no more commands; the one that is being done is answered still. */
void control_close(struct control *c);

/* All commands were done, and no more will come. */
int control_ended(const struct control *c);

#endif
