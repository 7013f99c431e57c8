/* SPDX-License-Identifier: MIT */
/*
 * races.c - changes in the middle of looks, each where the test wants it
 *
 * A few changes are made to a watched tree, by real system calls, but not at any time: between
 * two system calls of the watcher, behind a watch that it sets or a directory that it reads.  A
 * seed says which changes and where, so that what fails once fails again.  From the events alone
 * a picture of the tree is made; it must make sense at each event, and in the end be the tree.
 *
 *	tests/unit/races [FIRST [COUNT [KINDS]]]	these seeds; a failure shows changes and events
 *
 * KINDS are the changes besides the common ones: x exchanges, r what is done to the added path,
 * o overflows; and ways to watch: l with a listing, d two levels deep.  Without, several are run.
 */
#include "random.h"
#include "script.h"

static const char *const all_kinds[] = {"", "x", "xr", "xro", "ld", "xd"};

enum { CHANGES_MAX = 8, NODES_MAX = 64, PATH_BYTES = 64 };

/*
 * The picture
 */

struct node {
	char path[PATH_BYTES];
	char type;		/* d, or f for all else */
	int complete;		/* a close_write was told, or it came as it is */
};

struct move {
	uint32_t cookie;
	char from[PATH_BYTES];
	struct node node[NODES_MAX];
	int nodes;
};

static struct {
	struct pathev *pv;
	struct node node[NODES_MAX];
	int nodes;
	struct move move[8];
	int moves;
	char change[CHANGES_MAX][64];
	int changes, done;
	int odds;		/* of a change at each place, in a hundred */
	int exchanges, overflows;
	int depth;		/* levels watched; 0: all */
	uint32_t places;
	struct pathev__buf log;
	int failed;
} rc;

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	pathev__buf_adds(&rc.log, line);
	pathev__buf_addch(&rc.log, '\n');
}

static void complain(const char *what, const char *path)
{
	note("!! %s: %s", what, path);
	rc.failed = 1;
}

static struct node *find(const char *path)
{
	for (int i = 0; i < rc.nodes; i++)
		if (!strcmp(rc.node[i].path, path))
			return &rc.node[i];
	return NULL;
}

/* Is it the path, or below it? */
static int is_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

static void drop(const char *path, struct move *to)
{
	int kept = 0;

	for (int i = 0; i < rc.nodes; i++) {
		if (!is_in(rc.node[i].path, path))
			rc.node[kept++] = rc.node[i];
		else if (to)
			to->node[to->nodes++] = rc.node[i];
	}
	rc.nodes = kept;
}

static void check_parent(const char *path)
{
	char parent[PATH_BYTES];
	char *slash;
	struct node *n;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (!slash)
		return;
	*slash = '\0';
	n = find(parent);
	if (!n || n->type != 'd')
		complain("its directory is not known", path);
}

static void insert(const char *path, char type, int complete)
{
	struct node *n = &rc.node[rc.nodes];

	check_parent(path);
	if (rc.nodes == NODES_MAX)
		return complain("too many", path);
	rc.nodes++;
	*n = (struct node){.type = type, .complete = complete};
	snprintf(n->path, sizeof(n->path), "%s", path);
}

