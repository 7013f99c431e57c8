/* SPDX-License-Identifier: MIT */
/*
 * race.c - writers of all kinds against a program that waits until a file is complete
 *
 *	race [OPTION]... -- pathwait FILE
 *
 * Each round has a directory of its own, a writer and a waiter, whose order and steps are shifted
 * by random pauses.  The waiter's words FILE and DIR are replaced by the file that the writer will
 * have completed, and its directory.  Counted are the waiters that ended
 *
 *	early    before the writer began its last step, the one that completes the file
 *	late     more than 100 ms (-l) later than a process that just waits for the writer's word
 *	never    within the bound, or with another status than 0
 *
 * so time is measured against another process on the same machine, whatever its load.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/random.h"

#define MS 1000000LL

static struct {
	const char *kinds;	/* NULL: all */
	long rounds, seed;
	long pause_us;		/* the longest pause between two steps */
	long bound_ms;
	long late_ms;		/* what the waiter is allowed */
	const char *settle;	/* the waiter's option, for the kinds that need it; NULL: they are
				 * left out */
	int untold;		/* the waiter does not know that option, and is not given it */
	int announced;		/* the waiter says on stderr when it is armed */
	int verbose;
	char **waiter;
	const char *place;
} opt = { .rounds = 1, .seed = 1, .pause_us = 10000, .bound_ms = 10000, .late_ms = 100, .place = "." };

/* What the writer tells, in shared memory. */
static struct told {
	int64_t last_ns;	/* the last step begins; 0: not yet */
	int64_t done_ns;	/* and has ended */
} *told;

static char file[64], dir[48], temp[64], other[64];
static int word;		/* the control process reads from here when all is done */

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 * MS + ts.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "race: %s: %s\n", what, strerror(errno));
	_exit(99);
}

static void nap_us(long us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	while (us > 0 && nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* Between any two steps: mostly a little, often nothing. */
static void pause_some(void)
{
	if (draw(3))
		nap_us((long)(draw((uint32_t)opt.pause_us + 1)));
}

/* Long enough for who takes this for the end to be caught. */
static void hold(void)
{
	nap_us(opt.pause_us);
	pause_some();
}

/* ---- steps of writers ---- */

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);

	if (fd < 0)
		die(path);
	return fd;
}

static void put(int fd)
{
	static const char chunk[8192];

	if (write(fd, chunk, 1 + draw(sizeof(chunk))) < 0)
		die("write");
}

static void last(void)
{
	told->last_ns = now();
}

static void done(void)
{
	told->done_ns = now();
	if (write(word, "d", 1) != 1)
		die("the control process");
}

static void fill(int fd, int chunks)
{
	while (chunks--) {
		put(fd);
		pause_some();
	}
}

static void close_last(int fd)
{
	last();
	close(fd);
	done();
}

static void make(const char *path, int chunks)
{
	int fd = open_or_die(path, O_WRONLY | O_CREAT | O_TRUNC);

	pause_some();
	fill(fd, chunks);
	close(fd);
}

/* ---- kinds of writers ---- */

static void plain(void)
{
	int fd = open_or_die(file, O_WRONLY | O_CREAT);

	put(fd);
	close_last(fd);
}

static void chunks(void)
{
	int fd = open_or_die(file, O_WRONLY | O_CREAT);

	pause_some();
	fill(fd, 4);
	hold();
	fill(fd, 1);
	close_last(fd);
}

static void reopen(void)
{
	for (int i = 0; i < 4; i++) {
		int fd = open_or_die(file, O_WRONLY | O_CREAT | O_APPEND);

		put(fd);
		/* from here on it does not change, which is what counts */
		if (i == 3)
			last();
		pause_some();
		close(fd);
		if (i < 3)
			hold();
	}
	done();
}

static void two(void)
{
	int fd = open_or_die(file, O_WRONLY | O_CREAT);
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		int second = open_or_die(file, O_WRONLY | O_APPEND);

		close(fd);
		fill(second, 2);
		close(second);
		_exit(0);
	}
	fill(fd, 1);
	waitpid(pid, NULL, 0);
	hold();
	fill(fd, 1);
	close_last(fd);
}

static void stalled(void)
{
	int fd = open_or_die(file, O_WRONLY | O_CREAT);

	put(fd);
	nap_us(20 * opt.pause_us);
	put(fd);
	close_last(fd);
}

static void renamed(void)
{
	make(temp, 2);
	last();
	if (rename(temp, file))
		die("rename");
	done();
}

static void linked(void)
{
	make(temp, 2);
	last();
	if (link(temp, file))
		die("link");
	done();
}

