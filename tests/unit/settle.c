/* SPDX-License-Identifier: MIT */
/*
 * settle.c - what changes come to when their path has been quiet
 *
 * Tables of events and of what comes out; a clock that the test moves; and random changes of a
 * tree, whose settled records, applied to a picture of it, must make the picture equal.
 */
#include "alloc.h"

#include "../../lib/buf.c"
#include "../../lib/queue.c"
#define put table_put
#include "../../lib/table.c"
#undef put
#include "../../lib/twin.c"
#include "../../lib/retell.c"
#include "../../lib/settle.c"

#include "random.h"
#include "tap.h"

#define S 1000000000LL

/* ---- events as text: `moved_from d/a >d/b', `create d/x/', `!delete d/x': synthesized ---- */

static const struct {
	const char *name;
	uint32_t bit;
} words[] = {
	{ "modify", PATHEV_MODIFY }, { "attrib", PATHEV_ATTRIB },
	{ "close_write", PATHEV_CLOSE_WRITE }, { "moved_from", PATHEV_MOVED_FROM },
	{ "moved_to", PATHEV_MOVED_TO }, { "create", PATHEV_CREATE }, { "delete", PATHEV_DELETE },
	{ "delete_self", PATHEV_DELETE_SELF }, { "exists", PATHEV_EXISTS },
};

static const char *the_root = "d";

static uint32_t word_bit(const char *s, size_t len)
{
	for (size_t i = 0; i < PATHEV__COUNT(words); i++)
		if (strlen(words[i].name) == len && !memcmp(words[i].name, s, len))
			return words[i].bit;
	printf("Bail out! no event %.*s\n", (int)len, s);
	exit(1);
}

/* A path with a slash at its end is that of a directory. */
static int try_add(struct pathev__settle *s, const char *line, int64_t now_ns)
{
	static char text[1000];
	static uint32_t cookie;
	struct pathev_event ev = { .time_ns = now_ns };
	char *p = text, *path, *save = NULL, *w;

	snprintf(text, sizeof(text), "%s", line);
	if (*p == '!') {
		ev.synthesized = 1;
		p++;
	}
	path = strchr(p, ' ');
	*path++ = '\0';
	for (w = strtok_r(p, ",", &save); w; w = strtok_r(NULL, ",", &save))
		ev.what |= word_bit(w, strlen(w));
	if (ev.what & PATHEV_MOVED_FROM)
		cookie++;
	if (ev.what & (PATHEV_MOVED_FROM | PATHEV_MOVED_TO))
		ev.cookie = cookie;
	if ((w = strstr(path, " >"))) {
		*w = '\0';
		ev.to = w + 2;
	}
	if ((w = strstr(path, " <"))) {
		*w = '\0';
		ev.from = w + 2;
	}
	ev.pathlen = strlen(path);
	if (ev.pathlen > 1 && path[ev.pathlen - 1] == '/' && strcmp(path, the_root)) {
		ev.type = 'd';
		path[--ev.pathlen] = '\0';
	}
	ev.path = path;
	ev.root = the_root;
	ev.reloff = strlen(the_root) + 1 < ev.pathlen ? strlen(the_root) + 1 : ev.pathlen;
	return pathev__settle_add(s, &ev, now_ns);
}

static void add(struct pathev__settle *s, const char *line, int64_t now_ns)
{
	if (try_add(s, line, now_ns)) {
		puts("Bail out! out of memory");
		exit(1);
	}
}

/* An event as such a line. */
static const char *show(const struct pathev_event *ev)
{
	static char text[1000];
	size_t len = 0;

	text[0] = '\0';
	if (ev->synthesized)
		len += (size_t)sprintf(text, "!");
	for (size_t i = 0; i < PATHEV__COUNT(words); i++)
		if (ev->what & words[i].bit)
			len += (size_t)sprintf(text + len, "%s,", words[i].name);
	text[len - 1] = ' ';
	len += (size_t)sprintf(text + len, "%s%s", ev->path, ev->type == 'd' ? "/" : "");
	if (ev->from)
		len += (size_t)sprintf(text + len, " <%s", ev->from);
	if (ev->to)
		sprintf(text + len, " >%s", ev->to);
	return text;
}

/* All that is due, joined by `; '. */
static const char *due(struct pathev__settle *s, int64_t now_ns)
{
	static char text[10000];
	struct pathev_event ev;
	size_t len = 0;

	text[0] = '\0';
	while (pathev__settle_next(s, now_ns, &ev) == 1)
		len += (size_t)sprintf(text + len, "%s%s", len ? "; " : "", show(&ev));
	return text;
}

/* ---- what events come to ---- */

