/* SPDX-License-Identifier: MIT */
/*
 * script.h - kernel records by hand: a watcher is fed what a script says, its events are compared
 *
 * A script is a list of lines:
 *
 *	mkdir P		file P		write P		rm P		rmtree P
 *	mv A B		swap A B	ln A B		symlink TARGET P	chmod OCTAL P
 *	open P		close		empty P		touch P
 *		change the directory of the test; open holds a file open for writing, which is made
 *		if need be, until close; empty makes a file without opening it, touch without writing to it.  What the kernel
 *		tells of it is thrown away, so that the script says instead what is told, and in
 *		which order.
 *	many P		empty P0 to P19
 *	flood P		empty and rm, more often than the kernel's queue has room for
 *	live OP		the same, and what the kernel tells goes its way.
 *	tick		until the clock of file times is surely past the present
 *	at watch P: OP	as live, in the middle of a look: right behind the watch of directory P ...
 *	at read P: OP	... or behind the reading of its entries.  Each line is done once.
 *	add P [rlnmxe]	pathev_add(): recursive, list, nofollow, missing ok, one file system,
 *			existing
 *	remove P	pathev_remove()
 *	sync TOKEN	pathev_sync(); the event is written as sync TOKEN
 *	k DIR EVENTS [NAME [COOKIE]]
 *		a kernel record.  DIR is a directory that is or was at that path, or a name given
 *		by learn; ? is a descriptor that nobody has, - is the one of an overflow.  EVENTS
 *		are those of pathev_parse_events(), isdir and ignored.
 *	learn NAME P	from here on NAME as a DIR is what is at P now
 *	commit		the records up to here are one read; = does so too
 *	held		after the next events, a MOVED_FROM waits for its other half
 *	patience	a second half that the engine allows some milliseconds for has a second
 *	watched N	so many directories, added paths among them, are watched
 *	wait		and behind this line it does no more: pathev_wait() came back by itself
 *	= EVENT		the events that are told now, one line each; a = alone: none.  Events of one
 *			look may come in any order: neighbours with a tilde are sorted by path.
 *
 * An event is written as [~]NAMES PATH[/] [#COOKIE] [< FROM] [> TO] [!ERROR] [@ROOT]: the tilde for
 * synthesized and for written, the slash behind directories, the root when there are several.  Cookies are
 * numbered 1, 2, ... as they are told.
 */
#ifndef PATHEV_TEST_SCRIPT_H
#define PATHEV_TEST_SCRIPT_H

#include "../../lib/buf.h"
#include "scratch.h"
#include "tap.h"

#include <fnmatch.h>
#include <pthread.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>

/*
 * The two modules that look at the file system, with a place to step in.
 */
int script_real_add(int fd, const char *path, uint32_t what, unsigned flags);
int script_real_read(int fd, int only_dirs, struct pathev__buf *list);

#define pathev__inotify_add script_real_add
#include "../../lib/inotify.c"
#undef pathev__inotify_add
#define pathev__walk_read script_real_read
#include "../../lib/walk.c"
#undef pathev__walk_read

#include "../../lib/clock.h"
#include "../../lib/engine.h"

int pathev__inotify_add(int fd, const char *path, uint32_t what, unsigned flags);
int pathev__walk_read(int fd, int only_dirs, struct pathev__buf *list);

enum { SCRIPT_LINES = 48, SCRIPT_NAMES = 64, SCRIPT_HOOKS = 8, SCRIPT_EVENTS = 100,
       SCRIPT_EXCHANGE = 2 /* RENAME_EXCHANGE, which not every libc has */ };

struct script {
	const char *name;
	uint32_t want;		/* as in pathev_options */
	uint32_t max_depth;
	int pair_ms;		/* 0: one second, -1: never */
	int settle_ms;
	const char *hide;	/* fnmatch(3) patterns of the part below the root */
	const char *prune;
	size_t queue_limit;
	int split;		/* also try it with each record read by itself */
	const char *line[SCRIPT_LINES];
};

/* How a script is run: as it is, with each record read by itself, by way of pathev_fill(), or with
 * every tree taken for a large one, that threads look at. */
