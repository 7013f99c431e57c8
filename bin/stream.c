/* SPDX-License-Identifier: MIT */
/* stream.c - pathwatch's way from events to records */
#include "stream.h"

#include "cli.h"
#include "pathev.h"

/* Our own records come once the option that causes them is given, whatever -e says. */
static uint32_t choose_events(const struct cli *c, uint32_t own)
{
	uint32_t shown = c->events ? c->events : PATHEV_CHANGES;

	shown |= PATHEV_OVERFLOW | own;
	if (c->output.style == CLI_JSON)
		shown |= PATHEV_ERROR;
	return shown;
}

int stream_init(struct stream *s, const struct cli *cli, const char *outfile, uint32_t own)
{
	*s = (struct stream){ .cli = cli, .out.fd = -1 };
	s->shown = choose_events(cli, own);
	if (record_init(&s->record, cli, "%{events} %{path}", "%{events}", 0))
		return -1;
	return out_open(&s->out, cli, outfile);
}

int stream_fini(struct stream *s)
{
	record_fini(&s->record);
	return out_close(&s->out);
}

/* A record without a path must not reach who expects paths only: it is a message then. */
static int tell_apart(const struct stream *s, const struct pathev_event *ev)
{
	if (ev->path || pathev_format_shows_events(s->record.format))
		return 0;
	if (ev->what & PATHEV_OVERFLOW)
		cli_warn(s->cli, "overflow: events were lost here; what is there is told again");
	else
		cli_warn(s->cli, "ready");
	return 1;
}

int stream_take(struct stream *s, struct pathev_event *ev)
{
	if (!(ev->what & s->shown) || tell_apart(s, ev))
		return 0;
	if (record_print(&s->record, &s->out, ev))
		return -1;
	if (!(ev->what & (PATHEV_READY | PATHEV_ERROR)))
		s->seen = 1;
	return 0;
}
