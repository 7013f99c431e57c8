/* SPDX-License-Identifier: MIT */
/*
 * programs.c - a program once for each place where it asks for memory, and there is none
 *
 * This is linked with the parts of one of the programs, and comes before its main.  Each line of
 * the table is run in a child process, and then once more for each way in which memory is asked
 * for.  Whatever fails, the program does not crash; if it goes on as if nothing were, it prints
 * what it should; and if it does not, it says so, and its exit status is that of an error.
 *
 * With PATHEV_TEST_REMOTE in the environment it is the program, to which all files seem to be those
 * of another host.
 */
#include "../unit/fault.h"
#include "../unit/scratch.h"
#include "../unit/tap.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

enum { ARGS_MAX = 40, TEXT_MAX = 32768, BOUND_S = 20,
       NOT_RUN = 126 /* the command of --run could not be started */ };

/* A command line, its exit status, its standard input, and a file that is made while it runs. */
static const struct {
	const char *args;
	int status;		/* as a shell has it */
	const char *input;
	const char *file;
	int all;		/* not only memory fails */
} runs[] = {
	{.args = "pathwatch -r -e create d --run touch d/new d/s/new", .all = 1},
	{.args = "pathwatch --initial -r -t 0 d e ./k", .all = 1},
	{.args = "pathwatch --initial -r -t 0 --null --exclude z --include . d"},
	{.args = "pathwatch --initial -r -t 0 --format %w%f d ./k @d/s/../s @w"},
	{.args = "pathwatch --initial -r -t 0 --csv --ignore *.x --ignore-file rules -o out2 d"},
	{.args = "pathwatch --initial -r -t 0 --format %w%f,%e,%T --timefmt x --ignore-file rules d"},
	{.args = "pathwatch --initial --from-file list -t 0 -q nothing", .status = 1},
	{.args = "pathwatch -e written --existing -r -t 0.02 d"},
	{.args = "pathwatch -e create,close_write -r --settle 50ms --ignore-file rules d --run touch d/new d/e.o"},
	{.args = "pathwatch -e create --settle 50ms --batch d --run touch d/new d/e.o"},
	{.args = "pathwatch --control -r -e create d --ignore-file rules",
	 .input = "add e\nadd -r k\nsync token\nremove e\nadd nothing\nbad\n"},
	{.args = "pathwatch --allow-missing -r missing/below -e create --run mkdir -p missing/below"},
	{.args = "pathwait --until exists d/a d/b.o", .all = 1},
	{.args = "pathwait --existing d --format %f"},
	{.args = "pathwait d/new --run touch d/new"},
	{.args = "pathwait -n 2 d --run touch d/new d/other"},
	{.args = "pathwait --until gone d/a d/b.o --run rm d/a d/b.o"},
	{.args = "pathwait --until changed -r d --run touch d/s/f"},
	{.args = "pathwait --any --existing --from-file list"},
	{.args = "pathstat -r d --run touch d/new d/s/new", .all = 1},
	{.args = "pathstat -r d --by dir --sort create --json --run touch d/new d/s/new"},
	{.args = "pathstat -r d --by ext --csv -n 1 --run touch d/new d/s/new"},
	{.args = "pathstat --by root --zero d e --ignore *.x --run touch d/new e/new"},
	{.args = "inotifywait -e create d", .file = "w/d/new"},
	{.args = "inotifywait -r -e create --csv --exclude z d @d/s", .file = "w/d/new"},
	{.args = "inotifywait -r -e create --format %w%f%e%T --timefmt x --fromfile list", .file = "w/d/new"},
	{.args = "inotifywatch -v -r -e create,modify d", .file = "w/d/new"},
};

struct result {
	int status;		/* as a shell has it */
	char out[TEXT_MAX];
	char err[TEXT_MAX];
};

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f))
		printf("Bail out! %s: %s\n", path, strerror(errno));
}

