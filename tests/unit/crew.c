/* SPDX-License-Identifier: MIT */
/* Sees many directories at once, and leaves nothing behind. */

#include <pthread.h>
#include <sched.h>

/* What may be refused. */
static int refuse_unshare, refuse_thread;
#define unshare(flags) (refuse_unshare ? (errno = EPERM, -1) : unshare(flags))
#define pthread_create(t, a, f, arg) (refuse_thread ? EAGAIN : pthread_create(t, a, f, arg))
#include "../../lib/crew.c"
#undef unshare
#undef pthread_create

#include "../../lib/engine.h"
#include "../../lib/inotify.h"
#include "scratch.h"
#include "tap.h"

#include <dirent.h>

enum { DIRS = 200 };

static void make_dirs(void)
{
	char name[64];

	mkdir("t", 0777);
	for (int i = 0; i < DIRS; i++) {
		snprintf(name, sizeof(name), "t/%d", i);
		mkdir(name, 0777);
		if (i % 10 == 0) {
			strcat(name, "/sub");
			mkdir(name, 0777);
		}
	}
}

/* A sanitizer has one of its own. */
static int threads_before;

static int count_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;

	for (const struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

/* One that was joined may be there for a moment yet, most of all under an emulator. */
static int threads_left(void)
{
	for (int i = 0; i < 1000 && count_threads() > threads_before; i++)
		usleep(1000);
	return count_threads();
}

static void ask(struct pathev__crew *c, int fd, const char *dir, const char *names, size_t len,
		unsigned n)
{
	struct pathev__group *g = pathev__crew_group(c);

	g->how = (struct pathev__see){
		.fd = fd, .what = PATHEV_CREATE, .descends = 1,
		.flags = PATHEV__WATCH_DIR | PATHEV__WATCH_NOFOLLOW,
	};
	g->n = n;
	pathev__buf_adds(&g->dir, dir);
	pathev__buf_add(&g->names, names, len);
	pathev__crew_submit(c);
}

static int dropped;

static void drop(void *arg, const struct pathev__group *g)
{
	(void)arg;
	dropped += g->done && !g->error && g->sight[0].wd > 0;
}

static void sees(void)
{
	struct pathev__crew *c = pathev__crew_start();
	int fd = pathev__inotify_open();
	struct pathev__group *g;
	char dir[4200];

	ok(c && fd >= 0, "crew: starts");
	snprintf(dir, sizeof(dir), "%s/t", scratch_dir);
	ask(c, fd, "t", "10\0nothing\0" "11", sizeof("10\0nothing\0" "11"), 3);
	ask(c, fd, dir, "10", 3, 1);
	ask(c, fd, "t/10", "sub", 4, 1);
	ask(c, fd, "gone", "sub", 4, 1);
	is_int(pathev__crew_busy(c), 4, "crew: counts what it was asked");
	while (pathev__crew_wait(c) < 4)
		;
	g = pathev__crew_oldest(c);
	ok(!g->error && g->sight[0].wd > 0 && g->sight[2].wd > g->sight[0].wd, "crew: watches");
	is_str(g->entries.data + g->sight[0].first + 1, "sub", "crew: tells directories inside");
	is_int((long)(g->sight[2].end - g->sight[2].first), 0, "crew: and that there are none");
	is_int(g->sight[1].error, ENOENT, "crew: tells what is not there");
	int wd = g->sight[0].wd;
	pathev__crew_release(c);
	is_int(pathev__crew_oldest(c)->sight[0].wd, wd, "crew: one directory has one watch");
	pathev__crew_release(c);
	is_int(pathev__crew_oldest(c)->error, 0, "crew: begins relative paths where we are");
	pathev__crew_release(c);
	is_int(pathev__crew_oldest(c)->error, ENOENT, "crew: tells what cannot be entered");
	pathev__crew_release(c);
	ok(!pathev__crew_oldest(c), "crew: has nothing more then");

	ask(c, fd, "t", "12", 3, 1);
	ask(c, fd, "t", "13", 3, 1);
	while (pathev__crew_wait(c) < 2)
		;
	pathev__crew_end(c, drop, NULL);
	is_int(dropped, 2, "crew: hands back what nobody took");
	is_int(threads_left(), threads_before, "crew: leaves no thread");
	close(fd);
}

static int count_watched(const struct pathev *pv)
{
	int n = 0;

	for (uint32_t v = 0; v < pv->tree.nnodes; v++)
		n += !(pv->tree.node[v].flags & PATHEV__NODE_FREE) && pv->tree.node[v].wd >= 0;
	return n;
}

static void adds(const char *how, const char *path)
{
	struct pathev_options o = {.flags = PATHEV_RECURSIVE};
	struct pathev *pv = pathev_open(&o);
	char before[4200], after[4200];

	ok(pv && getcwd(before, sizeof(before)) && !pathev_add(pv, path, 0), "crew: %s: adds", how);
	is_int(count_watched(pv), 1 + DIRS + DIRS / 10, "crew: %s: all is watched", how);
	is_str(getcwd(after, sizeof(after)), before, "crew: %s: the cwd is the caller's", how);
	is_int(threads_left(), threads_before, "crew: %s: no thread is left", how);
	pathev_close(pv);
}

int main(void)
{
	char path[4200];

	scratch_enter();
	threads_before = count_threads();
	make_dirs();
	sees();
	adds("a relative path", "t");
	snprintf(path, sizeof(path), "%s/t", scratch_dir);
	adds("an absolute path", path);
	refuse_unshare = 1;
	ok(!pathev__crew_start(), "crew: not without a cwd of its own");
	adds("no cwd of its own", "t");
	refuse_unshare = 0;
	refuse_thread = 1;
	ok(!pathev__crew_start(), "crew: not without threads");
	adds("no threads", "t");
	return done_testing();
}
