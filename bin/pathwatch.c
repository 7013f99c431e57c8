/* SPDX-License-Identifier: MIT */
/*
 * pathwatch - print what happens to paths, as a stream
 *
 * Options; which events are records; the run.
 */
#include "cli.h"
#include "clock.h"
#include "loop.h"
#include "out.h"
#include "pathev.h"
#include "record.h"
#include "scope.h"

#include <unistd.h>

static const char usage[] =
	"Usage: pathwatch [OPTION]... [PATH]... [--run COMMAND [ARG]...]\n"
	"Print what happens to each PATH and in it (default: .), one record an event.\n"
	"\n"
	"Output:\n"
	"      --initial           list what is there first: exists, and then ready\n"
	"  -n, --count N           end after N records\n"
	"  -o, --outfile FILE      append to FILE\n"
	"  -0, --null              NUL ends (raw) records, and lines of --from-file\n";

/* Long options without a letter. */
enum { OPT_INITIAL = 1024 };

static const struct option options[] = {
	{ "initial", no_argument, NULL, OPT_INITIAL },
	{ "count", required_argument, NULL, 'n' },
	{ "outfile", required_argument, NULL, 'o' },
	{ NULL, 0, NULL, 0 }
};

struct watch {
	struct cli cli;
	int initial;			/* list what is there first */
	uint64_t count;			/* of records; 0: no end */
	const char *outfile;		/* NULL: standard output */

	struct out out;
	struct record record;
	struct scope scope;
	struct pathev *pv;
	struct loop loop;

	uint32_t shown;			/* events that become records */
	int armed;			/* --ready-fd was told, the command started */
	int seen;			/* something was told but ready and blind spots */
	int timed_out;
	int status;			/* of the exit; -1: not known yet */
};

/* ---- options ---- */

static int set(void *self, int opt, const char *arg)
{
	struct watch *w = self;

	switch (opt) {
	case OPT_INITIAL:
		w->initial = 1;
		return 0;
	case 'n':
		return cli_number(&w->cli, "--count", arg, 1, UINT64_MAX, &w->count);
	default:
		w->outfile = arg;
		return 0;
	}
}

static const struct cli_program program = {
	.name = "pathwatch",
	.usage = usage,
	.options = options,
	.sets = CLI_SET_STYLE | CLI_SET_OUTPUT | CLI_SET_MISSING,
	.events = PATHEV_CHANGES,
	.set = set
};

/* ---- records ---- */

/* Our own records come once the option that causes them is given, whatever -e says. */
static void choose_events(struct watch *w)
{
	w->shown = w->cli.events ? w->cli.events : PATHEV_CHANGES;
	w->shown |= PATHEV_OVERFLOW;
	if (w->initial)
		w->shown |= PATHEV_EXISTS | PATHEV_READY;
	if (w->cli.output.style == CLI_JSON)
		w->shown |= PATHEV_ERROR;
}

/* A record without a path must not reach who expects paths only: it is a message then. */
static int tell_apart(const struct watch *w, const struct pathev_event *ev)
{
	if (ev->path || pathev_format_shows_events(w->record.format))
		return 0;
	if (ev->what & PATHEV_OVERFLOW)
		cli_warn(&w->cli, "overflow: events were lost here; what is there is told again");
	else
		cli_warn(&w->cli, "ready");
	return 1;
}

static int print(struct watch *w, struct pathev_event *ev)
{
	if (!(ev->what & w->shown) || tell_apart(w, ev))
		return 0;
	if (record_print(&w->record, &w->out, ev))
		return -1;
	if (!(ev->what & (PATHEV_READY | PATHEV_ERROR)))
		w->seen = 1;
	return 0;
}

/* ---- the run ---- */

static int end_with(struct watch *w, int status)
{
	if (w->status < 0)
		w->status = status;
	loop_end(&w->loop);
	return 0;
}

/* All is armed, and listed where that was asked for. */
static int ready(struct watch *w)
{
	const struct cli *c = &w->cli;
	int status;

	if (w->armed)
		return 0;
	w->armed = 1;
	/* our standard output carries records only, unless these go elsewhere */
	status = loop_ready(&w->loop, w->outfile ? STDOUT_FILENO : STDERR_FILENO);
	if (status)
		return end_with(w, status);
	if (c->timeout_ns >= 0)
		w->loop.deadline_ns = pathev__clock_after(pathev_now(), c->timeout_ns);
	return 0;
}

/* 0, or -1 after a message */
static int act(struct watch *w, struct pathev_event *ev)
{
	if (ev->what & PATHEV_ERROR && blind_spot(&w->scope.blind, ev->path, ev->error))
		return -1;
	if (print(w, ev))
		return -1;
	if (ev->what & PATHEV_READY)
		return ready(w);
	return 0;
}

/* Until it ends for one of its reasons: the exit status. */
static int run(struct watch *w)
{
	struct pathev_event ev;

	for (;;) {
		switch (loop_next(&w->loop, &ev)) {
		case LOOP_EVENT:
			if (act(w, &ev))
				return CLI_ERROR;
			if (w->count && w->record.seq == w->count)
				return loop_flush(&w->loop) ? CLI_ERROR : CLI_OK;
			break;
		case LOOP_DEADLINE:
			w->timed_out = 1;
			end_with(w, CLI_TIMEOUT);
			break;
		case LOOP_CHILD:
			end_with(w, w->loop.status);
			break;
		case LOOP_SIGNAL:
			end_with(w, CLI_OK);
			break;
		case LOOP_DRAINED:
			return w->timed_out && w->seen ? CLI_OK : w->status;
		case LOOP_FAILED:
			return CLI_ERROR;
		default:
			break;
		}
	}
}

/* Everything that can be refused is, before anything is watched. */
static int prepare(struct watch *w)
{
	const struct cli *c = &w->cli;

	if (record_init(&w->record, c, "%{events} %{path}", "%{events}", 0) ||
	    out_open(&w->out, c, w->outfile) || scope_init(&w->scope, &w->cli, w->out.fd, 0))
		return -1;
	choose_events(w);
	return 0;
}

static int open_watcher(struct watch *w)
{
	struct pathev_options opt = {
		.want = w->shown & ~PATHEV_OWN,
		.flags = w->shown & PATHEV_EXISTS ? PATHEV_LIST : 0,
		.pair_ns = record_pair_ns(&w->record)
	};

	w->pv = scope_open(&w->scope, &opt);
	if (!w->pv)
		return -1;
	return loop_start(&w->loop, w->pv, opt.pair_ns);
}

int main(int argc, char **argv)
{
	struct watch w = { .out.fd = -1, .status = -1 };
	int status = CLI_ERROR;
	int go;

	if (out_guard())
		return CLI_ERROR;
	go = cli_parse(&w.cli, &program, &w, argc, argv);
	loop_init(&w.loop, &w.cli, &w.out, 0);
	if (go == 0)
		status = CLI_OK;
	else if (go > 0 && prepare(&w) == 0 && open_watcher(&w) == 0)
		status = run(&w);

	pathev_close(w.pv);
	scope_fini(&w.scope);
	record_fini(&w.record);
	if (out_close(&w.out))
		status = CLI_ERROR;
	cli_free(&w.cli);
	return loop_exit(&w.loop, status);
}
