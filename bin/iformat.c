/* SPDX-License-Identifier: MIT */
/*
 * iformat.c - records as inotifywait prints them
 *
 * Its formats are translated into those of pathev.h, which have all of its directives but are
 * strict: there a backslash begins an escape, and what is no directive is refused, while
 * inotifywait prints both as they stand.
 */
#include "iformat.h"

#include "cli.h"
#include "itools.h"
#include "out.h"
#include "pathev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most records fit in so many bytes at the first try. */
#define GUESS 512

/* ---- translating formats ---- */

/* What stands for each directive that has a name of events in it. */
enum { EVENTS, IGNORED };

static char *put(char *to, const char *s, size_t len)
{
	return (char *)mempcpy(to, s, len);
}

/* The X of %Xe. */
static int is_separator(char c)
{
	return c && !(c & 0x80) && !strchr("%0nwfceT", c);
}

/* A directive at p, a %, into *to; what is behind it is returned. */
static const char *translate_directive(const char *p, int kind, int timeless, char **to)
{
	size_t len = p[1] == 'e' ? 2 : is_separator(p[1]) && p[2] == 'e' ? 3 : 0;

	if (len) {
		*to = kind == IGNORED ? put(*to, "IGNORED", 7) : put(*to, p, len);
		return p + len;
	}
	if (p[1] == 'T' && timeless)
		return p + 2;
	if (p[1] && strchr("%0nwfcT", p[1])) {
		*to = put(*to, p, 2);
		return p + 2;
	}
	*to = put(*to, "%%", 2);
	if (!p[1])
		return p + 1;
	if (p[1] == '\\')
		*to = put(*to, "\\\\", 2);
	else
		*to = put(*to, p + 1, 1);
	return p + 2;
}

/* The format as pathev_format_new() takes it, owned; NULL without memory. */
static char *translate(const char *fmt, int kind, int timeless)
{
	/* nothing grows by more: `%e' to IGNORED */
	char *out = malloc(4 * strlen(fmt) + 8);
	char *to = out;

	while (out && *fmt) {
		if (*fmt == '%') {
			fmt = translate_directive(fmt, kind, timeless, &to);
			continue;
		}
		if (*fmt == '\\')
			*to++ = '\\';
		*to++ = *fmt++;
	}
	if (out)
		*to = '\0';
	return out;
}

static const char DIGITS[] = "0123456789";

/* Does a conversion of strftime(3) that pathev.h knows begin at p, a %? */
static int is_conversion(const char *p)
{
	p++;
	p += strspn(p, "_-0^#");
	/* a width; with a longer one it is printed as it is */
	p += *p && strchr(DIGITS, *p) ? 1 + (p[1] && strchr(DIGITS, p[1])) : 0;
	if (*p == 'E' || *p == 'O')
		p++;
	return *p && strchr("%aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ", *p);
}

/* strftime(3) leaves what it does not know as it is. */
static char *translate_time(const char *fmt)
{
	char *out = malloc(2 * strlen(fmt) + 1);
	char *to = out;

	while (out && *fmt) {
		if (*fmt == '%' && !is_conversion(fmt))
			*to++ = '%';
		else if (*fmt == '%' && fmt[1] == '%')
			*to++ = *fmt++;
		*to++ = *fmt++;
	}
	if (out)
		*to = '\0';
	return out;
}

static struct pathev_format *compile(const char *fmt, const char *timefmt, int kind)
{
	int timed = timefmt && *timefmt;
	char *time = timed ? translate_time(timefmt) : NULL;
	char *ours = timed && !time ? NULL : translate(fmt, kind, !timed);
	struct pathev_format *f = NULL;

	if (ours)
		f = pathev_format_new(ours, time, PATHEV_FORMAT_RAW | PATHEV_FORMAT_NO_END |
				      PATHEV_FORMAT_LETTERS, NULL, NULL, NULL);
	free(ours);
	free(time);
	return f;
}

int iformat_init(struct iformat *f, const struct cli *c, const char *fmt, const char *timefmt)
{
	*f = (struct iformat){ .csv = !fmt };
	f->format = compile(fmt ? fmt : "%e", timefmt, EVENTS);
	f->ignored = compile(fmt ? fmt : "%e", timefmt, IGNORED);
	if (f->csv) {
		f->watched = compile("%w", NULL, EVENTS);
		f->name = compile("%f", NULL, EVENTS);
	}
	if (f->format && f->ignored && (!f->csv || (f->watched && f->name)))
		return 0;
	return cli_no_memory(c);
}

void iformat_fini(struct iformat *f)
{
	pathev_format_free(f->format);
	pathev_format_free(f->ignored);
	pathev_format_free(f->watched);
	pathev_format_free(f->name);
	free(f->field);
}

/* ---- printing ---- */

static struct pathev_format *format_of(const struct iformat *f, const struct pathev_event *ev)
{
	return ev->what & ITOOLS_IGNORED ? f->ignored : f->format;
}

static int print_text(struct iformat *f, struct out *o, const struct pathev_event *ev)
{
	size_t room = GUESS;
	size_t len;

	for (;;) {
		if (out_room(o, room))
			return -1;
		len = pathev_format_render(format_of(f, ev), ev, o->data + o->len,
					   o->cap - o->len);
		if (len <= o->cap - o->len)
			break;
		room = len;
	}
	o->len += len;
	return 0;
}

/* One field into f->field, with a NUL behind it.  0, or -1 after a message. */
static int render_field(struct iformat *f, struct out *o, struct pathev_format *field,
			const struct pathev_event *ev, size_t *len)
{
	*len = pathev_format_render(field, ev, f->field, f->fieldcap);
	if (*len < f->fieldcap) {
		f->field[*len] = '\0';
		return 0;
	}
	free(f->field);
	f->fieldcap = 2 * *len + GUESS;
	f->field = malloc(f->fieldcap);
	if (!f->field) {
		f->fieldcap = 0;
		return cli_no_memory(o->cli);
	}
	return render_field(f, o, field, ev, len);
}

static int add_field(struct iformat *f, struct out *o, size_t len)
{
	const char *s = f->field;

	if (len == 0 || (!s[strcspn(s, "\",\n")] && s[0] != ' ' && s[len - 1] != ' '))
		return out_add(o, s, len);
	if (out_add(o, "\"", 1))
		return -1;
	for (; *s; s++)
		if ((*s == '"' && out_add(o, "\"", 1)) || out_add(o, s, 1))
			return -1;
	return out_add(o, "\"", 1);
}

static int print_csv(struct iformat *f, struct out *o, const struct pathev_event *ev)
{
	size_t len;

	if (render_field(f, o, f->watched, ev, &len))
		return -1;
	/* without a watched path there is no field for it */
	if (len && (add_field(f, o, len) || out_add(o, ",", 1)))
		return -1;
	if (render_field(f, o, format_of(f, ev), ev, &len) || add_field(f, o, len) ||
	    out_add(o, ",", 1))
		return -1;
	if (render_field(f, o, f->name, ev, &len) || add_field(f, o, len))
		return -1;
	return out_add(o, "\n", 1);
}

int iformat_print(struct iformat *f, struct out *o, const struct pathev_event *ev)
{
	return f->csv ? print_csv(f, o, ev) : print_text(f, o, ev);
}
