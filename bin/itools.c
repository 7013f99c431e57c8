/* SPDX-License-Identifier: MIT */
/*
 * itools.c - what inotifywait and inotifywatch have in common
 *
 * Messages; options; lists of paths; the watcher; translating its events.
 */
#include "itools.h"

#include "clock.h"
#include "filter.h"
#include "pathev.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

/* How long a MOVED_FROM may wait for its MOVED_TO. */
#define PAIR_NS (10 * PATHEV__NS_PER_MS)

/* A path that is given, and what was told of it. */
struct itools_root {
	const char *path;	/* of cli.paths */
	int bound;		/* the path is there */
	int deleted;		/* what was there is known to be deleted */
};

const char itools_help[] =
	"What to watch:\n"
	"  -e, --event LIST        access attrib close close_nowrite close_write create delete\n"
	"                          delete_self modify move move_self moved_from moved_to open\n"
	"                          unmount; repeatable; all of them by default\n"
	"  -r, --recursive         the directories below as well, also those made later\n"
	"  -P, --no-dereference    a path that is a symbolic link is watched itself\n"
	"      --exclude REGEX, --excludei REGEX     not what matches (i: in any case)\n"
	"      --include REGEX, --includei REGEX     only what matches\n"
	"      --fromfile FILE     paths from FILE, one a line; - is standard input\n"
	"  @PATH                   with -r: leave this directory out\n"
	"  -I, --inotify           with inotify (the default; -F and -S are not available)\n";

/* ---- messages ---- */

static void to_syslog(const char *line)
{
	syslog(LOG_INFO, "%s", line);
}

void itools_use_syslog(struct itools *t)
{
	openlog(t->cli.program->name, LOG_CONS | LOG_PID | LOG_NDELAY, LOG_DAEMON);
	t->cli.message = to_syslog;
}

static void say(const struct itools *t, int error, const char *fmt, va_list ap)
{
	struct cli to = t->cli;
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		return;
	cli_line(&to, "%s", text);
	if (error && to.message && t->foreground) {
		to.message = NULL;
		cli_line(&to, "%s", text);
	}
	free(text);
}

void itools_status(const struct itools *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(t, 0, fmt, ap);
	va_end(ap);
}

void itools_error(const struct itools *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(t, 1, fmt, ap);
	va_end(ap);
}

/* ---- options ---- */

static const struct {
	const char *name;
	uint32_t events;
} names[] = {
	{ "access", PATHEV_ACCESS },
	{ "modify", PATHEV_MODIFY },
	{ "attrib", PATHEV_ATTRIB },
	{ "close_write", PATHEV_CLOSE_WRITE },
	{ "close_nowrite", PATHEV_CLOSE_NOWRITE },
	{ "close", PATHEV_CLOSE },
	{ "open", PATHEV_OPEN },
	{ "moved_from", PATHEV_MOVED_FROM },
	{ "moved_to", PATHEV_MOVED_TO },
	{ "move", PATHEV_MOVE },
	{ "move_self", PATHEV_MOVE_SELF },
	{ "create", PATHEV_CREATE },
	{ "delete", PATHEV_DELETE },
	{ "delete_self", PATHEV_DELETE_SELF },
	{ "unmount", PATHEV_UNMOUNT },
	{ "q_overflow", PATHEV_OVERFLOW },
	{ "ignored", ITOOLS_IGNORED },
	{ "isdir", ITOOLS_ISDIR },
	{ "oneshot", ITOOLS_ONESHOT },
	{ "all_events", ITOOLS_ALL }
};

/* The bits of one name; 0 when it is none. */
static uint32_t lookup(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == len && strncasecmp(names[i].name, word, len) == 0)
			return names[i].events;
	return 0;
}

/* Where a name is missing, the whole list counts as none, even if something wrong follows. */
int itools_parse_events(const char *list, uint32_t *events)
{
	uint32_t sum = 0;

	*events = 0;
	for (;;) {
		size_t len = strcspn(list, ",");
		uint32_t one;

		if (len == 0)
			return 0;
		one = lookup(list, len);
		if (!one)
			return -1;
		sum |= one;
		if (!list[len])
			break;
		list += len + 1;
	}
	*events = sum;
	return 0;
}

