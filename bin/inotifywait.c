/* SPDX-License-Identifier: MIT */
/*
 * inotifywait.c - pathwatch when it is called inotifywait: as the program of inotify-tools
 *
 * Options; the daemon; records; the run.
 */
#include "clock.h"
#include "iformat.h"
#include "itools.h"
#include "loop.h"
#include "out.h"
#include "pathev.h"
#include "personality.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Exit statuses. */
enum { WAIT_EVENT = 0, WAIT_FAILED = 1, WAIT_TIMEOUT = 2 };

/*
 * A deleted file ends the wait for one event, says their page.  It was replaced, and does not,
 * when its name is there again after this time.
 */
#define GONE_NS PATHEV__NS_PER_S

static const char usage[] =
	"Usage: inotifywait [OPTION]... PATH...\n"
	"Wait for an event of each PATH and in it, or print all of them; as inotify-tools does.\n"
	"\n"
	"  -m, --monitor           go on after the first event\n"
	"  -d, --daemon            the same in the background, with -o; implies -s\n"
	"  -t, --timeout SECONDS   end without an event for so long; 0 (the default): never\n"
	"  -o, --outfile FILE      append events to FILE\n"
	"  -s, --syslog            messages go to the system log\n"
	"  -q, --quiet             no messages but errors; -qq: and no events\n"
	"      --format FMT        %w watched path, %f name in it, %e events (%Xe: joined by X),\n"
	"                          %T time, %c cookie, %0 NUL, %n newline\n"
	"      --no-newline        nothing is added to FMT\n"
	"      --timefmt FMT       of strftime(3), for %T\n"
	"  -c, --csv               comma separated values\n";

static const char statuses[] =
	"Exit status: 0 an event, 1 an error, or a PATH is gone, 2 the timeout passed.\n";

enum {
	OPT_FORMAT = ITOOLS_OWN,
	OPT_NO_NEWLINE,
	OPT_TIMEFMT
};

static const struct option options[] = {
	ITOOLS_OPTIONS,
	{ "monitor", no_argument, NULL, 'm' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "filename", no_argument, NULL, 'f' },
	{ "csv", no_argument, NULL, 'c' },
	{ "daemon", no_argument, NULL, 'd' },
	{ "syslog", no_argument, NULL, 's' },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "no-newline", no_argument, NULL, OPT_NO_NEWLINE },
	{ "timefmt", required_argument, NULL, OPT_TIMEFMT },
	{ "outfile", required_argument, NULL, 'o' },
	{ NULL, 0, NULL, 0 }
};

static const struct cli_program program = { .name = "inotifywait" };

struct wait_run {
	struct itools tools;
	int quiet;			/* how often -q was given */
	int csv;
	int daemon;
	int syslog;
	const char *format;		/* NULL: the default */
	const char *timefmt;
	const char *outfile;		/* NULL: standard output */
	int no_newline;
	int excludes, excludeis;	/* how often these were given */

	struct iformat record;
	int seen;			/* records since the last look */
	int status;			/* of the exit */
};

/* ---- options ---- */

static int set_outfile(struct wait_run *w, const char *file)
{
	if (w->outfile) {
		itools_error(&w->tools, "Multiple --outfile options given.");
		return -1;
	}
	w->outfile = file;
	return 0;
}

static int refuse_filename(const struct wait_run *w)
{
	itools_error(&w->tools, "The '--filename' option no longer exists.  "
				"The option it enabled in earlier");
	itools_error(&w->tools, "versions of inotifywait is now turned on by default.");
	return -1;
}

/* An option of its own. */
static int set(struct wait_run *w, int opt, const char *arg)
{
	switch (opt) {
	case 'm':
		w->tools.monitor = 1;
		return 0;
	case 'd':
		w->daemon = w->syslog = w->tools.monitor = 1;
		return 0;
	case 's':
		w->syslog = 1;
		return 0;
	case 'q':
		w->quiet++;
		return 0;
	case 'c':
		w->csv = 1;
		return 0;
	case 'o':
		return set_outfile(w, arg);
	case OPT_FORMAT:
		w->format = arg;
		return 0;
	case OPT_NO_NEWLINE:
		w->no_newline = 1;
		return 0;
	case OPT_TIMEFMT:
		w->timefmt = arg;
		return 0;
	default:
		return refuse_filename(w);
	}
}

