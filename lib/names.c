/* SPDX-License-Identifier: MIT */
/* names.c - the one table of event names and bits */
#include "names.h"

#include "base.h"
#include "pathev.h"

#include <string.h>

/*
 * First the events, one bit each, ascending: that is the order names are printed in.  Then the
 * groups.  Last what is understood but not told: the names that inotify(7) has for the same.
 */
#define NAME(text) text, sizeof(text) - 1
static const struct {
	char name[15];
	uint8_t len;
	uint32_t mask;
} table[] = {
	{ NAME("access"), PATHEV_ACCESS },
	{ NAME("modify"), PATHEV_MODIFY },
	{ NAME("attrib"), PATHEV_ATTRIB },
	{ NAME("close_write"), PATHEV_CLOSE_WRITE },
	{ NAME("close_nowrite"), PATHEV_CLOSE_NOWRITE },
	{ NAME("open"), PATHEV_OPEN },
	{ NAME("moved_from"), PATHEV_MOVED_FROM },
	{ NAME("moved_to"), PATHEV_MOVED_TO },
	{ NAME("create"), PATHEV_CREATE },
	{ NAME("delete"), PATHEV_DELETE },
	{ NAME("delete_self"), PATHEV_DELETE_SELF },
	{ NAME("move_self"), PATHEV_MOVE_SELF },
	{ NAME("unmount"), PATHEV_UNMOUNT },
	{ NAME("overflow"), PATHEV_OVERFLOW },
	{ NAME("exists"), PATHEV_EXISTS },
	{ NAME("ready"), PATHEV_READY },
	{ NAME("error"), PATHEV_ERROR },
	{ NAME("written"), PATHEV_WRITTEN },
	{ NAME("added"), PATHEV_ADDED },
	{ NAME("removed"), PATHEV_REMOVED },
	{ NAME("sync"), PATHEV_SYNC },

	{ NAME("close"), PATHEV_CLOSE },
	{ NAME("move"), PATHEV_MOVE },
	{ NAME("changes"), PATHEV_CHANGES },
	{ NAME("all"), PATHEV_ALL },

	{ NAME("all_events"), PATHEV_ALL },
	{ NAME("q_overflow"), PATHEV_OVERFLOW },
};

enum { GROUPS = 4, ALIASES = 2, TOLD = PATHEV__COUNT(table) - ALIASES, EVENTS = TOLD - GROUPS };

/* The locale has no say in what a letter is: an I must match in Turkish as well. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static int starts_with(const char *word, size_t len, const char *name, size_t namelen)
{
	if (len < namelen)
		return 0;
	for (size_t i = 0; i < namelen; i++)
		if (lower(word[i]) != name[i])
			return 0;
	return 1;
}

/* The bits of a name; 0 when it is not one. */
static uint32_t lookup(const char *word, size_t len)
{
	if (starts_with(word, len, "in_", 3)) {
		word += 3;
		len -= 3;
	}
	for (size_t i = 0; i < PATHEV__COUNT(table); i++) {
		if (len == table[i].len && starts_with(word, len, table[i].name, len))
			return table[i].mask;
	}
	return 0;
}

static int apply_word(const char *word, size_t len, uint32_t *mask)
{
	int minus = len && *word == '-';
	uint32_t bits = lookup(word + minus, len - (size_t)minus);

	if (!bits)
		return -1;
	if (minus)
		*mask &= ~bits;
	else
		*mask |= bits;
	return 0;
}

int pathev_parse_events(const char *list, uint32_t *mask, const char **bad, size_t *badlen)
{
	uint32_t res = *mask;

	for (const char *word = list;; word++) {
		size_t len = strcspn(word, ",");

		if (apply_word(word, len, &res)) {
			if (bad)
				*bad = word;
			if (badlen)
				*badlen = len;
			errno = EINVAL;
			return -1;
		}
		word += len;
		if (!*word)
			break;
	}
	*mask = res;
	return 0;
}

const char *pathev_event_name(size_t i, uint32_t *mask)
{
	if (i >= TOLD)
		return NULL;
	if (mask)
		*mask = table[i].mask;
	return table[i].name;
}

const char *pathev__names_take(uint32_t *what, size_t *len)
{
	/* the first twelve have the first twelve bits */
	size_t i = *what & 0xfff ? (size_t)__builtin_ctz(*what) : 12;

	for (; *what && i < EVENTS; i++) {
		if (*what & table[i].mask) {
			*what &= ~table[i].mask;
			*len = table[i].len;
			return table[i].name;
		}
	}
	return NULL;
}

/* A joined list that grows in buf; len counts what did not fit as well. */
struct list {
	char *buf;
	size_t size;
	size_t len;
	char sep;
};

static void put(struct list *l, char c)
{
	if (l->len < l->size)
		l->buf[l->len] = c;
	l->len++;
}

static void add_name(struct list *l, const char *name, char (*letter)(char))
{
	if (l->len)
		put(l, l->sep);
	for (; *name; name++)
		put(l, letter(*name));
}

static void add_names(struct list *l, uint32_t what, char (*letter)(char))
{
	const char *name;
	size_t len;

	while ((name = pathev__names_take(&what, &len)))
		add_name(l, name, letter);
}

static size_t end(struct list *l)
{
	if (l->size)
		l->buf[l->len < l->size ? l->len : l->size - 1] = '\0';
	return l->len;
}

size_t pathev_event_names(uint32_t what, char sep, char *buf, size_t size)
{
	struct list l = { .buf = buf, .size = size, .sep = sep };

	add_names(&l, what, lower);
	return end(&l);
}

size_t pathev__names_upper(uint32_t what, int is_dir, char sep, char *buf, size_t size)
{
	const uint32_t late = PATHEV_MOVE_SELF | PATHEV_WRITTEN |
			      (PATHEV_OWN & ~PATHEV_OVERFLOW);
	struct list l = { .buf = buf, .size = size, .sep = sep };

	add_names(&l, what & ~(late | PATHEV_OVERFLOW), upper);
	if (what & PATHEV_OVERFLOW)
		add_name(&l, "Q_OVERFLOW", upper);
	if (what & PATHEV_CLOSE)
		add_name(&l, "CLOSE", upper);
	add_names(&l, what & late, upper);
	if (is_dir)
		add_name(&l, "ISDIR", upper);
	return end(&l);
}
