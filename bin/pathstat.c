/* SPDX-License-Identifier: MIT */
/*
 * pathstat - count what happens to paths
 *
 * Options; counting; the run.
 */
#include "cli.h"
#include "clock.h"
#include "loop.h"
#include "out.h"
#include "pathev.h"
#include "report.h"
#include "scope.h"
#include "screen.h"
#include "tally.h"

#include <string.h>
#include <unistd.h>

static const char usage[] =
	"Usage: pathstat [OPTION]... [PATH]... [--run COMMAND [ARG]...]\n"
	"Count what happens to each PATH and in it (default: .), and print a table at the\n"
	"end: after --timeout, at a signal, or when COMMAND ends.\n"
	"\n"
	"Counting:\n"
	"      --by WHAT           a row for each path (default), dir, root, or ext\n"
	"  -i, --interval TIME     a report after each TIME too, with events per second\n"
	"  -0, --null              NUL ends lines of --from-file\n"
	"Output:\n"
	"  -s, --sort KEY          total (default), an event, or path; --reverse\n"
	"  -n, --top N             so many rows, and one for the rest\n"
	"  -z, --zero              columns of events that did not happen too\n";

/* Long options without a letter. */
enum { OPT_BY = 1024, OPT_REVERSE };

static const struct option options[] = {
	{ "by", required_argument, NULL, OPT_BY },
	{ "interval", required_argument, NULL, 'i' },
	{ "sort", required_argument, NULL, 's' },
	{ "reverse", no_argument, NULL, OPT_REVERSE },
	{ "top", required_argument, NULL, 'n' },
	{ "zero", no_argument, NULL, 'z' },
	{ NULL, 0, NULL, 0 }
};

/* In the order of their names below. */
enum by { BY_PATH, BY_DIR, BY_ROOT, BY_EXT };

static const char *const by_names[] = { "path", "dir", "root", "ext", NULL };

struct stat_run {
	struct cli cli;
	enum by by;
	const char *sort;		/* NULL: total */
	int zero;
	int64_t interval_ns;		/* 0: none */

	struct out out;
	struct report report;
	struct screen screen;
	struct scope scope;
	struct pathev *pv;
	struct loop loop;

	struct pathev__tally *tally;
	int64_t mark_ns;		/* when the last report at an interval was */
	int64_t next_ns;		/* when the next one is due */
	int armed;
	int lost;			/* events were, and that was told */
	int status;			/* of the exit; -1: not known yet */
};

/* ---- options ---- */

static int set_by(struct stat_run *s, const char *text)
{
	int by = cli_word(&s->cli, "--by", text, by_names);

	if (by < 0)
		return -1;
	s->by = (enum by)by;
	return 0;
}

static int set_interval(struct stat_run *s, const char *text)
{
	if (cli_duration(&s->cli, "--interval", text, &s->interval_ns))
		return -1;
	if (s->interval_ns)
		return 0;
	cli_error(&s->cli, "--interval '%s': must be more than nothing", text);
	return -1;
}

static int set_top(struct stat_run *s, const char *text)
{
	uint64_t n;

	if (cli_number(&s->cli, "--top", text, 1, SIZE_MAX - 1, &n))
		return -1;
	s->report.top = (size_t)n;
	return 0;
}

static int set(void *self, int opt, const char *arg)
{
	struct stat_run *s = self;

	switch (opt) {
	case OPT_BY:
		return set_by(s, arg);
	case 'i':
		return set_interval(s, arg);
	case 's':
		s->sort = arg;
		return 0;
	case OPT_REVERSE:
		s->report.sort_flags = PATHEV__TALLY_REVERSE;
		return 0;
	case 'n':
		return set_top(s, arg);
	default:
		s->zero = 1;
		return 0;
	}
}

static const struct cli_program program = {
	.name = "pathstat",
	.usage = usage,
	.options = options,
	.sets = CLI_SET_STYLE | CLI_SET_MISSING,
	.events = PATHEV_ALL,
	.own_help = ";\n                          ",
	.set = set
};

/* What is counted must be known before it can be said what can be sorted by. */
static int choose_sort(struct stat_run *s)
{
	uint32_t events = 0;

	if (!s->sort || strcmp(s->sort, "total") == 0) {
		s->report.sort = PATHEV_ALL;
		return 0;
	}
	if (strcmp(s->sort, "path") == 0) {
		s->report.sort = 0;
		return 0;
	}
	if (strchr(s->sort, ',') || pathev_parse_events(s->sort, &events, NULL, NULL) ||
	    !(events & PATHEV_ALL)) {
		cli_error(&s->cli, "--sort '%s': neither total nor path nor an event", s->sort);
		return -1;
	}
	if (!(events & s->report.events)) {
		cli_error(&s->cli, "--sort '%s': --event leaves it out, so it is not counted",
			  s->sort);
		return -1;
	}
	s->report.sort = events;
	return 0;
}