enum script_mode { SCRIPT_PLAIN, SCRIPT_SPLIT, SCRIPT_FILL, SCRIPT_CREW };

static struct {
	const struct script *s;
	struct pathev *pv;
	enum script_mode mode;
	int roots;
	char name[SCRIPT_NAMES][64];	/* what a DIR stands for */
	int wd[SCRIPT_NAMES];
	int names;
	int held;			/* what open opened; -1: nothing */
	char added[64];			/* the last path added */
	uint32_t cookie[SCRIPT_NAMES];	/* those that were told */
	uint32_t cookies;
	const char *hook[SCRIPT_HOOKS];	/* "watch P: OP"; NULL: done */
	struct pathev__buf records;	/* not yet committed */
	struct pathev__buf got;		/* events told, a line each */
	const char *wrong;		/* the line that went wrong */
} sc;

static int script_quiet;		/* what goes wrong is not explained */

static int script_fails(const char *line, const char *why)
{
	if (!script_quiet)
		printf("# %s: \"%s\": %s\n", sc.s->name, line, why);
	sc.wrong = line;
	return -1;
}

/* The next word of a line. */
static char *script_word(char **p)
{
	char *w = *p + strspn(*p, " ");

	*p = w + strcspn(w, " ");
	if (**p)
		*(*p)++ = '\0';
	return w;
}

/*
 * Changes
 */

static int script_write(const char *path, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);

	if (fd < 0)
		return -1;
	if (write(fd, "text\n", 5) != 5)
		printf("# cannot write %s\n", path);
	return close(fd);
}

static int script_many(const char *path)
{
	char name[256];

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%s%d", path, i);
		if (mknod(name, S_IFREG | 0666, 0))
			return -1;
	}
	return 0;
}

/* More changes than the kernel's queue takes. */
static int script_flood(const char *path)
{
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	long n = 16384;

	if (f) {
		if (fscanf(f, "%ld", &n) != 1)
			n = 16384;
		fclose(f);
	}
	/* two records each */
	for (n = n / 2 + 1; n > 0; n--)
		if (mknod(path, S_IFREG | 0666, 0) || remove(path))
			return -1;
	return 0;
}

static int script_close(void)
{
	int fd = sc.held;

	sc.held = -1;
	return close(fd);
}

