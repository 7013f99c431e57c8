/* SPDX-License-Identifier: MIT */
/*
 * pathwatch - print what happens to paths, as a stream
 *
 * Options; the run.  stream.c has the way from an event to a record.
 */
#include "cli.h"
#include "clock.h"
#include "control.h"
#include "loop.h"
#include "out.h"
#include "pathev.h"
#include "personality.h"
#include "scope.h"
#include "stream.h"

#include <unistd.h>

static const char usage[] =
	"Usage: pathwatch [OPTION]... [PATH]... [--run COMMAND [ARG]...]\n"
	"Print what happens to each PATH and in it (default: .), one record an event.\n"
	"\n"
	"Output:\n"
	"      --initial           list what is there first: exists, and then ready\n"
	"      --existing          -e written: files that are complete already come first\n"
	"      --settle TIME       one record for each path that was quiet so long\n"
	"      --batch             one record for all, when all was quiet so long\n"
	"      --max-delay TIME    but so long after the first change at the latest\n"
	"      --cooldown TIME     at least so long between batches\n"
	"  -n, --count N           end after N records\n"
	"  -o, --outfile FILE      append to FILE\n"
	"  -0, --null              NUL ends (raw) records, and lines of --from-file\n"
	"      --control           commands on stdin: add [-r] PATH, remove PATH, sync ID\n";

/* Long options without a letter. */
enum { OPT_INITIAL = 1024, OPT_SETTLE, OPT_MAX_DELAY, OPT_BATCH, OPT_COOLDOWN, OPT_CONTROL,
       OPT_EXISTING };

static const struct option options[] = {
	{ "initial", no_argument, NULL, OPT_INITIAL },
	{ "existing", no_argument, NULL, OPT_EXISTING },
	{ "settle", required_argument, NULL, OPT_SETTLE },
	{ "max-delay", required_argument, NULL, OPT_MAX_DELAY },
	{ "batch", no_argument, NULL, OPT_BATCH },
	{ "cooldown", required_argument, NULL, OPT_COOLDOWN },
	{ "count", required_argument, NULL, 'n' },
	{ "outfile", required_argument, NULL, 'o' },
	{ "control", no_argument, NULL, OPT_CONTROL },
	{ NULL, 0, NULL, 0 }
};

struct watch {
	struct cli cli;
	int initial;			/* list what is there first */
	int existing;			/* so that files are written that are complete already */

	struct stream_options how;
	struct stream stream;
	struct scope scope;
	struct pathev *pv;
	struct loop loop;
	struct control control;

	int listed;			/* what is told as ready was, and no overflow since */
	int armed;			/* --ready-fd was told, the command started */
	int timed_out;
	int status;			/* of the exit; -1: not known yet */
};

/* ---- options ---- */

static int set(void *self, int opt, const char *arg)
{
	struct watch *w = self;
	struct stream_options *how = &w->how;

	switch (opt) {
	case OPT_INITIAL:
		w->initial = 1;
		return 0;
	case OPT_EXISTING:
		w->existing = 1;
		return 0;
	case OPT_SETTLE:
		return cli_duration(&w->cli, "--settle", arg, &how->settle_ns);
	case OPT_MAX_DELAY:
		return cli_duration(&w->cli, "--max-delay", arg, &how->max_delay_ns);
	case OPT_BATCH:
		how->batch = 1;
		return 0;
	case OPT_COOLDOWN:
		return cli_duration(&w->cli, "--cooldown", arg, &how->cooldown_ns);
	case OPT_CONTROL:
		w->cli.control = 1;
		return 0;
	case 'n':
		return cli_number(&w->cli, "--count", arg, 1, UINT64_MAX, &how->count);
	default:
		how->outfile = arg;
		return 0;
	}
}

static const struct cli_program program = {
	.name = "pathwatch",
	.usage = usage,
	.options = options,
	.sets = CLI_SET_STYLE | CLI_SET_OUTPUT | CLI_SET_MISSING,
	.events = PATHEV_CHANGES,
	.own = PATHEV_OWN | PATHEV_WRITTEN,
	.own_help = "; our own:\n"
		    "                          added error exists overflow ready removed sync\n"
		    "                          written; ",
	.set = set
};

static int contradictions(const struct watch *w)
{
	const struct cli *c = &w->cli;
	const struct stream_options *how = &w->how;

	if (cli_exclusive(c, how->batch, "--batch", c->output.style == CLI_CSV, "--csv") ||
	    cli_exclusive(c, how->batch, "--batch", c->output.no_newline, "--no-newline"))
		return -1;
	if (how->max_delay_ns >= 0 && how->settle_ns < 0 && !how->batch) {
		cli_error(c, "--max-delay needs --settle or --batch");
		return -1;
	}
	if (how->cooldown_ns >= 0 && !how->batch) {
		cli_error(c, "--cooldown needs --batch");
		return -1;
	}
	if (!c->control)
		return cli_refuse_events(c, STREAM_ANSWERS, "is an answer to a command: add --control");
	return 0;
}

/* ---- the run ---- */

static int end_with(struct watch *w, int status)
{
	if (w->status < 0)
		w->status = status;
	control_close(&w->control);
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
	status = loop_ready(&w->loop, w->how.outfile ? STDOUT_FILENO : STDERR_FILENO);
	if (status)
		return end_with(w, status);
	if (c->timeout_ns >= 0)
		w->loop.deadline_ns = pathev__clock_after(pathev_now(), c->timeout_ns);
	return 0;
}