/* Options that need or contradict each other. */
static int check(const struct wait_run *w)
{
	const struct itools *t = &w->tools;

	if (itools_check_filters(t))
		return -1;
	if (w->format && w->csv)
		itools_error(t, "-c and --format cannot both be specified.");
	else if (!w->format && w->no_newline)
		itools_error(t, "--no-newline cannot be specified without --format.");
	else if (!w->format && w->timefmt)
		itools_error(t, "--timefmt cannot be specified without --format.");
	else if (w->format && strstr(w->format, "%T") && !w->timefmt)
		itools_error(t, "%%T is in --format string, but --timefmt was not specified.");
	else if (w->daemon && !w->outfile)
		itools_error(t, "-o must be specified with -d.");
	else
		return 0;
	return -1;
}

static void print_help(void)
{
	fputs(usage, stdout);
	fputs(itools_help, stdout);
	fputs(statuses, stdout);
	fflush(stdout);
}

/* 0, or -1 when there is no more to do, and something was said. */
static int parse(struct wait_run *w, int argc, char **argv)
{
	static const char again[] = "only the last option will be taken into consideration.";
	int opt;
	int ret;

	while ((opt = getopt_long(argc, argv, ITOOLS_LETTERS "mcdsqfo:", options, NULL)) != -1) {
		if (opt == '?')
			break;
		if (opt == 'h') {
			print_help();
			return -1;
		}
		w->excludes += opt == ITOOLS_EXCLUDE;
		w->excludeis += opt == ITOOLS_EXCLUDEI;
		ret = itools_option(&w->tools, opt, optarg);
		if (ret == 1)
			ret = set(w, opt, optarg);
		if (ret)
			return -1;
	}
	if (check(w))
		return -1;
	if (w->excludes > 1)
		itools_error(&w->tools, "--exclude: %s", again);
	if (w->excludeis > 1)
		itools_error(&w->tools, "--excludei: %s", again);
	w->tools.cli.quiet = w->quiet > 0;
	w->tools.foreground = w->daemon;
	w->tools.says_new = w->tools.monitor && !w->quiet;
	return opt == '?' ? -1 : 0;
}

/* The format with what its end is, compiled. */
static int set_format(struct wait_run *w)
{
	const struct cli *c = &w->tools.cli;
	const char *end = w->no_newline ? "" : "\n";
	char *fmt;
	int ret;

	if (w->csv)
		return iformat_init(&w->record, c, NULL, NULL);
	if (asprintf(&fmt, "%s%s", w->format ? w->format : "%w %e %f", end) < 0)
		return cli_no_memory(c);
	if (*fmt) {
		ret = iformat_init(&w->record, c, fmt, w->timefmt);
	} else {
		itools_error(&w->tools, "Something is wrong with your format string.");
		ret = -1;
	}
	free(fmt);
	return ret;
}

/* ---- where output goes ---- */

/* Standard output becomes the file. */
static int redirect(const struct wait_run *w)
{
	int fd;

	if (!w->outfile)
		return 0;
	fd = open(w->outfile, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0) {
		itools_error(&w->tools, "Failed to open output file %s", w->outfile);
		return -1;
	}
	close(fd);
	return 0;
}

/* Where no path depends on the working directory, it need not be kept busy. */
static void leave_directory(const struct wait_run *w)
{
	const struct cli_list *paths = &w->tools.cli.paths;

	for (size_t i = 0; i < paths->len; i++)
		if (paths->item[i][0] != '/')
			return;
	/* staying is no harm */
	if (chdir("/"))
		return;
}

/* All is armed: go into the background.  The process that was started ends here. */
static int daemonize(struct wait_run *w)
{
	int null;

	switch (fork()) {
	case -1:
		itools_error(&w->tools, "Failed to daemonize!");
		return -1;
	case 0:
		break;
	default:
		_exit(WAIT_EVENT);
	}
	w->tools.foreground = 0;
	setsid();
	leave_directory(w);
	null = open("/dev/null", O_RDWR);
	if (null < 0)
		return 0;
	dup2(null, STDIN_FILENO);
	dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	return 0;
}

/* ---- the run ---- */

