/* SPDX-License-Identifier: MIT */
/*
 * bench.c - measures the limit, ours and the peers, one after the other, round after round
 *
 * README says what each job measures and how to read the figures.
 */
#include "child.h"
#include "figures.h"
#include "scale.h"
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHANGES "modify,attrib,close_write,move,create,delete,delete_self,move_self"

static const char established[] = "Watches established.";
static const char collecting[] = "now collecting statistics.";
static const char never[] = "";		/* it has to be found out by changes */

enum {
	TREE_DIRS = 100000,
	LIVE_EVENTS = 1000000,
	DRAIN_EVENTS = 16000,	/* the queue of the kernel holds a little more */
	BURST_EVENTS = 200000,
	LATENCY_TIMES = 2000,
	START_TIMES = 50,
	COUNT_FILES = 100000,
	COUNT_EVENTS = 1000000
};

/* A program that does a job.  Among the arguments, PATH is the directory or file. */
struct program {
	const char *name;
	const char *limit;
	const char *says;	/* as in child_start */
	const char *args[12];	/* the first with a slash: in the build */
};

static const char *build;	/* the top of the build */
static const char *scratch;	/* where we work */
static unsigned rounds = 5;

/* A path below the scratch directory; good until the fourth call from now. */
static char *at(const char *name)
{
	static char path[4][4096];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", scratch, name);
	return p;
}

static int exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Is it there, in the build or in PATH? */
static int installed(const char *name)
{
	char path[4096];
	const char *dirs = strchr(name, '/') ? build : getenv("PATH");

	while (dirs && *dirs) {
		size_t len = strcspn(dirs, dirs == build ? "" : ":");

		snprintf(path, sizeof(path), "%.*s/%s", (int)len, dirs, name);
		if (access(path, X_OK) == 0)
			return 1;
		dirs += len + (dirs[len] == ':');
	}
	return 0;
}

static void start_on(struct child *c, const struct program *p, const char *path)
{
	char program[4096];
	char *argv[16];
	int n = 0;

	for (; p->args[n]; n++)
		argv[n] = (char *)(strcmp(p->args[n], "PATH") ? p->args[n] : path);
	argv[n] = NULL;
	if (strchr(argv[0], '/')) {
		snprintf(program, sizeof(program), "%s/%s", build, argv[0]);
		argv[0] = program;
	}
	child_start(c, argv, p->says);
}

static void add(const char *job, const struct program *p, const char *what, double value)
{
	struct figure f = {
		.job = job, .what = what, .program = p->name, .limit = p->limit, .value = value,
	};

	/* the peer is the one of inotify-tools, whichever does the job */
	if (!p->says)
		f.peer = strcmp(job, "count") ? "inotifywait" : "inotifywatch";
	figures_add(&f);
}

/*
 * setup: exec to armed, over a tree; and what the program then holds in memory
 */

static const struct program setup_programs[] = {
	{"limit", NULL, NULL, {"tests/bench/limit-setup", "PATH"}},
	{"pathwatch", "limit", NULL, {"bin/pathwatch", "-r", "--ready-fd", "4", "PATH"}},
	{"inotifywait", "limit", established, {"inotifywait", "-m", "-r", "-e", CHANGES, "PATH"}},
	{"fswatch", "limit", never, {"fswatch", "-r", "-d", "-l", "0.1", "PATH"}},
	{0}
};

static int64_t await_setup(struct child *c, const struct program *p, const char *path)
{
	char file[4200];

	if (p->says != never)
		return child_await(c);
	snprintf(file, sizeof(file), "%s/probe", path);
	return child_probe(c, file);
}

static void setup_one(const char *job, const struct program *p, const char *tree, unsigned dirs)
{
	struct child c;
	long small, big;

	start_on(&c, p, at("empty"));
	await_setup(&c, p, at("empty"));
	small = child_memory(&c, "RssAnon");
	child_end(&c, SIGKILL);

	start_on(&c, p, tree);
	add(job, p, "wall ms", (double)await_setup(&c, p, tree) / 1e6);
	add(job, p, "CPU ms", (double)child_cpu(&c) / 1e6);
	big = child_memory(&c, "RssAnon");
	if (p->limit)	/* the limit keeps no names */
		add(job, p, "memory, bytes a directory", (double)(big - small) * 1024 / dirs);
	child_end(&c, SIGKILL);
}

static void setup_job(const char *job, const struct program *p)
{
	unsigned files = strcmp(job, "setup") ? 10 : 0;
	char *tree = at(job);

	if (!exists(tree))
		work_tree(tree, TREE_DIRS, files);
	setup_one(job, p, tree, TREE_DIRS);
}

