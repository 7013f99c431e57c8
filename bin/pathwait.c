/* SPDX-License-Identifier: MIT */
/*
 * pathwait - wait until paths are in a wanted state
 *
 * The state is looked at after all is armed, and again after each event that may have changed
 * it, so it does not matter when it came about.  Which files are complete is found out by the
 * library, in the same way: with PATHEV_EXISTING it looks at the start, too.
 *
 * Options; what was asked for, and is it satisfied; states; files that are complete; the run.
 */
#include "cli.h"
#include "clock.h"
#include "loop.h"
#include "out.h"
#include "pathev.h"
#include "record.h"
#include "scope.h"
#include "walk.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
	"Usage: pathwait [OPTION]... PATH... [--run COMMAND [ARG]...]\n"
	"Wait until each PATH was written completely, and print it.  A PATH need not be\n"
	"there yet; one that is a directory stands for the next file written in it.\n"
	"\n"
	"What to wait for:\n"
	"  -u, --until STATE       written (default), exists, gone, or changed\n"
	"      --any               the first PATH suffices\n"
	"      --existing          complete files that a directory has already count too\n"
	"      --settle TIME       written, and then unchanged for TIME\n"
	"  -n, --count N           N different files in a directory, or N changes\n"
	"Output (-q: none):\n"
	"  -0, --null              NUL ends paths, and lines of --from-file\n";

/* Long options without a letter. */
enum { OPT_ANY = 1024, OPT_EXISTING, OPT_SETTLE };

static const struct option options[] = {
	{ "until", required_argument, NULL, 'u' },
	{ "any", no_argument, NULL, OPT_ANY },
	{ "existing", no_argument, NULL, OPT_EXISTING },
	{ "settle", required_argument, NULL, OPT_SETTLE },
	{ "count", required_argument, NULL, 'n' },
	{ NULL, 0, NULL, 0 }
};

/* In the order of their names below. */
enum until { WRITTEN, EXISTS, GONE, CHANGED, EVENT };

/* How often to look where others can change things unseen; with --existing all is listed. */
#define POLL_NS (1 * PATHEV__NS_PER_S)
#define POLL_LIST_NS (5 * PATHEV__NS_PER_S)

/* One PATH. */
struct target {
	const char *path;	/* as given */
	size_t len;		/* without slashes at its end */
	uint64_t got;		/* files or events so far */
	int done;
};

struct wait {
	struct cli cli;
	enum until until;
	int until_given;
	int any;
	int existing;
	int64_t settle_ns;	/* -1: not given */
	uint64_t count;		/* 0: not given */
	int64_t start_ns;

	struct out out;
	struct record record;
	struct scope scope;
	struct pathev *pv;
	struct loop loop;

	struct target *target;	/* sorted by path, each once */
	size_t ntargets;
	size_t ndone;
	void *counted;		/* tree of the paths that have, where a PATH needs several */
	int armed;
	int unseen;		/* there are changes that make no event: look from time to time */
	int failed;		/* the command did, before the condition held */
	int status;		/* of the exit; -1: not known yet */
};

/* ---- options ---- */

static int set_until(struct wait *w, const char *text)
{
	static const char *const names[] = { "written", "exists", "gone", "changed", NULL };
	int until = cli_word(&w->cli, "--until", text, names);

	if (until < 0)
		return -1;
	w->until = (enum until)until;
	w->until_given = 1;
	return 0;
}

static int set(void *self, int opt, const char *arg)
{
	struct wait *w = self;

	switch (opt) {
	case 'u':
		return set_until(w, arg);
	case OPT_ANY:
		w->any = 1;
		return 0;
	case OPT_EXISTING:
		w->existing = 1;
		return 0;
	case OPT_SETTLE:
		return cli_duration(&w->cli, "--settle", arg, &w->settle_ns);
	default:
		return cli_number(&w->cli, "--count", arg, 1, UINT64_MAX, &w->count);
	}
}

