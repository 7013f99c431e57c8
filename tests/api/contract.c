/* SPDX-License-Identifier: MIT */
/*
 * contract.c - the delivery contract as a program sees it that has nothing but <pathev.h>
 *
 * What is lost and what cannot be watched comes as events, and is mended (pathev.7).
 */
#include <pathev.h>

#include "../unit/scratch.h"
#include "../unit/tap.h"

#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { EVENTS_MAX = 2000, PATH_BYTES = 128 };

/* What was handed out since count was set to 0. */
static struct seen {
	uint32_t what;
	int error;
	char type, synthesized;
	char path[PATH_BYTES];
} seen[EVENTS_MAX];
static int count;

static void take(struct pathev *pv)
{
	struct pathev_event ev;

	while (count < EVENTS_MAX && pathev_next(pv, &ev) == 1) {
		struct seen *s = &seen[count++];

		*s = (struct seen){.what = ev.what, .error = ev.error, .type = ev.type,
				   .synthesized = ev.synthesized};
		snprintf(s->path, sizeof(s->path), "%s", ev.path ? ev.path : "");
	}
}

/* The first of these events behind number from, of a path ("": none); -1: there is none. */
static int find(uint32_t what, const char *path, int from)
{
	for (int i = from; i < count; i++)
		if (seen[i].what & what && !strcmp(seen[i].path, path))
			return i;
	return -1;
}

/* Take events, through nothing but the descriptor, until there is this one. */
static int await(struct pathev *pv, uint32_t what, const char *path, int from)
{
	int64_t end = pathev_now() + 10 * INT64_C(1000000000);
	struct pollfd p = {.fd = pathev_fd(pv), .events = POLLIN};

	for (;;) {
		int i;

		take(pv);
		i = find(what, path, from);
		if (i >= 0 || count == EVENTS_MAX || pathev_now() > end)
			return i;
		poll(&p, 1, 1000);
	}
}

static void begin(void)
{
	count = 0;
	scratch_remove("t");
	if (mkdir("t", 0777) || mkdir("t/d", 0777))
		printf("# cannot make t/d: %s\n", strerror(errno));
	scratch_file("t/f");
}

static struct pathev *watch(const struct pathev_options *o, uint32_t flags)
{
	struct pathev *pv = pathev_open(o);

	if (!pv || pathev_add(pv, "t", flags)) {
		printf("Bail out! cannot watch: %s\n", strerror(errno));
		exit(1);
	}
	return pv;
}

/* More than the kernel's queue holds; it does not take any two of them for one. */
static int flood(void)
{
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	long max = 0;

	if (!f || fscanf(f, "%ld", &max) != 1 || max > 100000)
		max = 0;
	if (f)
		fclose(f);
	for (long i = 0; max && i < max; i++)
		if (chmod(i % 2 ? "t/f" : "t/d", 0700))
			return 0;
	return max > 0;
}

/* Take what comes before the overflow, and forget it. */
static int await_overflow(struct pathev *pv)
{
	do {
		count = 0;
		take(pv);
	} while (count == EVENTS_MAX && find(PATHEV_OVERFLOW, "", 0) < 0);
	return await(pv, PATHEV_OVERFLOW, "", 0);
}

static void test_overflow_listed(void)
{
	struct pathev *pv;
	int lost, ready, dir;

	begin();
	pv = watch(NULL, PATHEV_RECURSIVE | PATHEV_LIST);
	ok(await(pv, PATHEV_READY, "", 0) >= 0, "a listing ends with READY");
	ok(!rmdir("t/d") && !mkdir("t/d", 0700), "a directory is made anew");
	if (!flood() || mkdir("t/new", 0777) || unlink("t/f") || mkdir("t/new/in", 0777)) {
		skip("the kernel's queue is too large");
		pathev_close(pv);
		return;
	}
	lost = await_overflow(pv);
	ok(lost >= 0, "an overflow is an event");
	ready = await(pv, PATHEV_READY, "", lost);
	ok(ready > lost, "and then a listing, which ends with READY");
	dir = find(PATHEV_EXISTS, "t/new/in", lost);
	ok(find(PATHEV_EXISTS, "t", lost) == lost + 1, "it begins with the added path");
	ok(dir > 0 && dir < ready && seen[dir].type == 'd' && seen[dir].synthesized,
	   "it has what came meanwhile");
	ok(find(PATHEV_EXISTS, "t/f", lost) < 0, "and not what went");
	scratch_file("t/new/in/late");
	ok(await(pv, PATHEV_CLOSE_WRITE, "t/new/in/late", ready) > ready,
	   "a directory that came meanwhile is watched");
	pathev_close(pv);
}