/*
 * live, drain, burst: a line for each event
 */

static const struct program lines_programs[] = {
	{"limit", NULL, NULL, {"tests/bench/limit-lines", "PATH"}},
	{"pathwatch", "limit", NULL,
	 {"bin/pathwatch", "-e", "modify,close_write", "--ready-fd", "4", "PATH"}},
	{"pathwatch --json", "limit", NULL,
	 {"bin/pathwatch", "-e", "modify,close_write", "-j", "--ready-fd", "4", "PATH"}},
	{"inotifywait", "limit", established,
	 {"inotifywait", "-m", "-e", "modify,close_write", "PATH"}},
	{0}
};

/* Wait until the reader has seen a mark.  Where events are lost, so may a mark be. */
static void await_mark(const struct reader *r, int work)
{
	struct timespec wait = {.tv_nsec = 1000 * 1000};

	for (unsigned i = 0; !reader_done(r); i++) {
		if (i % 50 == 0)
			work_mark(work);
		nanosleep(&wait, NULL);
	}
}

static void end_lines(const char *job, const struct program *p, struct child *c, struct reader *r,
		      unsigned events)
{
	child_end(c, SIGKILL);
	reader_join(r);
	add(job, p, "lost", events > r->lines ? (double)(events - r->lines) : 0);
}

static void live_job(const char *job, const struct program *p)
{
	int work = work_open(at("empty"));
	struct reader r;
	struct child c;
	int64_t cpu, start;

	start_on(&c, p, at("empty"));
	child_await(&c);
	reader_start(&r, &c);
	cpu = child_cpu(&c);
	start = bench_now();
	work_write(work, LIVE_EVENTS / 2);
	await_mark(&r, work);
	cpu = child_cpu(&c) - cpu;
	add(job, p, "wall s", (double)(r.done_ns - start) / 1e9);
	end_lines(job, p, &c, &r, LIVE_EVENTS);
	add(job, p, "CPU s a million lines", (double)cpu / 1e3 / (double)r.lines);
	close(work);
}

static void drain_job(const char *job, const struct program *p)
{
	int work = work_open(at("empty"));
	struct reader r;
	struct child c;
	int64_t cpu, start;

	start_on(&c, p, at("empty"));
	child_await(&c);
	child_idle(&c);
	reader_start(&r, &c);
	kill(c.pid, SIGSTOP);
	work_write(work, DRAIN_EVENTS / 2);
	work_mark(work);
	cpu = child_cpu(&c);
	start = bench_now();
	kill(c.pid, SIGCONT);
	while (!reader_done(&r))
		;
	cpu = child_cpu(&c) - cpu;
	end_lines(job, p, &c, &r, DRAIN_EVENTS);
	add(job, p, "wall us an event", (double)(r.done_ns - start) / 1e3 / DRAIN_EVENTS);
	add(job, p, "CPU us an event", (double)cpu / 1e3 / DRAIN_EVENTS);
	close(work);
}

static void burst_job(const char *job, const struct program *p)
{
	int work = work_open(at("empty"));
	struct reader r;
	struct child c;

	start_on(&c, p, at("empty"));
	child_await(&c);
	work_write(work, BURST_EVENTS / 2);
	child_idle(&c);
	add(job, p, "memory, MiB", (double)child_memory(&c, "VmHWM") / 1024);
	reader_start(&r, &c);
	await_mark(&r, work);
	end_lines(job, p, &c, &r, BURST_EVENTS);
	close(work);
}

/*
 * latency: from close(2) to a line that can be read
 */