static const struct {
	const char *name;
	const char *events;	/* joined by `; ' */
	const char *want;
} sums[] = {
	{ "one event", "modify d/f", "modify d/f" },
	{ "several of a file", "create d/f; modify d/f; close_write d/f; attrib d/f",
	  "modify,attrib,close_write,create d/f" },
	{ "of several files, by their last event", "create d/f; modify d/g; close_write d/f",
	  "modify d/g; close_write,create d/f" },
	{ "created and gone", "create d/f; modify d/f; delete d/f", "" },
	{ "created and gone, with all below",
	  "create d/x/; create d/x/y/; create d/x/y/f; delete d/x/y/f; delete d/x/y/; delete d/x/", "" },
	{ "created and moved out", "create d/f; moved_from d/f", "" },
	{ "a directory created, filled and moved out", "create d/x/; create d/x/f; moved_from d/x/", "" },
	{ "changed and gone", "modify d/f; delete d/f", "modify,delete d/f" },
	{ "gone and made again", "delete d/f; create d/f; modify d/f", "modify,create d/f" },
	{ "gone, made again, gone", "delete d/f; create d/f; modify d/f; delete d/f", "delete d/f" },
	{ "created, then renamed", "create d/a; modify d/a; moved_from d/a >d/b; moved_to d/b <d/a",
	  "modify,moved_to,create d/b" },
	{ "created, renamed, gone", "create d/a; moved_from d/a >d/b; moved_to d/b <d/a; delete d/b",
	  "!delete d/b" },
	{ "renamed", "moved_from d/a >d/b; moved_to d/b <d/a",
	  "moved_from d/a >d/b; moved_to d/b <d/a" },
	{ "changed, renamed, changed",
	  "modify d/a; moved_from d/a >d/b; moved_to d/b <d/a; attrib d/b",
	  "moved_from d/a >d/b; modify,attrib,moved_to d/b <d/a" },
	{ "renamed twice",
	  "moved_from d/a >d/b; moved_to d/b <d/a; moved_from d/b >d/c; moved_to d/c <d/b",
	  "!delete d/b; moved_from d/a >d/c; moved_to d/c <d/a" },
	{ "renamed and back",
	  "moved_from d/a >d/b; moved_to d/b <d/a; moved_from d/b >d/a; moved_to d/a <d/b",
	  "!delete d/b" },
	{ "renamed and gone", "moved_from d/a >d/b; moved_to d/b <d/a; delete d/b",
	  "moved_from,delete d/a; !delete d/b" },
	{ "renamed and moved out", "moved_from d/a >d/b; moved_to d/b <d/a; moved_from d/b",
	  "moved_from d/a; !delete d/b" },
	{ "moved out", "moved_from d/a", "moved_from d/a" },
	{ "moved in", "moved_to d/a", "moved_to d/a" },
	{ "moved in from what is left out", "moved_to d/a <d/.b", "moved_to d/a <d/.b" },
	{ "replaced as editors do",
	  "create d/t; modify d/t; close_write d/t; moved_from d/t >d/f; moved_to d/f <d/t",
	  "modify,close_write,moved_to,create d/f" },
	{ "changed, then replaced", "modify d/f; moved_from d/t >d/f; moved_to d/f <d/t",
	  "moved_from d/t >d/f; moved_to d/f <d/t" },
	{ "renamed, and the name taken again",
	  "moved_from d/f >d/f~; moved_to d/f~ <d/f; create d/f; modify d/f",
	  "moved_from d/f >d/f~; moved_to d/f~ <d/f; modify,create d/f" },
	{ "a log turned",
	  "moved_from d/1 >d/2; moved_to d/2 <d/1; moved_from d/0 >d/1; moved_to d/1 <d/0; create d/0",
	  "moved_from d/1 >d/2; moved_to d/2 <d/1; moved_from d/0 >d/1; moved_to d/1 <d/0; create d/0" },
	{ "exchanged",
	  "moved_from d/a >d/b; +moved_from d/b >d/a; -moved_to d/b <d/a; moved_to d/a <d/b",
	  "moved_from d/a >d/b; moved_from d/b >d/a; moved_to d/a <d/b; moved_to d/b <d/a" },
	{ "below a renamed directory",
	  "modify d/x/f; moved_from d/x/ >d/y; moved_to d/y/ <d/x; create d/y/g",
	  "moved_from d/x/ >d/y; moved_to d/y/ <d/x; modify d/y/f; create d/y/g" },
	{ "below a created and renamed directory",
	  "create d/x/; create d/x/f; moved_from d/x/ >d/y; moved_to d/y/ <d/x; modify d/y/f",
	  "moved_to,create d/y/; modify,create d/y/f" },
	{ "gone from a renamed directory",
	  "delete d/x/f; moved_from d/x/ >d/y; moved_to d/y/ <d/x; delete d/y/g",
	  "moved_from d/x/ >d/y; moved_to d/y/ <d/x; delete d/y/f; delete d/y/g" },
	{ "out of a directory that goes",
	  "moved_from d/x/f >d/f; moved_to d/f <d/x/f; delete d/x/",
	  "moved_from d/x/f >d/f; moved_to d/f <d/x/f; delete d/x/" },
	{ "out of a directory that is moved out",
	  "modify d/x/g; moved_from d/x/f >d/f; moved_to d/f <d/x/f; moved_from d/x/",
	  "moved_from d/x/f >d/f; moved_to d/f <d/x/f; moved_from d/x/" },
	{ "into a directory that is moved out",
	  "moved_from d/f >d/x/f; moved_to d/x/f <d/f; moved_from d/x/",
	  "moved_from d/x/; moved_from d/f" },
	{ "a directory into what was in it",
	  "moved_from d/a/x/ >d/c; moved_to d/c/ <d/a/x; moved_from d/a/ >d/c/a; moved_to d/c/a/ <d/a",
	  "moved_from d/a/x/ >d/c; moved_to d/c/ <d/a/x; moved_from d/a/ >d/c/a; moved_to d/c/a/ <d/a" },
	{ "a directory removed and made again",
	  "delete d/x/f; delete d/x/; create d/x/; create d/x/g",
	  "delete d/x/f; create d/x/; create d/x/g" },
	{ "a path itself", "attrib d; delete_self d", "attrib,delete_self d" },
	{ "what was found by looking", "!create d/f; !close_write d/f", "!close_write,create d/f" },
	{ "found, and told by the kernel", "!create d/f; modify d/f", "modify,create d/f" },
	{ "told as new though it was there", "modify d/f; create,modify d/f; delete d/f",
	  "modify,delete d/f" },
	{ "a rename whose other half is not told", "moved_from d/a >d/b; modify d/x",
	  "moved_from d/a >d/b; modify d/x" },
};