static void test_overflow_changed(void)
{
	struct pathev *pv;
	int lost, ready;

	begin();
	pv = watch(NULL, PATHEV_RECURSIVE);
	await(pv, PATHEV_READY, "", 0);
	if (!flood() || mkdir("t/new", 0777)) {
		skip("the kernel's queue is too large");
		pathev_close(pv);
		return;
	}
	scratch_file("t/new/f");
	lost = await_overflow(pv);
	ready = await(pv, PATHEV_READY, "", lost);
	ok(lost >= 0 && ready > lost, "an overflow without a listing ends with READY, too");
	ok(find(PATHEV_CREATE, "t/new", lost) > lost && find(PATHEV_CREATE, "t/new", lost) < ready,
	   "in between is told what has changed");
	ok(find(PATHEV_CREATE, "t/new/f", lost) > lost, "and what is in it");
	scratch_file("t/new/late");
	ok(await(pv, PATHEV_CLOSE_WRITE, "t/new/late", ready) > ready, "and it is watched");
	pathev_close(pv);
}

static void test_queue_limit(void)
{
	const struct pathev_options o = {.queue_limit = 2000};
	struct pathev *pv;
	int lost, ready;

	begin();
	pv = watch(&o, PATHEV_RECURSIVE | PATHEV_LIST);
	await(pv, PATHEV_READY, "", 0);
	count = 0;
	for (int i = 0; i < 300; i++)
		if (chmod(i % 2 ? "t/f" : "t/d", 0700) || pathev_fill(pv))
			printf("# %s\n", strerror(errno));
	mkdir("t/new", 0777);
	lost = await(pv, PATHEV_OVERFLOW, "", 0);
	ready = await(pv, PATHEV_READY, "", lost);
	ok(lost > 0, "what goes beyond queue_limit is an overflow, behind what is kept");
	ok(find(PATHEV_EXISTS, "t/new", lost) > lost && ready > lost, "and it is listed anew");
	pathev_close(pv);
}

/* In a process that is not root, for whom no directory is unreadable. */
static void blind(void)
{
	struct pathev *pv;
	int i;

	if (chmod("t/d", 0))
		exit(2);
	pv = watch(NULL, PATHEV_RECURSIVE);
	i = await(pv, PATHEV_ERROR, "t/d", 0);
	if (i < 0 || seen[i].error != EACCES || seen[i].type != 'd')
		exit(3);
	scratch_file("t/g");
	if (await(pv, PATHEV_CLOSE_WRITE, "t/g", i) < 0)
		exit(4);
	if (chmod("t/d", 0700))
		exit(5);
	scratch_file("t/d/h");
	if (await(pv, PATHEV_CLOSE_WRITE, "t/d/h", i) < 0 || find(PATHEV_ERROR, "t/d", i + 1) >= 0)
		exit(6);
	pathev_close(pv);
	exit(0);
}

static void test_blind_spot(void)
{
	int status;
	pid_t pid;

	begin();
	if (!geteuid() && (chown("t", 65534, 65534) || chown("t/d", 65534, 65534) ||
			   chmod(".", 0755))) {
		skip("cannot be another user");
		return;
	}
	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (!geteuid() && (setgid(65534) || setuid(65534)))
			exit(1);
		blind();
	}
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status), "a watcher over an unreadable directory ends");
	is_int(WEXITSTATUS(status), 0, "a blind spot is an event, the rest is watched, and it when it "
	       "can be");
}