static int script_change(const char *line)
{
	char copy[256], *p = copy, *op, *a, *b;

	snprintf(copy, sizeof(copy), "%s", line);
	op = script_word(&p);
	a = script_word(&p);
	b = script_word(&p);
	if (!strcmp(op, "mkdir"))
		return mkdir(a, 0777);
	if (!strcmp(op, "file"))
		return script_write(a, O_CREAT | O_EXCL);
	if (!strcmp(op, "touch"))
		return close(open(a, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
	if (!strcmp(op, "write"))
		return script_write(a, O_APPEND);
	if (!strcmp(op, "many"))
		return script_many(a);
	if (!strcmp(op, "flood"))
		return script_flood(a);
	if (!strcmp(op, "open")) {
		sc.held = open(a, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		return write(sc.held, "text\n", 5) == 5 ? 0 : -1;
	}
	if (!strcmp(op, "empty"))
		return mknod(a, S_IFREG | 0666, 0);
	if (!strcmp(op, "close"))
		return script_close();
	if (!strcmp(op, "rm"))
		return remove(a);
	if (!strcmp(op, "rmtree"))
		return scratch_remove(a), 0;
	if (!strcmp(op, "mv"))
		return rename(a, b);
	if (!strcmp(op, "swap"))
		return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, SCRIPT_EXCHANGE);
	if (!strcmp(op, "ln"))
		return link(a, b);
	if (!strcmp(op, "symlink"))
		return symlink(a, b);
	if (!strcmp(op, "chmod"))
		return chmod(b, (mode_t)strtol(a, NULL, 8));
	errno = ENOSYS;
	return -1;
}

static void script_discard(void)
{
	char buf[4096];

	while (sc.pv && read(sc.pv->fd, buf, sizeof(buf)) > 0)
		continue;
}

/* See fault.h: what the test does itself does not fail. */
static int fault_on;

/* Where a test steps in by itself. */
static void (*script_step)(const char *where, const char *path);

/* A change made in the middle of a look, which may be that of a thread with a cwd of its own. */
static int script_change_home(const char *op)
{
	int cwd = open(".", O_RDONLY | O_CLOEXEC), res;

	if (cwd < 0 || chdir(scratch_dir))
		return -1;
	res = script_change(op);
	if (fchdir(cwd))
		res = -1;
	close(cwd);
	return res;
}

/* The path of a name for a thread that may have a cwd of its own, as the others write it. */
static const char *script_whole(const char *name, char *buf, size_t size)
{
	size_t at = strlen(scratch_dir);

	if (name[0] == '/' || !getcwd(buf, size) || strncmp(buf, scratch_dir, at) || !buf[at])
		return name;
	snprintf(buf + strlen(buf), size - strlen(buf), "/%s", name);
	return buf + at + 1;
}

static void script_hook(const char *where, const char *path)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	char buf[8192];
	int on = fault_on;

	fault_on = 0;
	pthread_mutex_lock(&lock);
	path = script_whole(path, buf, sizeof(buf));
	if (script_step)
		script_step(where, path);
	for (int i = 0; i < SCRIPT_HOOKS; i++) {
		const char *h = sc.hook[i];
		size_t n = strlen(where), len = strlen(path);

		if (!h || strncmp(h, where, n) || h[n] != ' ' || strncmp(h + n + 1, path, len) ||
		    strncmp(h + n + 1 + len, ": ", 2))
			continue;
		sc.hook[i] = NULL;
		if (script_change_home(h + n + len + 3))
			script_fails(h, strerror(errno));
	}
	pthread_mutex_unlock(&lock);
	fault_on = on;
}

int pathev__inotify_add(int fd, const char *path, uint32_t what, unsigned flags)
{
	int wd = script_real_add(fd, path, what, flags);
	int err = errno;

	script_hook("watch", path);
	errno = err;
	return wd;
}

int pathev__walk_read(int fd, int only_dirs, struct pathev__buf *list)
{
	int res = script_real_read(fd, only_dirs, list), err = errno;
	int on = fault_on;
	char proc[32], path[4096];
	size_t at = strlen(scratch_dir) + 1;
	ssize_t len;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	fault_on = 0;
	len = readlink(proc, path, sizeof(path) - 1);
	fault_on = on;
	if (len > (ssize_t)at) {
		path[len] = '\0';
		script_hook("read", path + at);
	}
	errno = err;
	return res;
}

/*
 * Descriptors
 */

/* The watch descriptor of an inode, as the kernel tells in /proc; -1: none. */
static int script_wd_of(ino_t ino)
{
	char path[64], line[256];
	unsigned long i;
	int wd, found = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", sc.pv->fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "inotify wd:%x ino:%lx", &wd, &i) == 2 && i == ino)
			found = wd;
	if (f)
		fclose(f);
	return found;
}

static int *script_name(const char *name)
{
	for (int i = 0; i < sc.names; i++)
		if (!strcmp(sc.name[i], name))
			return &sc.wd[i];
	return NULL;
}

static int script_learn(const char *name, const char *path)
{
	int *wd = script_name(name), found;
	struct stat st;

	found = stat(path, &st) ? -1 : script_wd_of(st.st_ino);
	if (found < 0)
		return -1;
	if (!wd) {
		if (sc.names == SCRIPT_NAMES)
			return -1;
		snprintf(sc.name[sc.names], sizeof(sc.name[0]), "%s", name);
		wd = &sc.wd[sc.names++];
	}
	*wd = found;
	return 0;
}

/*
 * Learn what has been watched newly: the directories of the tree, and those that lead to an added
 * path.  Nothing is opened for it, for that would be told.
 */
static void script_learn_tree(void)
{
	struct pathev__watches *t = &sc.pv->tree;
	struct pathev__buf path = {0};
	uint32_t root;

	for (uint32_t v = 0; v < t->nnodes; v++) {
		pathev__buf_cut(&path, 0);
		if (t->node[v].flags & PATHEV__NODE_FREE || t->node[v].wd < 0 ||
		    pathev__watches_path(t, v, &path, &root) || root == PATHEV__NIL)
			continue;
		if (!script_name(path.data))
			script_learn(path.data, path.data);
	}
	pathev__buf_fini(&path);
	for (char *slash; (slash = strrchr(sc.added, '/'));) {
		*slash = '\0';
		if (!script_name(sc.added))
			script_learn(sc.added, sc.added);
	}
	if (!script_name("."))
		script_learn(".", ".");
}

/*
 * Records
 */

static int script_mask(char *events, uint32_t *mask)
{
	*mask = 0;
	for (char *e = strtok(events, ","); e; e = strtok(NULL, ",")) {
		uint32_t bit = 0;

		if (!strcmp(e, "isdir"))
			bit = IN_ISDIR;
		else if (!strcmp(e, "ignored"))
			bit = IN_IGNORED;
		else if (!strcmp(e, "q_overflow"))
			bit = IN_Q_OVERFLOW;
		else if (pathev_parse_events(e, &bit, NULL, NULL))
			return -1;
		*mask |= bit;
	}
	return 0;
}

static int script_commit(void)
{
	size_t room;
	char *to;

	if (!sc.records.len)
		return 0;
	to = pathev__intake_room(&sc.pv->in, &room);
	if (!to || room < sc.records.len)
		return -1;
	memcpy(to, sc.records.data, sc.records.len);
	room = sc.records.len;
	pathev__buf_cut(&sc.records, 0);
	return pathev__intake_commit(&sc.pv->in, room, pathev__clock_real_ns(), sc.pv->empty_ns);
}

static void script_next(void);

static int script_record(const char *line)
{
	char copy[512], *p = copy, *dir, *events, *name, *cookie;
	struct inotify_event ev = {.wd = -1};
	char field[272] = {0};
	int *wd;

	snprintf(copy, sizeof(copy), "%s", line);
	script_word(&p);
	dir = script_word(&p);
	events = script_word(&p);
	name = script_word(&p);
	cookie = script_word(&p);
	wd = script_name(dir);
	if (*dir == '?')
		ev.wd = 9999;
	else if (*dir != '-' && !wd)
		return script_fails(line, "nobody watches it");
	else if (*dir != '-')
		ev.wd = *wd;
	if (script_mask(events, &ev.mask))
		return script_fails(line, "no such event");
	ev.cookie = (uint32_t)atoi(cookie);
	if (*name) {
		snprintf(field, sizeof(field), "%s", name);
		ev.len = (uint32_t)(strlen(name) / 16 + 1) * 16;
	}
	if (pathev__buf_add(&sc.records, &ev, sizeof(ev)) ||
	    pathev__buf_add(&sc.records, field, ev.len))
		return -1;
	if (sc.mode == SCRIPT_SPLIT) {
		script_commit();
		script_next();
	}
	return 0;
}

/*
 * Events
 */

/* Cookies are numbered as they are met: those of live changes have any number. */
static uint32_t script_cookie(uint32_t cookie)
{
	uint32_t n = 0;

	while (n < sc.cookies && sc.cookie[n] != cookie)
		n++;
	if (n == sc.cookies && n < SCRIPT_NAMES)
		sc.cookie[sc.cookies++] = cookie;
	return n + 1;
}

/* The name of an errno; strerrorname_np(3) is glibc's alone. */
static inline const char *script_error(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{ EACCES, "EACCES" }, { EINVAL, "EINVAL" }, { ENOENT, "ENOENT" },
		{ ENOSPC, "ENOSPC" }, { ENOTDIR, "ENOTDIR" }, { EOPNOTSUPP, "EOPNOTSUPP" },
		{ EREMOTE, "EREMOTE" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].error == error)
			return names[i].name;
	return "?";
}