/* A + in front: with a cookie that is to be kept; a -: with that before. */
static void test_sums(void)
{
	for (size_t i = 0; i < PATHEV__COUNT(sums); i++) {
		struct pathev__settle *s = pathev__settle_new(S, -1);
		char events[1000], *save = NULL;
		int64_t now = 5 * S;

		snprintf(events, sizeof(events), "%s", sums[i].events);
		if (strstr(events, "; +")) {
			struct pathev_event ev[] = {
				{ .what = PATHEV_MOVED_FROM, .cookie = 1, .path = "d/a", .to = "d/b" },
				{ .what = PATHEV_MOVED_FROM, .cookie = 2, .path = "d/b", .to = "d/a" },
				{ .what = PATHEV_MOVED_TO, .cookie = 1, .path = "d/b", .from = "d/a" },
				{ .what = PATHEV_MOVED_TO, .cookie = 2, .path = "d/a", .from = "d/b" },
			};

			for (int k = 0; k < 4; k++) {
				ev[k].pathlen = 3;
				ev[k].root = "d";
				pathev__settle_add(s, &ev[k], now++);
			}
		} else {
			for (char *p = events; p; p = save) {
				save = strstr(p, "; ");
				if (save) {
					*save = '\0';
					save += 2;
				}
				add(s, p, now++);
			}
		}
		is_str(due(s, now), "", "%s: nothing before it is quiet", sums[i].name);
		is_str(due(s, now + 2 * S), sums[i].want, "%s", sums[i].name);
		is_int(pathev__settle_due(s), -1, "%s: and then nothing waits", sums[i].name);
		is_int((intmax_t)pathev__settle_bytes(s), sizeof(struct node),
		       "%s: nor takes memory", sums[i].name);
		pathev__settle_free(s);
	}
}


/* ---- time ---- */

static void test_quiet(void)
{
	struct pathev__settle *s = pathev__settle_new(S, -1);

	is_int(pathev__settle_due(s), -1, "nothing waits");
	add(s, "create d/f", 10 * S);
	is_int(pathev__settle_due(s), 11 * S, "due after the quiet time");
	add(s, "modify d/f", 10 * S + S / 2);
	add(s, "modify d/g", 11 * S);
	is_str(due(s, 11 * S), "", "each event begins it anew");
	is_int(pathev__settle_due(s), 11 * S + S / 2, "due later");
	is_int(pathev__settle_all_due(s), 12 * S, "and all of it when the last is");
	is_str(due(s, 11 * S + S / 2 - 1), "", "a moment before");
	is_str(due(s, 11 * S + S / 2), "modify,create d/f", "to the nanosecond");
	add(s, "delete d/f", 11 * S + S / 2);
	is_str(due(s, 20 * S), "modify d/g; delete d/f", "what was told is not new any more");
	pathev__settle_free(s);

	s = pathev__settle_new(0, -1);
	add(s, "create d/f", 10 * S);
	is_str(due(s, 10 * S), "create d/f", "without a quiet time at once");
	pathev__settle_free(s);

	s = pathev__settle_new(INT64_MAX, -1);
	add(s, "create d/f", 10 * S);
	is_int(pathev__settle_due(s), INT64_MAX, "a time that never comes");
	pathev__settle_free(s);
}

static void test_max(void)
{
	struct pathev__settle *s = pathev__settle_new(S, 3 * S);
	int64_t now = 10 * S;

	for (; now < 13 * S; now += S / 2) {
		add(s, "modify d/f", now);
		is_str(due(s, now), "", "never quiet, %.1f s", (double)now / S);
	}
	is_int(pathev__settle_due(s), 13 * S, "due at the latest");
	is_int(pathev__settle_all_due(s), 13 * S, "all of it as well");
	add(s, "create d/g", 13 * S - 1);
	is_str(due(s, 13 * S), "modify d/f", "told at the latest");
	is_str(due(s, 15 * S), "create d/g", "the other when it is quiet");
	pathev__settle_free(s);
}

