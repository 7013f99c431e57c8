/* SPDX-License-Identifier: MIT */
/*
 * inotifywatch.c - pathwatch when it is called inotifywatch: as the program of inotify-tools
 *
 * Options; the table; the run.
 */
#include "clock.h"
#include "itools.h"
#include "loop.h"
#include "out.h"
#include "pathev.h"
#include "personality.h"
#include "tally.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char usage[] =
	"Usage: inotifywatch [OPTION]... PATH...\n"
	"Count the events of each PATH and in it, and print a table at the end: after -t, or at\n"
	"a signal; SIGUSR1 prints one and goes on.\n"
	"\n"
	"  -v, --verbose           say more of what is watched\n"
	"  -t, --timeout SECONDS   count for so long; 0 (the default): until a signal\n"
	"  -a, --ascending KEY     sort by `total' or an event\n"
	"  -d, --descending KEY    the same from the largest; by total is the default\n"
	"  -z, --zero              rows and columns without an event as well\n";

static const char statuses[] = "Exit status: 0 all is well, 1 an error.\n";

static const struct option options[] = {
	ITOOLS_OPTIONS,
	{ "verbose", no_argument, NULL, 'v' },
	{ "zero", no_argument, NULL, 'z' },
	{ "ascending", required_argument, NULL, 'a' },
	{ "descending", required_argument, NULL, 'd' },
	{ NULL, 0, NULL, 0 }
};

static const struct cli_program program = { .name = "inotifywatch" };

struct stat_run {
	struct itools tools;
	int verbose;
	int zero;
	uint32_t sort;			/* an event, or all for the total */
	int ascending;
	int sorted;			/* -a was given, after which there is no other */

	struct pathev__tally *tally;	/* by watch */
	unsigned long watches;		/* that were there at the beginning */
	int failed;			/* and something was said */
};

/* ---- options ---- */

/* The event that is sorted by; all of them are the total. */
static int parse_key(const struct stat_run *s, const char *text, uint32_t *event)
{
	const struct itools *t = &s->tools;

	*event = PATHEV_ALL;
	if (!*text || strcasecmp(text, "total") == 0)
		return 0;
	if (strcasecmp(text, "move") == 0)
		itools_error(t, "Cannot sort by `move' event; "
				"please use `moved_from' or `moved_to'.");
	else if (strcasecmp(text, "close") == 0)
		itools_error(t, "Cannot sort by `close' event; "
				"please use `close_write' or `close_nowrite'.");
	else if (itools_parse_events(text, event) || *event & (*event - 1))
		itools_error(t, "'%s' is not a valid key for sorting!", text);
	else
		return 0;
	return -1;
}

static int set_sort(struct stat_run *s, const char *text, int ascending)
{
	if (s->sorted) {
		itools_error(&s->tools, "Please specify -a or -d once only!");
		return -1;
	}
	if (parse_key(s, text, &s->sort))
		return -1;
	s->ascending = s->sorted = ascending;
	return 0;
}

/* An option of its own. */
static int set(struct stat_run *s, int opt, const char *arg)
{
	switch (opt) {
	case 'v':
		s->verbose = 1;
		return 0;
	case 'z':
		s->zero = 1;
		return 0;
	default:
		return set_sort(s, arg, opt == 'a');
	}
}

static int check(const struct stat_run *s)
{
	const struct itools *t = &s->tools;
	uint32_t events = t->cli.events ? t->cli.events : ITOOLS_ALL;

	if (s->sort != PATHEV_ALL && !(s->sort & events)) {
		itools_error(t, "Can't sort by an event which isn't being watched for!");
		return -1;
	}
	return itools_check_filters(t);
}

static void print_help(void)
{
	fputs(usage, stdout);
	fputs(itools_help, stdout);
	fputs(statuses, stdout);
	fflush(stdout);
}

/* 0, or -1 when there is no more to do, and something was said. */
static int parse(struct stat_run *s, int argc, char **argv)
{
	int opt;
	int ret;

	while ((opt = getopt_long(argc, argv, ITOOLS_LETTERS "a:d:vz", options, NULL)) != -1) {
		if (opt == '?')
			break;
		if (opt == 'h') {
			print_help();
			return -1;
		}
		ret = itools_option(&s->tools, opt, optarg);
		if (ret == 1)
			ret = set(s, opt, optarg);
		if (ret)
			return -1;
	}
	if (check(s))
		return -1;
	return opt == '?' ? -1 : 0;
}

/* ---- the table ---- */