static inline void script_event(const struct pathev_event *ev)
{
	struct pathev__buf *b = &sc.got;
	char text[256];

	pathev_event_names(ev->what, ',', text, sizeof(text));
	if (ev->synthesized || ev->what & PATHEV_WRITTEN)
		pathev__buf_addch(b, '~');
	pathev__buf_adds(b, text);
	if (ev->path) {
		pathev__buf_addch(b, ' ');
		pathev__buf_adds(b, ev->path);
		if (ev->type == 'd')
			pathev__buf_addch(b, '/');
	}
	if (ev->token) {
		pathev__buf_addch(b, ' ');
		pathev__buf_adds(b, ev->token);
	}
	if (ev->cookie) {
		snprintf(text, sizeof(text), " #%u", script_cookie(ev->cookie));
		pathev__buf_adds(b, text);
	}
	if (ev->from) {
		pathev__buf_adds(b, " < ");
		pathev__buf_adds(b, ev->from);
	}
	if (ev->to) {
		pathev__buf_adds(b, " > ");
		pathev__buf_adds(b, ev->to);
	}
	if (ev->error) {
		pathev__buf_adds(b, " !");
		pathev__buf_adds(b, script_error(ev->error));
	}
	if (ev->root && sc.roots > 1) {
		pathev__buf_adds(b, " @");
		pathev__buf_adds(b, ev->root);
	}
	pathev__buf_addch(b, '\n');
}

