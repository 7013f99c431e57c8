/* SPDX-License-Identifier: MIT */
/* quote.c - any bytes written so that they can be read back */
#include "quote.h"

#include <stdint.h>

/* The same byte, eight times. */
#define EIGHT(byte) (0x0101010101010101u * (byte))

/* Printable ASCII without quote and backslash: what nearly all paths are made of. */
static int is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Not 0 if one of the eight bytes is zero. */
static uint64_t zero_byte(uint64_t w)
{
	return (w - EIGHT(1)) & ~w & EIGHT(0x80);
}

/* Are the eight bytes at s plain?  A no may be wrong. */
static int eight_plain(const char *s)
{
	uint64_t w;

	memcpy(&w, s, 8);
	uint64_t control = (w - EIGHT(0x20)) & ~w & EIGHT(0x80);
	uint64_t high = (w | (w + EIGHT(1))) & EIGHT(0x80);	/* 0x7f and above */
	return !(control | high | zero_byte(w ^ EIGHT('"')) | zero_byte(w ^ EIGHT('\\')));
}

/* The same for sixteen, by vectors of the compiler. */
static int sixteen_plain(const char *s)
{
	typedef signed char vector __attribute__((vector_size(16)));
	uint64_t w[2];
	vector v;

	memcpy(&v, s, 16);
	/* signed, what is above 0x7f is less than a blank as well */
	v = (vector)((v < 0x20) | (v == 0x7f) | (v == '"') | (v == '\\'));
	memcpy(w, &v, 16);
	return !(w[0] | w[1]);
}

/* How many bytes are plain, from the start.  Many at a time: every path goes through here. */
static size_t plain_run(const char *s, size_t len)
{
	size_t i = 0;

	while (i + 16 <= len && sixteen_plain(s + i))
		i += 16;
	if (i + 16 > len && len >= 16 && sixteen_plain(s + len - 16))
		return len;
	while (i + 8 <= len && eight_plain(s + i))
		i += 8;
	if (i + 8 > len && len >= 8 && eight_plain(s + len - 8))
		return len;
	while (i < len && is_plain((unsigned char)s[i]))
		i++;
	return i;
}

/* The length of the UTF-8 character at s, which it leaves in *cp; 0 when there is none. */
static size_t utf8_char(const char *s, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	size_t n = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;

	if (n > len || u[0] >= 0xf8 || (u[0] & 0xc0) == 0x80)
		return 0;
	*cp = n == 1 ? u[0] : u[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (u[i] & 0x3f);
	}
	if (*cp < least[n] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000))
		return 0;
	return n;
}