/* What is told of the watching itself is no event of a path, and one that the library has
 * concluded would be counted beside those that it was concluded from. */
static int refuse_events(const struct stat_run *s)
{
	const uint32_t answers = PATHEV_ADDED | PATHEV_REMOVED | PATHEV_SYNC;

	if (cli_refuse_events(&s->cli, answers, "is not counted; it is an answer of pathwatch "
			      "--control"))
		return -1;
	return cli_refuse_events(&s->cli, ~(answers | PATHEV_ALL),
				 "is not counted; pathwatch prints it");
}

static int choose_report(struct stat_run *s)
{
	struct report *r = &s->report;

	r->cli = &s->cli;
	r->style = s->cli.output.style;
	r->key = by_names[s->by];
	r->events = (s->cli.events ? s->cli.events : PATHEV_ALL) & PATHEV_ALL;
	if (refuse_events(s))
		return -1;
	r->zero = s->zero ? r->events : 0;
	r->rates = s->interval_ns > 0;
	if (r->rates && r->style == CLI_TEXT && screen_usable(STDOUT_FILENO))
		r->screen = &s->screen;
	return choose_sort(s);
}

/* ---- counting ---- */

static int count_dir(struct stat_run *s, const struct pathev_event *ev, uint32_t what)
{
	const char *dir = ev->path;
	size_t len = ev->nameoff;

	/* a PATH that is a directory is its own */
	if (ev->type == 'd' && ev->reloff == ev->pathlen)
		len = ev->pathlen;
	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (!len) {
		dir = ".";
		len = 1;
	}
	return pathev__tally_add(s->tally, dir, len, 0, what);
}

static int count_ext(struct stat_run *s, const struct pathev_event *ev, uint32_t what)
{
	const char *name = ev->path + ev->nameoff;
	const char *dot = strrchr(name, '.');

	/* the dot of .profile begins a name, and that of `a.' ends one */
	if (ev->type == 'd')
		dot = "(dir)";
	else if (!dot || dot == name || !dot[1])
		dot = "(none)";
	return pathev__tally_add(s->tally, dot, strlen(dot), 0, what);
}

static int count(struct stat_run *s, const struct pathev_event *ev)
{
	uint32_t what = ev->what & s->report.events;

	switch (s->by) {
	case BY_DIR:
		return count_dir(s, ev, what);
	case BY_EXT:
		return count_ext(s, ev, what);
	case BY_ROOT:
		return pathev__tally_add(s->tally, ev->root, strlen(ev->root), 0, what);
	default:
		return pathev__tally_add(s->tally, ev->path, ev->pathlen, ev->nameoff, what);
	}
}

/* ---- the run ---- */

static int print_report(struct stat_run *s)
{
	double seconds = (double)(pathev_now() - s->mark_ns) / PATHEV__NS_PER_S;

	return report_print(&s->report, &s->out, s->tally, seconds);
}

/* A message is not to be written over a report on a terminal, nor the next report over it. */
static int make_way(struct stat_run *s)
{
	if (!s->screen.drawn)
		return 0;
	if (report_leave(&s->report, &s->out, REPORT_WIPED))
		return -1;
	return out_flush(&s->out) == OUT_FAILED ? -1 : 0;
}

/* A report at its interval; the next one is due at a multiple of it. */
static int print_interval(struct stat_run *s)
{
	int64_t now = pathev_now();

	/* who has not read the last one gets the next */
	if (!out_pending(&s->out)) {
		if (print_report(s))
			return -1;
		if (pathev__tally_mark(s->tally))
			return cli_no_memory(&s->cli);
		s->mark_ns = now;
	}
	while (s->next_ns <= now)
		s->next_ns = pathev__clock_after(s->next_ns, s->interval_ns);
	return 0;
}

static void end_with(struct stat_run *s, int status)
{
	if (s->status < 0)
		s->status = status;
	loop_end(&s->loop);
}

static void ready(struct stat_run *s)
{
	int64_t now;
	int status;

	if (s->armed)
		return;
	s->armed = 1;
	/* our standard output carries the report only */
	status = loop_ready(&s->loop, STDERR_FILENO);
	if (status)
		end_with(s, status);
	/* from here on the terminal has the table */
	if (s->report.screen)
		s->cli.progress = NULL;
	now = s->mark_ns = pathev_now();
	if (s->cli.timeout_ns >= 0)
		s->loop.deadline_ns = pathev__clock_after(now, s->cli.timeout_ns);
	if (s->interval_ns)
		s->next_ns = pathev__clock_after(now, s->interval_ns);
}