/* What the programs find. */
static void make_tree(const char *input)
{
	static const char *const dirs[] = {"w", "w/d", "w/d/s", "w/d/s/t", "w/e", "w/k"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		mkdir(dirs[i], 0777);
	put("w/d/a", "a\n");
	put("w/d/b.o", "b\n");
	put("w/d/s/f", "f\n");
	put("w/list", "d\ne\n");
	put("w/rules", "*.o\n!keep.o\n/s/t\n");
	put("in", input);
}

static int split(char *text, char **argv)
{
	int n = 0;

	for (char *word = strtok(text, " "); word && n < ARGS_MAX; word = strtok(NULL, " "))
		argv[n++] = word;
	argv[n] = NULL;
	return n;
}

static int become(const char *args, int all)
{
	static char text[1024];
	char *argv[ARGS_MAX + 1];
	int argc;

	snprintf(text, sizeof(text), "%s", args);
	argc = split(text, argv);
	if (!freopen("in", "r", stdin) || !freopen("out", "w", stdout) ||
	    !freopen("err", "w", stderr) || chdir("w"))
		return 99;
	alarm(BOUND_S);
	fault_on = 1;
	fault_memory_only = !all;
	fault_process = getpid();
	return __real_main(argc, argv);
}

static void get(const char *path, char *text)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, TEXT_MAX - 1, f) : 0;

	text[n] = '\0';
	if (f)
		fclose(f);
}

/* Make the file when the program is armed, as its message says; which may be lost for want of memory. */
static void happen(size_t i, pid_t pid, int round)
{
	static char text[TEXT_MAX];
	static int made;
	int patience;

	if (!round)
		made = 0;
	get("err", text);
	/* what says so will end by itself, but on a busy machine not at once */
	patience = strstr(text, "memory") ? 1000 : 100;
	if (!made && (strstr(text, "Watches established") || strstr(text, "Finished")))
		put(runs[i].file, "");
	else if (round % patience == patience - 1)
		put(runs[i].file, "");
	else
		return;
	if (!made && !strncmp(runs[i].args, "inotifywatch", 12))
		kill(pid, SIGTERM);
	made = 1;
	if (round > 100)
		remove(runs[i].file);
}

static void run(size_t i, struct result *r)
{
	int wstatus = 0;
	pid_t pid;

	remove("err");
	make_tree(runs[i].input ? runs[i].input : "");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int status = become(runs[i].args, runs[i].all);

		fault_on = 0;
		exit(status);
	}
	for (int round = 0; !waitpid(pid, &wstatus, runs[i].file ? WNOHANG : 0); round++) {
		happen(i, pid, round);
		usleep(1000);
	}
	r->status = WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
	get("out", r->out);
	get("err", r->err);
	scratch_remove("w");
}

/* Are these lines of what is printed when nothing fails, in their order, or such as tell of errors? */
static int are_lines(const char *text, const char *whole)
{
	while (*text) {
		size_t len = strcspn(text, "\n") + 1;

		const char *same = whole;

		while (*same && strncmp(text, same, len))
			same += strcspn(same, "\n") + 1;
		if (*same)
			whole = same + len;
		else if (!memmem(text, len, "error", 5))
			return 0;
		text += len;
	}
	return 1;
}

static int is_right(const struct result *got, const struct result *whole)
{
	if (got->status == whole->status && !strcmp(got->out, whole->out))
		return 1;
	/* how a file is told that could not be looked at is not much of a matter */
	if (fault.kind == FAULT_LOOK)
		return got->status <= 2;
	return (got->status == 1 || got->status == whole->status || got->status == NOT_RUN) && got->err[0] &&
	       are_lines(got->out, whole->out);
}

static void show(const char *what, const char *text)
{
	printf("#   %s \"", what);
	tap_text(text, strlen(text));
	puts("\"");
}

static void run_all(size_t i)
{
	static struct result whole, got;
	size_t failed = 0;

	fault_learn();
	run(i, &whole);
	if (!is_int(whole.status, runs[i].status, "%s", runs[i].args))
		show("err", whole.err);
	while (fault_next()) {
		run(i, &got);
		if (is_right(&got, &whole))
			continue;
		failed++;
		printf("# %s at call %lu: status %d\n",
		       fault.kind == FAULT_MEMORY ? "without memory" : "a failure", fault.fails, got.status);
		show("out ", got.out);
		show("not ", whole.out);
		show("err ", got.err);
		fault_where();
	}
	ok(!failed, "%s: failing in %zu ways", runs[i].args, fault.runs);
}

int __wrap_main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];

	if (getenv("PATHEV_TEST_REMOTE")) {
		fault_remote = 1;
		return __real_main(argc, argv);
	}
	fault_at = mmap(NULL, sizeof(fault), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fault_at == MAP_FAILED)
		return EXIT_FAILURE;
	scratch_enter();
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		int theirs = !strncmp(name, "pathwatch", 9) && runs[i].args[0] == 'i';

		if ((theirs || !strncmp(runs[i].args, name, strlen(name))) &&
		    (argc < 2 || strstr(runs[i].args, argv[1])))
			run_all(i);
	}
	return done_testing();
}
