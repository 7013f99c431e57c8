/* SPDX-License-Identifier: MIT */
/*
 * pathwait - wait until paths are in a wanted state
 *
 * The state is looked at after all is armed, and again after each event that may have changed
 * it, so it does not matter when it came about.
 *
 * Options; what was asked for, and is it satisfied; judging files; states; the run.
 */
#include "cli.h"
#include "clock.h"
#include "files.h"
#include "loop.h"
#include "out.h"
#include "pathev.h"
#include "record.h"
#include "scope.h"

#include <errno.h>
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
	"  -n, --count N           N different files in a directory, or N changes\n"
	"Output (-q: none):\n"
	"  -0, --null              NUL ends paths, and lines of --from-file\n";

/* Long options without a letter. */
enum { OPT_ANY = 1024, OPT_EXISTING };

static const struct option options[] = {
	{ "until", required_argument, NULL, 'u' },
	{ "any", no_argument, NULL, OPT_ANY },
	{ "existing", no_argument, NULL, OPT_EXISTING },
	{ "count", required_argument, NULL, 'n' },
	{ NULL, 0, NULL, 0 }
};

/* In the order of their names below. */
enum until { WRITTEN, EXISTS, GONE, CHANGED, EVENT };

/* How soon a file that somebody writes is looked at again without an event, and how long one
 * that is empty may just be about to be opened by who made it. */
#define LOOK_NS (50 * PATHEV__NS_PER_MS)

/* Where the kernel does not tell who writes a file: left alone for so long, it is complete. */
#define QUIET_NS (1 * PATHEV__NS_PER_S)

/* With more files than this being written, each is looked at more seldom. */
#define LOOK_FILES 16

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
	struct files files;
	int armed;
	int unasked;		/* the kernel did not say who writes a file: that was told */
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
	.set = set
};

