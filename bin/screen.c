/* SPDX-License-Identifier: MIT */
/* screen.c - a terminal: its size, and how wide text is there */
#include "screen.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

/* What stands for the middle of a text, and how many columns it takes. */
#define GAP "..."
#define GAP_LEN (sizeof(GAP) - 1)

int screen_usable(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

/* The user's locale for characters where that is of UTF-8, which is what we write. */
static locale_t choose_locale(void)
{
	locale_t own = newlocale(LC_CTYPE_MASK, "", (locale_t)0);

	if (own && strcmp(nl_langinfo_l(CODESET, own), "UTF-8") == 0)
		return own;
	if (own)
		freelocale(own);
	return newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

void screen_init(struct screen *s, int fd)
{
	*s = (struct screen){ .fd = fd, .locale = choose_locale() };
	screen_measure(s);
}

void screen_fini(struct screen *s)
{
	if (s->locale)
		freelocale(s->locale);
	s->locale = (locale_t)0;
}

void screen_measure(struct screen *s)
{
	struct winsize ws = { 0 };

	/* a size of 0 is one that is not known, as on a serial line */
	if (ioctl(s->fd, TIOCGWINSZ, &ws) || !ws.ws_col || !ws.ws_row)
		ws = (struct winsize){ .ws_col = 80, .ws_row = 24 };
	/* the last one stays free: some wrap as soon as it is filled */
	s->columns = ws.ws_col > 1 ? ws.ws_col - 1U : 1;
	s->lines = ws.ws_row;
}

/* ---- text ---- */

/* A character or an escape at text: its length, and in *width its columns. */
static size_t unit(const char *text, size_t len, size_t *width)
{
	const unsigned char *u = (const unsigned char *)text;
	size_t n = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	wchar_t c;
	int w;

	if (u[0] < 0x80) {
		if (u[0] == '\\' && len > 1)
			n = u[1] == 'x' ? 4 : 2;
		n = n < len ? n : len;
		*width = n;
		return n;
	}
	if (n > len)
		n = len;
	c = u[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (u[i] & 0x3f);
	w = wcwidth(c);
	/* -1: the C library has not heard of it */
	*width = w < 0 ? 1 : (size_t)w;
	return n;
}

static size_t width_of(const char *text, size_t len)
{
	size_t columns = 0;
	size_t width;

	for (size_t i = 0; i < len; columns += width)
		i += unit(text + i, len - i, &width);
	return columns;
}

size_t screen_width(const struct screen *s, const char *text, size_t len)
{
	locale_t before = uselocale(s->locale);
	size_t columns = width_of(text, len);

	uselocale(before);
	return columns;
}

/* The text without its middle, or without its end where there is no room for that. */
static size_t shorten(char *text, size_t len, size_t columns)
{
	size_t gap = columns > GAP_LEN + 1 ? GAP_LEN : 0;
	size_t head = gap ? (columns - gap) / 2 : columns;
	size_t tail = gap ? columns - gap - head : 0;
	size_t left = width_of(text, len);
	size_t seen = 0;
	size_t keep = 0;
	size_t width;
	size_t i = 0;
	size_t n;

	if (left <= columns)
		return len;
	for (; i < len; i += n, seen += width, left -= width) {
		n = unit(text + i, len - i, &width);
		/* what takes no column belongs to what is before it */
		if (keep == i && seen + width <= head)
			keep = i + n;
		else if (left <= tail && width)
			break;
	}
	/* no text takes more columns than bytes, so there is room for the gap */
	memmove(text + keep + gap, text + i, len - i);
	memcpy(text + keep, GAP, gap);
	return keep + gap + len - i;
}

size_t screen_shorten(const struct screen *s, char *text, size_t len, size_t columns)
{
	locale_t before = uselocale(s->locale);

	len = shorten(text, len, columns);
	uselocale(before);
	return len;
}