/* What a program of ours need not try. */
static void test_small(void)
{
	struct pathev *pv;
	int64_t before;

	begin();
	pv = watch(NULL, 0);
	is_int(pathev_remove(pv, "t/d"), -1, "a path that was not added is not removed");
	is_int(errno, ENOENT, "a path that was not added is not removed: ENOENT");
	while (pathev_next(pv, &(struct pathev_event){0}) == 1)
		continue;
	before = pathev_now();
	is_int(pathev_wait(pv, before + 20 * 1000 * 1000), 0, "a deadline passes");
	ok(pathev_now() - before >= 20 * 1000 * 1000, "and not before its time");
	is_int(pathev_wait(pv, before), 0, "one that is past does not wait");
	is_int(pathev_remove(pv, "t"), 0, "a path that was added is removed");
	is_int(pathev_remove(pv, "t"), -1, "once");
	pathev_close(pv);
}

/* Those of this user namespace. */
static int limit_watches(int n)
{
	FILE *f = fopen("/proc/sys/user/max_inotify_watches", "w");

	return f && fprintf(f, "%d", n) > 0 && !fclose(f) ? 0 : -1;
}

static void unanchored(void)
{
	struct pathev *pv;
	int i;

	if (unshare(CLONE_NEWUSER) || limit_watches(1))
		exit(99);
	pv = pathev_open(NULL);
	if (!pv)
		exit(2);
	/* "." is watched, for what is to come, and then nothing else can be */
	if (pathev_add(pv, "none/f", PATHEV_MISSING_OK))
		exit(3);
	if (!pathev_add(pv, "t/none", PATHEV_MISSING_OK) || errno != ENOSPC)
		exit(4);
	count = 0;
	if (mkdir("none", 0755))
		exit(8);
	i = await(pv, PATHEV_ERROR, "none/f", 0);
	if (i < 0 || seen[i].error != ENOSPC)
		exit(5);
	if (rmdir("none"))
		exit(6);
	if (mkdir("none", 0755))
		exit(8);
	if (pathev_sync(pv, "end") || await(pv, PATHEV_SYNC, "", 0) < 0 ||
	    find(PATHEV_ERROR, "none/f", i + 1) >= 0)
		exit(7);
	pathev_close(pv);
	exit(0);
}

/* Run a test in a process of its own; 99: it cannot be run here. */
static void apart(void (*test)(void), const char *why_not, const char *name)
{
	int status;
	pid_t pid;

	begin();
	fflush(stdout);
	pid = fork();
	if (!pid)
		test();
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		skip(why_not);
	else
		is_int(status, 0, "%s", name);
}

/* In a mount namespace of its own, with a bind mount of t/other on t/d/m. */
static void bind_mount(int namespaces)
{
	if (unshare(namespaces) || mkdir("t/other", 0777) || mkdir("t/d/m", 0777) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("t/other", "t/d/m", NULL, MS_BIND, NULL))
		exit(99);
}

/* What was looked at may be unmounted before any event is taken: it is a bind mount, of whose end
 * there is no record. */
static void unmounted(void)
{
	struct pathev *pv;

	bind_mount(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS);
	pv = watch(NULL, PATHEV_RECURSIVE);
	if (umount("t/d/m"))
		exit(2);
	if (await(pv, PATHEV_READY, "", 0) < 0 || pathev_sync(pv, "is settled") ||
	    await(pv, PATHEV_SYNC, "", 0) < 0)
		exit(3);
	scratch_file("t/d/m/f");
	if (await(pv, PATHEV_CLOSE_WRITE, "t/d/m/f", 0) < 0)
		exit(4);
	scratch_file("t/other/g");
	if (await(pv, PATHEV_CLOSE_WRITE, "t/other/g", 0) < 0 ||
	    find(PATHEV_ALL, "t/d/m/g", 0) >= 0)
		exit(5);
	pathev_close(pv);
	exit(0);
}