/* Its name comes while it is still being written. */
static void tmpfile_linked(void)
{
	char proc[64];
	int fd = open_or_die(dir, O_WRONLY | O_TMPFILE);

	fill(fd, 1);
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, proc, AT_FDCWD, file, AT_SYMLINK_FOLLOW))
		die("linkat");
	hold();
	fill(fd, 2);
	close_last(fd);
}

static void linked_open(void)
{
	int fd = open_or_die(temp, O_WRONLY | O_CREAT);

	fill(fd, 1);
	if (link(temp, file))
		die("link");
	hold();
	fill(fd, 2);
	close_last(fd);
}

static void mapped(void)
{
	int fd = open_or_die(file, O_RDWR | O_CREAT);
	char *p;

	if (ftruncate(fd, 4096))
		die("ftruncate");
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("mmap");
	pause_some();
	close(fd);
	for (int i = 0; i < 3; i++) {
		p[i] = 'x';
		hold();
	}
	last();
	munmap(p, 4096);
	done();
}

static void reopened(void)
{
	int fd;

	/* who waits comes later, or it would be right to end in between */
	make(temp, 1);
	fd = open_or_die(temp, O_WRONLY | O_APPEND);
	if (rename(temp, file))
		die("rename");
	hold();
	fill(fd, 2);
	close_last(fd);
}

static void truncated(void)
{
	int fd;

	make(temp, 3);
	fd = open_or_die(temp, O_WRONLY);
	if (rename(temp, file) || ftruncate(fd, 0))
		die("truncate");
	hold();
	fill(fd, 2);
	close_last(fd);
}