/* How many levels a path is below the added one. */
static int depth_of(const char *path)
{
	int depth = 0;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

static void moved_from(const struct pathev_event *ev)
{
	struct move *m = &rc.move[rc.moves++ % 8];

	*m = (struct move){.cookie = ev->cookie};
	snprintf(m->from, sizeof(m->from), "%s", ev->path);
	drop(ev->path, m);
	if (!ev->to)
		m->nodes = 0;
}

static void moved_to(const struct pathev_event *ev, char type)
{
	struct move *m = NULL;

	for (int i = 0; i < 8; i++)
		if (rc.move[i].cookie && rc.move[i].cookie == ev->cookie)
			m = &rc.move[i];
	if (ev->from && (!m || strcmp(m->from, ev->from)))
		complain("it comes from where nothing left", ev->from);
	if (!ev->from && m && m->nodes)
		complain("it does not say where it comes from", ev->path);
	drop(ev->path, NULL);
	check_parent(ev->path);
	if (!ev->from || !m || !m->nodes) {
		insert(ev->path, type, 1);
		return;
	}
	if (m->node[0].type != type)
		complain("its type has changed", ev->path);
	for (int i = 0; i < m->nodes; i++) {
		char path[PATH_BYTES * 2];

		snprintf(path, sizeof(path), "%s%s", ev->path,
			 m->node[i].path + strlen(m->from));
		/* what gets too deep for the watcher is out of the picture, without a word */
		if (!rc.depth || depth_of(path) <= rc.depth)
			insert(path, m->node[i].type, m->node[i].complete);
	}
	m->cookie = 0;
}

static void apply(const struct pathev_event *ev)
{
	char type = ev->type == 'd' ? 'd' : 'f';
	struct node *n = ev->path ? find(ev->path) : NULL;

	if (ev->what & PATHEV_OVERFLOW) {
		rc.nodes = 0;
		memset(rc.move, 0, sizeof(rc.move));
	}
	if (ev->what & (PATHEV_READY | PATHEV_OVERFLOW | PATHEV_DELETE_SELF | PATHEV_MOVE_SELF))
		return;
	if (ev->what & PATHEV_MOVED_TO)
		return moved_to(ev, type);
	if (ev->what & (PATHEV_CREATE | PATHEV_EXISTS)) {
		if (n)
			complain("it is there already", ev->path);
		else
			insert(ev->path, type, ev->what == PATHEV_EXISTS);
		n = find(ev->path);
	}
	if (!n)
		return complain("nothing was told of it", ev->path);
	if (n->type != type && !(n->type == 'f' && !ev->type))
		complain("its type has changed", ev->path);
	if (ev->what & PATHEV_MOVED_FROM)
		moved_from(ev);
	else if (ev->what & PATHEV_DELETE)
		drop(ev->path, NULL);
	if (ev->what & PATHEV_CLOSE_WRITE)
		n->complete = 1;
}

/*
 * The tree itself
 */

static int real_nodes;

static void compare_node(const char *path)
{
	struct node *n = find(path);
	struct stat st;

	real_nodes++;
	if (lstat(path, &st))
		complain(strerror(errno), path);
	if (!n)
		complain("it is there, and nothing was told", path);
	else if ((n->type == 'd') != !!S_ISDIR(st.st_mode))
		complain("it is of another type", path);
	else if (n->type != 'd' && !n->complete)
		complain("nothing told that it is complete", path);
}

/* Are the entries of a directory at this depth watched? */
static int goes_on(int depth)
{
	return !rc.depth || depth < rc.depth;
}

static void compare(const char *path, int depth)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	if (dir || errno == ENOTDIR)
		compare_node(path);
	while (dir && goes_on(depth) && (d = readdir(dir))) {
		char sub[512];

		if (d->d_name[0] == '.')
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, d->d_name);
		compare(sub, depth + 1);
	}
	if (dir)
		closedir(dir);
}

/* What the picture has before anything happens. */
static void learn(const char *path, int depth)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	insert(path, dir ? 'd' : 'f', 1);
	while (dir && goes_on(depth) && (d = readdir(dir))) {
		char sub[512];

		if (d->d_name[0] == '.')
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, d->d_name);
		learn(sub, depth + 1);
	}
	if (dir)
		closedir(dir);
}

/*
 * Changes
 */

static const char *const places[] = {
	"t/a", "t/b", "t/a/a", "t/a/b", "t/b/a", "t/b/b", "t/a/a/a", "o/a", "o/b", "o/a/a", "t",
	"o/t",
};

enum { COMMON_PLACES = sizeof(places) / sizeof(*places) - 2 };

static void choose(char *line, size_t size)
{
	const char *a = places[draw(rc.places)], *b = places[draw(rc.places)];

	switch (draw(rc.exchanges ? 8 : 7)) {
	case 0:
	case 1:
		snprintf(line, size, "mkdir %s", a);
		break;
	case 2:
		snprintf(line, size, "file %s", a);
		break;
	case 3:
		snprintf(line, size, "rm %s", a);
		break;
	case 7:
		snprintf(line, size, "swap %s %s", a, b);
		break;
	default:
		snprintf(line, size, "mv %s %s", a, b);
	}
}

/* Say that the kernel's queue was full; what it holds is lost. */
static void overflow(const char *where)
{
	const struct inotify_event ev = {.wd = -1, .mask = IN_Q_OVERFLOW};
	size_t room;
	void *to;

	script_discard();
	to = pathev__intake_room(&rc.pv->in, &room);
	if (to) {
		memcpy(to, &ev, sizeof(ev));
		pathev__intake_commit(&rc.pv->in, sizeof(ev), pathev__clock_real_ns(),
				      rc.pv->empty_ns);
	}
	note("%s   overflow", where);
}

