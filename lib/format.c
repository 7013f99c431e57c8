/* SPDX-License-Identifier: MIT */
/*
 * format.c - compiles an output format
 *
 * A format becomes a flat array of operations, a run of text or a directive each, so that
 * render.c has nothing left to decide or to refuse.  What a format may hold:
 *
 *	%w %f %e %Xe %c %T %0 %n %%	as inotifywait(1) has them
 *	\n \t \\ \a \b \e \f \r \v	as printf(1) has them
 *	\xH \xHH \N \NN \NNN		a byte in hex or octal
 *	%{DIRECTIVE}			as in the table below
 *	%{DIRECTIVE:MODIFIER}		path rel root dir name from to token command error: with
 *					sh, json or raw
 *	%{time:STRFTIME}		up to the next }, with %1N ... %9N (%N is %9N)
 */
#include "format.h"

#include "base.h"

#include <string.h>

/* Compiling: the format and where to tell what is wrong with it. */
struct compiler {
	struct pathev_format *f;
	const char *timefmt;
	const char *bad;
	size_t badlen;
	const char *why;
};

/* For return: NULL with EINVAL, and the offending text noted. */
static const char *fail(struct compiler *c, const char *bad, size_t badlen, const char *why)
{
	c->bad = bad;
	c->badlen = badlen;
	c->why = why;
	errno = EINVAL;
	return NULL;
}