/* 0, or -1 after a message */
static int act(struct watch *w, struct pathev_event *ev)
{
	if (ev->what & PATHEV_SYNC)
		return control_reached(&w->control, ev);
	if (ev->what & PATHEV_ERROR && blind_spot(&w->scope.blind, ev->path, ev->error))
		return -1;
	/* what a command added is answered when it is listed, and that is enough */
	if (ev->what & PATHEV_READY && w->listed)
		return 0;
	if (ev->what & (PATHEV_READY | PATHEV_OVERFLOW))
		w->listed = !(ev->what & PATHEV_OVERFLOW);
	if (stream_take(&w->stream, ev))
		return -1;
	if (ev->what & PATHEV_READY)
		return ready(w);
	return 0;
}

/* All events were handed out: what waits is told, and all is written.  The exit status. */
static int finish(struct watch *w)
{
	if (stream_end(&w->stream) || loop_flush(&w->loop))
		return CLI_ERROR;
	return w->timed_out && w->stream.seen ? CLI_OK : w->status;
}

/* No PATH, and so nothing to wait for. */
static int ready_at_once(struct watch *w)
{
	struct pathev_event ev = { .what = PATHEV_READY, .time_ns = pathev__clock_real_ns() };

	return w->scope.nroots ? 0 : act(w, &ev);
}

/* Was the last command answered?  With a command of --run, its end is the end. */
static void consider_end(struct watch *w)
{
	if (!w->cli.control)
		return;
	w->loop.input_fd = w->armed ? control_fd(&w->control) : -1;
	if (w->status < 0 && !w->cli.command && control_ended(&w->control))
		end_with(w, CLI_OK);
}

/* SIGHUP: files may be others now, those that are read and the one that is written. */
static int reload(struct watch *w)
{
	/* where the reader has gone, the loop will find that too */
	if (w->how.outfile && out_reopen(&w->stream.out) == OUT_FAILED)
		return -1;
	if (scope_reload(&w->scope, out_file(&w->stream.out)))
		return -1;
	loop_wake(&w->loop);
	return 0;
}

/* Until it ends for one of its reasons: the exit status. */
static int run(struct watch *w)
{
	struct pathev_event ev;

	if (ready_at_once(w))
		return CLI_ERROR;
	for (;;) {
		consider_end(w);
		if (stream_is_full(&w->stream))
			return loop_flush(&w->loop) ? CLI_ERROR : CLI_OK;
		w->loop.timer_ns = stream_due(&w->stream);
		switch (loop_next(&w->loop, &ev)) {
		case LOOP_EVENT:
			if (act(w, &ev))
				return CLI_ERROR;
			break;
		case LOOP_TIMER:
			if (stream_tick(&w->stream))
				return CLI_ERROR;
			break;
		case LOOP_INPUT:
			if (control_read(&w->control))
				return CLI_ERROR;
			loop_wake(&w->loop);
			break;
		case LOOP_HUP:
			if (reload(w))
				return CLI_ERROR;
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
			return finish(w);
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
	unsigned flags = 0;

	if (w->how.outfile || w->cli.from_files.len)
		loop_want_hup(&w->loop);
	/* these come whatever -e says, once their option is given */
	if (w->initial)
		w->how.own |= PATHEV_EXISTS | PATHEV_READY;
	if (w->cli.control) {
		w->how.own |= STREAM_ANSWERS;
		flags = SCOPE_MAY_BE_EMPTY;
		if (control_init(&w->control, &w->cli, &w->scope, &w->stream))
			return -1;
	}
	if (w->existing && !(w->cli.events & PATHEV_WRITTEN)) {
		cli_error(&w->cli, "--existing is about the event 'written': add -e written");
		return -1;
	}
	if (contradictions(w) || stream_init(&w->stream, &w->cli, &w->how))
		return -1;
	return scope_init(&w->scope, &w->cli, out_file(&w->stream.out), flags);
}

static int open_watcher(struct watch *w)
{
	struct pathev_options opt = {
		.want = stream_want(&w->stream),
		.flags = w->stream.shown & PATHEV_EXISTS ? PATHEV_LIST : 0,
		.pair_ns = stream_pair_ns(&w->stream)
	};

	if (w->existing)
		opt.flags |= PATHEV_EXISTING;
	w->pv = scope_open(&w->scope, &opt);
	if (!w->pv)
		return -1;
	return loop_start(&w->loop, w->pv, opt.pair_ns);
}

int main(int argc, char **argv)
{
	const struct personality *other = personality_of(argv[0]);
	struct watch w = {
		.how = { .settle_ns = -1, .max_delay_ns = -1, .cooldown_ns = -1 },
		.stream.out.fd = -1, .status = -1
	};
	int status = CLI_ERROR;
	int go;

	if (other)
		return other->main(argc, argv);
	if (out_guard())
		return CLI_ERROR;
	go = cli_parse(&w.cli, &program, &w, argc, argv);
	loop_init(&w.loop, &w.cli, &w.stream.out, 0);
	if (go == 0)
		status = CLI_OK;
	else if (go > 0 && prepare(&w) == 0 && open_watcher(&w) == 0)
		status = run(&w);

	pathev_close(w.pv);
	scope_fini(&w.scope);
	control_fini(&w.control);
	if (stream_fini(&w.stream))
		status = CLI_ERROR;
	cli_free(&w.cli);
	return loop_exit(&w.loop, status);
}