static void test_below(void)
{
	struct pathev__settle *s = pathev__settle_new(S, -1);

	add(s, "create d/x/", 10 * S);
	add(s, "create d/x/f", 10 * S);
	add(s, "moved_from d/x/ >d/y", 10 * S + S / 2);
	add(s, "moved_to d/y/ <d/x", 10 * S + S / 2);
	is_str(due(s, 11 * S), "", "what is below a new name is as new as that");
	is_str(due(s, 11 * S + S / 2), "moved_to,create d/y/; create d/y/f", "and told behind it");
	pathev__settle_free(s);

	s = pathev__settle_new(S, 2 * S);
	add(s, "modify d/x/f", 10 * S);
	add(s, "moved_from d/x/ >d/y", 12 * S - 1);
	add(s, "moved_to d/y/ <d/x", 12 * S - 1);
	is_str(due(s, 12 * S), "moved_from d/x/ >d/y; moved_to d/y/ <d/x; modify d/y/f",
	       "at the latest with the directory");
	pathev__settle_free(s);
}

static void test_halves(void)
{
	struct pathev__settle *s = pathev__settle_new(0, -1);

	add(s, "moved_from d/x >d/y", 10 * S);
	is_str(due(s, 10 * S), "", "a half waits for the other");
	ok(pathev__settle_due(s) > 10 * S, "which is about to come");
	add(s, "moved_to d/y <d/x", 10 * S + 1);
	is_str(due(s, 10 * S + 1), "moved_from d/x >d/y; moved_to d/y <d/x", "both");
	add(s, "moved_from d/x >d/y", 20 * S);
	is_str(due(s, 21 * S), "moved_from d/x >d/y", "but not for long");
	pathev__settle_free(s);
}

static void test_flush(void)
{
	struct pathev__settle *s = pathev__settle_new(S, -1);

	add(s, "create d/x/", 10 * S);
	add(s, "create d/x/f", 10 * S);
	add(s, "create d/z", 10 * S);
	pathev__settle_before(s, "d/x/g");
	is_int(pathev__settle_due(s), 0, "what must be known before is due");
	is_str(due(s, 10 * S), "create d/x/", "and nothing else");
	pathev__settle_flush(s);
	is_str(due(s, 10 * S), "create d/x/f; create d/z", "then all, by their first event");
	add(s, "create d/zz", 11 * S);
	is_str(due(s, 11 * S), "", "what comes later has its time again");
	pathev__settle_free(s);
}

/* Paths come out as they went in, whatever the root looks like. */
static void test_roots(void)
{
	static const struct {
		const char *root, *path;
		size_t reloff, nameoff;
	} table[] = {
		{ "d", "d/f", 2, 2 }, { "d", "d", 1, 0 }, { ".", "./f", 2, 2 }, { ".", ".", 1, 0 },
		{ "/", "/f", 1, 1 }, { "/", "/", 1, 0 }, { "/a/b", "/a/b/c/d", 5, 7 },
		{ "d/", "d/f", 2, 2 }, { "d/", "d/", 2, 2 }, { "../x", "../x/y", 5, 5 },
		{ "f", "f", 1, 0 }, { "a//b", "a//b/c", 5, 5 },
	};

	for (size_t i = 0; i < PATHEV__COUNT(table); i++) {
		struct pathev__settle *s = pathev__settle_new(0, -1);
		struct pathev_event ev = { .what = PATHEV_MODIFY, .root = table[i].root,
					   .path = table[i].path, .pathlen = strlen(table[i].path),
					   .reloff = table[i].reloff };
		char root[20];

		/* roots need not outlive the call */
		snprintf(root, sizeof(root), "%s", table[i].root);
		ev.root = root;
		pathev__settle_add(s, &ev, S);
		memset(root, 'x', 3);
		is_int(pathev__settle_next(s, S, &ev), 1, "%s of %s", table[i].path, table[i].root);
		is_str(ev.path, table[i].path, "its path");
		is_str(ev.root, table[i].root, "its root");
		is_int((intmax_t)ev.reloff, (intmax_t)table[i].reloff, "where it begins below that");
		is_int((intmax_t)ev.nameoff, (intmax_t)table[i].nameoff, "and its name");
		pathev__settle_free(s);
	}
}

static void send(struct pathev__settle *s, uint32_t what, uint32_t cookie, const char *root,
		 const char *path, const char *from, const char *to)
{
	struct pathev_event ev = {
		.what = what, .cookie = cookie, .root = root, .path = path, .from = from, .to = to,
		.pathlen = strlen(path)
	};

	pathev__settle_add(s, &ev, S);
}