/* The columns, in their order. */
static const struct {
	const char *name;
	uint32_t event;
} columns[] = {
	{ "total", PATHEV_ALL },
	{ "access", PATHEV_ACCESS },
	{ "modify", PATHEV_MODIFY },
	{ "attrib", PATHEV_ATTRIB },
	{ "close_write", PATHEV_CLOSE_WRITE },
	{ "close_nowrite", PATHEV_CLOSE_NOWRITE },
	{ "open", PATHEV_OPEN },
	{ "moved_from", PATHEV_MOVED_FROM },
	{ "moved_to", PATHEV_MOVED_TO },
	{ "move_self", PATHEV_MOVE_SELF },
	{ "create", PATHEV_CREATE },
	{ "delete", PATHEV_DELETE },
	{ "delete_self", PATHEV_DELETE_SELF },
	{ "unmount", PATHEV_UNMOUNT }
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static int is_shown(const struct stat_run *s, size_t column)
{
	uint32_t event = columns[column].event;

	if (pathev__tally_sum(s->tally, event))
		return 1;
	return column == 0 || (s->zero && event & s->tools.cli.events);
}

struct order {
	uint32_t row;
	uint64_t count;
};

static int by_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Rows are numbered as they were made: in the order of watching. */
static int rising(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	int diff = by_number(x->count, y->count);

	return diff ? diff : by_number(x->row, y->row);
}

static int falling(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	int diff = by_number(y->count, x->count);

	return diff ? diff : by_number(x->row, y->row);
}

/* All rows in order, a new array; NULL after a message. */
static struct order *sort_rows(const struct stat_run *s, size_t *n)
{
	struct order *order;
	uint32_t *rows;

	if (pathev__tally_sort(s->tally, 0, 0, SIZE_MAX, &rows, n)) {
		cli_no_memory(&s->tools.cli);
		return NULL;
	}
	order = calloc(*n + 1, sizeof(*order));
	for (size_t i = 0; order && i < *n; i++)
		order[i] = (struct order){ rows[i], pathev__tally_count(s->tally, rows[i],
									s->sort) };
	free(rows);
	if (order)
		qsort(order, *n, sizeof(*order), s->ascending ? rising : falling);
	else
		cli_no_memory(&s->tools.cli);
	return order;
}

static int print_head(struct stat_run *s)
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (is_shown(s, i) && out_printf(&s->tools.out, "%s  ", columns[i].name))
			return -1;
	return out_printf(&s->tools.out, "filename\n");
}

static int print_key(struct stat_run *s, uint32_t row)
{
	struct out *o = &s->tools.out;
	size_t len = pathev__tally_key(s->tally, row, NULL, 0);

	if (out_room(o, len + 1))
		return -1;
	pathev__tally_key(s->tally, row, o->data + o->len, len + 1);
	o->len += len;
	return out_add(o, "\n", 1);
}

static int print_row(struct stat_run *s, uint32_t row)
{
	if (!s->zero && !pathev__tally_count(s->tally, row, PATHEV_ALL))
		return 0;
	for (size_t i = 0; i < COLUMNS; i++)
		if (is_shown(s, i) &&
		    out_printf(&s->tools.out, "%-*llu  ", (int)strlen(columns[i].name),
			       (unsigned long long)pathev__tally_count(s->tally, row,
								       columns[i].event)))
			return -1;
	return print_key(s, row);
}

/* 0, or -1 after a message */
static int print_table(struct stat_run *s)
{
	struct order *order;
	size_t n;
	int ret;

	if (!pathev__tally_sum(s->tally, PATHEV_ALL)) {
		itools_error(&s->tools, "No events occurred.");
		return 0;
	}
	order = sort_rows(s, &n);
	ret = order ? print_head(s) : -1;
	for (size_t i = 0; i < n && ret == 0; i++)
		ret = print_row(s, order[i].row);
	free(order);
	return ret;
}

/* ---- the run ---- */

/* Count for a watch: the directory that a name is in, with its slash, or the path itself. */
static int tell(void *arg, struct pathev_event *ev)
{
	struct stat_run *s = arg;
	size_t len = ev->reloff < ev->pathlen ? ev->nameoff : ev->pathlen;

	/* an overflow is of no watch */
	if (!ev->path || pathev__tally_add(s->tally, ev->path, len, 0, ev->what) == 0)
		return 0;
	return cli_no_memory(&s->tools.cli);
}

/* A row for a path that is watched, whether anything happens there or not.  0, or -1 after a
 * message. */
static int add_row(struct stat_run *s, const char *path, int is_dir)
{
	size_t len = strlen(path);
	char *key;
	int ret;

	if (asprintf(&key, "%s%s", path, is_dir && path[len - 1] != '/' ? "/" : "") < 0)
		return cli_no_memory(&s->tools.cli);
	ret = pathev__tally_make(s->tally, key, strlen(key), 0);
	free(key);
	return ret ? cli_no_memory(&s->tools.cli) : 0;
}