/* All events that can be had now. */
static void script_next(void)
{
	struct pathev_event ev;
	int res;

	for (int n = 0; (res = pathev_next(sc.pv, &ev)) == 1; n++) {
		script_event(&ev);
		if (n == SCRIPT_EVENTS) {
			script_fails("next", "there is no end of it");
			return;
		}
	}
	if (res < 0)
		script_fails("next", strerror(errno));
}

/* Also what is to be had a little later: where a look was overtaken, and is repeated. */
static void script_settle(void)
{
	int64_t deadline = pathev_now() + 2 * PATHEV__NS_PER_S;

	script_next();
	while (!sc.wrong && sc.pv->later.len && pathev_wait(sc.pv, deadline) == 1)
		script_next();
	if (!pathev__intake_len(&sc.pv->in) && sc.pv->held_ns >= 0)
		script_fails("next", "it waits, and for nothing");
	script_learn_tree();
}

static const char *script_path(const char *event)
{
	return event + strcspn(event, " ");
}

/* What was found by one look has the order of the directory, which nobody knows: sort each run. */
static int script_lines(char *text, const char **line)
{
	int n = 0;

	for (char *s = strtok(text, "\n"); s && n < SCRIPT_EVENTS; s = strtok(NULL, "\n")) {
		int i = n++;

		line[i] = s;
		for (; *s == '~' && i && *line[i - 1] == '~' &&
		       strcmp(script_path(s), script_path(line[i - 1])) < 0; i--) {
			line[i] = line[i - 1];
			line[i - 1] = s;
		}
	}
	return n;
}

static void script_compare(const char *where, char *want)
{
	const char *got_line[SCRIPT_EVENTS], *want_line[SCRIPT_EVENTS];
	int got = script_lines(sc.got.data, got_line), wanted = script_lines(want, want_line);
	int same = got == wanted;

	for (int i = 0; same && i < got; i++)
		same = !strcmp(got_line[i], want_line[i]);
	if (same)
		return;
	script_fails(where, "these events were told instead:");
	for (int i = 0; i < got && !script_quiet; i++)
		printf("#     = %s\n", got_line[i]);
}

static void script_expect(const char *const *line, int *n)
{
	struct pathev__buf want = {0};
	int i;

	for (i = 0; line[i] && line[i][0] == '='; i++) {
		if (!line[i][1])
			continue;
		pathev__buf_adds(&want, line[i] + 2);
		pathev__buf_addch(&want, '\n');
	}
	*n = i;
	if (sc.mode == SCRIPT_FILL && pathev_fill(sc.pv))
		script_fails("fill", strerror(errno));
	script_settle();
	pathev__buf_adds(&sc.got, "");
	pathev__buf_adds(&want, "");
	script_compare(line[0], want.data);
	pathev__buf_cut(&sc.got, 0);
	pathev__buf_fini(&want);
}