static int set_events(struct itools *t, const char *list)
{
	uint32_t events;

	if (itools_parse_events(list, &events)) {
		itools_error(t, "'%s' is not a valid event!  Run with the '--help' option to see "
			     "a list of events.", list);
		return -1;
	}
	t->cli.events |= events;
	return 0;
}

static int set_timeout(struct itools *t, const char *text)
{
	char *end;

	errno = 0;
	t->timeout = strtol(text, &end, 10);
	if (*text == '\0')
		itools_error(t, "The provided value is not a valid timeout value.");
	else if (errno == ERANGE)
		itools_error(t, "Something went wrong with the timeout value you provided.");
	else if (*end)
		itools_error(t, "'%s' is not a valid timeout value.", text);
	else
		return 0;
	if (*text && errno == ERANGE)
		itools_error(t, "%s", strerror(errno));
	else
		itools_error(t, "Please specify a long int value.");
	return -1;
}

static int set_fromfile(struct itools *t, const char *file)
{
	if (t->fromfile) {
		itools_error(t, "Multiple --fromfile options given.");
		return -1;
	}
	t->fromfile = file;
	return 0;
}

int itools_option(struct itools *t, int opt, const char *arg)
{
	switch (opt) {
	case 'e':
		return set_events(t, arg);
	case 't':
		return set_timeout(t, arg);
	case 'r':
		t->cli.flags |= PATHEV_RECURSIVE;
		return 0;
	case 'P':
		t->cli.flags |= PATHEV_NOFOLLOW;
		return 0;
	case 'I':
		t->fanotify = 0;
		return 0;
	case 'F':
	case 'S':
		t->fanotify = 1;
		return 0;
	case ITOOLS_FROMFILE:
		return set_fromfile(t, arg);
	case ITOOLS_EXCLUDE:
		t->exclude = arg;
		return 0;
	case ITOOLS_EXCLUDEI:
		t->excludei = arg;
		return 0;
	case ITOOLS_INCLUDE:
		t->include = arg;
		return 0;
	case ITOOLS_INCLUDEI:
		t->includei = arg;
		return 0;
	default:
		return 1;
	}
}

int itools_check_filters(const struct itools *t)
{
	if (t->exclude && t->excludei)
		itools_error(t, "--exclude and --excludei cannot both be specified.");
	else if (t->include && t->includei)
		itools_error(t, "--include and --includei cannot both be specified.");
	else if ((t->include || t->includei) && (t->exclude || t->excludei))
		itools_error(t, "include and exclude regexp cannot both be specified.");
	else
		return 0;
	return -1;
}

static int add_filter(struct itools *t, const char *regex, unsigned flags)
{
	char why[256];

	if (!regex)
		return 0;
	if (!t->cli.filter)
		t->cli.filter = pathev__filter_new();
	if (!t->cli.filter)
		return cli_no_memory(&t->cli);
	if (pathev__filter_add(t->cli.filter, flags, regex, why, sizeof(why)) == 0)
		return 0;
	if (errno == ENOMEM)
		return cli_no_memory(&t->cli);
	itools_error(t, "Error in `%s' regular expression.",
		     flags & PATHEV__FILTER_EXCLUDE ? "exclude" : "include");
	return -1;
}

static int add_filters(struct itools *t)
{
	if (add_filter(t, t->exclude, PATHEV__FILTER_EXCLUDE) ||
	    add_filter(t, t->excludei, PATHEV__FILTER_EXCLUDE | PATHEV__FILTER_ICASE) ||
	    add_filter(t, t->include, PATHEV__FILTER_INCLUDE) ||
	    add_filter(t, t->includei, PATHEV__FILTER_INCLUDE | PATHEV__FILTER_ICASE))
		return -1;
	return 0;
}

/* ---- lists of paths ---- */

/* A line or a word; what is empty is passed over. */
static int add_word(struct itools *t, const char *word, size_t len)
{
	struct cli *c = &t->cli;

	if (len == 0 || (word[0] == '@' && len == 1))
		return 0;
	if (word[0] != '@')
		return cli_list_add(c, &c->paths, word, len);
	/* told apart from a directory by no more than the slash */
	if (len > 2 && word[len - 1] == '/')
		len--;
	return cli_list_add(c, &c->left_out, word + 1, len - 1);
}