static int contradictions(struct wait *w)
{
	const struct cli *c = &w->cli;
	int other = w->until != WRITTEN;

	if (cli_exclusive(c, w->until_given, "--until", !!c->events, "--event") ||
	    cli_exclusive(c, w->existing, "--existing", !!c->events, "--event") ||
	    cli_exclusive(c, w->existing, "--existing", other, "--until other than 'written'") ||
	    cli_exclusive(c, w->until == EXISTS, "--until 'exists'", !!w->count, "--count") ||
	    cli_exclusive(c, w->until == GONE, "--until 'gone'", !!w->count, "--count"))
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

/* ---- judging files ---- */

/* What made us look at a file. */
enum cause {
	START,		/* it may have been there before us */
	CREATED,	/* its name was: as a new file or a hard link */
	CLOSED,		/* by who wrote it, or it was renamed to here */
	AGAIN,		/* time has passed */
	END		/* there is no more time */
};

enum verdict { NO_FILE, BUSY, UNSURE, COMPLETE };

/* How long ago that was; less than 0 where clocks differ. */
static int64_t age(const struct timespec *ts)
{
	return pathev__clock_real_ns() - (ts->tv_sec * PATHEV__NS_PER_S + ts->tv_nsec);
}

/*
 * A file that is made and opened in one call, as open(2) with O_CREAT does, has a moment in
 * between where nobody writes it yet: it is empty, has one name, and is new.
 */
static int may_be_opened_yet(const struct stat *st)
{
	int64_t ns = age(&st->st_ctim);

	return st->st_size == 0 && st->st_nlink == 1 && ns > -LOOK_NS && ns < LOOK_NS;
}

/* Was this file completely written? */
static enum verdict judge(struct wait *w, const char *path, enum cause cause)
{
	struct target *t = find_target(w, path, bare_len(path, strlen(path)));
	int follow = t && !(w->cli.flags & PATHEV_NOFOLLOW);
	struct stat st;

	/* links are followed where they are a PATH, and not where they were found */
	if ((follow ? stat(path, &st) : lstat(path, &st)) || !S_ISREG(st.st_mode))
		return NO_FILE;
	switch (pathev_busy(path, NULL)) {
	case 1:
		return BUSY;
	case 0:
		if (cause == CLOSED || cause == END || !may_be_opened_yet(&st))
			return COMPLETE;
		return UNSURE;
	default:
		break;
	}
	if (errno == ENOENT)
		return NO_FILE;
	if (!w->unasked)
		cli_note(&w->cli, "'%s': cannot ask who writes it: %s; each close counts", path,
			 strerror(errno));
	w->unasked = 1;
	/* what was there at the start counts, and each close */
	if (cause == START || cause == CLOSED || age(&st.st_mtim) > QUIET_NS)
		return COMPLETE;
	return UNSURE;
}

/* Look again soon, without an event: the end of a mapping, for one, makes none. */
static int look_later(struct wait *w, const char *path)
{
	struct file *f = files_get(&w->files, path);
	int64_t many = (int64_t)(1 + w->files.waiting / LOOK_FILES);

	if (!f)
		return cli_no_memory(&w->cli);
	files_look_at(&w->files, f, pathev_now() + many * LOOK_NS);
	return 0;
}

static int complete(struct wait *w, const char *path, unsigned how, struct pathev_event *ev)
{
	struct file *f = files_get(&w->files, path);
	unsigned before;

	if (!f)
		return cli_no_memory(&w->cli);
	before = f->counted;
	f->counted |= how;
	files_look_at(&w->files, f, -1);
	matters(w, path, how | COUNT);
	if (before)
		return 0;
	if (!ev)
		return print_found(w, path, PATHEV_EXISTS, 'f');
	ev->type = 'f';
	return print(w, ev);
}

/* There is no such file any more, but once it has counted it does not count again. */
static void forget(struct wait *w, struct file *f)
{
	if (f->counted)
		files_look_at(&w->files, f, -1);
	else
		files_drop(&w->files, f);
}

/*
 * Look at a file, and act upon it.  ev is the event that made us look, or NULL.  What was
 * there before us does not count for a directory, unless --existing.
 */
static int look_at_file(struct wait *w, const char *path, enum cause cause,
			struct pathev_event *ev)
{
	unsigned how = cause == START && !w->existing ? SELF : SELF | INSIDE;
	struct file *f = files_find(&w->files, path);

	if (f)
		how &= ~f->counted;
	if (!matters(w, path, how))
		return 0;
	switch (judge(w, path, cause)) {
	case COMPLETE:
		return complete(w, path, how, ev);
	case BUSY:
	case UNSURE:
		return look_later(w, path);
	default:
		if (f)
			forget(w, f);
		return 0;
	}
}

/* The files that are due, or at the end all that are waited for. */
static int look_again(struct wait *w, enum cause cause)
{
	int64_t now = pathev_now();

	for (size_t i = 0; i < w->files.len; i++) {
		struct file *f = &w->files.item[i];
		size_t before = w->files.len;

		if (f->look_ns == -1 || (cause == AGAIN && f->look_ns > now))
			continue;
		if (look_at_file(w, f->path, cause, NULL))
			return -1;
		/* dropped: the next one has its place */
		i -= w->files.len < before;
	}
	return 0;
}

/* ---- states ---- */

/* Is it so now? */
static int is_true(const struct wait *w, const char *path)
{
	struct stat st;

	/* a link that leads nowhere is there as a name, and nothing exists by that name */
	if (w->until == GONE)
		return lstat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
	return (w->cli.flags & PATHEV_NOFOLLOW ? lstat(path, &st) : stat(path, &st)) == 0;
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

/* A device or a FIFO is never written completely. */
static int refuse_special(const struct wait *w, const char *path)
{
	struct stat st;

	if (stat(path, &st) || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return 0;
	cli_error(&w->cli, "'%s' is neither a file nor a directory, so it is never written "
		  "completely; see --until", path);
	return -1;
}

/* Look at every PATH, whatever the events say. */
static int look_at_all(struct wait *w, enum cause cause)
{
	for (size_t i = 0; i < w->ntargets; i++) {
		const char *path = w->target[i].path;
		int ret = 0;

		if (w->until == WRITTEN)
			ret = look_at_file(w, path, cause, NULL);
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
		return PATHEV_CREATE | PATHEV_CLOSE_WRITE | PATHEV_MOVED_TO;
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

static enum cause cause_of(const struct pathev_event *ev)
{
	if (ev->what & PATHEV_EXISTS)
		return START;
	/* a close that nobody saw is concluded from what we can find out ourselves */
	if (ev->synthesized || !(ev->what & (PATHEV_CLOSE_WRITE | PATHEV_MOVED_TO)))
		return CREATED;
	return CLOSED;
}

/* An event of a path. */
static int look_at_event(struct wait *w, struct pathev_event *ev)
{
	if (!(ev->what & (wanted(w) | (w->existing ? PATHEV_EXISTS : 0))))
		return 0;
	switch (w->until) {
	case WRITTEN:
		return ev->type == 'd' ? 0 : look_at_file(w, ev->path, cause_of(ev), ev);
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

/* All is armed: start the command, then look, so that nothing can come about in between. */
static int ready(struct wait *w)
{
	int status;

	if (w->armed)
		return look_at_all(w, AGAIN);	/* after an overflow */
	w->armed = 1;
	/* whoever reads our standard output waits for paths, not for the command's end */
	status = loop_ready(&w->loop, STDERR_FILENO);
	if (status) {
		end_with(w, status);
		return 0;
	}
	if (w->cli.timeout_ns >= 0)
		w->loop.deadline_ns = pathev__clock_after(w->start_ns, w->cli.timeout_ns);
	return look_at_all(w, START);
}

static int act(struct wait *w, struct pathev_event *ev)
{
	if (ev->what & PATHEV_ERROR)
		return blind_spot(&w->scope.blind, ev->path, ev->error);
	if (ev->what & PATHEV_OVERFLOW)
		cli_warn(&w->cli, "events were lost; looking again at what is there");
	if (ev->what & PATHEV_READY)
		return ready(w);
	return ev->path ? look_at_event(w, ev) : 0;
}

/* The command ended.  If it failed, it may still have done what we wait for. */
static void command_ended(struct wait *w)
{
	if (w->loop.status == 0)
		cli_note(&w->cli, "the command ended");
	/* or this ends already, for another reason */
	if (w->loop.status == 0 || w->status >= 0)
		return;
	w->failed = 1;
	end_with(w, CLI_COMMAND_FAILED);
}

/* Nothing more will come: the exit status. */
static int last_look(struct wait *w)
{
	/* 126, 127: there was nothing to look for */
	if (w->status == CLI_TIMEOUT || w->failed) {
		if (look_again(w, END) || look_at_all(w, END))
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
		w->loop.timer_ns = files_next_look(&w->files);
		switch (loop_next(&w->loop, &ev)) {
		case LOOP_EVENT:
			ret = act(w, &ev);
			break;
		case LOOP_TIMER:
			ret = look_again(w, AGAIN);
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
	if (scope_init(&w->scope, &w->cli, w->out.fd, SCOPE_NEED_PATH) || make_targets(w))
		return -1;
	for (size_t i = 0; i < w->ntargets && w->until == WRITTEN; i++)
		if (refuse_special(w, w->target[i].path))
			return -1;
	return 0;
}

static int open_watcher(struct wait *w)
{
	struct pathev_options opt = {
		.want = wanted(w) & ~PATHEV_OWN,
		.flags = w->existing || w->cli.events & PATHEV_EXISTS ? PATHEV_LIST : 0,
		.pair_ns = record_pair_ns(&w->record)
	};

	w->pv = scope_open(&w->scope, &opt);
	if (!w->pv)
		return -1;
	return loop_start(&w->loop, w->pv, opt.pair_ns);
}

int main(int argc, char **argv)
{
	struct wait w = { .out.fd = -1, .status = -1, .start_ns = pathev_now() };
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
	files_fini(&w.files);
	free(w.target);
	scope_fini(&w.scope);
	record_fini(&w.record);
	if (out_close(&w.out))
		status = CLI_ERROR;
	cli_free(&w.cli);
	return loop_exit(&w.loop, status);
}
