/* SPDX-License-Identifier: MIT */
/* record.c - events as the user wants to see them */
#include "record.h"

#include "cli.h"
#include "clock.h"
#include "out.h"
#include "pathev.h"

#include <errno.h>

/* How long a MOVED_FROM may wait for its MOVED_TO. */
#define PAIR_NS (10 * PATHEV__NS_PER_MS)

/* Most records fit in so many bytes at the first try. */
#define GUESS 512

static unsigned flags_of(const struct cli *c)
{
	unsigned flags = c->output.raw ? PATHEV_FORMAT_RAW : 0;

	if (c->nul)
		flags |= PATHEV_FORMAT_NUL;
	if (c->output.no_newline)
		flags |= PATHEV_FORMAT_NO_END;
	return flags;
}

static int refuse_format(const struct cli *c, const char *bad, size_t len, const char *why)
{
	if (errno != EINVAL)
		return cli_no_memory(c);
	cli_error(c, "--format '%s': '%.*s': %s", c->output.format, (int)len, bad, why);
	return -1;
}

int record_init(struct record *r, const struct cli *c, const char *fmt, const char *bare,
		unsigned more)
{
	const struct cli_output *o = &c->output;
	unsigned flags = flags_of(c) | (more & PATHEV_FORMAT_NO_END);
	unsigned raw = more & PATHEV_FORMAT_RAW;
	const char *bad = NULL, *why = NULL;
	size_t len = 0;

	*r = (struct record){ .cli = c, .flags = flags | raw };
	if (o->style == CLI_JSON)
		r->format = pathev_format_new_json(flags);
	else if (o->style == CLI_CSV)
		r->format = pathev_format_new_csv(flags);
	else if (o->format)
		r->format = pathev_format_new(o->format, o->timefmt, flags, &bad, &len, &why);
	else
		r->format = pathev_format_new(fmt, NULL, flags | raw, NULL, NULL, NULL);
	if (!r->format)
		return refuse_format(c, bad, len, why);
	if (o->style == CLI_TEXT && !o->format)
		r->bare_fmt = bare;
	return 0;
}

void record_fini(struct record *r)
{
	pathev_format_free(r->format);
	pathev_format_free(r->bare);
	pathev_format_free(r->token);
}

int64_t record_pair_ns(const struct record *r)
{
	return pathev_format_shows_pairs(r->format) ? PAIR_NS : -1;
}

int record_render(struct pathev_format *f, struct out *o, const struct pathev_event *ev)
{
	size_t room = GUESS;
	size_t len;

	for (;;) {
		if (out_room(o, room))
			return -1;
		len = pathev_format_render(f, ev, o->data + o->len, o->cap - o->len);
		if (len <= o->cap - o->len)
			break;
		room = len;
	}
	o->len += len;
	return 0;
}

/* Those of events without a path are made when they are needed, which mostly is never. */
static struct pathev_format *format_for(struct record *r, const struct pathev_event *ev)
{
	struct pathev_format **f = ev->token ? &r->token : &r->bare;

	if (!r->bare_fmt)
		return r->format;
	if (!*f)
		*f = pathev_format_new(ev->token ? "%{events} %{token}" : r->bare_fmt, NULL,
				       r->flags, NULL, NULL, NULL);
	return *f;
}

int record_add(struct record *r, struct out *o, struct pathev_event *ev)
{
	struct pathev_format *f = ev->path ? r->format : format_for(r, ev);

	return f ? record_render(f, o, ev) : cli_no_memory(r->cli);
}

int record_print(struct record *r, struct out *o, struct pathev_event *ev)
{
	ev->seq = ++r->seq;
	return record_add(r, o, ev);
}
