/* SPDX-License-Identifier: MIT */
/* command.c - one command of --control, from text to parts */
#include "command.h"

#include <string.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte that an escape stands for, or -1; *len is how long it is. */
static int escape(const char *p, size_t *len)
{
	static const char letters[] = "ntr\\", bytes[] = "\n\t\r\\";
	const char *letter = p[1] ? strchr(letters, p[1]) : NULL;
	int high, low;

	*len = 2;
	if (letter)
		return bytes[letter - letters];
	if (p[1] != 'x')
		return -1;
	*len = 4;
	high = digit(p[2]);
	low = high < 0 ? -1 : digit(p[3]);
	return low < 0 ? -1 : high * 16 + low;
}

/* Is every escape a good one?  NULL, or what is wrong. */
static const char *check(const char *p)
{
	size_t len;

	for (; *p; p += len) {
		int byte = 1;

		len = 1;
		if (*p == '\\')
			byte = escape(p, &len);
		if (byte < 0)
			return "a bad escape; there are \\n \\t \\r \\\\ \\xHH";
		if (byte == 0)
			return "\\x00: no path holds a NUL";
	}
	return NULL;
}

/* In place, for what is good. */
static void unescape(char *p)
{
	char *to = p;
	size_t len;

	for (; *p; p += len) {
		len = 1;
		*to++ = *p == '\\' ? (char)escape(p, &len) : *p;
	}
	*to = '\0';
}

/* The next word if it is this one, with the space behind it. */
static char *skip_word(char *p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(p, word, len) != 0 || (p[len] && p[len] != ' '))
		return NULL;
	return p + len + (p[len] == ' ');
}

/* What stands before a PATH: where it begins.  Wrong options are noted. */
static char *parse_options(struct command *c, char *p)
{
	char *behind;

	while (c->verb == COMMAND_ADD && (behind = skip_word(p, "-r"))) {
		c->recursive = 1;
		p = behind;
	}
	behind = skip_word(p, "--");
	if (behind)
		return behind;
	if (*p == '-')
		c->why = c->verb == COMMAND_ADD ?
			 "an unknown option; there is -r; a PATH that begins with - is ./-..." :
			 "it takes no option; -- stands before a PATH that begins with -";
	return p;
}

static enum command_verb find_verb(const char *name)
{
	static const char *const names[] = { "add", "remove", "sync" };

	for (int i = 0; i < COMMAND_UNKNOWN; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum command_verb)i;
	return COMMAND_UNKNOWN;
}

void command_parse(struct command *c, char *text, size_t len, int escaped)
{
	char *rest = memchr(text, ' ', len);

	*c = (struct command){ .name = text };
	text[len] = '\0';
	if (memchr(text, '\0', len)) {
		c->verb = COMMAND_UNKNOWN;
		c->why = "it holds a NUL; with -0 that ends a command";
		return;
	}
	if (rest)
		*rest++ = '\0';
	c->verb = find_verb(text);
	if (c->verb == COMMAND_UNKNOWN) {
		/* what its words are, nobody knows */
		if (rest)
			rest[-1] = ' ';
		c->why = *text ? "there is no such command; there are add, remove and sync" :
				 "an empty command; there are add, remove and sync";
		return;
	}
	if (rest && c->verb != COMMAND_SYNC)
		rest = parse_options(c, rest);
	c->arg = rest && *rest ? rest : NULL;
	if (!c->arg && !c->why)
		c->why = c->verb == COMMAND_SYNC ? "a TOKEN is missing" : "a PATH is missing";
	if (!c->why && escaped)
		c->why = check(rest);
	if (!c->why && escaped)
		unescape(rest);
}