/* Choose until it is one that can be made. */
static void change(const char *where)
{
	char line[64];

	if (rc.overflows && draw(5) == 0)
		overflow(where);
	for (int tries = 0; tries < 100; tries++) {
		choose(line, sizeof(line));
		if (!script_change(line)) {
			note("%s   %s", where, line);
			return;
		}
	}
}

static void step_in(const char *where, const char *path)
{
	char text[256];

	snprintf(text, sizeof(text), "   [%s %s]", where, path);
	while (rc.done < rc.changes && draw(100) < (uint32_t)rc.odds) {
		rc.done++;
		change(text);
	}
}

static void take(int fill)
{
	struct pathev_event ev;
	int res;

	if (fill && pathev_fill(rc.pv))
		complain("fill", strerror(errno));
	for (int n = 0; (res = pathev_next(rc.pv, &ev)) == 1; n++) {
		pathev__buf_cut(&sc.got, 0);
		script_event(&ev);
		note("%.*s", (int)sc.got.len - 1, sc.got.data);
		apply(&ev);
		if (n > 300)
			return complain("there is no end of it", "");
	}
	if (res < 0)
		complain("next", strerror(errno));
}

static void race(uint64_t seed, const char *kinds)
{
	struct pathev_options o = {.pair_ns = 1, .flags = PATHEV_RECURSIVE};
	int64_t deadline;
	int fill;

	draw_state = seed * 1000003 + 17;
	draw(2);
	memset(&rc, 0, sizeof(rc));
	memset(&sc, 0, sizeof(sc));
	sc.s = &(const struct script){.name = "race"};
	rc.changes = 1 + (int)draw(5);
	rc.odds = (int)(uint32_t[]){10, 30, 60}[draw(3)];
	fill = draw(4) == 0;
	rc.exchanges = strchr(kinds, 'x') != NULL;
	if (strpbrk(kinds, "lo"))
		o.flags |= PATHEV_LIST;
	if (strchr(kinds, 'd'))
		rc.depth = (int)(o.max_depth = 2);
	rc.places = COMMON_PLACES;
	if (mkdir("t", 0777) || mkdir("o", 0777))
		complain("mkdir", strerror(errno));
	for (uint32_t n = draw(8); n--;)
		change("before");
	rc.pv = pathev_open(&o);
	sc.pv = rc.pv;
	if (!(o.flags & PATHEV_LIST))
		learn("t", 0);
	if (!rc.pv || pathev_add(rc.pv, "t", 0))
		complain("add", strerror(errno));
	if (strchr(kinds, 'r') && draw(2))
		rc.places += 2;
	rc.overflows = strchr(kinds, 'o') != NULL;
	script_step = step_in;
	while (rc.done < rc.changes && !rc.failed) {
		uint32_t together = 1 + draw(3);

		while (together-- && rc.done < rc.changes) {
			rc.done++;
			change("");
		}
		take(fill);
	}
	for (deadline = pathev_now() + 3 * PATHEV__NS_PER_S;
	     !rc.failed && (rc.pv->later.len || rc.pv->held_ns >= 0);) {
		pathev_wait(rc.pv, deadline);
		take(fill);
		if (pathev_now() > deadline)
			complain("it never comes to rest", "");
	}
	script_step = NULL;
	real_nodes = 0;
	compare("t", 0);
	if (real_nodes != rc.nodes)
		complain("it was told, and is not there", "");
	pathev_close(rc.pv);
	scratch_remove("t");
	scratch_remove("o");
}

static void show(uint64_t seed)
{
	printf("# seed %llu\n", (unsigned long long)seed);
	for (char *s = strtok(rc.log.data, "\n"); s; s = strtok(NULL, "\n"))
		printf("#   %s\n", s);
	for (int i = 0; i < rc.nodes; i++)
		printf("#   picture: %s %c\n", rc.node[i].path, rc.node[i].type);
}

static void run(uint64_t first, uint64_t count, const char *kinds)
{
	int failures = 0;

	for (uint64_t seed = first; seed < first + count; seed++) {
		race(seed, kinds);
		failures += rc.failed;
		if (rc.failed && failures < 4)
			show(seed);
		pathev__buf_fini(&rc.log);
		pathev__buf_fini(&sc.got);
	}
	is_int(failures, 0, "%llu races%s%s: the picture is the tree", (unsigned long long)count,
	       *kinds ? " with " : "", kinds);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : argc > 1 ? 1 : 60;

	scratch_enter();
	if (argc > 3) {
		run(first, count, argv[3]);
		return done_testing();
	}
	for (size_t i = 0; i < sizeof(all_kinds) / sizeof(*all_kinds); i++)
		run(first, count, all_kinds[i]);
	return done_testing();
}