static const struct cli_program program = {
	.name = "pathwait",
	.usage = usage,
	.options = options,
	.sets = CLI_SET_STYLE | CLI_SET_OUTPUT,
	.events = PATHEV_CHANGES,
	.own = PATHEV_EXISTS | PATHEV_WRITTEN,
	.own_help = "; our own:\n"
		    "                          exists written; ",
	.set = set
};

/* An event that no path ever has would be waited for in vain. */
static int refuse_events(const struct wait *w)
{
	if (cli_refuse_events(&w->cli, PATHEV_ADDED | PATHEV_REMOVED | PATHEV_SYNC,
			      "never happens to a PATH, so it cannot be waited for; it is an "
			      "answer of pathwatch --control"))
		return -1;
	return cli_refuse_events(&w->cli, PATHEV_OVERFLOW | PATHEV_READY | PATHEV_ERROR,
				 "never happens to a PATH, so it cannot be waited for; pathwatch "
				 "prints it");
}

static int contradictions(struct wait *w)
{
	const struct cli *c = &w->cli;
	int other = w->until != WRITTEN;
	int settle = w->settle_ns >= 0;

	if (cli_exclusive(c, w->until_given, "--until", !!c->events, "--event") ||
	    cli_exclusive(c, w->existing, "--existing", !!c->events, "--event") ||
	    cli_exclusive(c, w->existing, "--existing", other, "--until other than 'written'") ||
	    cli_exclusive(c, settle, "--settle", !!c->events, "--event") ||
	    cli_exclusive(c, settle, "--settle", other, "--until other than 'written'") ||
	    cli_exclusive(c, w->until == EXISTS, "--until 'exists'", !!w->count, "--count") ||
	    cli_exclusive(c, w->until == GONE, "--until 'gone'", !!w->count, "--count") ||
	    refuse_events(w))
		return -1;
	if (c->events)
		w->until = EVENT;
	if (!w->count)
		w->count = 1;
	return 0;
}

/* ---- what was asked for ---- */

static size_t bare_len(const char *path, size_t len)
{
	while (len && path[len - 1] == '/')
		len--;
	return len;
}

static int compare_paths(const char *a, size_t alen, const char *b, size_t blen)
{
	int cmp = memcmp(a, b, alen < blen ? alen : blen);

	return cmp ? cmp : (alen > blen) - (alen < blen);
}

static int compare_targets(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	return compare_paths(x->path, x->len, y->path, y->len);
}

static int make_targets(struct wait *w)
{
	const struct cli_list *paths = &w->cli.paths;

	w->target = calloc(paths->len, sizeof(*w->target));
	if (!w->target)
		return cli_no_memory(&w->cli);
	for (size_t i = 0; i < paths->len; i++) {
		const char *path = paths->item[i];

		w->target[i] = (struct target){ .path = path,
						.len = bare_len(path, strlen(path)) };
	}
	qsort(w->target, paths->len, sizeof(*w->target), compare_targets);
	for (size_t i = 0; i < paths->len; i++)
		if (!i || compare_targets(&w->target[w->ntargets - 1], &w->target[i]))
			w->target[w->ntargets++] = w->target[i];
	return 0;
}

static struct target *find_target(const struct wait *w, const char *path, size_t len)
{
	struct target key = { .path = path, .len = bare_len(path, len) };

	return bsearch(&key, w->target, w->ntargets, sizeof(key), compare_targets);
}

/* How many files or events a PATH needs; inside: of those in it. */
static uint64_t needed(const struct wait *w, int inside)
{
	return w->until == WRITTEN && !inside ? 1 : w->count;
}

static void count_for(struct wait *w, struct target *t, int inside)
{
	if (++t->got < needed(w, inside))
		return;
	t->done = 1;
	w->ndone++;
}

enum {
	SELF = 1,	/* the PATH that is this path */
	INSIDE = 2,	/* PATHs that this path is in */
	COUNT = 4	/* and it counts for them */
};