/* 0, or -1 after a message */
static int act(struct stat_run *s, const struct pathev_event *ev)
{
	if (ev->what & PATHEV_ERROR)
		return make_way(s) ? -1 : blind_spot(&s->scope.blind, ev->path, ev->error);
	if (ev->what & PATHEV_READY)
		ready(s);
	if (ev->what & PATHEV_OVERFLOW && !s->lost) {
		s->lost = 1;
		if (make_way(s))
			return -1;
		cli_warn(&s->cli, "events were lost, so the counts are too low");
	}
	if (!(ev->what & s->report.events) || !ev->path)
		return 0;
	/* what a path is told again with after a loss has not happened so often */
	if (s->loop.mending && ev->synthesized)
		return 0;
	return count(s, ev) ? cli_no_memory(&s->cli) : 0;
}

/* All was counted: the last report, and the exit status. */
static int finish(struct stat_run *s)
{
	/* the command could not be run: there is nothing to tell */
	if (!s->loop.started && s->cli.command)
		return s->status;
	if (!pathev__tally_keys(s->tally))
		cli_warn(&s->cli, "no events");
	if (print_report(s) || report_leave(&s->report, &s->out, REPORT_BELOW))
		return CLI_ERROR;
	/* a signal was the wish for this report */
	s->loop.signo = 0;
	return loop_flush(&s->loop) ? CLI_ERROR : s->status;
}

static int run(struct stat_run *s)
{
	struct pathev_event ev;
	int ret = 0;

	for (;;) {
		s->loop.timer_ns = s->next_ns;
		switch (loop_next(&s->loop, &ev)) {
		case LOOP_EVENT:
			ret = act(s, &ev);
			break;
		case LOOP_TIMER:
			ret = print_interval(s);
			break;
		case LOOP_USR1:
			ret = print_report(s);
			break;
		case LOOP_RESIZED:
			/* one that was not drawn yet comes in its time */
			ret = s->screen.drawn && !out_pending(&s->out) ? print_report(s) : 0;
			break;
		case LOOP_DEADLINE:
		case LOOP_SIGNAL:
			end_with(s, CLI_OK);
			break;
		case LOOP_CHILD:
			end_with(s, s->loop.status);
			break;
		case LOOP_DRAINED:
			return finish(s);
		case LOOP_FAILED:
			return CLI_ERROR;
		default:
			break;
		}
		if (ret)
			return CLI_ERROR;
	}
}

/* Everything that can be refused is, before anything is watched. */
static int prepare(struct stat_run *s)
{
	if (choose_report(s) || out_open(&s->out, &s->cli, NULL) ||
	    scope_init(&s->scope, &s->cli, out_file(&s->out), 0))
		return -1;
	if (s->report.screen)
		screen_init(&s->screen, s->out.fd);
	s->loop.winch = s->report.screen != NULL;
	s->tally = pathev__tally_new();
	return s->tally ? 0 : cli_no_memory(&s->cli);
}

static int open_watcher(struct stat_run *s)
{
	/*
	 * All events, whatever is counted: the kernel merges equal ones that follow each other
	 * (inotify(7)), as the opens of a file do when their closes are not asked for.
	 */
	struct pathev_options opt = { .want = PATHEV_ALL, .pair_ns = -1 };

	s->pv = scope_open(&s->scope, &opt);
	if (!s->pv)
		return -1;
	return loop_start(&s->loop, s->pv, opt.pair_ns);
}

int main(int argc, char **argv)
{
	struct stat_run s = { .out.fd = -1, .status = -1, .next_ns = -1,
			      .report.top = SIZE_MAX };
	int status = CLI_ERROR;
	int go;

	if (out_guard())
		return CLI_ERROR;
	go = cli_parse(&s.cli, &program, &s, argc, argv);
	loop_init(&s.loop, &s.cli, &s.out, 1);
	if (go == 0)
		status = CLI_OK;
	else if (go > 0 && prepare(&s) == 0 && open_watcher(&s) == 0)
		status = run(&s);

	pathev_close(s.pv);
	pathev__tally_free(s.tally);
	scope_fini(&s.scope);
	/* after a failure: the shell is not to write over the last report */
	if (s.screen.drawn && report_leave(&s.report, &s.out, REPORT_BELOW) == 0)
		out_flush(&s.out);
	screen_fini(&s.screen);
	if (out_close(&s.out))
		status = CLI_ERROR;
	cli_free(&s.cli);
	return loop_exit(&s.loop, status);
}