/*
 * Lines
 */

static unsigned script_filter(void *arg, const char *path, size_t reloff, int is_dir)
{
	const struct script *s = arg;
	unsigned res = 0;

	(void)is_dir;
	if (s->hide && !fnmatch(s->hide, path + reloff, 0))
		res |= PATHEV_HIDE;
	if (s->prune && !fnmatch(s->prune, path + reloff, 0))
		res |= PATHEV_HIDE | PATHEV_PRUNE;
	return res;
}

static int script_open(void)
{
	struct pathev_options o = {
		.want = sc.s->want, .max_depth = sc.s->max_depth,
		.queue_limit = sc.s->queue_limit,
		.settle_ns = sc.s->settle_ms * PATHEV__NS_PER_MS,
		.pair_ns = (sc.s->pair_ms ? sc.s->pair_ms : 1000) * PATHEV__NS_PER_MS,
	};

	if (sc.s->pair_ms < 0)
		o.pair_ns = -1;
	if (sc.s->hide || sc.s->prune) {
		o.filter = script_filter;
		o.filter_arg = (void *)(uintptr_t)sc.s;
	}
	sc.pv = pathev_open(&o);
	if (sc.pv && sc.mode == SCRIPT_CREW)
		sc.pv->few = 0;
	return sc.pv ? 0 : -1;
}

static int script_add(const char *line)
{
	static const char letters[] = "rnxmle";	/* in the order of the flags */
	char copy[256], *p = copy, *path;
	uint32_t flags = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	script_word(&p);
	path = script_word(&p);
	for (; *p; p++)
		flags |= 1u << (strchr(letters, *p) - letters);
	if (pathev_add(sc.pv, path, flags))
		return script_fails(line, strerror(errno));
	sc.roots++;
	snprintf(sc.added, sizeof(sc.added), "%s", path);
	script_learn_tree();
	return 0;
}

static int script_watched(const char *line)
{
	const struct pathev__watches *t = &sc.pv->tree;
	int n = 0;

	for (uint32_t v = 0; v < t->nnodes; v++)
		n += !(t->node[v].flags & PATHEV__NODE_FREE) && t->node[v].wd >= 0;
	if (n == atoi(line + strlen("watched ")))
		return 0;
	if (!script_quiet)
		printf("# %d are watched\n", n);
	return script_fails(line, "no");
}

static int script_patience(void)
{
	struct pathev__renames *r = sc.pv->renames;

	for (unsigned i = 0; r && i < PATHEV__MOVES; i++)
		if (r->move[i].open_ns)
			r->move[i].open_ns = pathev_now() + PATHEV__NS_PER_S;
	return 0;
}

static int script_wait(const char *line)
{
	int64_t before = pathev_now(), took;

	script_commit();
	if (pathev_wait(sc.pv, before + 5 * PATHEV__NS_PER_S) != 1)
		return script_fails(line, "nothing came");
	took = pathev_now() - before;
	if (took > 2 * PATHEV__NS_PER_S)
		return script_fails(line, "it took too long");
	return 0;
}

/* File times are taken from a clock that goes by ticks: what changes now may seem older.  The
 * engine allows for the longest tick there is. */
static int script_tick(void)
{
	int64_t now = pathev__clock_real_ns() + 10 * PATHEV__NS_PER_MS;
	struct timespec ts;

	do
		clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	while (ts.tv_sec * PATHEV__NS_PER_S + ts.tv_nsec <= now);
	return 0;
}

