/* SPDX-License-Identifier: MIT */
/*
 * stream.c - pathwatch's way from events to records
 *
 * Beginning and end; one record; settling; batches.
 */
#include "stream.h"

#include "cli.h"
#include "clock.h"
#include "pathev.h"
#include "settle.h"

/* Without --settle, a batch is what came with no longer pause than this. */
#define BATCH_QUIET_NS (100 * PATHEV__NS_PER_MS)

/* Each path has a time of its own, but not a wake-up and a write: what is due so soon after the
 * last record waits that long. */
#define PAUSE_NS (5 * PATHEV__NS_PER_MS)

/* While so much output waits for its reader, changes gather a little longer. */
#define STALLED (64 * 1024)
#define STALLED_NS (10 * PATHEV__NS_PER_MS)

/* How long a MOVED_FROM may wait for its MOVED_TO, where renames are put together. */
#define PAIR_NS (10 * PATHEV__NS_PER_MS)

/* What settling does not touch: these stand where they come. */
static const uint32_t OWN = PATHEV_OVERFLOW | PATHEV_EXISTS | PATHEV_READY | PATHEV_ERROR |
			    PATHEV_ADDED | PATHEV_REMOVED | PATHEV_SYNC;

/* Of --queue-limit. */
#define DEFAULT_LIMIT ((size_t)256 << 20)

/* Our own records come once the option that causes them is given, whatever -e says. */
static uint32_t choose_events(const struct cli *c, uint32_t own)
{
	uint32_t shown = c->events ? c->events : PATHEV_CHANGES;

	shown |= PATHEV_OVERFLOW | own;
	if (c->output.style == CLI_JSON)
		shown |= PATHEV_ERROR;
	return shown;
}

static int init_settle(struct stream *s, const struct stream_options *opt)
{
	int64_t quiet_ns = opt->settle_ns >= 0 ? opt->settle_ns : BATCH_QUIET_NS;

	if (opt->settle_ns < 0 && !opt->batch)
		return 0;
	s->settle = pathev__settle_new(quiet_ns, opt->max_delay_ns);
	if (!s->settle)
		return cli_no_memory(s->cli);
	if (!opt->batch)
		return 0;
	return batch_init(&s->batch, s->cli, opt->cooldown_ns > 0 ? opt->cooldown_ns : 0);
}

int stream_init(struct stream *s, const struct cli *cli, const struct stream_options *opt)
{
	const char *fmt = opt->batch ? batch_format(cli) : "%{events} %{path}";
	unsigned flags = opt->batch && batch_is_joined(cli) ? PATHEV_FORMAT_NO_END : 0;

	*s = (struct stream){ .cli = cli, .out.fd = -1, .count = opt->count };
	s->shown = choose_events(cli, opt->own);
	s->listing = (s->shown & PATHEV_EXISTS) != 0;
	if (init_settle(s, opt) || record_init(&s->record, cli, fmt, "%{events}", flags))
		return -1;
	return out_open(&s->out, cli, opt->outfile);
}

int stream_fini(struct stream *s)
{
	pathev__settle_free(s->settle);
	batch_fini(&s->batch);
	record_fini(&s->record);
	return out_close(&s->out);
}

uint32_t stream_want(const struct stream *s)
{
	return (s->shown & ~PATHEV_OWN) | (s->settle ? PATHEV__SETTLE_NEEDS : 0);
}

int64_t stream_pair_ns(const struct stream *s)
{
	return s->settle ? PAIR_NS : record_pair_ns(&s->record);
}

/* ---- one record ---- */

/* A record without a path must not reach who expects paths only: it is a message then. */
static int tell_apart(const struct stream *s, const struct pathev_event *ev)
{
	if (ev->path || pathev_format_shows_events(s->record.format))
		return 0;
	if (ev->what & PATHEV_OVERFLOW)
		cli_warn(s->cli, "overflow: events were lost here; what is there is told again");
	else if (ev->what & PATHEV_SYNC)
		cli_error(s->cli, "sync %s", ev->token ? ev->token : "");
	else if (ev->what & PATHEV_READY)
		cli_warn(s->cli, "ready");
	return 1;
}

static int print(struct stream *s, struct pathev_event *ev)
{
	/* a command that failed is answered, also where blind spots are not asked for */
	if ((!(ev->what & s->shown) && !ev->command) || tell_apart(s, ev) || stream_is_full(s))
		return 0;
	if (s->batch.on ? batch_add(&s->batch, &s->record, ev) :
			  record_print(&s->record, &s->out, ev))
		return -1;
	if (!(ev->what & (PATHEV_READY | PATHEV_ERROR | STREAM_ANSWERS)))
		s->seen = 1;
	return 0;
}

/*
 * A record of several events: those that were asked for.  What has gone is told as such, or not
 * at all: who asked for what happens to files cannot use what happened before.
 */