static void test_two_roots(void)
{
	struct pathev__settle *s = pathev__settle_new(0, -1);
	struct pathev_event ev;

	send(s, PATHEV_MODIFY, 0, "a", "a/x/f", NULL, NULL);
	send(s, PATHEV_MOVED_FROM, 1, "a", "a/x", NULL, "b/c/x");
	send(s, PATHEV_MOVED_TO, 1, "b/c", "b/c/x", "a/x", NULL);
	ok(pathev__settle_next(s, S, &ev) == 1 && !strcmp(ev.path, "a/x") && !strcmp(ev.root, "a"),
	   "from one root");
	ok(pathev__settle_next(s, S, &ev) == 1 && !strcmp(ev.path, "b/c/x") &&
	   !strcmp(ev.root, "b/c") && !strcmp(ev.from, "a/x"), "to another");
	ok(pathev__settle_next(s, S, &ev) == 1 && !strcmp(ev.path, "b/c/x/f") &&
	   !strcmp(ev.root, "b/c") && ev.reloff == 4, "what is below it has that root now");
	pathev__settle_free(s);
}

/* ---- against a model ---- */

/*
 * Entries of a tree: the real one, whose changes make events, and the picture of who hears the
 * settled records.  dir is the index of the directory they are in.
 */
enum { ENTRIES = 400, NOWHERE = -1, OUTSIDE = 0, TOP = 1 };

struct entry {
	int used, dir, is_dir;
	char name[4];
	int id;			/* the same in both, as long as it is the same thing */
	int version;
};

struct tree {
	struct entry entry[ENTRIES];
	char from[ENTRIES][400];	/* the picture: where it was when its moved_from came */
};

static struct tree real, picture;
static int next_id;
static int no_renames;		/* then it is always known what was at a name */
static const char *complaint;

static int find_entry(const struct tree *t, int dir, const char *name, size_t len)
{
	for (int i = 0; i < ENTRIES; i++)
		if (t->entry[i].used && t->entry[i].dir == dir && strlen(t->entry[i].name) == len &&
		    !memcmp(t->entry[i].name, name, len))
			return i;
	return NOWHERE;
}

/* The entry of a path; *dir is the directory it is in, NOWHERE if there is none. */
static int look_up(const struct tree *t, const char *path, int *dir, const char **name)
{
	int i = OUTSIDE;

	for (;;) {
		size_t len = strcspn(path, "/");

		*dir = i;
		*name = path;
		i = find_entry(t, i, path, len);
		if (!path[len])
			return i;
		if (i == NOWHERE) {
			*dir = NOWHERE;
			return NOWHERE;
		}
		path += len + 1;
	}
}

static const char *path_of(const struct tree *t, int i)
{
	static char buf[4][400];
	static int which;
	char *p = buf[which = (which + 1) & 3] + 399;

	*p = '\0';
	for (; i != OUTSIDE; i = t->entry[i].dir) {
		size_t len = strlen(t->entry[i].name);

		if (*p)
			*--p = '/';
		p -= len;
		memcpy(p, t->entry[i].name, len);
	}
	return p;
}

static int is_below(const struct tree *t, int i, int dir)
{
	for (; i > OUTSIDE; i = t->entry[i].dir)
		if (i == dir)
			return 1;
	return 0;
}

static int has_entries(const struct tree *t, int dir)
{
	for (int i = 0; i < ENTRIES; i++)
		if (t->entry[i].used && t->entry[i].dir == dir)
			return 1;
	return 0;
}

static void remove_entry(struct tree *t, int i)
{
	for (int k = 0; k < ENTRIES; k++)
		if (t->entry[k].used && t->entry[k].dir == i)
			remove_entry(t, k);
	t->entry[i].used = 0;
}

static int add_entry(struct tree *t, int dir, const char *name, size_t len, int is_dir)
{
	int i = 2;

	while (i < ENTRIES && t->entry[i].used)
		i++;
	if (i == ENTRIES)
		return NOWHERE;
	t->entry[i] = (struct entry){ .used = 1, .dir = dir, .is_dir = is_dir, .id = ++next_id };
	memcpy(t->entry[i].name, name, len);
	return i;
}

/* Apply a record to the picture, as pathev(7) says. */
static void hear(const struct pathev_event *ev)
{
	int dir, i, rdir, r;
	const char *name, *rname;

	i = look_up(&picture, ev->path, &dir, &name);
	r = look_up(&real, ev->path, &rdir, &rname);
	if (dir == NOWHERE)
		complaint = "of a directory never told";
	else if (ev->what & (PATHEV_CREATE | PATHEV_MOVED_TO)) {
		if (r == NOWHERE) {
			complaint = "not there";
			return;
		}
		if (i != NOWHERE)
			remove_entry(&picture, i);
		if (ev->from) {
			for (i = 2; i < ENTRIES; i++)
				if (picture.entry[i].used && picture.entry[i].dir == NOWHERE &&
				    !strcmp(picture.from[i], ev->from))
					break;
			if (i == ENTRIES) {
				complaint = "from where nothing was";
				return;
			}
			picture.entry[i].dir = dir;
			strcpy(picture.entry[i].name, name);
		} else {
			i = add_entry(&picture, dir, name, strlen(name), ev->type == 'd');
			picture.entry[i].version = real.entry[r].version;
			picture.entry[i].id = real.entry[r].id;
		}
		if (picture.entry[i].id != real.entry[r].id)
			complaint = "another thing";
		if (ev->what & PATHEV_MODIFY)
			picture.entry[i].version = real.entry[r].version;
	} else if (ev->what & (PATHEV_DELETE | PATHEV_MOVED_FROM)) {
		if (i == NOWHERE && ev->synthesized && !no_renames)
			return;		/* it may have been there, or not */
		if (i == NOWHERE)
			complaint = "gone, but never told";
		else if (ev->to) {
			snprintf(picture.from[i], sizeof(picture.from[i]), "%s", ev->path);
			picture.entry[i].dir = NOWHERE;
		} else {
			if (ev->what & PATHEV_DELETE && has_entries(&picture, i))
				complaint = "deleted, but not empty";
			remove_entry(&picture, i);
		}
	} else if (i == NOWHERE || r == NOWHERE) {
		complaint = "changed, but never told";
	} else {
		picture.entry[i].version = real.entry[r].version;
	}
}