static const struct program latency_programs[] = {
	{"limit", NULL, NULL, {"tests/bench/limit-latency", "PATH"}},
	{"pathwatch", "limit", NULL,
	 {"bin/pathwatch", "-e", "close_write", "--ready-fd", "4", "PATH"}},
	{"inotifywait", "limit", established, {"inotifywait", "-m", "-e", "close_write", "PATH"}},
	{0}
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void latency_job(const char *job, const struct program *p)
{
	static double us[LATENCY_TIMES];
	struct timespec wait = {.tv_nsec = 300 * 1000};
	struct child c;
	char buf[4096], *file = at("empty/latency");

	start_on(&c, p, at("empty"));
	child_await(&c);
	for (unsigned i = 0; i < LATENCY_TIMES; i++) {
		struct pollfd pfd = {.fd = c.out, .events = POLLIN};
		int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		int64_t start;

		if (fd < 0 || write(fd, "x", 1) != 1)
			bench_die("cannot write to '%s'", file);
		start = bench_now();
		close(fd);
		if (poll(&pfd, 1, 10000) != 1)
			bench_die("%s: no line for 10 s", p->name);
		us[i] = (double)(bench_now() - start) / 1e3;
		if (read(c.out, buf, sizeof(buf)) <= 0)
			bench_die("%s ended", p->name);
		nanosleep(&wait, NULL);
	}
	child_end(&c, SIGKILL);
	qsort(us, LATENCY_TIMES, sizeof(*us), compare);
	add(job, p, "us, median", us[LATENCY_TIMES / 2]);
	add(job, p, "us, 99 of 100", us[LATENCY_TIMES * 99 / 100]);
}

/*
 * start: from exec to armed, one file
 */

static const struct program start_programs[] = {
	{"limit", NULL, NULL, {"tests/bench/limit-start", "PATH"}},
	{"limit, static", "limit", NULL, {"tests/bench/limit-start-static", "PATH"}},
	{"pathwait", "limit", NULL,
	 {"bin/pathwait", "-e", "close_write", "--ready-fd", "4", "PATH"}},
	{"pathwait, static", "limit, static", NULL,
	 {"tests/bench/pathwait-static", "-e", "close_write", "--ready-fd", "4", "PATH"}},
	{"inotifywait", "limit", established, {"inotifywait", "-e", "close_write", "PATH"}},
	{0}
};

/* System calls until it is armed, where strace is installed. */
static void count_calls(const char *job, const struct program *p, const char *file)
{
	struct program traced = {.name = p->name, .says = p->says, .args = {"strace", "-qq", "-I1", "-o"}};
	char *log = at("strace"), line[4096];
	struct child c;
	double calls = 0;
	int n = 4;
	FILE *f;

	if (!installed("strace"))
		return;
	traced.args[n++] = log;
	if (strchr(p->args[0], '/')) {
		static char program[4096];

		snprintf(program, sizeof(program), "%s/%s", build, p->args[0]);
		traced.args[n++] = program;
	}
	for (int i = n > 5; p->args[i]; i++)
		traced.args[n++] = p->args[i];
	start_on(&c, &traced, file);
	child_await(&c);
	child_end(&c, SIGTERM);
	f = fopen(log, "re");
	while (f && fgets(line, sizeof(line), f)) {
		calls += strncmp(line, "--- ", 4) && strncmp(line, "+++ ", 4);
		/* what tells us is not there without us, nor what comes behind it */
		if (!strncmp(line, "write(4", 7) || strstr(line, established))
			break;
	}
	if (f)
		fclose(f);
	add(job, p, "system calls", calls);
}

static void start_job(const char *job, const struct program *p)
{
	double us[START_TIMES];
	char *file = at("empty/file-00.data");
	struct child c;

	close(work_open(at("empty")));
	for (unsigned i = 0; i < START_TIMES; i++) {
		start_on(&c, p, file);
		us[i] = (double)child_await(&c) / 1e3;
		child_end(&c, SIGKILL);
	}
	qsort(us, START_TIMES, sizeof(*us), compare);
	add(job, p, "us, median", us[START_TIMES / 2]);
	count_calls(job, p, file);
}

/*
 * count: events by path
 */

static const struct program count_programs[] = {
	{"limit", NULL, NULL, {"tests/bench/limit-count", "PATH"}},
	{"pathstat", "limit", NULL,
	 {"bin/pathstat", "-r", "-e", "attrib", "--ready-fd", "4", "PATH"}},
	{"inotifywatch", "limit", collecting, {"inotifywatch", "-r", "-e", "attrib", "PATH"}},
	{0}
};

static void count_job(const char *job, const struct program *p)
{
	char *dir = at("count");
	struct reader r;
	struct child c;
	int64_t cpu;

	if (!exists(dir))
		work_files(dir, COUNT_FILES);
	start_on(&c, p, dir);
	child_await(&c);
	reader_start(&r, &c);
	for (unsigned i = 0; i < COUNT_EVENTS; i += COUNT_FILES)
		work_chmod(dir, COUNT_FILES);
	child_idle(&c);
	add(job, p, "memory, MiB", (double)child_memory(&c, "VmHWM") / 1024);
	cpu = child_end(&c, SIGTERM);
	reader_join(&r);
	add(job, p, "CPU s a million", (double)cpu / 1e9 / (COUNT_EVENTS / 1e6));
}

/*
 * What the library needs for decoding and formatting, in instructions
 */
static void instructions(void)
{
	char command[8192];

	if (!installed("valgrind") || !installed("tests/bench/instructions"))
		return;
	printf("\n");
	fflush(stdout);
	snprintf(command, sizeof(command), "'%s/tests/bench/instructions'", build);
	if (system(command))
		bench_die("%s", command);
}

/*
 * The run
 */

static const struct job {
	const char *name;
	const struct program *programs;
	void (*run)(const char *job, const struct program *p);
} jobs[] = {
	{"setup", setup_programs, setup_job},
	{"setup-files", setup_programs, setup_job},
	{"live", lines_programs, live_job},
	{"drain", lines_programs, drain_job},
	{"burst", lines_programs, burst_job},
	{"latency", latency_programs, latency_job},
	{"start", start_programs, start_job},
	{"count", count_programs, count_job},
};
enum { JOBS = sizeof(jobs) / sizeof(jobs[0]) };

/* How much others disturb us: the time of a loop that is always the same. */
static void measure_machine(void)
{
	static const struct program machine = {.name = "a loop of ours"};

	for (int i = 0; i < 3; i++) {
		int64_t start = bench_now();

		for (volatile unsigned k = 0; k < 20000000; k++)
			;
		add("machine", &machine, "ms; the more it varies, the less the rest can be trusted",
		    (double)(bench_now() - start) / 1e6);
	}
}

static const char usage[] =
	"Usage: bench [OPTION]... [JOB]...\n"
	"Measure the limit, ours and the peers that are installed.  Jobs: setup setup-files live\n"
	"drain burst latency start count; all of them without JOB.  By name only: scale.\n"
	"\n"
	"  -r, --rounds N     repeat each job so often (5)\n"
	"  -d, --dir DIR      work in DIR, and leave the trees there for the next time\n"
	"      --json FILE    write all figures to FILE, too\n"
	"  -h, --help         this\n";

static int wanted(const char *name, char **names)
{
	if (!*names)
		return 1;
	for (; *names; names++)
		if (!strcmp(*names, name))
			return 1;
	return 0;
}

static void check_jobs(char **names)
{
	for (; *names; names++) {
		int known = !strcmp(*names, "scale");

		for (int i = 0; i < JOBS; i++)
			known |= !strcmp(jobs[i].name, *names);
		errno = 0;
		if (!known)
			bench_die("there is no job '%s'; see --help", *names);
	}
}

static void measure(char **names)
{
	if (*names && wanted("scale", names))
		scale(build, scratch);
	for (unsigned round = 0; round < rounds; round++) {
		measure_machine();
		for (int i = 0; i < JOBS; i++) {
			if (!wanted(jobs[i].name, names))
				continue;
			fprintf(stderr, "round %u of %u: %s\n", round + 1, rounds, jobs[i].name);
			for (const struct program *p = jobs[i].programs; p->name; p++)
				if (installed(p->args[0]))
					jobs[i].run(jobs[i].name, p);
		}
	}
	measure_machine();
}

/* The build is where we are: BUILD/tests/bench/bench. */
static char *find_build(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(path, '/');

		if (!slash)
			bench_die("cannot find out where the programs are");
		*slash = '\0';
	}
	return path;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"rounds", required_argument, NULL, 'r'},
		{"dir", required_argument, NULL, 'd'},
		{"json", required_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{0}
	};
	char temporary[] = "/tmp/pathev-bench.XXXXXX";
	const char *json = NULL;
	int opt;

	while ((opt = getopt_long(argc, argv, "r:d:h", options, NULL)) != -1) {
		switch (opt) {
		case 'r':
			rounds = (unsigned)atoi(optarg);
			break;
		case 'd':
			scratch = optarg;
			break;
		case 'j':
			json = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return 1;
		}
	}
	check_jobs(argv + optind);
	if (!rounds || rounds > 30)
		rounds = 5;
	build = find_build();
	if (!scratch && !mkdtemp(temporary))
		bench_die("cannot make a directory in /tmp");
	if (scratch && mkdir(scratch, 0755) && errno != EEXIST)
		bench_die("cannot make '%s'", scratch);
	scratch = scratch ? scratch : temporary;
	if (!exists(at("empty")) && mkdir(at("empty"), 0755))
		bench_die("cannot make '%s'", at("empty"));
	measure(argv + optind);
	figures_print("machine");
	for (int i = 0; i < JOBS; i++)
		if (wanted(jobs[i].name, argv + optind))
			figures_print(jobs[i].name);
	if (json)
		figures_save(json);
	instructions();
	if (scratch == temporary)
		work_remove(scratch);
	return 0;
}