/* Is there a PATH that still waits for this path?  See the flags above. */
static int matters(struct wait *w, const char *path, unsigned how)
{
	size_t len = bare_len(path, strlen(path));
	int recursive = w->cli.flags & PATHEV_RECURSIVE;
	int found = 0;

	for (int level = 0; level < 2 || recursive; level++) {
		struct target *t = len || path[0] == '/' ? find_target(w, path, len) : NULL;

		if (t && !t->done && how & (level ? INSIDE : SELF)) {
			found = 1;
			if (how & COUNT)
				count_for(w, t, level > 0);
		}
		if (!len)
			break;
		while (len && path[len - 1] != '/')
			len--;
		len = bare_len(path, len);
	}
	return found;
}

static int satisfied(const struct wait *w)
{
	return w->any ? w->ndone > 0 : w->ndone == w->ntargets;
}

/* ---- telling ---- */

static int print(struct wait *w, struct pathev_event *ev)
{
	if (w->cli.quiet)
		return 0;
	return record_print(&w->record, &w->out, ev);
}

/* The state of a path was found by looking: as an event, which what says. */
static int print_found(struct wait *w, const char *path, uint32_t what, char type)
{
	size_t len = strlen(path);
	size_t bare = bare_len(path, len);
	struct pathev_event ev = { .what = what, .type = type, .synthesized = 1, .path = path,
				   .pathlen = len, .reloff = len, .root = path };

	for (ev.nameoff = bare; ev.nameoff && path[ev.nameoff - 1] != '/'; ev.nameoff--)
		;
	/* the longest PATH that leads here: they are sorted, so it is the last */
	for (size_t i = 0; i < w->ntargets; i++) {
		const struct target *t = &w->target[i];

		if (t->len > bare || strncmp(path, t->path, t->len) != 0)
			continue;
		if (t->len != bare && path[t->len] != '/')
			continue;
		ev.root = t->path;
		ev.reloff = t->len == bare ? len : t->len + 1;
	}
	ev.time_ns = pathev__clock_real_ns();
	return print(w, &ev);
}

/* ---- states ---- */

/* As stat(2), or else lstat(2), also of a path that is too long for these. */
static int look_up(const char *path, int follow, struct stat *st)
{
	struct pathev__short s;
	int ret;

	if (pathev__short_init(&s, path, strlen(path)))
		return -1;
	ret = follow ? stat(s.path, st) : lstat(s.path, st);
	pathev__short_fini(&s);
	return ret;
}

/* Does this error say that there is nothing by that name?  It may have a component that is too
 * long, which nothing has. */
static int says_gone(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
}

/* Is it so now? */
static int is_true(const struct wait *w, const char *path)
{
	struct stat st;

	/* a link that leads nowhere is there as a name, and nothing exists by that name */
	if (w->until == GONE)
		return look_up(path, 0, &st) != 0 && says_gone(errno);
	return look_up(path, !(w->cli.flags & PATHEV_NOFOLLOW), &st) == 0;
}

static int look_at_state(struct wait *w, const char *path, struct pathev_event *ev)
{
	if (!matters(w, path, SELF) || !is_true(w, path))
		return 0;
	matters(w, path, SELF | COUNT);
	if (ev)
		return print(w, ev);
	return print_found(w, path, w->until == GONE ? PATHEV_DELETE : PATHEV_EXISTS, 0);
}

/* ---- files that are complete ---- */