static int verbose;

static void emit(struct pathev__settle *s, uint32_t what, int i, int64_t now, uint32_t cookie,
		 const char *other, int synthesized)
{
	const char *path = path_of(&real, i);
	struct pathev_event ev = {
		.what = what, .path = path, .pathlen = strlen(path), .root = "t", .reloff = 2,
		.type = real.entry[i].is_dir ? 'd' : 0, .cookie = cookie, .time_ns = now,
		.synthesized = (char)synthesized
	};

	if (what & PATHEV_MOVED_TO)
		ev.from = other;
	else
		ev.to = other;
	if (verbose)
		printf("#   event %s\n", show(&ev));
	if (pathev__settle_add(s, &ev, now))
		complaint = "out of memory";
}

/* One of the entries in scope, or NOWHERE. */
static int some_entry(void)
{
	for (int tries = 0; tries < 200; tries++) {
		int i = (int)draw(40) + 2;

		if (real.entry[i].used && is_below(&real, i, TOP))
			return i;
	}
	return NOWHERE;
}

static int some_dir(void)
{
	int i = some_entry();

	if (i == NOWHERE || !real.entry[i].is_dir)
		return TOP;
	return i;
}

static const char *some_name(void)
{
	static const char *const names[] = { "a", "b", "c", "e" };

	return names[draw(PATHEV__COUNT(names))];
}

static void delete_all(struct pathev__settle *s, int i, int64_t now)
{
	for (int k = 0; k < ENTRIES; k++)
		if (real.entry[k].used && real.entry[k].dir == i)
			delete_all(s, k, now);
	emit(s, PATHEV_DELETE, i, now, 0, NULL, 0);
	real.entry[i].used = 0;
}

static void found(struct pathev__settle *s, int dir, int64_t now)
{
	for (int k = 0; k < ENTRIES; k++)
		if (real.entry[k].used && real.entry[k].dir == dir) {
			emit(s, PATHEV_CREATE, k, now, 0, NULL, 1);
			found(s, k, now);
		}
}

static void rename_entry(struct pathev__settle *s, int i, int dir, const char *name, int64_t now)
{
	int old = find_entry(&real, dir, name, strlen(name)), in, was_in;
	static uint32_t cookie;
	char from[400];

	if (i == NOWHERE || i == old || is_below(&real, dir, i))
		return;
	if (old != NOWHERE && (real.entry[old].is_dir != real.entry[i].is_dir ||
			       has_entries(&real, old) || is_below(&real, i, old)))
		return;
	was_in = is_below(&real, i, TOP);
	in = is_below(&real, dir, TOP);
	snprintf(from, sizeof(from), "%s", path_of(&real, i));
	cookie++;
	if (was_in) {
		char to[400];

		snprintf(to, sizeof(to), "%s/%s", path_of(&real, dir), name);
		emit(s, PATHEV_MOVED_FROM, i, now, cookie, in ? to : NULL, 0);
	}
	if (old != NOWHERE)
		real.entry[old].used = 0;
	real.entry[i].dir = dir;
	strcpy(real.entry[i].name, name);
	if (in)
		emit(s, PATHEV_MOVED_TO, i, now, cookie, was_in ? from : NULL, 0);
	if (in && !was_in)
		found(s, i, now);
}

static void exchange(struct pathev__settle *s, int a, int b, int64_t now)
{
	char patha[400], pathb[400];
	struct entry ea, eb;

	if (a == NOWHERE || b == NOWHERE || is_below(&real, a, b) || is_below(&real, b, a))
		return;
	snprintf(patha, sizeof(patha), "%s", path_of(&real, a));
	snprintf(pathb, sizeof(pathb), "%s", path_of(&real, b));
	emit(s, PATHEV_MOVED_FROM, a, now, 1000001, pathb, 0);
	emit(s, PATHEV_MOVED_FROM, b, now, 1000002, patha, 0);
	ea = real.entry[a];
	eb = real.entry[b];
	real.entry[a].dir = eb.dir;
	strcpy(real.entry[a].name, eb.name);
	real.entry[b].dir = ea.dir;
	strcpy(real.entry[b].name, ea.name);
	emit(s, PATHEV_MOVED_TO, a, now, 1000001, patha, 0);
	emit(s, PATHEV_MOVED_TO, b, now, 1000002, pathb, 0);
}