/* What is there at the beginning, where that is needed: directories have a watch. */
static int list(struct stat_run *s, const struct pathev_event *ev)
{
	int inside = ev->type == 'd' && s->tools.cli.flags & PATHEV_RECURSIVE;

	if (s->tools.armed || (!inside && ev->reloff < ev->pathlen))
		return 0;
	s->watches++;
	return add_row(s, ev->path, ev->type == 'd');
}

static int ready(struct stat_run *s)
{
	struct itools *t = &s->tools;

	if (s->verbose)
		itools_status(t, "Total of %lu watches.", s->watches);
	itools_status(t, "Finished establishing watches, now collecting statistics.");
	if (t->timeout < 0) {
		itools_error(t, "Negative timeout specified - abort!");
		return -1;
	}
	if (!t->timeout)
		return 0;
	if (s->verbose)
		itools_status(t, "Will listen for events for %ld seconds.", t->timeout);
	t->loop.deadline_ns = itools_deadline(t);
	return 0;
}

static int act(struct stat_run *s, const struct pathev_event *ev)
{
	int first = !s->tools.armed && ev->what & PATHEV_READY;

	if (ev->what & PATHEV_EXISTS && list(s, ev))
		return -1;
	if (itools_translate(&s->tools, ev))
		return -1;
	return first ? ready(s) : 0;
}

static int finish(struct stat_run *s)
{
	/* a signal was the wish for this table */
	s->tools.loop.signo = 0;
	return print_table(s) || loop_flush(&s->tools.loop) ? CLI_ERROR : CLI_OK;
}

static int run(struct stat_run *s)
{
	struct loop *l = &s->tools.loop;
	struct pathev_event ev;
	int ret = 0;

	while (ret == 0) {
		switch (loop_next(l, &ev)) {
		case LOOP_EVENT:
			ret = act(s, &ev);
			break;
		case LOOP_USR1:
			ret = print_table(s) || out_add(&s->tools.out, "\n", 1);
			break;
		case LOOP_DEADLINE:
		case LOOP_SIGNAL:
			loop_end(l);
			break;
		case LOOP_DRAINED:
			return finish(s);
		case LOOP_FAILED:
			return CLI_ERROR;
		default:
			break;
		}
	}
	return CLI_ERROR;
}

/* 0, or -1 after a message */
static int watch(struct stat_run *s, const char *path)
{
	struct itools *t = &s->tools;
	int tell = s->verbose && t->cli.flags & PATHEV_RECURSIVE;
	struct stat st;

	if (tell)
		itools_status(t, "Setting up watch(es) on %s", path);
	if (itools_add(t, path, 0)) {
		itools_refused(t, "Failed to watch", path, errno);
		return -1;
	}
	if (tell)
		itools_status(t, "OK, %s is now being watched.", path);
	return add_row(s, path, stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static int start(struct stat_run *s, char **words)
{
	struct itools *t = &s->tools;
	const struct cli_list *paths = &t->cli.paths;

	if (itools_prepare(t, words) || out_open(&t->out, &t->cli, NULL) || itools_open(t))
		return -1;
	s->tally = pathev__tally_new();
	if (!s->tally)
		return cli_no_memory(&t->cli);
	itools_status(t, "Establishing watches...");
	for (size_t i = 0; i < paths->len; i++)
		if (watch(s, paths->item[i]))
			return -1;
	/* rows without an event, and the number of watches, are found by a listing */
	for (size_t i = 0; i < paths->len && (s->zero || s->verbose); i++)
		if (itools_add(t, paths->item[i], PATHEV_LIST))
			return cli_no_memory(&t->cli);
	sigaddset(&t->loop.caught, SIGALRM);
	return loop_start(&t->loop, t->pv, t->pair_ns);
}

int inotifywatch_main(int argc, char **argv)
{
	struct stat_run s = { .sort = PATHEV_ALL };
	struct itools *t = &s.tools;
	int status = CLI_ERROR;

	if (out_guard())
		return CLI_ERROR;
	itools_init(t, &program);
	t->exact = 1;
	t->tell = tell;
	t->arg = &s;
	loop_init(&t->loop, &t->cli, &t->out, 1);
	if (parse(&s, argc, argv) == 0 && start(&s, argv + optind) == 0)
		status = run(&s);

	pathev__tally_free(s.tally);
	if (out_close(&t->out))
		status = CLI_ERROR;
	itools_fini(t);
	return loop_exit(&t->loop, status);
}