/* Moves the cursor, splits lines, or shows what follows in another order than it is. */
static int is_hidden(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

/* How many bytes may stay as they are, from the start; also stops at quote (0: at none). */
static size_t kept_run(const char *s, size_t len, char quote)
{
	size_t i = 0;

	while ((i += plain_run(s + i, len - i)) < len) {
		uint32_t cp;
		size_t n = utf8_char(s + i, len - i, &cp);
		if (!n || s[i] == '\\' || (quote && s[i] == quote) || is_hidden(cp))
			break;
		i += n;
	}
	return i;
}

static const char hex[] = "0123456789abcdef";

static void escape_letter(struct pathev__out *o, char letter)
{
	const char esc[] = { '\\', letter };

	pathev__out_put(o, esc, sizeof(esc));
}

static void escape_byte(struct pathev__out *o, unsigned char c)
{
	const char esc[] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

	pathev__out_put(o, esc, sizeof(esc));
}

static void escape_code(struct pathev__out *o, uint32_t cp)
{
	const char esc[] = { '\\', 'u', hex[cp >> 12 & 15], hex[cp >> 8 & 15],
			     hex[cp >> 4 & 15], hex[cp & 15] };

	pathev__out_put(o, esc, sizeof(esc));
}

/* The letter behind the backslash, for what has the same one in text and JSON; else 0. */
static char letter_of(char c)
{
	return c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : c == '\\' ? '\\' : 0;
}

/* Escapes the first character, or the first byte if it is none; returns how many bytes. */
static size_t escape_text(struct pathev__out *o, const char *s, size_t len)
{
	uint32_t cp;
	size_t n = utf8_char(s, len, &cp);

	if (letter_of(*s)) {
		escape_letter(o, letter_of(*s));
		return 1;
	}
	if (!n)
		n = 1;
	for (size_t i = 0; i < n; i++)
		escape_byte(o, (unsigned char)s[i]);
	return n;
}

/* The same for JSON; 0 when the first byte is not UTF-8. */
static size_t escape_json(struct pathev__out *o, const char *s, size_t len)
{
	uint32_t cp;
	size_t n = utf8_char(s, len, &cp);

	if (!n)
		return 0;
	if (*s == '"')
		escape_letter(o, '"');
	else if (letter_of(*s))
		escape_letter(o, letter_of(*s));
	else
		escape_code(o, cp);	/* what is hidden fits in four digits */
	return n;
}

void pathev__quote_text(struct pathev__out *o, const char *s, size_t len)
{
	/* nearly always this is all */
	size_t i = plain_run(s, len);

	pathev__out_put(o, s, i);
	while (i < len) {
		size_t run = kept_run(s + i, len - i, 0);
		pathev__out_put(o, s + i, run);
		i += run;
		if (i < len)
			i += escape_text(o, s + i, len - i);
	}
}

int pathev__quote_json(struct pathev__out *o, const char *s, size_t len)
{
	size_t before = o->len;
	size_t i = plain_run(s, len);

	pathev__out_putc(o, '"');
	pathev__out_put(o, s, i);
	while (i < len) {
		size_t run = kept_run(s + i, len - i, '"');
		pathev__out_put(o, s + i, run);
		i += run;
		if (i == len)
			break;
		size_t n = escape_json(o, s + i, len - i);
		if (!n) {
			o->len = before;
			return -1;
		}
		i += n;
	}
	pathev__out_putc(o, '"');
	return 0;
}

void pathev__quote_base64(struct pathev__out *o, const char *s, size_t len)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *u = (const unsigned char *)s;

	pathev__out_putc(o, '"');
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t w = (uint32_t)u[i] << 16;
		if (left > 1)
			w |= (uint32_t)u[i + 1] << 8;
		if (left > 2)
			w |= u[i + 2];
		const char four[] = { digit[w >> 18], digit[w >> 12 & 63],
				      left > 1 ? digit[w >> 6 & 63] : '=',
				      left > 2 ? digit[w & 63] : '=' };
		pathev__out_put(o, four, sizeof(four));
	}
	pathev__out_putc(o, '"');
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int is_plain_word(const char *s, size_t len)
{
	if (!len || is_digit(*s))
		return 0;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !is_digit(c) && (!c || !strchr("_./,:@%+-", c)))
			return 0;
	}
	return 1;
}

void pathev__quote_sh(struct pathev__out *o, const char *s, size_t len, unsigned flags)
{
	static const char quote[] = "'\\''", newline[] = "'$'\\n''";
	size_t start = 0;	/* of what is not put yet */

	if (is_plain_word(s, len)) {
		pathev__out_put(o, s, len);
		return;
	}
	pathev__out_putc(o, '\'');
	for (size_t i = 0; i < len; i++) {
		int is_newline = s[i] == '\n' && (flags & PATHEV__SH_ONE_LINE);
		if (s[i] != '\'' && !is_newline)
			continue;
		pathev__out_put(o, s + start, i - start);
		if (is_newline)
			pathev__out_put(o, newline, sizeof(newline) - 1);
		else
			pathev__out_put(o, quote, sizeof(quote) - 1);
		start = i + 1;
	}
	pathev__out_put(o, s + start, len - start);
	pathev__out_putc(o, '\'');
}

void pathev__quote_csv(struct pathev__out *o, const char *s, size_t len)
{
	size_t start = 0, i = 0;

	while (i < len && (unsigned char)s[i] >= 0x20 && s[i] != '"' && s[i] != ',')
		i++;
	if (i == len) {
		pathev__out_put(o, s, len);
		return;
	}
	pathev__out_putc(o, '"');
	for (; i < len; i++) {
		if (s[i] != '"')
			continue;
		pathev__out_put(o, s + start, i + 1 - start);	/* the quote, and once more */
		start = i;
	}
	pathev__out_put(o, s + start, len - start);
	pathev__out_putc(o, '"');
}