static void operate(struct pathev__settle *s, int64_t now)
{
	uint32_t r = draw(no_renames ? 58 : 100);
	const char *name = some_name();
	int dir = some_dir(), i = some_entry();

	if (r < 30) {
		if (find_entry(&real, dir, name, strlen(name)) != NOWHERE)
			return;
		i = add_entry(&real, dir, name, strlen(name), r < 14);
		if (i != NOWHERE)
			emit(s, PATHEV_CREATE, i, now, 0, NULL, 0);
	} else if (r < 45 && i != NOWHERE && !real.entry[i].is_dir) {
		real.entry[i].version++;
		emit(s, PATHEV_MODIFY, i, now, 0, NULL, 0);
	} else if (r < 55 && i != NOWHERE && !has_entries(&real, i)) {
		delete_all(s, i, now);
	} else if (r < 58 && i != NOWHERE) {
		delete_all(s, i, now);
	} else if (r < 85) {
		rename_entry(s, i, dir, name, now);
	} else if (r < 90) {
		exchange(s, i, some_entry(), now);
	} else if (r < 93) {
		rename_entry(s, i, OUTSIDE, name, now);
	} else if (r < 97) {
		rename_entry(s, find_entry(&real, OUTSIDE, name, strlen(name)), dir, some_name(), now);
	}
}

static void hear_due(struct pathev__settle *s, int64_t now)
{
	struct pathev_event ev;
	int got;

	while ((got = pathev__settle_next(s, now, &ev)) == 1 && !complaint) {
		if (verbose)
			printf("#   told %s\n", show(&ev));
		hear(&ev);
	}
	if (got < 0)
		complaint = "out of memory";
}

static const char *compare(int rdir, int pdir)
{
	for (int i = 2; i < ENTRIES; i++) {
		const struct entry *r = &real.entry[i], *p = &picture.entry[i];
		int k;

		if (r->used && r->dir == rdir) {
			const char *why;

			k = find_entry(&picture, pdir, r->name, strlen(r->name));
			if (k == NOWHERE)
				return "missed";
			if (picture.entry[k].id != r->id)
				return "not the same thing";
			if (picture.entry[k].version != r->version)
				return "its last change was not told";
			if (r->is_dir && (why = compare(i, k)))
				return why;
		}
		if (p->used && p->dir == pdir &&
		    find_entry(&real, rdir, p->name, strlen(p->name)) == NOWHERE)
			return "ghost";
	}
	return NULL;
}

static const char *run_model(uint64_t seed, int64_t quiet, int64_t max)
{
	struct pathev__settle *s = pathev__settle_new(quiet, max);
	int64_t now = S;

	draw_state = seed;
	no_renames = seed % 8 == 0;
	memset(&real, 0, sizeof(real));
	complaint = NULL;
	real.entry[TOP] = (struct entry){ .used = 1, .dir = OUTSIDE, .is_dir = 1, .name = "t" };
	for (int i = 0; i < 60; i++)
		operate(s, now);
	pathev__settle_free(s);
	picture = real;
	for (int i = 0; i < ENTRIES; i++)
		if (picture.entry[i].used && i != TOP && !is_below(&picture, i, TOP))
			picture.entry[i].used = 0;
	s = pathev__settle_new(quiet, max);
	for (int i = 0; i < 300 && !complaint; i++) {
		operate(s, now);
		now += draw(4) * S / 8;
		if (!draw(3))
			hear_due(s, now);
		if (!draw(60))
			pathev__settle_flush(s);
	}
	pathev__settle_flush(s);
	if (!complaint)
		hear_due(s, now);
	if (!complaint)
		complaint = compare(TOP, TOP);
	for (int i = 2; i < ENTRIES && !complaint; i++)
		if (picture.entry[i].used && picture.entry[i].dir == NOWHERE)
			complaint = "a moved_from without its moved_to";
	if (!complaint && pathev__settle_due(s) != -1)
		complaint = "something still waits";
	if (!complaint && pathev__settle_bytes(s) != sizeof(struct node))
		complaint = "memory is still in use";
	pathev__settle_free(s);
	return complaint;
}

static void test_model(uint64_t seeds)
{
	static const struct {
		int64_t quiet, max;
	} times[] = { { S, -1 }, { S, 2 * S }, { 0, -1 }, { 10 * S, -1 }, { 3 * S, 3 * S } };
	int bad = 0;

	for (uint64_t seed = 1; seed <= seeds && bad < 3; seed++) {
		size_t t = (size_t)(seed % PATHEV__COUNT(times));
		const char *why = run_model(seed, times[t].quiet, times[t].max);

		if (!why)
			continue;
		printf("# seed %llu: %s\n", (unsigned long long)seed, why);
		bad++;
	}
	is_int(bad, 0, "a picture made from settled records equals the tree, %llu times",
	       (unsigned long long)seeds);
}

/* ---- memory ---- */