/* The table of mounts knows the mount point by its path, and that may have changed. */
static void unmounted_elsewhere(void)
{
	struct pathev *pv;

	bind_mount(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS);
	pv = watch(NULL, PATHEV_RECURSIVE);
	if (await(pv, PATHEV_READY, "", 0) < 0 || rename("t/d", "t/e") || mkdir("t/d", 0777) ||
	    mkdir("t/d/m", 0777) || await(pv, PATHEV_CREATE, "t/d/m", 0) < 0 || umount("t/e/m") ||
	    await(pv, PATHEV_UNMOUNT, "t/e/m", 0) < 0)
		exit(2);
	scratch_file("t/e/m/f");
	if (await(pv, PATHEV_CLOSE_WRITE, "t/e/m/f", 0) < 0)
		exit(3);
	pathev_close(pv);
	exit(0);
}

/* A directory that is mounted on itself is the same one, but what was mounted below is hidden. */
static void hidden(void)
{
	struct pathev *pv;

	bind_mount(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS);
	pv = watch(NULL, PATHEV_RECURSIVE);
	if (await(pv, PATHEV_READY, "", 0) < 0 || mount("t/d", "t/d", NULL, MS_BIND, NULL) ||
	    await(pv, PATHEV_DELETE, "t/d/m", 0) < 0)
		exit(2);
	scratch_file("t/d/m/f");
	if (await(pv, PATHEV_CLOSE_WRITE, "t/d/m/f", 0) < 0)
		exit(3);
	pathev_close(pv);
	exit(0);
}

/* What was mounted only while all was looked at anew, after a loss, and not before or behind it. */
static void mounted_meanwhile(void)
{
	struct pathev_event ev;
	struct pathev *pv;

	bind_mount(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS);
	if (umount("t/d/m") || mkdir("t/other/o", 0777))
		exit(99);
	pv = watch(NULL, PATHEV_RECURSIVE | PATHEV_LIST);
	if (await(pv, PATHEV_READY, "", 0) < 0 || !flood() ||
	    mount("t/other", "t/d/m", NULL, MS_BIND, NULL))
		exit(99);
	do
		if (pathev_next(pv, &ev) != 1)
			exit(2);
	while (!(ev.what & PATHEV_EXISTS) || strcmp(ev.path, "t/d/m/o") != 0);
	count = 0;
	if (umount("t/d/m") || await(pv, PATHEV_READY, "", 0) < 0)
		exit(3);
	await(pv, PATHEV_DELETE, "t/d/m", 0);
	scratch_file("t/d/m/f");
	if (await(pv, PATHEV_CLOSE_WRITE, "t/d/m/f", 0) < 0)
		exit(4);
	pathev_close(pv);
	exit(0);
}

/* What comes to light by it may not be watched, for there are enough watches. */
static void unmounted_at_limit(void)
{
	struct pathev *pv;
	int i;

	bind_mount(CLONE_NEWUSER | CLONE_NEWNS);
	pv = watch(NULL, PATHEV_RECURSIVE);
	if (await(pv, PATHEV_READY, "", 0) < 0 || limit_watches(1) || umount("t/d/m"))
		exit(2);
	i = await(pv, PATHEV_ERROR, "t/d/m", 0);
	if (i < 0 || seen[i].error != ENOSPC)
		exit(3);
	pathev_close(pv);
	exit(0);
}

/* How many descriptors are open. */
static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static void test_no_descriptors(void)
{
	struct rlimit old, few;
	int before = descriptors(), failed = 0, other = 0;

	getrlimit(RLIMIT_NOFILE, &old);
	for (few = old, few.rlim_cur = 3; few.rlim_cur < 7; few.rlim_cur++) {
		struct pathev *pv;

		setrlimit(RLIMIT_NOFILE, &few);
		pv = pathev_open(NULL);
		failed += !pv;
		other += !pv && errno != EMFILE;
		pathev_close(pv);
	}
	setrlimit(RLIMIT_NOFILE, &old);
	ok(failed > 0 && !other, "without a descriptor there is no watcher: EMFILE");
	is_int(descriptors(), before, "and no descriptor is left behind");
}