static void killed(void)
{
	int fd[2];
	pid_t pid;
	char c;

	if (pipe2(fd, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		int f = open_or_die(file, O_WRONLY | O_CREAT);

		fill(f, 2);
		if (write(fd[1], "w", 1) != 1)
			die("pipe");
		for (;;)
			pause();
	}
	if (read(fd[0], &c, 1) != 1)
		die("pipe");
	hold();
	last();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	done();
}

static void by_user(void)
{
	if (setgid(65534) || setuid(65534))
		die("setuid");
	chunks();
}

static void by_symlink(void)
{
	if (symlink("behind", file))
		die("symlink");
	pause_some();
	strcpy(strrchr(other, '/'), "/behind");
	strcpy(file, other);
	chunks();
}

static void new_dir(void)
{
	char *slash = strrchr(file, '/');

	*slash = '\0';
	if (mkdir(file, 0777))
		die("mkdir");
	*slash = '/';
	plain();
}

static void new_dir_slow(void)
{
	char *slash = strrchr(file, '/');

	*slash = '\0';
	if (mkdir(file, 0777))
		die("mkdir");
	*slash = '/';
	pause_some();
	chunks();
}

enum {
	SETTLE = 1,	/* only who settles can be right */
	NEEDS_ROOT = 2,
	NEW_DIR = 4,	/* the file is in a directory that is not there yet */
	SIDE = 8,	/* the temporary file is beside, not in the directory */
	NAMED = 16,	/* not for who waits for a directory */
	BEFORE = 32	/* all is done when the waiter starts */
};

static const struct kind {
	const char *name;
	void (*write)(void);
	unsigned flags;
} kinds[] = {
	{ "plain", plain, 0 },
	{ "chunks", chunks, 0 },
	{ "reopen", reopen, SETTLE },
	{ "two", two, 0 },
	{ "stalled", stalled, 0 },
	{ "renamed", renamed, NAMED },
	{ "renamed-across", renamed, SIDE },
	{ "linked", linked, SIDE },
	{ "linked-open", linked_open, SIDE },
	{ "tmpfile", tmpfile_linked, 0 },
	{ "mapped", mapped, 0 },
	{ "complete", plain, BEFORE },
	{ "reopened", reopened, SIDE },
	{ "truncated", truncated, SIDE },
	{ "killed", killed, 0 },
	{ "user", by_user, NEEDS_ROOT },
	{ "symlink", by_symlink, NAMED },
	{ "new-dir", new_dir, NEW_DIR },
	{ "new-dir-slow", new_dir_slow, NEW_DIR },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct count {
	unsigned rounds, early, late, never;
	int64_t worst_ns, sum_ns;
} count[KINDS];

/* ---- rounds ---- */

static int waits_for_dir(void)
{
	for (char **a = opt.waiter; *a; a++)
		if (!strcmp(*a, "FILE"))
			return 0;
	return 1;
}

static int is_wanted(const struct kind *k)
{
	size_t len = strlen(k->name);

	if ((k->flags & SETTLE && !opt.settle) || (k->flags & NEEDS_ROOT && getuid()) ||
	    (k->flags & (NAMED | NEW_DIR) && waits_for_dir()))
		return 0;
	for (const char *p = opt.kinds; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (!strncmp(p, k->name, len) && (!p[len] || p[len] == ','))
			return 1;
	return !opt.kinds;
}

static pid_t start_control(int *fd)
{
	int p[2], out[2];
	pid_t pid;
	char c;

	if (pipe2(p, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(p[1]);
		_exit(read(p[0], &c, 1) != 1);
	}
	close(p[0]);
	close(out[1]);
	word = p[1];
	*fd = out[0];	/* at its end when the process has */
	return pid;
}

static void become_waiter(int out, int err, const char *settle)
{
	char *arg[64];
	int n = 0;

	for (char **a = opt.waiter; *a && n < 60; a++) {
		arg[n++] = !strcmp(*a, "FILE") ? file : !strcmp(*a, "DIR") ? dir : *a;
		if (a == opt.waiter && settle && !opt.untold) {
			arg[n++] = (char *)"--settle";
			arg[n++] = (char *)settle;
		}
	}
	arg[n] = NULL;
	if (dup2(out, 1) < 0 || (opt.announced && dup2(err, 2) < 0))
		die("dup2");
	execvp(arg[0], arg);
	die(arg[0]);
}

static pid_t start_waiter(int *fd, const char *settle)
{
	int out[2], err[2] = { -1, -1 };
	char text[4096] = "";
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) || (opt.announced && pipe2(err, O_CLOEXEC)))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		become_waiter(out[1], err[1], settle);
	close(out[1]);
	*fd = out[0];
	if (!opt.announced)
		return pid;
	close(err[1]);
	while (!strstr(text, "established") && len < sizeof(text) - 1 &&
	       (n = read(err[0], text + len, sizeof(text) - 1 - len)) > 0)
		text[len += (size_t)n] = '\0';
	close(err[0]);
	return pid;
}

enum { WAITER, CONTROL, BOTH };

/* When the other ends are closed, by the end of the processes; 0: not before the time. */
static void wait_ends(const int *fd, int64_t until_ns, int64_t *ended_ns)
{
	struct pollfd p[BOTH] = {
		{ .fd = fd[WAITER], .events = POLLIN }, { .fd = fd[CONTROL], .events = POLLIN }
	};
	char buf[4096];

	ended_ns[WAITER] = ended_ns[CONTROL] = 0;
	while (p[WAITER].fd >= 0 || p[CONTROL].fd >= 0) {
		int64_t left = (until_ns - now()) / MS;

		if (left <= 0 || poll(p, BOTH, (int)left) <= 0)
			return;
		for (int i = 0; i < BOTH; i++) {
			if (p[i].fd < 0 || !p[i].revents || read(p[i].fd, buf, sizeof(buf)) > 0)
				continue;
			ended_ns[i] = now();
			p[i].fd = -1;
		}
	}
}

static int end(pid_t pid)
{
	int status = -1;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return status;
}

static void judge(const struct kind *k, struct count *c, int64_t ended, int64_t control,
		  int64_t settle_ns, int status)
{
	const char *wrong = NULL;
	int64_t delay = ended - told->done_ns - settle_ns;
	int64_t fair = control - told->done_ns;

	c->rounds++;
	if (!ended || status) {
		c->never++;
		wrong = "never";
	} else if (!told->last_ns || ended < told->last_ns + settle_ns) {
		c->early++;
		wrong = "early";
	} else if (delay > opt.late_ms * MS + 2 * fair) {
		c->late++;
		wrong = "late";
	}
	if (ended && !wrong) {
		c->sum_ns += delay > 0 ? delay : 0;
		c->worst_ns = delay > c->worst_ns ? delay : c->worst_ns;
	}
	if (wrong && opt.verbose)
		printf("# %s: %s: seed %ld, %.1f ms after the end, the other %.1f, status %x\n",
		       k->name, wrong, opt.seed, (double)delay / MS, (double)fair / MS,
		       (unsigned)status);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void name_files(const struct kind *k)
{
	snprintf(dir, sizeof(dir), "r%ld", opt.seed);
	snprintf(file, sizeof(file), "%s/%s", dir, k->flags & NEW_DIR ? "new/file" : "file");
	snprintf(temp, sizeof(temp), k->flags & SIDE ? "%s.temp" : "%s/temp", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	if (mkdir(dir, 0777) || chmod(dir, 0777))
		die(dir);
}

static void play(const struct kind *k, struct count *c)
{
	const char *settle = k->flags & SETTLE ? opt.settle : NULL;
	int64_t settle_ns = settle ? (int64_t)(atof(settle) * 1e9) : 0;
	int64_t ended[BOTH];
	int fd[BOTH], status;
	pid_t control, waiter = 0, writer;

	draw_state = (uint64_t)opt.seed * 0x9e3779b97f4a7c15u;
	name_files(k);
	*told = (struct told){ 0 };
	control = start_control(&fd[CONTROL]);
	/* sometimes the writer begins first */
	if (!(k->flags & BEFORE) && (opt.announced || draw(4))) {
		waiter = start_waiter(&fd[WAITER], settle);
		pause_some();
	}
	writer = fork();
	if (writer < 0)
		die("fork");
	if (!writer) {
		k->write();
		_exit(0);
	}
	if (!waiter) {
		pause_some();
		while (k->flags & BEFORE && !told->done_ns)
			nap_us(100);
		waiter = start_waiter(&fd[WAITER], settle);
	}
	wait_ends(fd, now() + opt.bound_ms * MS, ended);
	if (ended[WAITER])
		waitpid(waiter, &status, 0);
	else
		status = end(waiter);
	waitpid(writer, NULL, 0);
	close(word);
	waitpid(control, NULL, 0);
	if (ended[CONTROL] && told->last_ns)
		judge(k, c, ended[WAITER], ended[CONTROL], settle_ns, status);
	close(fd[CONTROL]);
	close(fd[WAITER]);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	unlink(temp);
}

static int report(void)
{
	struct count all = { 0 };

	printf("%-15s %6s %6s %6s %6s  %9s %9s\n", "writer", "rounds", "early", "late", "never",
	       "mean ms", "worst ms");
	for (int i = 0; i < KINDS; i++) {
		const struct count *c = &count[i];

		if (!c->rounds)
			continue;
		printf("%-15s %6u %6u %6u %6u  %9.1f %9.1f\n", kinds[i].name, c->rounds, c->early,
		       c->late, c->never, (double)c->sum_ns / c->rounds / MS,
		       (double)c->worst_ns / MS);
		all.rounds += c->rounds;
		all.early += c->early;
		all.late += c->late;
		all.never += c->never;
	}
	printf("%-15s %6u %6u %6u %6u\n", "all", all.rounds, all.early, all.late, all.never);
	/* a machine that is loaded may be late now and then, and waiting may not */
	return !all.rounds || all.early || all.never || all.late * 10 > all.rounds;
}

static void usage(void)
{
	fputs("usage: race [-k KIND,...] [-r ROUNDS] [-s SEED] [-p PAUSE-US] [-b BOUND-MS] [-l LATE-MS]\n"
	      "            [-S SETTLE-SECONDS] [-C DIRECTORY] [-inv] -- WAITER... FILE or DIR\n"
	      "  -i  the waiter says 'established' on stderr\n"
	      "  -n  do not give it --settle, which it does not know\n"
	      "kinds:", stderr);
	for (int i = 0; i < KINDS; i++)
		fprintf(stderr, " %s", kinds[i].name);
	fputc('\n', stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	int c, i = 0;

	while ((c = getopt(argc, argv, "k:r:s:p:b:l:S:C:inv")) != -1) {
		switch (c) {
		case 'k': opt.kinds = optarg; break;
		case 'r': opt.rounds = atol(optarg); break;
		case 's': opt.seed = atol(optarg); break;
		case 'p': opt.pause_us = atol(optarg); break;
		case 'b': opt.bound_ms = atol(optarg); break;
		case 'l': opt.late_ms = atol(optarg); break;
		case 'S': opt.settle = optarg; break;
		case 'C': opt.place = optarg; break;
		case 'i': opt.announced = 1; break;
		case 'n': opt.untold = 1; break;
		case 'v': opt.verbose = 1; break;
		default: usage();
		}
	}
	opt.waiter = argv + optind;
	if (!*opt.waiter)
		usage();
	if (chdir(opt.place))
		die(opt.place);
	umask(0);
	signal(SIGPIPE, SIG_IGN);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		die("mmap");
	/* the kinds take turns */
	for (long r = 0, idle = 0; r < opt.rounds && idle <= KINDS; i = (i + 1) % KINDS) {
		idle++;
		if (!is_wanted(&kinds[i]))
			continue;
		play(&kinds[i], &count[i]);
		opt.seed++;
		r++;
		idle = 0;
	}
	return report();
}
