/* SPDX-License-Identifier: MIT */
/*
 * screen.h - a terminal: its size, and how wide text is there
 *
 * A picture on it is drawn anew in place.  Between two pictures the cursor stands at the begin
 * of the first line, not below the last: so what is to be wiped is all that is behind it, also
 * when the terminal has wrapped the lines anew, or when others have written to it meanwhile.
 */
#ifndef PATHEV_SCREEN_H
#define PATHEV_SCREEN_H

#include <locale.h>
#include <stddef.h>

struct screen {
	int fd;
	size_t columns;		/* that may be used */
	size_t lines;
	size_t drawn;		/* lines of the picture behind the cursor; 0: there is none */
	locale_t locale;	/* knows how wide characters are; 0: none does */
};

/* Can pictures be drawn anew there: is it a terminal, and not a dumb one? */
int screen_usable(int fd);

/* Release with screen_fini(), which takes a zeroed one too. */
void screen_init(struct screen *s, int fd);
void screen_fini(struct screen *s);

/* Look how large it is now. */
void screen_measure(struct screen *s);

/* How many columns text takes that pathev__quote_text() has made. */
size_t screen_width(const struct screen *s, const char *text, size_t len);

/*
 * Shorten such text in place, so that it takes no more than these columns: `...' stands for
 * its middle.  Neither a character nor an escape is cut in two.  The new length.
 */
size_t screen_shorten(const struct screen *s, char *text, size_t len, size_t columns);

#endif