static int print_settled(struct stream *s, struct pathev_event *ev)
{
	const uint32_t gone = PATHEV_DELETE | PATHEV_MOVED_FROM;

	if (ev->what & gone && !(ev->what & gone & s->shown))
		return 0;
	ev->what &= s->shown;
	if (!(ev->what & PATHEV_MOVED_TO))
		ev->from = NULL;
	if (!(ev->what & PATHEV_MOVED_FROM))
		ev->to = NULL;
	if (!(ev->what & PATHEV_MOVE))
		ev->cookie = 0;
	return print(s, ev);
}

/* ---- settling ---- */

/* Hand on what is due. */
static int hand_on(struct stream *s, int64_t now_ns)
{
	struct pathev_event ev;
	int got;

	while ((got = pathev__settle_next(s->settle, now_ns, &ev)) > 0)
		if (print_settled(s, &ev))
			return -1;
	return got < 0 ? cli_no_memory(s->cli) : 0;
}

/* Memory is bounded: beyond it, changes are told before their time. */
static int is_crowded(const struct stream *s)
{
	size_t limit = s->cli->queue_limit ? s->cli->queue_limit : DEFAULT_LIMIT;

	return pathev__settle_bytes(s->settle) + s->batch.text.len > limit;
}

static int settle_change(struct stream *s, const struct pathev_event *ev)
{
	if (pathev__settle_add(s->settle, ev, pathev_now()))
		return cli_no_memory(s->cli);
	if (!is_crowded(s))
		return 0;
	if (!s->batch.on)
		pathev__settle_flush(s->settle);
	return stream_tick(s);
}

/*
 * One of our own records stands where it came: what is listed or cannot be watched comes behind
 * the names that lead there, a loss or an answer behind all that was before it.  Ready ends a
 * listing, of which changes are not a part.
 */
static int take_own(struct stream *s, struct pathev_event *ev)
{
	int64_t now_ns = pathev_now();

	if (ev->what & PATHEV_OVERFLOW)
		s->listing = 1;
	if (ev->what & PATHEV_READY)
		s->listing = 0;
	if (!(ev->what & PATHEV_EXISTS))
		s->closed = s->batch.on;
	/* who has asked for something does not wait for that */
	if (ev->what & STREAM_ANSWERS || ev->command)
		s->batch.free_ns = INT64_MIN;
	if (ev->what & (PATHEV_EXISTS | PATHEV_ERROR) && !ev->command) {
		if (pathev__settle_before(s->settle, ev->path))
			return cli_no_memory(s->cli);
	} else if (!(ev->what & PATHEV_READY)) {
		pathev__settle_flush(s->settle);
	}
	/* what this made due comes first; what was due before may come as well, for it is */
	if (hand_on(s, s->batch.on ? INT64_MIN : now_ns))
		return -1;
	return print(s, ev);
}

int stream_take(struct stream *s, struct pathev_event *ev)
{
	if (!s->settle)
		return print(s, ev);
	if (ev->what & OWN)
		return take_own(s, ev);
	/* a path is not kept from being quiet by what nobody asked for */
	if (ev->what & (s->shown | PATHEV__SETTLE_NEEDS))
		return settle_change(s, ev);
	return 0;
}

/* ---- time, and batches ---- */

/* When what has gathered is a batch; -1: nothing has, or it must not be one yet. */
static int64_t batch_due(const struct stream *s)
{
	if (is_crowded(s) || (s->closed && s->batch.records && !s->listing))
		return 0;
	if (s->listing)
		return -1;
	return pathev__settle_all_due(s->settle);
}

static int tick_batch(struct stream *s, int64_t now_ns)
{
	int64_t due_ns = batch_due(s);

	if (due_ns < 0 || now_ns < due_ns)
		return 0;
	if (!batch_is_free(&s->batch, &s->out, now_ns) && !is_crowded(s))
		return 0;
	if (!s->closed || is_crowded(s)) {
		pathev__settle_flush(s->settle);
		if (hand_on(s, now_ns))
			return -1;
	}
	s->closed = 0;
	return batch_write(&s->batch, &s->record, &s->out, now_ns);
}

int64_t stream_due(const struct stream *s)
{
	int64_t due_ns, later_ns;

	if (!s->settle)
		return -1;
	due_ns = s->batch.on ? batch_due(s) : pathev__settle_due(s->settle);
	if (due_ns < 0)
		return -1;
	if (s->batch.on)
		later_ns = batch_free_time(&s->batch);
	else if (out_pending(&s->out) >= STALLED)
		later_ns = pathev_now() + STALLED_NS;
	else
		later_ns = s->tick_ns + PAUSE_NS;
	return due_ns > later_ns ? due_ns : later_ns;
}

int stream_tick(struct stream *s)
{
	int64_t now_ns;

	if (!s->settle)
		return 0;
	now_ns = s->tick_ns = pathev_now();
	return s->batch.on ? tick_batch(s, now_ns) : hand_on(s, now_ns);
}

int stream_end(struct stream *s)
{
	if (!s->settle)
		return 0;
	pathev__settle_flush(s->settle);
	if (hand_on(s, pathev_now()))
		return -1;
	return s->batch.on && !stream_is_full(s) ?
	       batch_write(&s->batch, &s->record, &s->out, pathev_now()) : 0;
}
