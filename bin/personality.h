/* SPDX-License-Identifier: MIT */
/*
 * personality.h - the programs that a binary is when it is called by another name
 *
 * A personality is options, defaults and messages; what watches, waits and writes below it is
 * what the native programs stand on.
 */
#ifndef PATHEV_PERSONALITY_H
#define PATHEV_PERSONALITY_H

struct personality {
	const char *name;
	int (*main)(int argc, char **argv);
};

/* The personality that goes by the last component of this name; NULL: none does. */
const struct personality *personality_of(const char *name);

int inotifywait_main(int argc, char **argv);
int inotifywatch_main(int argc, char **argv);

#endif