static int script_line(const char *line)
{
	char copy[256], *p = copy, *a, *b;

	if (!strncmp(line, "k ", 2))
		return script_record(line);
	if (!strncmp(line, "add ", 4))
		return script_add(line);
	if (!strncmp(line, "remove ", 7))
		return pathev_remove(sc.pv, line + 7) ? script_fails(line, strerror(errno)) : 0;
	if (!strncmp(line, "sync ", 5)) {
		if (script_commit() || pathev_sync(sc.pv, line + 5))
			return script_fails(line, strerror(errno));
		return 0;
	}
	if (!strcmp(line, "commit"))
		return script_commit();
	if (!strncmp(line, "watched ", 8))
		return script_watched(line);
	if (!strcmp(line, "held"))
		return sc.pv->held_ns < 0 ? script_fails(line, "nothing waits") : 0;
	if (!strcmp(line, "patience"))
		return script_patience();
	if (!strcmp(line, "tick"))
		return script_tick();
	if (!strcmp(line, "wait"))
		return script_wait(line);
	if (!strncmp(line, "at ", 3)) {
		for (int i = 0; i < SCRIPT_HOOKS; i++)
			if (!sc.hook[i]) {
				sc.hook[i] = line + 3;
				return 0;
			}
		return script_fails(line, "too many");
	}
	if (!strncmp(line, "live ", 5))
		return script_change(line + 5) ? script_fails(line, strerror(errno)) : 0;
	if (!strncmp(line, "learn ", 6)) {
		snprintf(copy, sizeof(copy), "%s", line + 6);
		a = script_word(&p);
		b = script_word(&p);
		return script_learn(a, *b ? b : a) ? script_fails(line, strerror(errno)) : 0;
	}
	if (script_change(line))
		return script_fails(line, strerror(errno));
	script_discard();
	return 0;
}

static void script_begin(const struct script *s, enum script_mode mode)
{
	memset(&sc, 0, sizeof(sc));
	sc.s = s;
	sc.mode = mode;
	sc.held = -1;
	if (mkdir("w", 0777) || chdir("w"))
		script_fails("", strerror(errno));
	strcat(scratch_dir, "/w");
}

static void script_end(void)
{
	pathev_close(sc.pv);
	if (sc.held >= 0)		/* it was cut short */
		script_close();
	pathev__buf_fini(&sc.records);
	pathev__buf_fini(&sc.got);
	scratch_dir[strlen(scratch_dir) - 2] = '\0';
	if (!chdir(scratch_dir))
		scratch_remove("w");
}

/* Run a script: is all told as it says? */
static inline int script_play(const struct script *s, enum script_mode mode)
{
	script_begin(s, mode);
	if (script_open())
		script_fails("open", strerror(errno));
	for (int i = 0; !sc.wrong && s->line[i];) {
		int n = 1;

		if (s->line[i][0] == '=') {
			if (script_commit())
				script_fails(s->line[i], strerror(errno));
			script_expect(&s->line[i], &n);
		} else if (script_line(s->line[i]) && !sc.wrong) {
			script_fails(s->line[i], strerror(errno));
		}
		i += n;
	}
	for (int i = 0; !sc.wrong && i < SCRIPT_HOOKS; i++)
		if (sc.hook[i])
			script_fails(sc.hook[i], "it was not reached");
	script_end();
	return !sc.wrong;
}

/* What else is done with a script that was run; NULL: nothing. */
static void (*script_then)(const struct script *s, enum script_mode mode);

/* One case of the test. */
static inline void script_run(const struct script *s, enum script_mode mode)
{
	static const char *const modes[] = {
		"", ", record by record", ", by way of memory", ", by threads"
	};

	ok(script_play(s, mode), "%s%s", s->name, modes[mode]);
	if (script_then)
		script_then(s, mode);
}

/* Is this one of the scripts that are wanted?  SCRIPT in the environment is a pattern of names. */
static inline int script_wanted(const struct script *s)
{
	const char *only = getenv("SCRIPT");

	return !only || !fnmatch(only, s->name, 0);
}

/* Run the scripts of a table in each way. */
static inline void script_run_all(const struct script *s, size_t n)
{
	for (; n > 0; s++, n--) {
		if (!script_wanted(s))
			continue;
		script_run(s, SCRIPT_PLAIN);
		script_run(s, SCRIPT_FILL);
		script_run(s, SCRIPT_CREW);
		if (s->split)
			script_run(s, SCRIPT_SPLIT);
	}
}

#endif
