/* SPDX-License-Identifier: MIT */
/*
 * command.h - one command of --control, from text to parts
 *
 *	add [-r] [--] PATH	remove [--] PATH	sync TOKEN
 *
 * One space stands between words; PATH and TOKEN are the whole rest, spaces and all.  Pure.
 */
#ifndef PATHEV_COMMAND_H
#define PATHEV_COMMAND_H

#include <stddef.h>

/* Longest command in bytes, without its end: names of 4096 bytes that are escaped fit well. */
enum { COMMAND_MAX = 64 * 1024 };

enum command_verb { COMMAND_ADD, COMMAND_REMOVE, COMMAND_SYNC, COMMAND_UNKNOWN };

/* Strings lie in the text that was parsed. */
struct command {
	enum command_verb verb;
	int recursive;
	const char *name;	/* the word of the command; the whole text where it is unknown */
	const char *arg;	/* PATH or TOKEN; as it was written where it is wrong; NULL: none */
	const char *why;	/* what is wrong with it; NULL: nothing */
};

/*
 * Parse text[0] to text[len - 1], without what ends a command; text[len] is ours to write to, and
 * the text is changed.  escaped: \n \t \r \\ \xHH stand for bytes, as paths are written.
 */
void command_parse(struct command *c, char *text, size_t len, int escaped);

#endif