/* How many bytes the character at p has, so that a message quotes all of it. */
static size_t char_len(const char *p)
{
	size_t n = 1;

	while (((unsigned char)p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static struct op *add_op(struct pathev_format *f, enum op_kind kind)
{
	struct op *op = pathev__grow(f->op, &f->cap, f->nops + 1, sizeof(*op));

	if (!op)
		return NULL;
	f->op = op;
	op += f->nops++;
	*op = (struct op){ .kind = kind };
	return op;
}

/* Text joins the text before it. */
static int add_text(struct pathev_format *f, const char *s, size_t len)
{
	size_t off = f->text.len;
	struct op *op = f->nops ? &f->op[f->nops - 1] : NULL;

	if (pathev__buf_add(&f->text, s, len))
		return -1;
	if (!op || op->kind != OP_TEXT) {
		op = add_op(f, OP_TEXT);
		if (!op)
			return -1;
		op->off = off;
	}
	op->len += len;
	return 0;
}

static int add_byte(struct pathev_format *f, unsigned value)
{
	char c = (char)value;

	return add_text(f, &c, 1);
}

static struct stamp *new_stamp(const char *fmt, size_t len, int utc)
{
	struct stamp *s;
	size_t cap, size;

	/* A conversion is two bytes at least, and its text never near 128, also with a width. */
	if (pathev__size(len, 64, 1, &cap) || pathev__size(cap, 1, sizeof(*s) + len + 1, &size))
		return NULL;
	s = malloc(size);
	if (!s)
		return NULL;
	*s = (struct stamp){ .utc = utc, .second = INT64_MIN, .cap = cap };
	char *copy = s->text + cap;
	memcpy(copy, fmt, len);
	copy[len] = '\0';
	s->fmt = copy;
	return s;
}

static int add_stamp(struct pathev_format *f, const char *fmt, size_t len, int utc)
{
	struct op *op;

	if (!len)
		return 0;
	op = add_op(f, OP_STAMP);
	if (!op)
		return -1;
	op->stamp = new_stamp(fmt, len, utc);
	return op->stamp ? 0 : -1;
}

static int add_fraction(struct pathev_format *f, int digits)
{
	struct op *op = add_op(f, OP_FRACTION);

	if (!op)
		return -1;
	op->digits = digits;
	return 0;
}

static int add_path(struct pathev_format *f, enum op_kind kind, enum quote quote)
{
	struct op *op = add_op(f, kind);

	if (!op)
		return -1;
	op->quote = quote;
	return 0;
}

/* What c is worth as a hex digit; 16 when it is none. */
static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

/* The value of up to max digits at p in *value; returns how many there are. */
static size_t read_digits(const char *p, unsigned base, size_t max, unsigned *value)
{
	size_t n = 0;

	*value = 0;
	for (; n < max && digit_value(p[n]) < base; n++)
		*value = *value * base + digit_value(p[n]);
	return n;
}

/*
 * The compile_ functions take the text at p and return what is behind it, or NULL: with EINVAL
 * when something is wrong with it, or ENOMEM.
 */
static const char *compile_escape(struct compiler *c, const char *p)
{
	static const char letters[] = "abefnrtv\\", bytes[] = "\a\b\033\f\n\r\t\v\\";
	const char *letter;
	unsigned value;
	size_t n;

	if (!p[1])
		return fail(c, p, 1, "a lone \\ at the end; \\\\ prints a backslash");
	letter = strchr(letters, p[1]);
	if (letter)
		return add_text(c->f, bytes + (letter - letters), 1) ? NULL : p + 2;
	if (p[1] == 'x') {
		n = read_digits(p + 2, 16, 2, &value);
		if (!n)
			return fail(c, p, 2, "\\x needs one or two hex digits");
		return add_byte(c->f, value) ? NULL : p + 2 + n;
	}
	n = read_digits(p + 1, 8, 3, &value);
	if (!n)
		return fail(c, p, 1 + char_len(p + 1), "unknown escape; \\\\ prints a backslash");
	if (value > 255)
		return fail(c, p, 1 + n, "an octal escape goes up to \\377");
	return add_byte(c->f, value) ? NULL : p + 1 + n;
}

/* The length of the strftime conversion at s (a %), and whether there is such a one. */
static size_t conversion_len(const char *s, size_t len, int *known)
{
	size_t i = 1;

	while (i < len && strchr("_-0^#", s[i]))
		i++;
	for (size_t end = i + 2; i < len && i < end && s[i] >= '0' && s[i] <= '9';)
		i++;
	if (i < len && (s[i] == 'E' || s[i] == 'O'))
		i++;
	*known = i < len && strchr("%aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ", s[i]);
	return i < len ? i + char_len(s + i) : len;
}

/* %N, %1N ... %9N at s: how many digits; 0 when it is something else. */
static int fraction_digits(const char *s, size_t len)
{
	if (len >= 2 && s[1] == 'N')
		return 9;
	if (len >= 3 && s[1] >= '1' && s[1] <= '9' && s[2] == 'N')
		return s[1] - '0';
	return 0;
}

/* A time format becomes stamps with fractions between them; returns what is behind it. */
static const char *compile_time(struct compiler *c, const char *fmt, size_t len, int utc)
{
	size_t start = 0, i = 0;

	if (!len)
		return fail(c, fmt, 0, "an empty time format; try %H:%M:%S, see strftime(3)");
	while (i < len) {
		const char *p = fmt + i;
		int known;
		if (*p != '%') {
			i++;
			continue;
		}
		int digits = fraction_digits(p, len - i);
		if (digits) {
			if (add_stamp(c->f, fmt + start, i - start, utc) ||
			    add_fraction(c->f, digits))
				return NULL;
			i += p[1] == 'N' ? 2 : 3;
			start = i;
			continue;
		}
		size_t n = conversion_len(p, len - i, &known);
		if (!known)
			return fail(c, p, n, "neither of strftime(3) nor %1N to %9N; %% prints "
					     "a percent sign");
		i += n;
	}
	return add_stamp(c->f, fmt + start, len - start, utc) ? NULL : fmt + len;
}

static const struct {
	char name[8];
	enum op_kind kind;
} directives[] = {
	{ "path", OP_PATH },
	{ "rel", OP_REL },
	{ "root", OP_ROOT },
	{ "dir", OP_DIR },
	{ "name", OP_NAME },
	{ "from", OP_FROM },
	{ "to", OP_TO },
	{ "token", OP_TOKEN },
	{ "command", OP_COMMAND },
	{ "error", OP_ERROR },
	{ "events", OP_EVENTS },
	{ "type", OP_TYPE },
	{ "cookie", OP_COOKIE },
	{ "time", OP_TIME },
	{ "epoch", OP_EPOCH },
	{ "seq", OP_SEQ },
};

static int is_word(const char *s, size_t len, const char *word)
{
	return len == strlen(word) && !memcmp(s, word, len);
}

/* The OP_ of a directive's name, or -1. */
static int find_directive(const char *s, size_t len)
{
	for (size_t i = 0; i < PATHEV__COUNT(directives); i++)
		if (is_word(s, len, directives[i].name))
			return (int)directives[i].kind;
	return -1;
}

/* The quote a path's modifier stands for, or -1. */
static int find_quote(const struct pathev_format *f, const char *s, size_t len)
{
	if (is_word(s, len, "raw"))
		return QUOTE_RAW;
	if (is_word(s, len, "json"))
		return QUOTE_JSON;
	if (is_word(s, len, "sh"))
		return f->flags & PATHEV_FORMAT_RAW ? QUOTE_SH : QUOTE_SH_ONE_LINE;
	return -1;
}

static enum quote default_quote(const struct pathev_format *f)
{
	return f->flags & PATHEV_FORMAT_RAW ? QUOTE_RAW : QUOTE_TEXT;
}

/* %{DIRECTIVE} and %{DIRECTIVE:ARGUMENT} */
static const char *compile_named(struct compiler *c, const char *p)
{
	static const char utc[] = PATHEV__FORMAT_SECOND ".%9NZ";
	const char *name = p + 2, *close = strchr(name, '}');
	int quote = (int)default_quote(c->f);

	if (!close)
		return fail(c, p, strlen(p), "no } that closes %{");
	const char *colon = memchr(name, ':', (size_t)(close - name));
	const char *arg = colon ? colon + 1 : close;
	size_t arglen = (size_t)(close - arg);
	int kind = find_directive(name, (size_t)((colon ? colon : close) - name));
	if (kind < 0)
		return fail(c, p, (size_t)(close + 1 - p),
			    "unknown directive; there are path rel root dir name from to token "
			    "command error events type cookie time epoch seq");
	if (kind == OP_TIME) {
		if (colon)
			return compile_time(c, arg, arglen, 0) ? close + 1 : NULL;
		return compile_time(c, utc, sizeof(utc) - 1, 1) ? close + 1 : NULL;
	}
	if (colon && kind > OP_ERROR)
		return fail(c, p, (size_t)(close + 1 - p),
			    "this takes nothing behind a colon; paths and time do");
	if (colon)
		quote = find_quote(c->f, arg, arglen);
	if (quote < 0)
		return fail(c, p, (size_t)(close + 1 - p),
			    "unknown modifier; there are sh json raw");
	return add_path(c->f, (enum op_kind)kind, (enum quote)quote) ? NULL : close + 1;
}

static const char *compile_upper(struct compiler *c, char sep, const char *behind)
{
	struct op *op = add_op(c->f, OP_UPPER);

	if (!op)
		return NULL;
	op->sep = sep;
	return behind;
}

/* The letters inotifywait looks at first; any other may be the X of %Xe. */
static const char *compile_letter(struct compiler *c, const char *p)
{
	switch (p[1]) {
	case '\0':
		return fail(c, p, 1, "a lone % at the end; %% prints a percent sign");
	case '{':
		if (c->f->flags & PATHEV_FORMAT_LETTERS)
			break;
		return compile_named(c, p);
	case '%':
		return add_byte(c->f, '%') ? NULL : p + 2;
	case '0':
		return add_byte(c->f, '\0') ? NULL : p + 2;
	case 'n':
		return add_byte(c->f, '\n') ? NULL : p + 2;
	case 'w':
		return add_path(c->f, OP_WATCHED, default_quote(c->f)) ? NULL : p + 2;
	case 'f':
		return add_path(c->f, OP_INSIDE, default_quote(c->f)) ? NULL : p + 2;
	case 'c':
		return add_op(c->f, OP_COOKIE_HEX) ? p + 2 : NULL;
	case 'e':
		return compile_upper(c, ',', p + 2);
	case 'T':
		if (!c->timefmt)
			return fail(c, p, 2, "%T needs a time format (--timefmt)");
		return compile_time(c, c->timefmt, strlen(c->timefmt), 0) ? p + 2 : NULL;
	}
	if (!(p[1] & 0x80) && p[2] == 'e')
		return compile_upper(c, p[1], p + 3);
	return fail(c, p, 1 + char_len(p + 1), "unknown directive; %% prints a percent sign");
}

static int add_end(struct pathev_format *f)
{
	if (f->flags & PATHEV_FORMAT_NO_END)
		return 0;
	return add_byte(f, f->flags & PATHEV_FORMAT_NUL ? '\0' : '\n');
}

static int compile(struct compiler *c, const char *fmt)
{
	for (const char *p = fmt; *p;) {
		size_t n = strcspn(p, "\\%");
		if (n)
			p = add_text(c->f, p, n) ? NULL : p + n;
		else
			p = *p == '%' ? compile_letter(c, p) : compile_escape(c, p);
		if (!p)
			return -1;
	}
	return add_end(c->f);
}

static struct pathev_format *new_format(enum kind kind, unsigned flags)
{
	struct pathev_format *f;

	if (flags & ~(unsigned)(PATHEV_FORMAT_RAW | PATHEV_FORMAT_NUL | PATHEV_FORMAT_NO_END |
				 (kind == TEXT ? PATHEV_FORMAT_LETTERS : 0))) {
		errno = EINVAL;
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->kind = kind;
	f->flags = flags | (flags & PATHEV_FORMAT_NUL ? PATHEV_FORMAT_RAW : 0);
	return f;
}

struct pathev_format *pathev_format_new(const char *fmt, const char *timefmt, unsigned flags,
					const char **bad, size_t *badlen, const char **why)
{
	struct compiler c = { .timefmt = timefmt, .bad = fmt, .why = "unknown flags" };

	c.f = new_format(TEXT, flags);
	if (!c.f || compile(&c, fmt)) {
		pathev_format_free(c.f);
		if (bad)
			*bad = c.bad;
		if (badlen)
			*badlen = c.badlen;
		if (why)
			*why = errno == ENOMEM ? "out of memory" : c.why;
		return NULL;
	}
	return c.f;
}

/* JSON and CSV have nothing to compile but their end. */
static struct pathev_format *new_fixed(enum kind kind, unsigned flags)
{
	struct pathev_format *f = new_format(kind, flags);

	if (!f)
		return NULL;
	f->second = new_stamp(PATHEV__FORMAT_SECOND, strlen(PATHEV__FORMAT_SECOND), 1);
	if (!f->second || add_end(f)) {
		pathev_format_free(f);
		return NULL;
	}
	return f;
}

struct pathev_format *pathev_format_new_json(unsigned flags)
{
	return new_fixed(JSON, flags);
}

struct pathev_format *pathev_format_new_csv(unsigned flags)
{
	return new_fixed(CSV, flags);
}

void pathev_format_free(struct pathev_format *f)
{
	int saved = errno;

	if (!f)
		return;
	for (size_t i = 0; i < f->nops; i++)
		free(f->op[i].stamp);
	free(f->op);
	free(f->second);
	pathev__buf_fini(&f->text);
	free(f);
	errno = saved;
}

static int has_op(const struct pathev_format *f, enum op_kind one, enum op_kind other)
{
	for (size_t i = 0; i < f->nops; i++)
		if (f->op[i].kind == one || f->op[i].kind == other)
			return 1;
	return 0;
}

int pathev_format_shows_events(const struct pathev_format *f)
{
	return f->kind != TEXT || has_op(f, OP_EVENTS, OP_UPPER);
}

int pathev_format_shows_pairs(const struct pathev_format *f)
{
	return f->kind != TEXT || has_op(f, OP_FROM, OP_TO);
}
