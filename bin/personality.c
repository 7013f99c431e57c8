/* SPDX-License-Identifier: MIT */
/* personality.c - the programs that a binary is when it is called by another name */
#include "personality.h"

#include <stddef.h>
#include <string.h>

static const struct personality table[] = {
	{ "inotifywait", inotifywait_main },
	{ "inotifywatch", inotifywatch_main }
};

const struct personality *personality_of(const char *name)
{
	const char *slash = name ? strrchr(name, '/') : NULL;

	if (slash)
		name = slash + 1;
	for (size_t i = 0; name && i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}