/* 0, or -1 when it ran out. */
static int some_work(void)
{
	struct pathev__settle *s = pathev__settle_new(S, -1);
	struct pathev_event ev = { .root = "t" };
	int ret = s ? 0 : -1;

	for (int i = 0; i < 60 && !ret; i++) {
		char path[40], other[40];

		sprintf(path, "t/%d/%d", i % 3, i % 7);
		sprintf(other, "t/%d", i % 5);
		ev.what = i % 4 == 0 ? PATHEV_CREATE : i % 4 == 1 ? PATHEV_MOVED_FROM :
			  i % 4 == 2 ? PATHEV_MOVED_TO : PATHEV_MODIFY;
		ev.cookie = (uint32_t)i / 4 + 1;
		ev.path = i % 4 == 2 ? other : path;
		ev.from = i % 4 == 2 ? path : NULL;
		ev.to = i % 4 == 1 ? other : NULL;
		ev.pathlen = strlen(ev.path);
		ret = pathev__settle_add(s, &ev, i);
	}
	if (!ret)
		pathev__settle_flush(s);
	while (!ret) {
		int got = pathev__settle_next(s, 0, &ev);

		if (!got)
			break;
		ret = got < 0 ? -1 : 0;
	}
	pathev__settle_free(s);
	return ret;
}

static void test_memory(void)
{
	long n = 0;
	int ret;

	do {
		alloc_left = n++;
		ret = some_work();
	} while (ret && n < 10000);
	alloc_left = -1;
	ok(n > 20 && n < 10000, "lives without memory, %ld times", n);
}

/* What became of two trees.  0, or -1 without memory; out is a line for each event. */
static int tell_story(char *out, size_t size)
{
	static const char *const lines[] = {
		"create d/s/", "create d/s/f", "create d/e/", "moved_from d/s/ >d/t",
		"moved_to d/t/ <d/s", "create d/t/g", "create d/new", "close_write d/new",
		"moved_from d/new >d/a", "moved_to d/a <d/new", "delete d/t/f", "delete d/t/g",
		"delete d/t/", "create d/t/", "moved_from d/e/ >d/t/e", "moved_to d/t/e/ <d/e",
		"create d/t/e/f", "create d/t/g/", "create d/t/g/x", "moved_from d/t/g/ >d/t/e/g",
		"moved_to d/t/e/g/ <d/t/g", "delete d/b", "create d/b/", "moved_from d/t/ >d/k",
		"moved_to d/k/ <d/t", "modify d/k/e/f", "moved_from d/old/ >d/k/old",
		"moved_to d/k/old/ <d/old", "delete d/k/old/x", "moved_from d/k/ >d/old",
		"moved_to d/old/ <d/k",
	};
	struct pathev__settle *s;
	struct pathev_event ev;
	int res = 0;

	s = pathev__settle_new(S, -1);
	for (size_t i = 0; s && !res && i < PATHEV__COUNT(lines); i++)
		res = try_add(s, lines[i], (int64_t)i);
	out[0] = '\0';
	while (s && !res && (res = pathev__settle_next(s, 10 * S, &ev)) == 1) {
		strncat(out, show(&ev), size - strlen(out) - 2);
		strcat(out, "\n");
		res = 0;
	}
	pathev__settle_free(s);
	return s ? res : -1;
}

static void test_failures(void)
{
	static char whole[4000], got[4000];
	int failed = 0, res;
	long n = 0;

	is_int(tell_story(whole, sizeof(whole)), 0, "two trees are renamed into each other");
	do {
		alloc_left = n++;
		res = tell_story(got, sizeof(got));
		failed += !res && strcmp(got, whole);
	} while (res && n < 10000);
	alloc_left = -1;
	ok(!failed && n > 20 && n < 10000, "or not at all without memory, %ld times", n);
}

/* Each path has its own, however many there are. */
static void test_many_roots(void)
{
	struct pathev__settle *s = pathev__settle_new(S, -1);
	struct pathev_event ev;
	char root[16], line[32];
	int same = 0;

	for (int i = 0; i < 200; i++) {
		snprintf(root, sizeof(root), "root%d", i % 100);
		snprintf(line, sizeof(line), "%s %s/f", i < 100 ? "create" : "attrib", root);
		the_root = root;
		add(s, line, i);
	}
	the_root = "d";
	for (int i = 0; i < 100 && pathev__settle_next(s, 10 * S, &ev) == 1; i++) {
		snprintf(root, sizeof(root), "root%d", i);
		same += ev.what & PATHEV_CREATE && !strcmp(ev.root, root) &&
			!strncmp(ev.path, root, strlen(root));
	}
	is_int(same, 100, "a hundred added paths, and each event is of its own");
	pathev__settle_free(s);
}

int main(int argc, char **argv)
{
	if (argc > 2) {
		verbose = 1;
		printf("# %s\n", run_model(strtoull(argv[1], NULL, 10), S * atoi(argv[2]),
					   argc > 3 ? S * atoi(argv[3]) : -1));
		return 0;
	}
	test_sums();
	test_quiet();
	test_max();
	test_below();
	test_halves();
	test_flush();
	test_roots();
	test_two_roots();
	test_memory();
	test_failures();
	test_many_roots();
	test_model(argc > 1 ? strtoull(argv[1], NULL, 10) : 1000);
	return done_testing();
}