static int read_lines(struct itools *t, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int ret = 0;

	while (ret == 0 && (len = getline(&line, &size, f)) > 0) {
		if (line[len - 1] == '\n')
			len--;
		ret = add_word(t, line, strnlen(line, (size_t)len));
	}
	free(line);
	return ret;
}

/* A list that is not there is said to be so, and what else is given is watched. */
static int read_list(struct itools *t)
{
	FILE *f;
	int ret;

	if (!t->fromfile)
		return 0;
	if (strcmp(t->fromfile, "-") == 0)
		return read_lines(t, stdin);
	f = fopen(t->fromfile, "re");
	if (!f) {
		itools_error(t, "Couldn't open %s: %s", t->fromfile, strerror(errno));
		return 0;
	}
	ret = read_lines(t, f);
	fclose(f);
	return ret;
}

static int compare_roots(const void *a, const void *b)
{
	const struct itools_root *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int collect(struct itools *t, char **words)
{
	if (read_list(t))
		return -1;
	for (; *words; words++)
		if (add_word(t, *words, strlen(*words)))
			return -1;
	if (!t->cli.paths.len) {
		itools_error(t, "No files specified to watch!");
		return -1;
	}
	t->root = calloc(t->cli.paths.len, sizeof(*t->root));
	if (!t->root)
		return cli_no_memory(&t->cli);
	for (size_t i = 0; i < t->cli.paths.len; i++)
		t->root[i] = (struct itools_root){ .path = t->cli.paths.item[i], .bound = 1 };
	qsort(t->root, t->cli.paths.len, sizeof(*t->root), compare_roots);
	return 0;
}

/* ---- the watcher ---- */

void itools_init(struct itools *t, const struct cli_program *program)
{
	*t = (struct itools){ .cli = { .program = program, .timeout_ns = -1, .ready_fd = -1 },
			      .out.fd = -1 };
	t->blind.cli = &t->cli;
}

void itools_fini(struct itools *t)
{
	pathev_close(t->pv);
	free(t->root);
	free(t->self);
	free(t->out_name);
	cli_free(&t->cli);
}

/* Is this directory one of those @PATH leaves out?  The comparison is of text. */
static int is_left_out(const struct itools *t, const char *dir)
{
	const struct cli_list *list = &t->cli.left_out;

	for (size_t i = 0; i < list->len; i++)
		if (strcmp(list->item[i], dir) == 0)
			return 1;
	return 0;
}

/* Is nothing below this directory asked for? */
static int is_pruned(const struct itools *t, const char *dir)
{
	if (is_left_out(t, dir))
		return 1;
	/* without memory to judge it, it counts: telling too much loses nothing */
	return t->cli.filter && pathev__filter_all_below(t->cli.filter, dir) > 0;
}

/* What we write is an event that would make us write more, for ever. */
static int is_output(const struct itools *t, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (!t->out_name || strcmp(slash ? slash + 1 : path, t->out_name) != 0)
		return 0;
	return lstat(path, &st) == 0 && st.st_dev == t->out_dev && st.st_ino == t->out_ino;
}

/* What matches an expression is judged as it is told, with the name that is printed then. */
static unsigned filter(void *arg, const char *path, size_t reloff, int is_dir)
{
	const struct itools *t = arg;

	(void)reloff;
	if (is_dir)
		return is_pruned(t, path) ? PATHEV_PRUNE : 0;
	return is_output(t, path) ? PATHEV_HIDE : 0;
}

static int cannot_start(struct itools *t, int error)
{
	itools_error(t, "Couldn't initialize inotify: %s", strerror(error));
	if (error == EMFILE)
		itools_error(t, "Try increasing the value of "
			     "/proc/sys/fs/inotify/max_user_instances");
	return -1;
}

int itools_prepare(struct itools *t, char **words)
{
	if (t->fanotify) {
		itools_error(t, "Couldn't initialize fanotify: %s", strerror(ENOSYS));
		return -1;
	}
	if (add_filters(t) || collect(t, words))
		return -1;
	if (!t->cli.events)
		t->cli.events = ITOOLS_ALL;
	return 0;
}

int itools_open(struct itools *t)
{
	uint32_t events = t->cli.events;
	int recursive = t->cli.flags & PATHEV_RECURSIVE;
	struct pathev_options opt = { .filter_arg = t };

	t->delivered = events;
	if (t->monitor && recursive)
		t->delivered |= PATHEV_CREATE | PATHEV_MOVE;
	/* the names of paths that are given come and go, whatever was asked for */
	opt.want = (events & PATHEV_ALL) | PATHEV_CREATE | PATHEV_DELETE | PATHEV_MOVE |
		   PATHEV_DELETE_SELF | PATHEV_UNMOUNT;
	/* it joins those that follow each other, as the opens of a file without its closes */
	if (t->exact)
		opt.want = PATHEV_ALL;
	/* whether a directory left is known only when its other half is not seen */
	t->pair_ns = events & PATHEV_MOVE_SELF && recursive ? PAIR_NS : -1;
	opt.pair_ns = t->pair_ns;
	if (t->cli.filter || t->cli.left_out.len || t->out_name)
		opt.filter = filter;
	t->pv = pathev_open(&opt);
	return t->pv ? 0 : cannot_start(t, errno);
}

int itools_leave_out_output(struct itools *t)
{
	char target[PATH_MAX];
	const char *slash;
	struct stat st;
	ssize_t len;

	if (fstat(STDOUT_FILENO, &st) || !S_ISREG(st.st_mode))
		return 0;
	len = readlink("/proc/self/fd/1", target, sizeof(target) - 1);
	if (len <= 0)
		return 0;
	target[len] = '\0';
	slash = strrchr(target, '/');
	t->out_dev = st.st_dev;
	t->out_ino = st.st_ino;
	t->out_name = strdup(slash ? slash + 1 : target);
	return t->out_name ? 0 : cli_no_memory(&t->cli);
}

int itools_add(struct itools *t, const char *path, uint32_t flags)
{
	struct stat st;

	flags |= t->cli.flags;
	/* the directory behind a link is entered all the same when it is to be read */
	if (flags & PATHEV_RECURSIVE && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		flags &= ~(uint32_t)PATHEV_NOFOLLOW;
	if (pathev_add(t->pv, path, flags) == 0)
		return 0;
	/* the watcher looks at a path part by part, and says less */
	if (errno == ENOENT)
		stat(path, &st);
	return -1;
}

void itools_refused(struct itools *t, const char *what, const char *path, int error)
{
	if (error != ENOSPC) {
		itools_error(t, "%s %s: %s", what, path, strerror(error));
		return;
	}
	/* that all the others are not watched either is no news */
	if (t->blind.limit_told)
		return;
	t->blind.limit_told = 1;
	itools_error(t, "Failed to watch %s; upper limit on inotify watches reached!", path);
	itools_error(t, "Please increase the amount of inotify watches allowed per user via "
		     "`/proc/sys/fs/inotify/max_user_watches'.");
	blind_limit(&t->cli);
}

int64_t itools_deadline(const struct itools *t)
{
	int64_t seconds = t->timeout;

	if (seconds > INT64_MAX / PATHEV__NS_PER_S)
		return INT64_MAX;
	return pathev__clock_after(pathev_now(), seconds * PATHEV__NS_PER_S);
}

/* ---- translating ---- */

/* The expressions see %w%f. */
static int is_hidden(const struct itools *t, const char *path)
{
	return t->cli.filter && pathev__filter_ask(t->cli.filter, path, 0) > 0;
}

static int is_asked_for(const struct itools *t, uint32_t what, int is_dir)
{
	uint32_t events = t->cli.events;

	/* their page says that this one comes unasked, and a dead tree should be known */
	if (what & events || what == PATHEV_UNMOUNT)
		return 1;
	return is_dir && events & ITOOLS_ISDIR && what & t->delivered;
}

/* One record of an event, but with this bit only. */
static int tell(struct itools *t, const struct pathev_event *ev, uint32_t what)
{
	struct pathev_event one = *ev;

	one.what = what;
	if (!(what & PATHEV_MOVE))
		one.cookie = 0;
	if (!is_asked_for(t, what, one.type == 'd') || (one.path && is_hidden(t, one.path)))
		return 0;
	return t->tell(t->arg, &one);
}

/* The path of a directory with its slash; NULL after a message. */
static const char *slashed(struct itools *t, const struct pathev_event *ev)
{
	size_t len = ev->pathlen;

	if (t->selfcap < len + 2) {
		free(t->self);
		t->selfcap = 2 * len + 64;
		t->self = malloc(t->selfcap);
		if (!t->self) {
			t->selfcap = 0;
			cli_no_memory(&t->cli);
			return NULL;
		}
	}
	memcpy(t->self, ev->path, len);
	if (ev->type == 'd' && (!len || t->self[len - 1] != '/'))
		t->self[len++] = '/';
	t->self[len] = '\0';
	return t->self;
}

/*
 * A record of a watched file or directory itself.  What ends the watch, or moves it, does not
 * say that it is a directory.
 */
static int tell_self(struct itools *t, const struct pathev_event *ev, uint32_t what)
{
	struct pathev_event self = *ev;

	self.path = slashed(t, ev);
	if (!self.path)
		return -1;
	self.pathlen = strlen(self.path);
	self.nameoff = self.reloff = self.pathlen;
	if (what & (PATHEV_DELETE_SELF | PATHEV_MOVE_SELF | ITOOLS_IGNORED))
		self.type = 0;
	return tell(t, &self, what);
}

static int tell_end(struct itools *t, const struct pathev_event *ev, uint32_t what)
{
	int ret = tell_self(t, ev, what);

	return ret ? ret : tell_self(t, ev, ITOOLS_IGNORED);
}

/* Each bit of what as a record of its own, beginning with how the path came to be. */
static int tell_each(struct itools *t, const struct pathev_event *ev, uint32_t what,
		     int (*one)(struct itools *, const struct pathev_event *, uint32_t))
{
	const uint32_t first = PATHEV_CREATE | PATHEV_MOVED_TO;
	int ret = 0;

	for (uint32_t bit = 1; bit <= PATHEV_UNMOUNT && ret == 0; bit <<= 1)
		if (what & first & bit)
			ret = one(t, ev, bit);
	for (uint32_t bit = 1; bit <= PATHEV_UNMOUNT && ret == 0; bit <<= 1)
		if (what & ~first & bit)
			ret = one(t, ev, bit);
	return ret;
}

/* A directory below a given one, by the watch that inotify-tools would have on itself. */
static int tell_from_inside(struct itools *t, const struct pathev_event *ev)
{
	const uint32_t both = PATHEV_OPEN | PATHEV_ACCESS | PATHEV_CLOSE_NOWRITE |
			      PATHEV_ATTRIB;

	if (ev->what & PATHEV_MOVED_TO && ev->from)
		return tell_self(t, ev, PATHEV_MOVE_SELF);
	if (ev->what & PATHEV_MOVED_FROM && !ev->to)
		return tell_end(t, ev, PATHEV_MOVE_SELF);
	return tell_each(t, ev, ev->what & both, tell_self);
}

static void tell_new_directory(struct itools *t, const struct pathev_event *ev)
{
	if (ev->type != 'd' || ev->synthesized || !t->says_new)
		return;
	if (ev->what & PATHEV_CREATE || (ev->what & PATHEV_MOVED_TO && !ev->from))
		itools_status(t, "Watching new directory %s/", ev->path);
}

/* An event of what is in a directory. */
static int translate_entry(struct itools *t, const struct pathev_event *ev)
{
	int watched = ev->type == 'd' && t->cli.flags & PATHEV_RECURSIVE &&
		      !is_pruned(t, ev->path);
	int ret = 0;

	if (watched && ev->what & PATHEV_DELETE)
		ret = tell_end(t, ev, PATHEV_DELETE_SELF);
	if (ret == 0)
		ret = tell_each(t, ev, ev->what & PATHEV_ALL, tell);
	if (watched && ret == 0) {
		tell_new_directory(t, ev);
		ret = tell_from_inside(t, ev);
	}
	return ret;
}

/* The watcher tells of no root that was not added. */
static struct itools_root *find_root(const struct itools *t, const char *path)
{
	struct itools_root key = { .path = path };

	return bsearch(&key, t->root, t->cli.paths.len, sizeof(*t->root), compare_roots);
}

/* The name was taken.  What was there is gone, which the kernel tells late, or to nobody. */
static int bind_root(struct itools *t, struct itools_root *root, const struct pathev_event *ev)
{
	int replaced = root->bound && !root->deleted;
	int ret = 0;

	if (!root->bound && root->deleted && t->gone)
		t->gone--;
	root->bound = 1;
	root->deleted = 0;
	/* one link less, says the kernel of a file */
	if (replaced && ev->type != 'd')
		ret = tell_self(t, ev, PATHEV_ATTRIB);
	if (replaced && ret == 0)
		ret = tell_end(t, ev, PATHEV_DELETE_SELF);
	return ret;
}

static int end_root(struct itools *t, struct itools_root *root, const struct pathev_event *ev)
{
	int ret = 0;

	if (!root->deleted)
		ret = tell_end(t, ev, PATHEV_DELETE_SELF);
	root->deleted = 1;
	if (ev->what & PATHEV_DELETE && root->bound) {
		root->bound = 0;
		t->gone++;
	}
	return ret;
}

/*
 * A file that was just made, is empty and still being written: what is written will be told, and
 * who acts upon less finds nothing in it, and may miss the rest.
 */
static int is_unwritten(const struct pathev_event *ev)
{
	struct stat st;

	if (!ev->synthesized ||
	    (ev->what & (PATHEV_MODIFY | PATHEV_CLOSE_WRITE)) != PATHEV_MODIFY)
		return 0;
	return stat(ev->path, &st) == 0 && st.st_size == 0;
}

/* An event of a given path itself.  Its name's coming and going has no record. */
static int translate_root(struct itools *t, const struct pathev_event *ev)
{
	const uint32_t name = PATHEV_CREATE | PATHEV_DELETE | PATHEV_MOVE | PATHEV_DELETE_SELF;
	struct itools_root *root = find_root(t, ev->root);
	uint32_t rest = ev->what & PATHEV_ALL & ~name;
	int ret = 0;

	assert(root);
	if (is_unwritten(ev))
		rest &= ~(uint32_t)PATHEV_MODIFY;
	if (ev->what & PATHEV_MOVED_FROM)
		root->bound = 0;
	if (ev->what & (PATHEV_DELETE | PATHEV_DELETE_SELF))
		ret = end_root(t, root, ev);
	if (ret == 0 && ev->what & (PATHEV_CREATE | PATHEV_MOVED_TO))
		ret = bind_root(t, root, ev);
	if (ret == 0)
		ret = tell_each(t, ev, rest, tell_self);
	if (ret == 0 && ev->what & PATHEV_UNMOUNT) {
		root->deleted = t->unmounted = 1;
		ret = tell_self(t, ev, ITOOLS_IGNORED);
	}
	return ret;
}

static int translate_overflow(struct itools *t, const struct pathev_event *ev)
{
	if (t->cli.events & PATHEV_OVERFLOW)
		return tell(t, ev, PATHEV_OVERFLOW);
	/* in the output it would be an empty path to who did not ask */
	itools_error(t, "Events were lost; what has changed meanwhile follows.");
	return 0;
}

static void translate_error(struct itools *t, const struct pathev_event *ev)
{
	char *path;

	if (ev->error == EREMOTE || ev->error == EOPNOTSUPP) {
		blind_spot(&t->blind, ev->path, ev->error);
		return;
	}
	if (asprintf(&path, "%s/", ev->path) < 0) {
		cli_no_memory(&t->cli);
		return;
	}
	itools_refused(t, t->armed ? "Couldn't watch new directory" : "Couldn't watch", path,
		       ev->error);
	free(path);
}

int itools_translate(struct itools *t, const struct pathev_event *ev)
{
	if (ev->what & PATHEV_ERROR)
		translate_error(t, ev);
	if (ev->what & PATHEV_READY)
		t->armed = 1;
	if (ev->what & PATHEV_OVERFLOW)
		return translate_overflow(t, ev);
	if (!(ev->what & PATHEV_ALL))
		return 0;
	return ev->reloff == ev->pathlen ? translate_root(t, ev) : translate_entry(t, ev);
}
