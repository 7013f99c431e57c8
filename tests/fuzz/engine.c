/* SPDX-License-Identifier: MIT */
/*
 * engine.c - fuzz target: a watcher that is told the truth and lies
 *
 * Real changes make real records, and any others are put between them.  Whatever they say, the
 * watcher goes on, its events have the form they must have, and behind an overflow the listing is
 * the tree that is there.  Input: options, then steps of a byte with its operands.
 */
#include "fuzz.h"

#include "clock.h"
#include "engine.h"

#include "../unit/scratch.h"

#include <errno.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

const uint32_t fuzz_times = 30;	/* the kernel takes its time to close a watcher */

enum { PATHS_MAX = 64, STEPS_MAX = 60, EVENTS_MAX = 3000 };

static const char *const places[] = {
	"t/a", "t/b", "t/a/a", "t/a/b", "t/b/a", "t/b/b", "t/a/a/a", "o/a", "o/b", "o/a/a", "t", "o/t",
};

/* The names that stand in records, some of them of nothing. */
static const char *const names[] = {"", "a", "b", "t", "o", "c", "..", "a/b"};

static const uint32_t masks[] = {
	IN_CREATE, IN_DELETE, IN_MOVED_FROM, IN_MOVED_TO, IN_MODIFY, IN_CLOSE_WRITE, IN_ATTRIB,
	IN_MOVE_SELF, IN_DELETE_SELF, IN_IGNORED, IN_UNMOUNT, IN_Q_OVERFLOW, IN_OPEN, IN_ACCESS,
	IN_CLOSE_NOWRITE, 0xffffffff,
};

static char picture[PATHS_MAX][64];
static int npicture, ready, nreal;

static const char *place(struct fuzz *in)
{
	return places[fuzz_number(in, 1) % (sizeof(places) / sizeof(*places))];
}

static int is_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

static void forget(const char *path)
{
	int kept = 0;

	for (int i = 0; i < npicture; i++)
		if (!is_in(picture[i], path))
			memmove(picture[kept++], picture[i], sizeof(picture[i]));
	npicture = kept;
}

static int knows(const char *path)
{
	for (int i = 0; i < npicture; i++)
		if (!strcmp(picture[i], path))
			return 1;
	return 0;
}

static void apply(const struct pathev_event *ev)
{
	must(ev->what);
	if (ev->what & PATHEV_OVERFLOW)
		npicture = ready = 0;
	if (ev->what & PATHEV_READY)
		ready = 1;
	must(!ev->path == !!(ev->what & (PATHEV_OVERFLOW | PATHEV_READY | PATHEV_SYNC)));
	if (!ev->path)
		return;
	must(is_in(ev->path, "t") && ev->nameoff < strlen(ev->path));
	must(!strcmp(ev->root, "t"));
	if (ev->what & (PATHEV_DELETE | PATHEV_MOVE))
		forget(ev->path);
	if (ev->what & (PATHEV_CREATE | PATHEV_MOVED_TO | PATHEV_EXISTS) && !knows(ev->path) &&
	    npicture < PATHS_MAX)
		snprintf(picture[npicture++], sizeof(picture[0]), "%s", ev->path);
}

static void take(struct pathev *pv)
{
	struct pathev_event ev;
	int n = 0, res;

	while ((res = pathev_next(pv, &ev)) == 1) {
		must(n++ < EVENTS_MAX);
		apply(&ev);
	}
	must(!res);
}

static void put_record(struct pathev *pv, int wd, uint32_t mask, uint32_t cookie, const char *name)
{
	struct inotify_event ev = {.wd = wd, .mask = mask, .cookie = cookie};
	char field[16] = {0};
	size_t room;
	char *to = pathev__intake_room(&pv->in, &room);

	must(to);
	if (*name) {
		snprintf(field, sizeof(field), "%s", name);
		ev.len = sizeof(field);
	}
	memcpy(to, &ev, sizeof(ev));
	memcpy(to + sizeof(ev), field, ev.len);
	must(!pathev__intake_commit(&pv->in, sizeof(ev) + ev.len, pathev__clock_real_ns(),
				    pv->empty_ns));
}

/* A lie: any event, of a descriptor that is or may have been, with one of a few cookies. */
static void lie(struct pathev *pv, struct fuzz *in)
{
	unsigned which = (unsigned)fuzz_number(in, 1);
	uint32_t mask = masks[which % (sizeof(masks) / sizeof(*masks))];
	int wd = (int)(fuzz_number(in, 1) % 12) - 1;
	unsigned name = (unsigned)fuzz_number(in, 1);
	uint32_t cookie = mask & IN_MOVE ? 1 + name / 8 % 8 : 0;

	if (which & 128 && mask != IN_Q_OVERFLOW)
		mask |= IN_ISDIR;
	put_record(pv, wd, mask, cookie, names[name % (sizeof(names) / sizeof(*names))]);
}

static void change(unsigned how, struct fuzz *in)
{
	const char *a = place(in);

	if (how == 0)
		mkdir(a, 0777);
	else if (how == 1)
		close(open(a, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
	else if (how == 2)
		remove(a);
	else if (how == 3)
		rename(a, place(in));
	else
		syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, place(in), 2 /* RENAME_EXCHANGE */);
}

static void step(struct pathev *pv, struct fuzz *in)
{
	unsigned what = (unsigned)fuzz_number(in, 1) % 12;

	if (what < 5) {
		change(what, in);
	} else if (what < 9) {
		lie(pv, in);
	} else if (what == 9) {
		must(!pathev_fill(pv));
	} else if (what == 10) {
		must(!pathev_sync(pv, NULL) && !pathev_add(pv, "t", PATHEV_RECURSIVE));
	} else {
		take(pv);
	}
}

static void check_below(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	if (!dir && errno != ENOTDIR)
		return;
	nreal++;
	must(knows(path));
	while (dir && (d = readdir(dir))) {
		char sub[512];

		snprintf(sub, sizeof(sub), "%s/%s", path, d->d_name);
		if (d->d_name[0] != '.')
			check_below(sub);
	}
	if (dir)
		closedir(dir);
}

/* All that was said before is void: the listing has what is there. */
static void recover(struct pathev *pv)
{
	int64_t deadline = pathev_now() + 5 * PATHEV__NS_PER_S;

	put_record(pv, -1, IN_Q_OVERFLOW, 0, "");
	ready = 0;
	do
		take(pv);
	while (!ready && pathev_wait(pv, deadline) == 1);
	must(ready);
	take(pv);
	nreal = 0;
	check_below("t");
	must(nreal == npicture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = {data, size};
	struct pathev_options o = {.flags = PATHEV_RECURSIVE | PATHEV_LIST | PATHEV_MISSING_OK};
	unsigned options = (unsigned)fuzz_number(&in, 1);
	int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct pathev *pv;

	/* only for the time of an input: libFuzzer has its own files where it was started */
	must(home >= 0);
	if (!scratch_dir[0])
		scratch_enter();
	must(!chdir(scratch_dir));
	o.pair_ns = options & 1 ? -1 : 1;
	o.want = options & 2 ? PATHEV_ALL : 0;
	o.queue_limit = options & 4 ? 1000 : 0;
	must(!mkdir("t", 0777) && !mkdir("o", 0777));
	npicture = 0;
	pv = pathev_open(&o);
	must(pv && !pathev_add(pv, "t", 0));
	for (int n = 0; n < STEPS_MAX && in.len; n++)
		step(pv, &in);
	recover(pv);
	pathev_close(pv);
	scratch_remove("t");
	scratch_remove("o");
	must(!fchdir(home) && !close(home));
	return 0;
}