static void test_added_path(void)
{
	struct pathev *pv;
	int gone = -1;

	begin();
	pv = pathev_open(NULL);
	errno = 0;
	ok(pathev_add(pv, "t/none", 0) == -1 && errno == ENOENT, "a path that is not there: ENOENT");
	ok(!pathev_add(pv, "t/none", PATHEV_MISSING_OK), "unless it need not be");
	ok(!pathev_add(pv, "t/f", 0), "a file is added");
	scratch_file("t/g");
	ok(!rename("t/g", "t/f") && await(pv, PATHEV_MOVED_TO, "t/f", 0) >= 0,
	   "a file that replaces it is told under its name");
	count = 0;
	scratch_file("t/f");
	ok(await(pv, PATHEV_CLOSE_WRITE, "t/f", 0) >= 0, "and watched under it");
	ok(!unlink("t/f") && (gone = await(pv, PATHEV_DELETE, "t/f", 0)) >= 0, "its end is told");
	scratch_file("t/f");
	ok(await(pv, PATHEV_CREATE, "t/f", gone) > gone, "and that it is there again");
	scratch_file("t/none");
	ok(await(pv, PATHEV_CREATE, "t/none", 0) >= 0, "what was missing comes");
	pathev_close(pv);
}

static struct {
	uint64_t last;
	unsigned calls;
	int shrank, foreign;
	pid_t thread;
} told;

static void tell(void *arg, uint64_t dirs)
{
	told.calls++;
	told.shrank |= dirs <= told.last;
	told.foreign |= arg != &told || gettid() != told.thread;
	told.last = dirs;
}

static void test_progress(void)
{
	struct pathev_options o = {.flags = PATHEV_RECURSIVE, .progress = tell,
				   .progress_arg = &told};
	struct pathev *pv;
	uint64_t before;
	char path[32];
	int made = 0;

	begin();
	/* so many that the library looks at some of them by other threads */
	for (int i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "t/d/%d", i);
		made += !mkdir(path, 0777);
	}
	is_int(made, 500, "directories are made");
	told.thread = gettid();
	pv = watch(&o, 0);
	ok(told.last > 400 && told.last <= 502, "adding a path tells of its directories: %u",
	   (unsigned)told.last);
	ok(told.calls > 10 && !told.shrank, "in numbers that grow");
	ok(!told.foreign, "in the caller's thread, with the argument");
	before = told.last;
	ok(!pathev_add(pv, "t", PATHEV_LIST) && await(pv, PATHEV_EXISTS, "t/d/499", 0) >= 0,
	   "and it is listed");
	ok(told.last > before + 300, "so does a listing, which goes on counting: %u",
	   (unsigned)told.last);
	ok(!told.shrank && !told.foreign, "in the same way");
	pathev_close(pv);
}

int main(void)
{
	scratch_enter();
	test_overflow_listed();
	test_overflow_changed();
	test_queue_limit();
	test_blind_spot();
	apart(unanchored, "no user namespace to lower the limit of watches in",
	      "a path that cannot be waited for is ENOSPC, or later one event");
	apart(unmounted, "no mounts of its own (needs root, or user namespaces)",
	      "what is unmounted right behind its adding is not what is watched");
	apart(unmounted_elsewhere, "no mounts of its own (needs root, or user namespaces)",
	      "nor what is unmounted after it has got another path");
	apart(hidden, "no mounts of its own (needs root, or user namespaces)",
	      "nor what a mount above has hidden");
	apart(mounted_meanwhile, "no mounts of its own (needs root, or user namespaces)",
	      "nor what was mounted only while a loss was made up for");
	apart(unmounted_at_limit, "no user namespace with mounts and a limit of watches",
	      "what an unmount brings to light is a blind spot when it cannot be watched");
	test_no_descriptors();
	test_added_path();
	test_progress();
	test_small();
	return done_testing();
}