static void note_evidence(const struct wait *w, const char *path, int evidence)
{
	static const char *const words[] = {
		[PATHEV_BY_LEASE] = "the kernel says that nobody writes it",
		[PATHEV_BY_PROCESSES] = "no process writes it, and all were looked through",
		[PATHEV_BY_QUIET] = "nobody can tell who writes it, but it does not change any more"
	};

	cli_note(&w->cli, "'%s': %s", path, words[evidence]);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Count a path where different ones are needed.  1: it has not counted before; 0; -1. */
static int is_different(struct wait *w, const char *path)
{
	char *copy;

	if (w->count == 1)
		return 1;
	if (tfind(path, &w->counted, compare_strings))
		return 0;
	copy = strdup(path);
	if (copy && tsearch(copy, &w->counted, compare_strings))
		return 1;
	free(copy);
	return cli_no_memory(&w->cli);
}

/* What the library has found out. */
static int look_at_written(struct wait *w, struct pathev_event *ev)
{
	int different;

	if (!(ev->what & PATHEV_WRITTEN) || !matters(w, ev->path, SELF | INSIDE))
		return 0;
	different = is_different(w, ev->path);
	if (different <= 0)
		return different;
	matters(w, ev->path, SELF | INSIDE | COUNT);
	note_evidence(w, ev->path, ev->evidence);
	return print(w, ev);
}

/* There is no more time: whether who made an empty file just now will open it, too, must not be
 * waited for.  Nor can it be said that it has settled. */
static int look_at_end(struct wait *w, const char *path)
{
	int evidence;

	if (w->settle_ns > 0 || !matters(w, path, SELF) || pathev_busy(path, &evidence))
		return 0;
	matters(w, path, SELF | COUNT);
	note_evidence(w, path, evidence);
	return print_found(w, path, PATHEV_WRITTEN, 'f');
}

/* A slash at the end asks for a directory. */
static int refuse_no_dir(struct wait *w, const struct target *t)
{
	struct stat st;
	char *bare;
	int there;

	if (!t->path[t->len] || !look_up(t->path, 1, &st) || errno != ENOTDIR)
		return 0;
	bare = strndup(t->path, t->len);
	if (!bare)
		return cli_no_memory(&w->cli);
	there = !look_up(bare, 1, &st);
	free(bare);
	if (there)
		blind_path(&w->scope.blind, t->path, ENOTDIR);
	return there ? -1 : 0;
}

/* A device or a FIFO is never written completely. */
static int refuse_special(const struct wait *w, const char *path)
{
	struct stat st;

	if (look_up(path, 1, &st) || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return 0;
	cli_error(&w->cli, "'%s' is neither a file nor a directory, so it is never written "
		  "completely; see --until", path);
	return -1;
}

/* Look at every PATH, whatever the events say. */
static int look_at_all(struct wait *w, int at_end)
{
	for (size_t i = 0; i < w->ntargets; i++) {
		const char *path = w->target[i].path;
		int ret = 0;

		if (w->until == WRITTEN && at_end)
			ret = look_at_end(w, path);
		else if (w->until == EXISTS || w->until == GONE)
			ret = look_at_state(w, path, NULL);
		if (ret)
			return ret;
	}
	return 0;
}

static uint32_t wanted(const struct wait *w)
{
	switch (w->until) {
	case WRITTEN:
		return PATHEV_WRITTEN;
	case EXISTS:
		return PATHEV_CREATE | PATHEV_MOVED_TO;
	case GONE:
		return PATHEV_DELETE | PATHEV_MOVED_FROM | PATHEV_DELETE_SELF |
			PATHEV_MOVE_SELF | PATHEV_UNMOUNT;
	case CHANGED:
		return PATHEV_CHANGES;
	default:
		return w->cli.events;
	}
}

/* An event of a path. */
static int look_at_event(struct wait *w, struct pathev_event *ev)
{
	if (!(ev->what & wanted(w)))
		return 0;
	switch (w->until) {
	case WRITTEN:
		return look_at_written(w, ev);
	case EXISTS:
	case GONE:
		return look_at_state(w, ev->path, ev);
	default:
		return matters(w, ev->path, SELF | INSIDE | COUNT) ? print(w, ev) : 0;
	}
}

/* ---- the run ---- */

static void end_with(struct wait *w, int status)
{
	if (w->status < 0)
		w->status = status;
	loop_end(&w->loop);
}

static void poll_later(struct wait *w)
{
	w->loop.timer_ns = pathev_now() + (w->existing ? POLL_LIST_NS : POLL_NS);
}

/* Changes by other hosts, or below the file system: no event tells of them. */
static int look_for_unseen(struct wait *w)
{
	struct stat st;

	poll_later(w);
	if (w->until == EXISTS || w->until == GONE)
		return look_at_all(w, 0);
	for (size_t i = 0; i < w->ntargets && w->until == WRITTEN; i++) {
		const struct target *t = &w->target[i];

		/* which files of a directory are new can only events tell */
		if (t->done || (!w->existing && !look_up(t->path, 1, &st) && S_ISDIR(st.st_mode)))
			continue;
		/* once more: what is there now is judged */
		w->loop.drained = 0;
		if (pathev_add(w->pv, t->path, PATHEV_EXISTING)) {
			blind_path(&w->scope.blind, t->path, errno);
			return -1;
		}
	}
	return 0;
}

/* All is armed: start the command, then look, so that nothing can come about in between. */
static int ready(struct wait *w)
{
	int status;

	if (w->armed)
		return look_at_all(w, 0);	/* after an overflow */
	w->armed = 1;
	/* whoever reads our standard output waits for paths, not for the command's end */
	status = loop_ready(&w->loop, STDERR_FILENO);
	if (status) {
		end_with(w, status);
		return 0;
	}
	if (w->cli.timeout_ns >= 0)
		w->loop.deadline_ns = pathev__clock_after(w->start_ns, w->cli.timeout_ns);
	return look_at_all(w, 0);
}

static int act(struct wait *w, struct pathev_event *ev)
{
	if (ev->what & PATHEV_ERROR && ev->error == EREMOTE) {
		/* once is enough: it is told of a PATH that is not there, and when it is */
		if (w->unseen)
			return 0;
		w->unseen = 1;
		poll_later(w);
	}
	if (ev->what & PATHEV_ERROR)
		return blind_spot(&w->scope.blind, ev->path, ev->error);
	if (ev->what & PATHEV_OVERFLOW)
		cli_warn(&w->cli, "events were lost; looking again at what is there");
	if (ev->what & PATHEV_READY)
		return ready(w);
	return ev->path ? look_at_event(w, ev) : 0;
}

/* The command ended.  If it failed, it may still have done what we wait for; if it ended well,
 * the waiting goes on, unless a signal had only waited for that. */
static void command_ended(struct wait *w)
{
	if (w->loop.status == 0)
		cli_note(&w->cli, "the command ended");
	/* or this ends already, for another reason */
	if (w->status >= 0)
		return;
	if (w->loop.status == 0 && !w->loop.signo)
		return;
	w->failed = w->loop.status != 0;
	end_with(w, w->failed ? CLI_COMMAND_FAILED : CLI_ERROR);
}

/* Nothing more will come: the exit status. */
static int last_look(struct wait *w)
{
	/* 126, 127: there was nothing to look for */
	if (w->status == CLI_TIMEOUT || w->failed) {
		if (look_at_all(w, 1))
			return CLI_ERROR;
		if (satisfied(w))
			return CLI_OK;
	}
	if (w->failed && !w->loop.signo)
		cli_error(&w->cli, "'%s' ended with status %d before that", w->cli.command[0],
			  w->loop.status);
	return w->status;
}

/* Until the condition holds, or something else ends it: the exit status. */
static int run(struct wait *w)
{
	struct pathev_event ev;
	int ret = 0;

	for (;;) {
		switch (loop_next(&w->loop, &ev)) {
		case LOOP_EVENT:
			ret = act(w, &ev);
			break;
		case LOOP_TIMER:
			ret = look_for_unseen(w);
			break;
		case LOOP_DEADLINE:
			end_with(w, CLI_TIMEOUT);
			break;
		case LOOP_CHILD:
			command_ended(w);
			break;
		case LOOP_SIGNAL:
			end_with(w, CLI_ERROR);
			break;
		case LOOP_DRAINED:
			ret = last_look(w);
			return loop_flush(&w->loop) ? CLI_ERROR : ret;
		case LOOP_FAILED:
			return CLI_ERROR;
		default:
			break;
		}
		if (ret)
			return CLI_ERROR;
		if (w->armed && satisfied(w))
			return loop_flush(&w->loop) ? CLI_ERROR : CLI_OK;
	}
}

/* Everything that can be refused is, before anything is watched. */
static int prepare(struct wait *w)
{
	const struct cli *c = &w->cli;
	unsigned raw = isatty(STDOUT_FILENO) ? 0 : PATHEV_FORMAT_RAW;

	w->cli.flags |= PATHEV_MISSING_OK;
	if (contradictions(w) || record_init(&w->record, c, "%{path}", "%{events}", raw))
		return -1;
	if (!c->quiet && out_open(&w->out, c, NULL))
		return -1;
	if (scope_init(&w->scope, &w->cli, out_file(&w->out), SCOPE_NEED_PATH) || make_targets(w))
		return -1;
	for (size_t i = 0; i < w->ntargets; i++)
		if ((w->until != GONE && refuse_no_dir(w, &w->target[i])) ||
		    (w->until == WRITTEN && refuse_special(w, w->target[i].path)))
			return -1;
	return 0;
}

/*
 * A state that holds already needs no watch, which may be refused where the state can be seen:
 * 1; 0: it does not, or somebody is to be told when all is armed; -1: a message was given.
 */
static int holds_already(struct wait *w)
{
	size_t n = 0;

	if ((w->until != EXISTS && w->until != GONE) || w->cli.command || w->cli.ready_fd >= 0)
		return 0;
	while (n < w->ntargets && is_true(w, w->target[n].path) != w->any)
		n++;
	if ((n < w->ntargets) != w->any)
		return 0;
	if (look_at_all(w, 0))
		return -1;
	return satisfied(w);
}

static int open_watcher(struct wait *w)
{
	struct pathev_options opt = {
		.want = wanted(w) & ~PATHEV_OWN,
		.flags = w->cli.events & PATHEV_EXISTS ? PATHEV_LIST : 0,
		.pair_ns = record_pair_ns(&w->record),
		.settle_ns = w->settle_ns > 0 ? w->settle_ns : 0
	};

	if (w->existing)
		opt.flags |= PATHEV_EXISTING;
	if (w->until == WRITTEN)
		w->scope.file_flags = PATHEV_EXISTING;

	w->pv = scope_open(&w->scope, &opt);
	if (!w->pv)
		return -1;
	return loop_start(&w->loop, w->pv, opt.pair_ns);
}

static int wait_for_it(struct wait *w)
{
	int holds = holds_already(w);

	if (holds)
		return holds < 0 || loop_flush(&w->loop) ? CLI_ERROR : CLI_OK;
	return open_watcher(w) ? CLI_ERROR : run(w);
}

int main(int argc, char **argv)
{
	struct wait w = { .out.fd = -1, .status = -1, .start_ns = pathev_now(),
			  .settle_ns = -1 };
	int status = CLI_ERROR;
	int go;

	if (out_guard())
		return CLI_ERROR;
	go = cli_parse(&w.cli, &program, &w, argc, argv);
	loop_init(&w.loop, &w.cli, &w.out, 0);
	if (go == 0)
		status = CLI_OK;
	else if (go > 0 && prepare(&w) == 0)
		status = wait_for_it(&w);

	pathev_close(w.pv);
	tdestroy(w.counted, free);
	free(w.target);
	scope_fini(&w.scope);
	record_fini(&w.record);
	if (out_close(&w.out))
		status = CLI_ERROR;
	cli_free(&w.cli);
	return loop_exit(&w.loop, status);
}