static int tell(void *arg, struct pathev_event *ev)
{
	struct wait_run *w = arg;

	w->seen = 1;
	/* this one comes also to who did not ask: a wait ends by it, but not well */
	if (!w->tools.monitor && ev->what & PATHEV_UNMOUNT & ~w->tools.cli.events)
		return 1;
	if (!w->tools.monitor)
		w->status = WAIT_EVENT;
	if (w->quiet < 2 && iformat_print(&w->record, &w->tools.out, ev))
		return -1;
	return !w->tools.monitor;
}

static void restart_timeout(struct wait_run *w)
{
	if (w->tools.timeout)
		w->tools.loop.deadline_ns = itools_deadline(&w->tools);
}

/* All is watched. */
static int ready(struct wait_run *w)
{
	if (!w->quiet)
		itools_status(&w->tools, "Watches established.");
	if (w->tools.timeout < 0) {
		itools_error(&w->tools, "Negative timeout specified - abort!");
		return -1;
	}
	restart_timeout(w);
	return 0;
}

/* A wait for one event ends when a path stays deleted. */
static void consider_gone(struct wait_run *w)
{
	struct loop *l = &w->tools.loop;

	if (w->tools.monitor)
		return;
	if (!w->tools.gone)
		l->timer_ns = -1;
	else if (l->timer_ns == -1)
		l->timer_ns = pathev_now() + GONE_NS;
}

/* 0: go on; 1: this was all; -1 after a message */
static int act(struct wait_run *w, const struct pathev_event *ev)
{
	int ret;

	w->seen = 0;
	ret = itools_translate(&w->tools, ev);
	consider_gone(w);
	if (w->seen && w->tools.monitor)
		restart_timeout(w);
	return ret;
}

static int run(struct wait_run *w)
{
	struct loop *l = &w->tools.loop;
	struct pathev_event ev;
	int ret;

	for (;;) {
		switch (loop_next(l, &ev)) {
		case LOOP_EVENT:
			ret = act(w, &ev);
			if (ret < 0)
				return WAIT_FAILED;
			if (ret > 0)
				return loop_flush(l) ? WAIT_FAILED : w->status;
			break;
		case LOOP_TIMER:
			return WAIT_FAILED;
		case LOOP_DEADLINE:
			w->status = WAIT_TIMEOUT;
			loop_end(l);
			break;
		case LOOP_SIGNAL:
			loop_end(l);
			break;
		case LOOP_DRAINED:
			return w->status;
		case LOOP_FAILED:
			return WAIT_FAILED;
		default:
			break;
		}
	}
}

/* Watch all paths: 0, or -1 after a message. */
static int watch(struct wait_run *w)
{
	struct itools *t = &w->tools;

	if (!w->quiet)
		itools_status(t, "Setting up watches.%s", t->cli.flags & PATHEV_RECURSIVE ?
			      "  Beware: since -r was given, this may take a while!" : "");
	for (size_t i = 0; i < t->cli.paths.len; i++) {
		const char *path = t->cli.paths.item[i];

		if (itools_add(t, path, 0)) {
			itools_refused(t, "Couldn't watch", path, errno);
			return -1;
		}
	}
	return 0;
}

static int start(struct wait_run *w, char **words)
{
	struct itools *t = &w->tools;

	if (set_format(w) || itools_prepare(t, words) || redirect(w))
		return -1;
	if (w->syslog)
		itools_use_syslog(t);
	if (out_open(&t->out, &t->cli, NULL) || itools_leave_out_output(t) || itools_open(t) ||
	    watch(w) || ready(w))
		return -1;
	if (w->daemon && daemonize(w))
		return -1;
	return loop_start(&t->loop, t->pv, t->pair_ns);
}

int inotifywait_main(int argc, char **argv)
{
	struct wait_run w = { .status = WAIT_FAILED };
	struct itools *t = &w.tools;
	int status = WAIT_FAILED;

	if (out_guard())
		return WAIT_FAILED;
	itools_init(t, &program);
	t->tell = tell;
	t->arg = &w;
	loop_init(&t->loop, &t->cli, &t->out, 0);
	if (parse(&w, argc, argv) == 0 && start(&w, argv + optind) == 0)
		status = run(&w);

	iformat_fini(&w.record);
	if (out_close(&t->out))
		status = WAIT_FAILED;
	itools_fini(t);
	return loop_exit(&t->loop, status);
}
